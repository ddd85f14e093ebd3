package table

import (
	"cmp"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// dictionaryBytes is the largest dictionary, unless WriteOptions says otherwise.
const dictionaryBytes = 512 << 10

// SchemaKey is in the metadata of every file written here; its value is SchemaVersion.
const SchemaKey = "cleanreach.schema"

// SchemaVersion is the version of the files' layout.
const SchemaVersion = "1"

// WriteOptions tune a Parquet file. The zero value is a good default.
type WriteOptions struct {
	// RowGroupRows is the most rows of a row group. The default is 65,536.
	RowGroupRows int64
	// RowGroupBytes is the size of values at which a row group ends earlier: it is in memory, compressed, until it ends. Of
	// values that come as codes, only the codes and the different values count. The default is 64 MiB.
	RowGroupBytes int
	// DictionaryBytes is the largest dictionary: a column with more different values in a row group goes on without one. The
	// default is 512 KiB.
	DictionaryBytes int
	// Metadata goes into the file's footer beside SchemaKey.
	Metadata map[string]string
}

// Values are a column's values on their way into a file: each by itself or, where Codes is not nil, the different ones and
// which of them each row has.
type Values struct {
	*Column
	// Codes has for each row the place of its value in Column, or -1 for null. Column may grow from batch to batch, but what is
	// in it must stay as it is; other values are another Column. Two columns in a row that share Codes, one behind the other,
	// are a column and what was made of it: the values of the second are looked up no more than codes.
	Codes []int32
}

// shares reports whether both have the same codes.
func (v *Values) shares(codes []int32) bool {
	return len(codes) > 0 && len(codes) == len(v.Codes) && &codes[0] == &v.Codes[0]
}

func (v *Values) rows() int {
	if v.Codes != nil {
		return len(v.Codes)
	}
	return v.Len()
}

// A Writer writes one Parquet file, column by column. The same batches give the same bytes. It is not safe for
// concurrent use.
type Writer struct {
	out     io.Writer
	opts    WriteOptions
	chunks  []chunk
	schema  []format.SchemaElement
	began   bool
	offset  int64 // in the file
	groups  []format.RowGroup
	indexes [][]format.OffsetIndex // of each row group's columns

	rows      int64
	groupRows int64
	size      int // of the row group's values
	batch     []Values
}

// NewWriter begins a Parquet file on w with these columns, all of them optional. Closing w is the caller's.
func NewWriter(w io.Writer, fields []Field, opts WriteOptions) (*Writer, error) {
	opts.RowGroupRows = cmp.Or(opts.RowGroupRows, 64<<10)
	opts.RowGroupBytes = cmp.Or(opts.RowGroupBytes, 64<<20)
	opts.DictionaryBytes = cmp.Or(opts.DictionaryBytes, dictionaryBytes)
	schema, err := schemaOf(fields)
	if err != nil {
		return nil, err
	}
	writer := &Writer{out: w, opts: opts, schema: schema, chunks: make([]chunk, len(fields)), batch: make([]Values, len(fields))}
	for i, field := range fields {
		writer.chunks[i] = newChunk(field, opts.DictionaryBytes)
	}
	return writer, nil
}

// WriteBatch appends rows: columns in the order of the fields, all of the same length. A null stays null. A value that is
// empty or blank is null in every type but String. A value that does not parse as its column's type becomes null, and
// unparsed (which may be nil) is told its row in the batch, from 0, and its column; it is called by column, then by row.
// The values are copied.
func (w *Writer) WriteBatch(columns []Column, unparsed func(row, column int)) error {
	w.batch = w.batch[:0]
	for i := range columns {
		w.batch = append(w.batch, Values{Column: columns[i].flat()})
	}
	return w.WriteValues(w.batch, unparsed)
}

// flat is the column with its values in Data and Ends.
func (c *Column) flat() *Column {
	if c.Dict == nil {
		return c
	}
	flat := &Column{}
	flat.appendFrom(c, 0)
	return flat
}

// WriteValues is WriteBatch for columns of which some may come as codes, those of type String.
func (w *Writer) WriteValues(columns []Values, unparsed func(row, column int)) error {
	if len(columns) != len(w.chunks) {
		return audience.Failf(audience.Invalid, "write Parquet: %d columns for a file of %d", len(columns), len(w.chunks))
	}
	rows := columns[0].rows()
	for i := range columns {
		if n := columns[i].rows(); n != rows {
			return audience.Failf(audience.Invalid, "write Parquet: column %q has %d rows where %q has %d",
				w.chunks[i].field.Name, n, w.chunks[0].field.Name, rows)
		}
	}
	if rows > 0 && !w.began {
		w.begin(columns)
	}
	for from := 0; from < rows; {
		to := from + int(min(int64(rows-from), w.opts.RowGroupRows-w.groupRows))
		for i := range columns {
			var twin *chunk
			if i > 0 && columns[i].shares(columns[i-1].Codes) {
				twin = &w.chunks[i-1]
			}
			size, err := w.chunks[i].write(&columns[i], from, to, twin, func(row int) {
				if unparsed != nil {
					unparsed(row, i)
				}
			})
			if err != nil {
				return fmt.Errorf("write column %q of Parquet file: %w", w.chunks[i].field.Name, err)
			}
			w.size += size
		}
		w.rows += int64(to - from)
		w.groupRows += int64(to - from)
		from = to
		if w.groupRows == w.opts.RowGroupRows || w.size >= w.opts.RowGroupBytes {
			if err := w.endGroup(); err != nil {
				return fmt.Errorf("write row group of Parquet file: %w", err)
			}
		}
	}
	return nil
}

// begin looks at the first rows for how to store text.
func (w *Writer) begin(first []Values) {
	w.began = true
	for i := range first {
		c := &w.chunks[i]
		if c.parse == nil && first[i].Codes == nil && rarelyRepeats(first[i].Column) {
			c.setCoding(plain)
		}
	}
}

// start writes what is at the beginning of the file, unless it is there.
func (w *Writer) start() error {
	if w.offset > 0 {
		return nil
	}
	return w.append([]byte(parquetMagic))
}

// append writes bytes to the file.
func (w *Writer) append(b []byte) error {
	n, err := w.out.Write(b)
	w.offset += int64(n)
	return err
}

// Rows counts the rows written so far.
func (w *Writer) Rows() int64 { return w.rows }

// Close ends the file: without it the file has no footer and is none.
func (w *Writer) Close() error {
	err := w.endGroup()
	if err == nil {
		err = w.writeFooter()
	}
	if err != nil {
		return fmt.Errorf("write footer of Parquet file: %w", err)
	}
	return nil
}
