package table

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"

	"github.com/parquet-go/parquet-go"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const (
	// dictionaryBytes is the largest dictionary: a column with more distinct text goes on without one.
	dictionaryBytes = 512 << 10
	// pageBytes is the size of a page, and of the places of as many values in a dictionary: how large that has become is
	// looked at only when a page ends.
	pageBytes = 64 << 10
	// writeRows are handed to a column at once, or as many as come to writeBytes; a page may be that much longer than it should.
	writeRows  = 256
	writeBytes = 1 << 20
)

// SchemaKey is in the metadata of every file written here; its value is SchemaVersion.
const SchemaKey = "cleanreach.schema"

// SchemaVersion is the version of the files' layout.
const SchemaVersion = "1"

// WriteOptions tune a Parquet file. The zero value is a good default.
type WriteOptions struct {
	// RowGroupRows is the most rows of a row group. The default is 65,536.
	RowGroupRows int64
	// RowGroupBytes is the size of values at which a row group ends earlier: it is in memory, compressed, until it ends.
	// The default is 64 MiB.
	RowGroupBytes int
	// Metadata goes into the file's footer beside SchemaKey.
	Metadata map[string]string
}

// A Writer writes one Parquet file, column by column. The same batches give the same bytes. It is not safe for
// concurrent use.
type Writer struct {
	out     io.Writer
	fields  []Field
	opts    WriteOptions
	file    *parquet.GenericWriter[any] // nil until the first rows tell how to store them
	columns []columnWriter

	rows      int64
	groupRows int64
	size      int // of the row group's values
	values    [writeRows]parquet.Value
}

type columnWriter struct {
	name   string
	parse  parser // nil for text
	writer *parquet.ColumnWriter
	index  int
}

// NewWriter begins a Parquet file on w with these columns, all of them optional. Closing w is the caller's.
func NewWriter(w io.Writer, fields []Field, opts WriteOptions) (*Writer, error) {
	opts.RowGroupRows = cmp.Or(opts.RowGroupRows, 64<<10)
	opts.RowGroupBytes = cmp.Or(opts.RowGroupBytes, 64<<20)
	_, columns, err := schemaOf(fields, nil)
	if err != nil {
		return nil, err
	}
	return &Writer{out: w, fields: fields, opts: opts, columns: columns}, nil
}

// begin writes the beginning of the file. first are the first rows, or nil when there are none.
func (w *Writer) begin(first []Column) error {
	schema, columns, err := schemaOf(w.fields, first)
	if err != nil {
		return err
	}
	metadata := map[string]string{SchemaKey: SchemaVersion}
	maps.Copy(metadata, w.opts.Metadata)
	options := []parquet.WriterOption{
		schema,
		parquet.CreatedBy("cleanreach", SchemaVersion, ""),
		parquet.Compression(pages),
		parquet.DataPageVersion(1),        // every reader knows it
		parquet.DataPageStatistics(false), // the footer's index has them too, and finding them takes time
		parquet.DictionaryMaxBytes(dictionaryBytes),
		parquet.PageBufferSize(pageBytes),
	}
	for key, value := range metadata {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	w.file, w.columns = parquet.NewGenericWriter[any](w.out, options...), columns
	for i, writer := range w.file.ColumnWriters() {
		w.columns[i].writer = writer
	}
	return nil
}

// schemaOf makes the Parquet schema of fields, whose first rows may be known.
func schemaOf(fields []Field, first []Column) (*parquet.Schema, []columnWriter, error) {
	if len(fields) == 0 {
		return nil, nil, audience.Failf(audience.Invalid, "write Parquet: no columns")
	}
	group := orderedGroup{Group: parquet.Group{}}
	var columns []columnWriter
	for i, field := range fields {
		if _, twice := group.Group[field.Name]; twice || field.Name == "" {
			return nil, nil, audience.Failf(audience.Invalid, "write Parquet: column %q has no name of its own", field.Name)
		}
		node, parse, err := nodeOf(field, first != nil && rarelyRepeats(&first[i]))
		if err != nil {
			return nil, nil, err
		}
		group.Group[field.Name] = parquet.Optional(node)
		group.names = append(group.names, field.Name)
		columns = append(columns, columnWriter{name: field.Name, parse: parse, index: i})
	}
	return parquet.NewSchema("cleanreach", group), columns, nil
}

// nodeOf is how a column is stored, and how its text is read; the latter is nil for text itself.
func nodeOf(field Field, plainText bool) (parquet.Node, parser, error) {
	dictionary := func(node parquet.Node) parquet.Node { return parquet.Encoded(node, &parquet.RLEDictionary) }
	switch field.Type {
	case String:
		if plainText {
			return parquet.Encoded(parquet.String(), &parquet.Plain), nil, nil // not the library's choice, a younger encoding
		}
		return dictionary(parquet.String()), nil, nil
	case BigInt:
		return dictionary(parquet.Int(64)), parseBigInt, nil
	case Double:
		return dictionary(parquet.Leaf(parquet.DoubleType)), parseDouble, nil
	case Boolean:
		return parquet.Leaf(parquet.BooleanType), parseBoolean, nil
	case Date:
		return dictionary(parquet.Date()), parseDate, nil
	case Timestamp:
		return dictionary(parquet.Timestamp(parquet.Microsecond)), parseTimestamp, nil
	}
	return nil, nil, audience.Failf(audience.Invalid, "write Parquet: column %q: unknown type %q; allowed are %s, %s, %s, %s, %s, %s",
		field.Name, field.Type, String, BigInt, Double, Boolean, Date, Timestamp)
}

// An orderedGroup is a parquet.Group whose columns keep their order instead of the alphabet's.
type orderedGroup struct {
	parquet.Group
	names []string
}

// Fields gives the columns in order.
func (g orderedGroup) Fields() []parquet.Field {
	byName := map[string]parquet.Field{}
	for _, field := range g.Group.Fields() {
		byName[field.Name()] = field
	}
	fields := make([]parquet.Field, 0, len(g.names))
	for _, name := range g.names {
		fields = append(fields, byName[name])
	}
	return fields
}

// WriteBatch appends rows: columns in the order of the fields, all of the same length. A null stays null. A value that is
// empty or blank is null in every type but String. A value that does not parse as its column's type becomes null, and
// unparsed (which may be nil) is told its row in the batch, from 0, and its column; it is called by column, then by row.
// The values are copied.
func (w *Writer) WriteBatch(columns []Column, unparsed func(row, column int)) error {
	if len(columns) != len(w.columns) {
		return audience.Failf(audience.Invalid, "write Parquet: %d columns for a file of %d", len(columns), len(w.columns))
	}
	rows := columns[0].Len()
	for i := range columns {
		if columns[i].Len() != rows {
			return audience.Failf(audience.Invalid, "write Parquet: column %q has %d rows where %q has %d",
				w.columns[i].name, columns[i].Len(), w.columns[0].name, rows)
		}
	}
	if unparsed == nil {
		unparsed = func(int, int) {}
	}
	if w.file == nil && rows > 0 {
		if err := w.begin(columns); err != nil {
			return err
		}
	}
	for from := 0; from < rows; {
		to := from + int(min(int64(rows-from), w.opts.RowGroupRows-w.groupRows))
		for i := range columns {
			if err := w.writeColumn(&w.columns[i], &columns[i], from, to, unparsed); err != nil {
				return fmt.Errorf("write column %q of Parquet file: %w", w.columns[i].name, err)
			}
		}
		w.rows += int64(to - from)
		w.groupRows += int64(to - from)
		from = to
		if w.groupRows == w.opts.RowGroupRows || w.size >= w.opts.RowGroupBytes {
			if err := w.file.Flush(); err != nil {
				return fmt.Errorf("write row group of Parquet file: %w", err)
			}
			w.groupRows, w.size = 0, 0
		}
	}
	return nil
}

// writeColumn appends the values [from, to) of a column.
func (w *Writer) writeColumn(column *columnWriter, source *Column, from, to int, unparsed func(row, column int)) error {
	for from < to {
		values, size := w.values[:0], 0
		for row := from; row < min(to, from+writeRows) && size < writeBytes; row++ {
			value, given, ok := column.value(source, row)
			if !ok {
				unparsed(row, column.index)
			}
			if given {
				values = append(values, value.Level(0, 1, column.index))
			} else {
				values = append(values, parquet.NullValue().Level(0, 0, column.index))
			}
			size += len(source.Value(row))
		}
		w.size += size
		if _, err := column.writer.WriteRowValues(values); err != nil {
			return err
		}
		from += len(values)
	}
	return nil
}

// value gives the value of a row; given is false for null, ok for a text that is none of the type.
func (c *columnWriter) value(source *Column, row int) (value parquet.Value, given, ok bool) {
	if source.IsNull(row) {
		return parquet.Value{}, false, true
	}
	text := source.Value(row)
	if c.parse == nil {
		return parquet.ByteArrayValue(text), true, true
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return parquet.Value{}, false, true
	}
	value, ok = c.parse(text)
	return value, ok, ok
}

// Rows counts the rows written so far.
func (w *Writer) Rows() int64 { return w.rows }

// Close ends the file: without it the file has no footer and is none.
func (w *Writer) Close() error {
	if w.file == nil {
		if err := w.begin(nil); err != nil {
			return err
		}
	}
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("write footer of Parquet file: %w", err)
	}
	return nil
}
