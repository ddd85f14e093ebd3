package snapshot

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// Members writes the people of a match into files of one shard each. Rows wait in memory until there are BufferBytes of them;
// then those of the largest shard become a file. The same rows in the same order give the same files.
type Members struct {
	folder *storage.Folder
	dir    string
	fields []table.Field
	limit  int

	shards Shards
	wait   []waiting // by shard
	size   int
	spare  []table.Column
	out    bytes.Buffer
}

// A waiting shard has rows that no file has yet.
type waiting struct {
	columns []table.Column
	size    int
}

// NewMembers begins the people of a run. limit is how many bytes of rows wait in memory.
func NewMembers(folder *storage.Folder, run string, keys []audience.Key, bits uint, limit int) *Members {
	return &Members{
		folder: folder, dir: Dir(run) + "members/", fields: fieldsOf(keys), limit: limit, shards: Shards{Bits: bits}, wait: make([]waiting, 1<<bits),
	}
}

// Add takes a person's row.
func (m *Members) Add(ctx context.Context, person uint64, row Row) error {
	w := &m.wait[ShardOf(person, m.shards.Bits)]
	if w.columns == nil {
		w.columns, m.spare = m.spare, nil
		if w.columns == nil {
			w.columns = make([]table.Column, len(m.fields))
		}
	}
	n := add(w.columns, row)
	w.size += n
	m.size += n
	if m.size < m.limit {
		return nil
	}
	largest := 0
	for i := range m.wait {
		if m.wait[i].size > m.wait[largest].size {
			largest = i
		}
	}
	return m.flush(ctx, largest)
}

// flush makes a file of a shard's rows.
func (m *Members) flush(ctx context.Context, shard int) error {
	w := &m.wait[shard]
	if w.columns == nil {
		return nil
	}
	rows := int64(w.columns[0].Len())
	m.out.Reset()
	writer, err := table.NewWriter(&m.out, m.fields, table.WriteOptions{RowGroupRows: rows})
	if err == nil {
		err = writer.WriteBatch(w.columns, nil)
	}
	if err == nil {
		err = writer.Close()
	}
	name := fmt.Sprintf("%sshard-%05d-%05d.parquet", m.dir, shard, len(m.shards.Files)+1)
	if err == nil {
		err = m.folder.Write(ctx, name, m.out.Bytes())
	}
	if err != nil {
		return fmt.Errorf("keep people of the match: %w", err)
	}
	m.shards.Rows += rows
	m.shards.Parts = append(m.shards.Parts, Part{Shard: shard, File: len(m.shards.Files), Rows: rows})
	m.shards.Files = append(m.shards.Files, File{Name: name, Bytes: int64(m.out.Len())})
	m.size -= w.size
	for i := range w.columns {
		w.columns[i].Reset()
	}
	m.spare, *w = w.columns, waiting{}
	return nil
}

// Close writes what still waits, and gives what was written.
func (m *Members) Close(ctx context.Context) (Shards, error) {
	for shard := range m.wait {
		if err := m.flush(ctx, shard); err != nil {
			return Shards{}, err
		}
	}
	slices.SortStableFunc(m.shards.Parts, func(a, b Part) int { return a.Shard - b.Shard })
	return m.shards, nil
}
