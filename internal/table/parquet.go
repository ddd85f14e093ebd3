package table

import (
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// parquetReader reads a raw Parquet file from its first row.
type parquetReader struct {
	*ColumnReader
	bytes ReaderAtCloser
	rows  int // of a batch
}

func openParquet(file File, opts ReadOptions) (Reader, error) {
	if file.OpenAt == nil {
		return nil, audience.Failf(audience.Invalid, "read %s: nothing to read it from", file.Name)
	}
	bytes, err := file.OpenAt()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file.Name, err)
	}
	columns, err := OpenColumns(file.Name, bytes, file.Size, opts.Columns)
	if err != nil {
		_ = bytes.Close() // the first error tells more
		return nil, err
	}
	return &parquetReader{ColumnReader: columns, bytes: bytes, rows: opts.BatchRows}, nil
}

// Read fills a batch.
func (r *parquetReader) Read(b *Batch) error { return r.ColumnReader.Read(b, r.rows) }

// Next is Read: reading columns is all that there is to do.
func (r *parquetReader) Next(b *Block) error {
	err := r.Read(&b.Batch)
	b.format, b.absent, b.rows = nil, nil, len(b.Rows)+len(b.Bad)
	return err
}

// Absent is nothing: the footer has all columns.
func (r *parquetReader) Absent() []string { return nil }

// Close lets go of the file.
func (r *parquetReader) Close() error {
	r.closePages()
	if err := r.bytes.Close(); err != nil {
		return fmt.Errorf("close %s: %w", r.file.name, err)
	}
	return nil
}
