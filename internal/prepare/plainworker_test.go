package prepare

import (
	"context"

	"github.com/cespare/xxhash/v2"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A plainWorker is what a worker is held against: it takes one row after the other, and one value after the other.
type plainWorker struct {
	layout     *layout
	suppressed *suppression.Set
	dateOrder  string
	normalizer *identity.Normalizer
	counts     []*distinct
	prepared   *parts
	quarantine *quarantine

	noConsent  int64
	optedOut   int64            // rows of people who are suppressed
	rowReasons map[string]int64 // rows in the quarantine
	unparsed   map[string]int64 // kept values that are not of their type, by column:reason
	tallies    []tally          // for each of the layout's keys

	cells  []cell         // the current row's, for each of the layout's keys
	out    []table.Column // the batch's prepared rows
	rows   []int64        // their numbers in the file
	hashes [][]uint64     // for each key, of the batch's valid values
}

// A cell is what became of a row's value of a key.
type cell struct {
	canonical [][]byte // for each attribute of the key; empty: none
	hashed    bool     // the source's value was a hash already
	reason    identity.Reason
}

func newCells(plan *layout) []cell {
	cells := make([]cell, len(plan.keys))
	for i, key := range plan.keys {
		cells[i].canonical = make([][]byte, len(key.attributes))
	}
	return cells
}

// write prepares a batch.
func (w *plainWorker) write(ctx context.Context, b *batch) error {
	for _, bad := range b.Bad {
		w.reject(b.file.name, bad.Row, bad.Reason)
	}
	for i, row := range b.Rows {
		if w.layout.consent >= 0 && !consents(b.Columns[w.layout.consent].Value(i)) {
			w.noConsent++
			continue
		}
		w.normalise(b, i)
		if w.isSuppressed() {
			w.optedOut++
			continue
		}
		w.rejectFields(b.file.name, row)
		if !w.findsSomebody() {
			w.reject(b.file.name, row, NoKey)
			continue
		}
		w.keep(b, i)
		w.rows = append(w.rows, row)
	}
	return w.flush(ctx, b.file.name)
}

func (w *plainWorker) reject(file string, row int64, reason string) {
	w.rowReasons[reason]++
	w.quarantine.row(file, row, reason)
}

// normalise fills the row's cells. The country comes first, because the others are read by it.
func (w *plainWorker) normalise(b *batch, i int) {
	var country []byte
	if c := w.layout.country; c >= 0 {
		w.normaliseKey(c, b, i, nil)
		country = w.cells[c].canonical[0]
	}
	for k := range w.layout.keys {
		if k != w.layout.country {
			w.normaliseKey(k, b, i, country)
		}
	}
}

func (w *plainWorker) normaliseKey(k int, b *batch, i int, country []byte) {
	column, c := &w.layout.keys[k], &w.cells[k]
	value := b.Columns[column.in].Value(i)
	for a := range c.canonical {
		c.canonical[a] = c.canonical[a][:0]
	}
	if column.key == audience.DOB {
		d := c.canonical
		d[0], d[1], d[2], c.reason = w.normalizer.SplitDOB(d[0], d[1], d[2], value, w.dateOrder)
		return
	}
	var form identity.Form
	c.canonical[0], form = w.normalizer.Append(c.canonical[0], column.key, value, country)
	c.hashed, c.reason = form.Hashed, form.Reason
}

// isSuppressed reports whether the row is of somebody who opted out, by whichever key. It is asked before anything of the
// row is written, so that the quarantine does not name it either.
func (w *plainWorker) isSuppressed() bool {
	if w.suppressed.Empty() {
		return false
	}
	for k := range w.cells {
		key, c := w.layout.keys[k].key, &w.cells[k]
		if key.Identifies() && w.suppressed.Has(key, suppression.MarkOf(c.canonical[0], c.hashed)) {
			return true
		}
	}
	return false
}

// rejectFields puts the row's invalid values into the quarantine, of rows that are dropped too: they say why.
func (w *plainWorker) rejectFields(file string, row int64) {
	for k := range w.cells {
		if reason := w.cells[k].reason; reason != "" {
			w.quarantine.field(file, row, string(w.layout.keys[k].key), string(reason))
		}
	}
}

// findsSomebody reports whether the row has a key left that may find a person.
func (w *plainWorker) findsSomebody() bool {
	for k := range w.cells {
		if w.layout.keys[k].key.Finds() && w.cells[k].filled() {
			return true
		}
	}
	return false
}

func (c *cell) filled() bool {
	for _, canonical := range c.canonical {
		if len(canonical) > 0 {
			return true
		}
	}
	return false
}

// keep appends the row to the prepared ones and counts it.
func (w *plainWorker) keep(b *batch, i int) {
	for k := range w.cells {
		c, t := &w.cells[k], &w.tallies[k]
		sum := uint64(0)
		for a, at := range w.layout.keys[k].attributes {
			sum = sum*31 + xxhash.Sum64(w.keepAttribute(at, c.canonical[a], c.hashed))
		}
		switch {
		case c.reason != "": // also of a value that was taken for LDU
			t.invalid[c.reason]++
		case c.filled():
			t.valid++
			w.hashes[k] = append(w.hashes[k], sum)
		}
	}
	for _, kept := range w.layout.kept {
		if value := b.Columns[kept.in].Value(i); len(value) > 0 {
			w.out[kept.out].Append(value)
		} else {
			w.out[kept.out].AppendNull()
		}
	}
}

// keepAttribute appends a canonical value and its hash, and gives what makes the value one of its kind: the same for a
// value and for its hash. A value that came as a hash is in both columns.
func (w *plainWorker) keepAttribute(at attribute, canonical []byte, hashed bool) []byte {
	out := w.out[at.out:]
	switch {
	case len(canonical) == 0:
		out[0].AppendNull()
		if at.key.Hashed() {
			out[1].AppendNull()
		}
		return nil
	case !at.key.Hashed():
		out[0].Append(canonical)
		return canonical
	}
	out[0].Append(canonical)
	if hashed {
		out[1].Append(canonical)
		return canonical
	}
	appendHash(&out[1], canonical)
	return out[1].Value(out[1].Len() - 1)
}

// flush writes the batch's prepared rows. Here the kept columns' values are parsed, and those that do not are rejected.
func (w *plainWorker) flush(ctx context.Context, file string) error {
	if len(w.rows) > 0 {
		var values []table.Values
		for i := range w.out {
			values = append(values, table.Values{Column: &w.out[i]})
		}
		err := w.prepared.write(ctx, values, func(row, column int) {
			field := w.layout.fields[column]
			reason := "not_" + string(field.Type)
			w.unparsed[field.Name+":"+reason]++
			w.quarantine.field(file, w.rows[row], field.Name, reason)
		})
		if err != nil {
			return err
		}
	}
	for i := range w.out {
		w.out[i].Reset()
	}
	w.rows = w.rows[:0]
	for k, hashes := range w.hashes {
		w.counts[k].add(hashes)
		w.hashes[k] = hashes[:0]
	}
	return w.quarantine.flush(ctx, quarantineRows)
}

func (w *plainWorker) close(ctx context.Context) error {
	if err := w.prepared.end(); err != nil {
		return err
	}
	return w.quarantine.close(ctx)
}
