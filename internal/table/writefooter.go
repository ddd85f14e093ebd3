package table

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// schemaOf makes the Parquet schema of fields, all of them optional: a root, then the columns.
func schemaOf(fields []Field) ([]format.SchemaElement, error) {
	if len(fields) == 0 {
		return nil, audience.Failf(audience.Invalid, "write Parquet: no columns")
	}
	schema := []format.SchemaElement{{Name: "cleanreach", NumChildren: thrift.New(int32(len(fields)))}} //nolint:gosec // a file has few columns
	for _, field := range fields {
		if field.Name == "" || slices.ContainsFunc(schema[1:], func(e format.SchemaElement) bool { return e.Name == field.Name }) {
			return nil, audience.Failf(audience.Invalid, "write Parquet: column %q has no name of its own", field.Name)
		}
		node, _, err := nodeOf(field)
		if err != nil {
			return nil, err
		}
		element := format.SchemaElement{Name: field.Name, RepetitionType: thrift.New(format.Optional), Type: thrift.New(*node.Type().PhysicalType())}
		if bits := node.Type().Length(); bits > 0 {
			element.TypeLength = thrift.New(int32(bits)) //nolint:gosec // 64 at most
		}
		if converted := node.Type().ConvertedType(); converted != nil {
			element.ConvertedType = thrift.New(*converted)
		}
		if logical := node.Type().LogicalType(); logical != nil {
			element.LogicalType = *logical
		}
		schema = append(schema, element)
	}
	return schema, nil
}

// nodeOf is the Parquet type of a column, and how its text is read; the latter is nil for text itself.
func nodeOf(field Field) (parquet.Node, parser, error) {
	switch field.Type {
	case String:
		return parquet.String(), nil, nil
	case BigInt:
		return parquet.Int(64), parseBigInt, nil
	case Double:
		return parquet.Leaf(parquet.DoubleType), parseDouble, nil
	case Boolean:
		return parquet.Leaf(parquet.BooleanType), parseBoolean, nil
	case Date:
		return parquet.Date(), parseDate, nil
	case Timestamp:
		return parquet.Timestamp(parquet.Microsecond), parseTimestamp, nil
	}
	return nil, nil, audience.Failf(audience.Invalid, "write Parquet: column %q: unknown type %q; allowed are %s, %s, %s, %s, %s, %s",
		field.Name, field.Type, String, BigInt, Double, Boolean, Date, Timestamp)
}

var errTooManyGroups = errors.New("too many row groups")

// endGroup writes the row group that has been collected.
func (w *Writer) endGroup() error {
	if w.groupRows == 0 {
		return nil
	}
	if len(w.groups) == math.MaxInt16 {
		return errTooManyGroups
	}
	if err := w.start(); err != nil {
		return err
	}
	group := format.RowGroup{NumRows: w.groupRows, FileOffset: w.offset, Ordinal: int16(len(w.groups))} //nolint:gosec // see above
	var indexes []format.OffsetIndex
	for i := range w.chunks {
		c := &w.chunks[i]
		var twin *chunk
		if i > 0 {
			twin = &w.chunks[i-1]
		}
		if err := c.end(twin); err != nil {
			return err
		}
		column, index, err := w.writeChunk(c)
		if err != nil {
			return err
		}
		group.Columns, indexes = append(group.Columns, column), append(indexes, index)
		group.TotalByteSize += column.MetaData.TotalUncompressedSize
		group.TotalCompressedSize += column.MetaData.TotalCompressedSize
	}
	for i := range w.chunks {
		w.chunks[i].reset()
	}
	w.groups, w.indexes = append(w.groups, group), append(w.indexes, indexes)
	w.groupRows, w.size = 0, 0
	return nil
}

// writeChunk writes a chunk's dictionary and pages, and gives what the footer says of them.
func (w *Writer) writeChunk(c *chunk) (format.ColumnChunk, format.OffsetIndex, error) {
	meta := format.ColumnMetaData{
		Type: *c.typ.PhysicalType(), PathInSchema: []string{c.field.Name}, Codec: format.Zstd, NumValues: c.values,
		Statistics: format.Statistics{NullCount: c.nullAll},
	}
	meta.Statistics.MinValue, meta.Statistics.MaxValue = c.bounds.values()
	dictionary, err := c.dictionaryPage()
	if err != nil {
		return format.ColumnChunk{}, format.OffsetIndex{}, err
	}
	if dictionary != nil {
		meta.DictionaryPageOffset = w.offset
		if err := w.append(dictionary); err != nil {
			return format.ColumnChunk{}, format.OffsetIndex{}, err
		}
	}
	meta.DataPageOffset = w.offset
	for i := range c.pages {
		c.pages[i].Offset += w.offset
	}
	if err := w.append(c.done); err != nil {
		return format.ColumnChunk{}, format.OffsetIndex{}, err
	}
	meta.TotalUncompressedSize, meta.TotalCompressedSize = c.total.raw, c.total.compressed
	meta.Encoding = []format.Encoding{format.RLE}
	for _, s := range c.stats {
		if !slices.Contains(meta.Encoding, s.Encoding) {
			meta.Encoding = append(meta.Encoding, s.Encoding)
		}
	}
	slices.Sort(meta.Encoding)
	meta.EncodingStats = c.stats
	return format.ColumnChunk{MetaData: meta}, format.OffsetIndex{PageLocations: c.pages}, nil
}

// writeFooter ends the file: with where the pages are, then with what all of it is.
func (w *Writer) writeFooter() error {
	if err := w.start(); err != nil {
		return err
	}
	protocol := new(thrift.CompactProtocol)
	var end []byte
	for i, indexes := range w.indexes {
		for j := range indexes {
			index, err := thrift.Marshal(protocol, indexes[j])
			if err != nil {
				return err
			}
			column := &w.groups[i].Columns[j]
			column.OffsetIndexOffset, column.OffsetIndexLength = w.offset+int64(len(end)), int32(len(index)) //nolint:gosec // a few bytes a page
			end = append(end, index...)
		}
	}
	metadata := map[string]string{SchemaKey: SchemaVersion}
	maps.Copy(metadata, w.opts.Metadata)
	footer := format.FileMetaData{Version: 2, Schema: w.schema, NumRows: w.rows, RowGroups: w.groups, CreatedBy: "cleanreach version " + SchemaVersion + "(build )"}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		footer.KeyValueMetadata = append(footer.KeyValueMetadata, format.KeyValue{Key: key, Value: metadata[key]})
	}
	for i := range w.chunks {
		footer.ColumnOrders = append(footer.ColumnOrders, *w.chunks[i].typ.ColumnOrder())
	}
	encoded, err := thrift.Marshal(protocol, footer)
	if err != nil {
		return err
	}
	end = binary.LittleEndian.AppendUint32(append(end, encoded...), uint32(len(encoded))) //nolint:gosec // a footer is far below 4 GiB
	return w.append(append(end, parquetMagic...))
}
