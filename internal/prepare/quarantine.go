package prepare

import (
	"context"
	"strconv"

	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// quarantineFields are the columns of the quarantine: a record for every row and every field that was rejected.
var quarantineFields = []table.Field{
	{Name: "file", Type: table.String},    // relative to source.path
	{Name: "row", Type: table.BigInt},     // from 1, a header not counted
	{Name: "key", Type: table.String},     // the field: a mapped key (EMAIL) or a kept column's name; null for a whole row
	{Name: "reason", Type: table.String},  // why
	{Name: "dropped", Type: table.String}, // what is lost by it: the row, or only the field
}

// What is dropped.
const (
	droppedRow   = "row"
	droppedField = "field"
)

// NoKey is the reason of a row in which nothing is left that could find a person.
const NoKey = "no_key"

// quarantineRows are collected before they are written.
const quarantineRows = 4096

// A quarantine collects what was rejected. It never holds a value. Within a part the records are in the order of the batches,
// and of a batch those come first that are no rows at all. It is not safe for concurrent use.
type quarantine struct {
	parts   *parts
	pending []table.Column
	out     []table.Values // pending
	number  [20]byte
}

func newQuarantine(folder *storage.Folder, prefix string, sizes sizes) *quarantine {
	q := &quarantine{parts: newParts(folder, prefix, quarantineFields, sizes), pending: make([]table.Column, len(quarantineFields))}
	for i := range q.pending {
		q.out = append(q.out, table.Values{Column: &q.pending[i]})
	}
	return q
}

// row records a row that is dropped.
func (q *quarantine) row(file string, row int64, reason string) {
	q.add(file, row, "", reason, droppedRow)
}

// field records a field that is dropped from its row.
func (q *quarantine) field(file string, row int64, key, reason string) {
	q.add(file, row, key, reason, droppedField)
}

func (q *quarantine) add(file string, row int64, key, reason, dropped string) {
	q.pending[0].AppendString(file)
	q.pending[1].Append(strconv.AppendInt(q.number[:0], row, 10))
	if key == "" {
		q.pending[2].AppendNull()
	} else {
		q.pending[2].AppendString(key)
	}
	q.pending[3].AppendString(reason)
	q.pending[4].AppendString(dropped)
}

// flush writes what was collected, once there is enough of it.
func (q *quarantine) flush(ctx context.Context, atLeast int) error {
	if q.pending[0].Len() < atLeast {
		return nil
	}
	if err := q.parts.write(ctx, q.out, nil); err != nil {
		return err
	}
	for i := range q.pending {
		q.pending[i].Reset()
	}
	return nil
}

// close writes the rest.
func (q *quarantine) close(ctx context.Context) error {
	if err := q.flush(ctx, 1); err != nil {
		return err
	}
	return q.parts.end()
}
