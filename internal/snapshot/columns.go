package snapshot

import (
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

// MarkColumn holds the mark of each row, in every file of a snapshot: in one column, so that rows can be compared without
// reading the others.
const MarkColumn = "mark"

// Columns says what the files of rows with these keys have in which column: what travels to Meta, and so the hash of each key
// that Meta takes as a hash.
func Columns(keys []audience.Key) []audience.PlanColumn {
	columns := make([]audience.PlanColumn, len(keys))
	for i, key := range keys {
		columns[i] = audience.PlanColumn{Key: key, Column: key.Column()}
		if key.Hashed() {
			columns[i] = audience.PlanColumn{Key: key, Column: key.HashColumn(), Hashed: true}
		}
	}
	return columns
}

// Names are the names of the columns, and of the mark behind them.
func Names(keys []audience.Key) []string {
	var all []string
	for _, c := range Columns(keys) {
		all = append(all, c.Column)
	}
	return append(all, MarkColumn)
}

func fieldsOf(keys []audience.Key) []table.Field {
	var fields []table.Field
	for _, name := range Names(keys) {
		fields = append(fields, table.Field{Name: name, Type: table.String})
	}
	return fields
}

// A Row is what travels to Meta of a person, key by key; empty where there is nothing. The mark is behind the keys.
type Row [][]byte

// add appends a row to columns, an empty value as null.
func add(columns []table.Column, row Row) (bytes int) {
	for i, value := range row {
		if len(value) == 0 {
			columns[i].AppendNull()
		} else {
			columns[i].Append(value)
		}
		bytes += len(value)
	}
	return bytes
}
