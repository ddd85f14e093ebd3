package prepare

import (
	"context"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// parts writes rows into Parquet files of a bounded size. A file appears as a whole when it is full. It is not safe for
// concurrent use.
type parts struct {
	folder *storage.Folder
	prefix string // of the files' keys
	fields []table.Field
	sizes  sizes

	file  *storage.Writer // nil when no part has been begun
	table *table.Writer
	bytes int64    // of the current part, as far as they have been written
	rows  int64    // of all parts
	begun int      // parts
	done  []string // keys of the parts that appeared
}

func newParts(folder *storage.Folder, prefix string, fields []table.Field, sizes sizes) *parts {
	return &parts{folder: folder, prefix: prefix, fields: fields, sizes: sizes}
}

// write adds rows, at least one. See table.Writer.WriteBatch for unparsed.
func (p *parts) write(ctx context.Context, columns []table.Values, unparsed func(row, column int)) error {
	if p.file == nil {
		if err := p.begin(ctx); err != nil {
			return err
		}
	}
	before := p.table.Rows()
	if err := p.table.WriteValues(columns, unparsed); err != nil {
		return fmt.Errorf("write %s: %w", p.key(), err)
	}
	p.rows += p.table.Rows() - before
	if p.table.Rows() >= p.sizes.partRows || p.bytes >= p.sizes.partBytes {
		return p.end()
	}
	return nil
}

func (p *parts) key() string { return fmt.Sprintf("%s-%04d.parquet", p.prefix, p.begun) }

func (p *parts) begin(ctx context.Context) (err error) {
	p.begun++
	p.bytes = 0
	if p.file, err = p.folder.NewWriter(ctx, p.key()); err != nil {
		return err
	}
	p.table, err = table.NewWriter(p, p.fields, table.WriteOptions{RowGroupBytes: p.sizes.groupBytes, DictionaryBytes: p.dictionaryBytes()})
	return err
}

// allDictionaryBytes are of the dictionaries of all columns of all workers at a time.
const allDictionaryBytes = 96 << 20

func (p *parts) dictionaryBytes() int {
	return min(4<<20, max(64<<10, allDictionaryBytes/p.sizes.workers/len(p.fields)))
}

// Write passes the part's bytes on and counts them.
func (p *parts) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.bytes += int64(n)
	return n, err
}

// end makes the current part appear.
func (p *parts) end() error {
	if p.file == nil {
		return nil
	}
	if err := p.table.Close(); err != nil {
		return fmt.Errorf("write %s: %w", p.key(), err)
	}
	if err := p.file.Close(); err != nil {
		return err
	}
	p.done = append(p.done, p.key())
	p.file, p.table = nil, nil
	return nil
}

// abort drops the current part.
func (p *parts) abort() {
	if p.file != nil {
		p.file.Abort()
	}
	p.file, p.table = nil, nil
}
