package table

import (
	"io"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// WriteOptions tune a Parquet file. The zero value is a good default.
type WriteOptions struct {
	// RowGroupRows is the most rows of a row group. The default is 131,072.
	RowGroupRows int64
	// Metadata goes into the file's footer beside SchemaKey.
	Metadata map[string]string
}

// SchemaKey is the metadata of every file written here: the version of its layout.
const SchemaKey = "cleanreach.schema"

// A Writer writes one Parquet file, column by column. The same batches give the same bytes. It is not safe for
// concurrent use.
type Writer struct{}

// NewWriter begins a Parquet file on w with these columns, all of them optional. Closing w is the caller's.
func NewWriter(w io.Writer, fields []Field, opts WriteOptions) (*Writer, error) {
	return nil, audience.Failf(audience.Invalid, "write Parquet: not built yet")
}

// WriteBatch appends rows: columns in the order of the fields, all of the same length. A null stays null. A value that is
// empty or blank is null in every type but String. A value that does not parse as its column's type becomes null, and
// unparsed (which may be nil) is told its row in the batch, from 0, and its column. The values are copied.
func (w *Writer) WriteBatch(columns []Column, unparsed func(row, column int)) error { return nil }

// Rows counts the rows written so far.
func (w *Writer) Rows() int64 { return 0 }

// Close ends the file: without it the file has no footer and is none.
func (w *Writer) Close() error { return nil }
