package table

import (
	"bytes"
	"io"

	"github.com/parquet-go/parquet-go"
)

// writePlain is what Writer is held against: the Parquet library, value by value.
func writePlain(out io.Writer, fields []Field, columns []Column, groupRows int, unparsed func(row, column int)) error {
	group := parquet.Group{}
	names := map[string]int{}
	for i, field := range fields {
		node, _, err := nodeOf(field)
		if err != nil {
			return err
		}
		group[field.Name], names[field.Name] = parquet.Optional(node), i
	}
	schema := parquet.NewSchema("cleanreach", group)
	w := parquet.NewGenericWriter[any](out, schema, parquet.MaxRowsPerRowGroup(int64(groupRows)))
	rows := make([]parquet.Row, columns[0].Len())
	for place, path := range schema.Columns() {
		at := names[path[0]]
		_, parse, _ := nodeOf(fields[at])
		for row := range rows {
			value, given := plainValue(parse, &columns[at], row)
			if !given && !columns[at].IsNull(row) && len(bytes.TrimSpace(columns[at].Value(row))) > 0 {
				unparsed(row, at)
			}
			rows[row] = append(rows[row], value.Level(0, map[bool]int{true: 1}[given], place))
		}
	}
	if _, err := w.WriteRows(rows); err != nil {
		return err
	}
	return w.Close()
}

func plainValue(parse parser, column *Column, row int) (value parquet.Value, given bool) {
	text := column.Value(row)
	switch {
	case column.IsNull(row):
		return parquet.NullValue(), false
	case parse == nil:
		return parquet.ByteArrayValue(text), true
	}
	if text = bytes.TrimSpace(text); len(text) > 0 {
		value, given = parse(text)
	}
	if !given {
		return parquet.NullValue(), false
	}
	return value, true
}
