package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const (
	parquetMagic   = "PAR1"
	encryptedMagic = "PARE"
	// tailBytes are read at a file's end in one go: most footers fit.
	tailBytes = 64 << 10
	// readAhead is how much of a column is fetched at once. In object storage every fetch is a request.
	readAhead = 1 << 20
)

// A Footer is what a Parquet file says of itself at its end.
type Footer struct {
	Columns   []Field // at the top level; Type is empty for one without a text form, a nested one say
	RowGroups []int64 // rows of each
	Rows      int64
	Metadata  map[string]string
}

// ReadFooter reads a Parquet file's footer: its last 64 KiB, and more only if the footer is longer. What is no Parquet
// file is an error of class Invalid that names the file.
func ReadFooter(name string, ra io.ReaderAt, size int64) (Footer, error) {
	f, err := openParquetFile(name, ra, size)
	if err != nil {
		return Footer{}, err
	}
	footer := Footer{Metadata: map[string]string{}, Rows: f.rows}
	for i := range f.columns {
		footer.Columns = append(footer.Columns, Field{Name: f.columns[i].name, Type: f.columns[i].typ})
	}
	for _, group := range f.groups {
		footer.RowGroups = append(footer.RowGroups, group.NumRows())
	}
	for _, pair := range f.file.Metadata().KeyValueMetadata {
		footer.Metadata[pair.Key] = pair.Value
	}
	return footer, nil
}

// parquetFile is an open Parquet file whose footer was understood.
type parquetFile struct {
	name    string
	bytes   *tailed
	file    *parquet.File
	columns []parquetColumn // at the top level
	groups  []parquet.RowGroup
	rows    int64
}

type parquetColumn struct {
	rendering
	name string
	leaf int // its place among the column chunks
}

func openParquetFile(name string, ra io.ReaderAt, size int64) (f *parquetFile, err error) {
	f = &parquetFile{name: name}
	defer f.rescue(&err)
	if f.bytes, err = readTail(name, ra, size); err != nil {
		return nil, err
	}
	f.file, err = parquet.OpenFile(f.bytes, size, parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true),
		parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readAhead))
	if err != nil {
		return nil, f.failure("footer")
	}
	if err := f.checkCodecs(); err != nil {
		return nil, err
	}
	elements := topLevel(f.file.Metadata().Schema)
	for i, column := range f.file.Root().Columns() {
		f.columns = append(f.columns, parquetColumn{name: column.Name(), leaf: column.Index(), rendering: renderingOf(column, &elements[i])})
	}
	f.groups = f.file.RowGroups()
	for _, group := range f.groups {
		if group.NumRows() < 0 {
			return nil, f.failure("footer")
		}
		f.rows += group.NumRows()
	}
	return f, nil
}

// checkCodecs refuses a file whose pages could not be read faithfully. The Parquet library knows LZ4_RAW too, but where such a
// page has not shrunk to a third, it drops what it decompressed and gives whatever its buffer held before, other people's
// values say, without an error: https://github.com/parquet-go/parquet-go/issues/608.
func (f *parquetFile) checkCodecs() error {
	for _, group := range f.file.Metadata().RowGroups {
		for i := range group.Columns {
			switch codec := group.Columns[i].MetaData.Codec; codec {
			case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd:
			default:
				return audience.Fail(audience.Invalid, "write it with Snappy or Zstandard",
					fmt.Errorf("%s is compressed with %s, which this version cannot read", f.name, codec))
			}
		}
	}
	return nil
}

// topLevel picks the columns at the top level out of a schema, which lists a tree depth first.
func topLevel(schema []format.SchemaElement) []format.SchemaElement {
	var top []format.SchemaElement
	for i := 1; i < len(schema); {
		top = append(top, schema[i])
		for open := 1; open > 0 && i < len(schema); i++ {
			open += int(schema[i].NumChildren.V) - 1
		}
	}
	return top
}

// failure is the error for a part of the file that cannot be read: the storage's own, or else the file is at fault. What
// the Parquet library says is left out, as it may quote values.
func (f *parquetFile) failure(part string) error {
	if f.bytes != nil && f.bytes.err != nil {
		return fmt.Errorf("read %s of %s: %w", part, f.name, f.bytes.err)
	}
	return audience.Fail(audience.Invalid, "make the file anew or upload it again",
		fmt.Errorf("%s of %s cannot be read: the file is damaged, or of a Parquet kind that is not supported", part, f.name))
}

// rescue turns a panic of the Parquet library, which trusts what it reads in places, into an error.
func (f *parquetFile) rescue(err *error) {
	if recover() != nil { //nolint:revive // callers defer rescue itself, so this recovers
		*err = f.failure("Parquet structure")
	}
}

// tailed is a file whose end is in memory. It remembers the storage's failure, so that it is not taken for a damaged file.
type tailed struct {
	io.ReaderAt
	from int64 // of tail
	tail []byte
	err  error
}

// ReadAt reads from memory what lies there.
func (t *tailed) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read before the file's start")
	}
	if off >= t.from {
		if off-t.from > int64(len(t.tail)) {
			return 0, io.EOF
		}
		n := copy(p, t.tail[off-t.from:])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	n, err := t.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF {
		t.err = noEnd(err)
		return n, t.err
	}
	return n, err
}

// readTail reads a file's end and makes sure that it ends as a Parquet file does.
func readTail(name string, ra io.ReaderAt, size int64) (*tailed, error) {
	if size == 0 {
		return nil, empty(name, "it has no bytes")
	}
	t := &tailed{ReaderAt: ra, from: max(size-tailBytes, 0), tail: make([]byte, min(size, tailBytes))}
	if n, err := ra.ReadAt(t.tail, t.from); n < len(t.tail) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read the end of %s: %w", name, err)
	}
	const frame = len(parquetMagic) + 4
	end := t.tail[max(len(t.tail)-frame, 0):]
	switch {
	case len(end) == frame && string(end[4:]) == encryptedMagic:
		return nil, audience.Fail(audience.Invalid, "write it without encryption", fmt.Errorf("%s is an encrypted Parquet file", name))
	case len(end) < frame || string(end[4:]) != parquetMagic:
		return nil, audience.Fail(audience.Invalid, "check the source's path and format; a file that was cut off looks like this too",
			fmt.Errorf("%s is not a Parquet file: it does not end as one", name))
	case int64(binary.LittleEndian.Uint32(end)) > size-int64(frame+len(parquetMagic)):
		return nil, audience.Fail(audience.Invalid, "make the file anew or upload it again", fmt.Errorf("%s is a damaged Parquet file: its footer is longer than the file", name))
	}
	return t, nil
}
