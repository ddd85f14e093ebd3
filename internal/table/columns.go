package table

import (
	"io"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A ColumnReader reads some columns of a Parquet file page by page: its memory is a page and a dictionary a column,
// however large the row groups are. It is not safe for concurrent use; open one for each goroutine.
type ColumnReader struct{}

// OpenColumns opens the named columns of a Parquet file of size bytes; name is how errors call it. A column that is
// missing is a *MissingColumnsError, one that is nested or of a type without a text form is an error that names it; both
// of class Invalid. Closing ra is the caller's.
func OpenColumns(name string, ra io.ReaderAt, size int64, columns []string) (*ColumnReader, error) {
	return nil, audience.Failf(audience.Invalid, "read %s: not built yet", name)
}

// Rows counts the file's rows.
func (r *ColumnReader) Rows() int64 { return 0 }

// Type is the type of the i-th wanted column.
func (r *ColumnReader) Type(i int) Type { return String }

// SeekRow goes to a row, counted from 0 over all row groups, as audience.Chunk.FirstRow does. It reads nothing of the
// row groups before it and, where the file has a page index, nothing of the pages before it.
func (r *ColumnReader) SeekRow(row int64) error { return nil }

// Read empties the batch and fills it with up to rows rows (at least one), or returns io.EOF. Batch.Rows counts from 1, so
// the row at SeekRow(f) has number f+1. A row whose text is no UTF-8 is in Batch.Bad. The values are as text: numbers in
// decimal, booleans as true and false, dates and timestamps as the Types say.
func (r *ColumnReader) Read(b *Batch, rows int) error { return io.EOF }

// Close lets go of the pages.
func (r *ColumnReader) Close() error { return nil }

// A Footer is what a Parquet file says of itself at its end.
type Footer struct {
	Columns   []Field // the columns at the top level; Type is empty for one that this package cannot read, a nested one say
	RowGroups []int64 // rows of each
	Rows      int64
	Metadata  map[string]string
}

// ReadFooter reads a Parquet file's footer, and no other byte of the file. What is no Parquet file is an error of class
// Invalid that names the file.
func ReadFooter(name string, ra io.ReaderAt, size int64) (Footer, error) {
	return Footer{}, audience.Failf(audience.Invalid, "read %s: not built yet", name)
}
