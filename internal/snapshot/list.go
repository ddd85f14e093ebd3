package snapshot

import (
	"context"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

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
