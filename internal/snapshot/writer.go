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

// MarkColumn holds the mark of each row, in every file of a snapshot: in one column, so that rows can be compared without
// reading the others.
const MarkColumn = "mark"

// Columns says what the files of rows with these keys have in which column: what travels to Meta, and so the hash of each key
// that Meta takes as a hash.
func Columns(keys []audience.Key) []audience.PlanColumn {
	columns := make([]audience.PlanColumn, len(keys))
	for i, key := range keys {
		columns[i] = audience.PlanColumn{Key: key, Column: key.Column()}
		if key.Hashed() {
			columns[i] = audience.PlanColumn{Key: key, Column: key.HashColumn(), Hashed: true}
		}
	}
	return columns
}

// Names are the names of the columns, and of the mark behind them.
func Names(keys []audience.Key) []string {
	var all []string
	for _, c := range Columns(keys) {
		all = append(all, c.Column)
	}
	return append(all, MarkColumn)
}

func fieldsOf(keys []audience.Key) []table.Field {
	var fields []table.Field
	for _, name := range Names(keys) {
		fields = append(fields, table.Field{Name: name, Type: table.String})
	}
	return fields
}

// A Row is what travels to Meta of a person, key by key; empty where there is nothing. The mark is behind the keys.
type Row [][]byte

// add appends a row to columns, an empty value as null.
func add(columns []table.Column, row Row) (bytes int) {
	for i, value := range row {
		if len(value) == 0 {
			columns[i].AppendNull()
		} else {
			columns[i].Append(value)
		}
		bytes += len(value)
	}
	return bytes
}

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

// A List writes rows that are sent into few files, shard behind shard: a chunk is of one file, and small ones take batches
// that are not full. Each file has as many rows as a chunk may have.
type List struct {
	folder *storage.Folder
	dir    string
	fields []table.Field
	limit  int64 // rows of a file

	shards  Shards
	columns []table.Column // rows that wait to be written
	waiting int
	object  *storage.Writer // nil: none has been begun
	file    *table.Writer
	bytes   int64
}

// listRows are written at a time, and a row group has listGroup: it is in memory until it ends.
const (
	listRows  = 1024
	listGroup = 16 << 10
)

// NewList begins a run's joins or leaves, as name says.
func NewList(folder *storage.Folder, run, name string, keys []audience.Key, bits uint, limit int64) *List {
	fields := fieldsOf(keys)
	return &List{
		folder: folder, dir: ChangesDir(run) + name + "/", fields: fields, limit: limit,
		shards: Shards{Bits: bits}, columns: make([]table.Column, len(fields)),
	}
}

// ChangesDir is the folder of the joins and leaves of a run, relative to the audience's StateDir.
func ChangesDir(run string) string { return Dir(run) + "changes/" }

// Add takes a row of a shard. The shards come in order.
func (l *List) Add(ctx context.Context, shard int, row Row) error {
	if l.object == nil {
		if err := l.begin(ctx); err != nil {
			return err
		}
	}
	last := len(l.shards.Parts) - 1
	first := l.file.Rows() + int64(l.waiting)
	if last < 0 || l.shards.Parts[last].Shard != shard || l.shards.Parts[last].File != len(l.shards.Files)-1 {
		l.shards.Parts = append(l.shards.Parts, Part{Shard: shard, File: len(l.shards.Files) - 1, First: first})
		last++
	}
	l.shards.Parts[last].Rows++
	l.shards.Rows++
	add(l.columns, row)
	l.waiting++
	if first+1 == l.limit {
		return l.end()
	}
	if l.waiting == listRows {
		return l.write()
	}
	return nil
}

func (l *List) begin(ctx context.Context) (err error) {
	name := fmt.Sprintf("%spart-%05d.parquet", l.dir, len(l.shards.Files)+1)
	if l.object, err = l.folder.NewWriter(ctx, name); err != nil {
		return err
	}
	l.bytes = 0
	if l.file, err = table.NewWriter(counting{l}, l.fields, table.WriteOptions{RowGroupRows: listGroup}); err != nil {
		return err
	}
	l.shards.Files = append(l.shards.Files, File{Name: name})
	return nil
}

// counting counts the bytes of the file that is being written.
type counting struct{ l *List }

// Write writes to the object.
func (c counting) Write(p []byte) (int, error) {
	n, err := c.l.object.Write(p)
	c.l.bytes += int64(n)
	return n, err
}

func (l *List) write() error {
	if err := l.file.WriteBatch(l.columns, nil); err != nil {
		return err
	}
	for i := range l.columns {
		l.columns[i].Reset()
	}
	l.waiting = 0
	return nil
}

// end makes the file appear.
func (l *List) end() error {
	if l.object == nil {
		return nil
	}
	if err := l.write(); err != nil {
		return err
	}
	if err := l.file.Close(); err != nil {
		return err
	}
	if err := l.object.Close(); err != nil {
		return err
	}
	l.shards.Files[len(l.shards.Files)-1].Bytes = l.bytes
	l.object = nil
	return nil
}

// Close ends the last file, and gives what was written.
func (l *List) Close() (Shards, error) {
	err := l.end()
	return l.shards, err
}

// Abort drops the file that is being written. It may follow Close, and then does nothing.
func (l *List) Abort() {
	if l.object != nil {
		l.object.Abort()
	}
}
