package prepare

import (
	"context"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A worker turns batches into prepared rows and the quarantine, a batch's columns one after the other. It has a normalizer
// and files of its own, and shares nothing but the counts of different values.
type worker struct {
	layout     *layout
	suppressed *suppression.Set
	former     former
	counts     []*distinct
	prepared   *parts
	quarantine *quarantine

	noConsent  int64
	optedOut   int64            // rows of people who are suppressed
	rowReasons map[string]int64 // rows in the quarantine
	unparsed   map[string]int64 // kept values that are not of their type, by column:reason
	tallies    []tally          // for each of the layout's keys

	columns   []column      // for each of the layout's keys
	describe  []*describing // those of columns that describe
	mostBytes int           // of what they know
	countries *countries
	out       []table.Values // the batch's prepared rows
	values    []table.Column // of the columns that are carried along
	codes     [][]int32      // for each prepared column
	mixed     []table.Column // likewise: see hashesOf
	rows      []int64        // the prepared rows' numbers in the file
	consented []int32        // places of rows in the batch
	kept      []int32        // places in consented of the rows that are prepared
	flags     []flags        // of each of consented
	hashes    []uint64       // of a key's valid values
}

// A column is a mapped source column at work on a batch.
type column interface {
	// convert brings the values of rows into form. The country's column is converted first.
	convert(n *former, in *table.Column, rows []int32, of *countries)
	// flag adds what is to be known of each row.
	flag(rows []flags)
	// reason is the number of the reason why a row's value was rejected.
	reason(i int) uint8
	// count takes the rows into the tally, and appends the sums of valid values that were not counted before.
	count(t *tally, rows []int32, names *identity.ReasonNumbers, sums []uint64) []uint64
	// keep makes the prepared columns of rows, which are all rows or some of them.
	keep(w *worker, rows []int32, all bool)
}

// flags are what a row's columns found.
type flags uint8

const (
	rejected flags = 1 << iota // a value of it
	finds                      // it has a key that may find a person
)

func newWorker(plan *layout, suppressed *suppression.Set, n *identity.Normalizer, dateOrder string, counts []*distinct, prepared *parts, q *quarantine, sizes sizes) *worker {
	w := &worker{
		layout: plan, suppressed: suppressed, counts: counts, prepared: prepared, quarantine: q,
		former: former{
			normalizer: n, dateOrder: dateOrder, mostKnown: sizes.known,
		},
		mostBytes:  allKnownBytes / sizes.workers,
		rowReasons: map[string]int64{}, unparsed: map[string]int64{}, tallies: newTallies(len(plan.keys)),
		out: make([]table.Values, len(plan.fields)), values: make([]table.Column, len(plan.kept)), codes: make([][]int32, len(plan.fields)), mixed: make([]table.Column, len(plan.fields)),
	}
	for i, key := range plan.keys {
		if key.key.Identifies() || key.key == audience.LookalikeValue {
			w.columns = append(w.columns, newIdentifying(key))
			continue
		}
		d := newDescribing(key, sizes.known)
		w.columns, w.describe = append(w.columns, d), append(w.describe, d)
		if i == plan.country {
			w.countries = &countries{column: d}
		}
	}
	return w
}

const (
	// allKnownBytes is about what the columns of all workers know, and a batch's values more. The slots in which they look it up
	// are not in it: they are of one size, a MiB or less for each column in all workers together.
	allKnownBytes = 48 << 20
	// knownShare is the part of a worker's that one column has at most. First and last names, cities and ZIP codes have many
	// different values; others hardly any, unless a column has other values than its name says. With two workers that is enough
	// for the 30,000 ZIP codes of a country, which take 4.4 MB; with more they are found out again and again.
	knownShare = 4
)

// bound says how much a column may know: where all of them together know too much, those forget that have more than others.
func (w *worker) bound() {
	known := 0
	for _, d := range w.describe {
		known += d.size()
	}
	w.former.knownBytes = w.mostBytes / knownShare
	if known > w.mostBytes {
		w.former.knownBytes = w.mostBytes / len(w.describe)
	}
}

// write prepares a batch.
func (w *worker) write(ctx context.Context, b *batch) error {
	for _, bad := range b.Bad {
		w.reject(b.file.name, bad.Row, bad.Reason)
	}
	w.consented = w.consented[:0]
	for i := range b.Rows {
		if w.layout.consent >= 0 && !consents(b.Columns[w.layout.consent].Value(i)) {
			w.noConsent++
			continue
		}
		w.consented = append(w.consented, int32(i))
	}
	w.convert(b)
	w.choose(b)
	w.keep(b)
	return w.flush(ctx, b.file.name)
}

func (w *worker) reject(file string, row int64, reason string) {
	w.rowReasons[reason]++
	w.quarantine.row(file, row, reason)
}

// convert brings the batch's values into form. The country comes first, because the others are read by it.
func (w *worker) convert(b *batch) {
	w.flags = w.flags[:0]
	for range w.consented {
		w.flags = append(w.flags, 0)
	}
	w.bound()
	if c := w.layout.country; c >= 0 {
		w.convertColumn(c, b)
	}
	for k := range w.columns {
		if k != w.layout.country {
			w.convertColumn(k, b)
		}
	}
}

func (w *worker) convertColumn(k int, b *batch) {
	w.columns[k].convert(&w.former, &b.Columns[w.layout.keys[k].in], w.consented, w.countries)
	w.columns[k].flag(w.flags)
}

// choose finds the rows to prepare. What is wrong with the others, and with values, goes into the quarantine in the order of
// the rows; of people who opted out nothing does.
func (w *worker) choose(b *batch) {
	w.kept, w.rows = w.kept[:0], w.rows[:0]
	for i, found := range w.flags {
		if w.isSuppressed(i) {
			w.optedOut++
			continue
		}
		row := b.Rows[w.consented[i]]
		if found&rejected != 0 {
			w.rejectFields(b.file.name, row, i)
		}
		if found&finds == 0 {
			w.reject(b.file.name, row, NoKey)
			continue
		}
		w.kept, w.rows = append(w.kept, int32(i)), append(w.rows, row)
	}
}

// isSuppressed reports whether the row is of somebody who opted out, by whichever key.
func (w *worker) isSuppressed(i int) bool {
	if w.suppressed.Empty() {
		return false
	}
	for k, c := range w.columns {
		key := w.layout.keys[k].key
		if d, is := c.(*identifying); is && key.Identifies() && w.suppressed.Has(key, d.mark(i)) {
			return true
		}
	}
	return false
}

// rejectFields puts the row's invalid values into the quarantine, of rows that are dropped too: they say why.
func (w *worker) rejectFields(file string, row int64, i int) {
	for k, c := range w.columns {
		if reason := c.reason(i); reason != 0 {
			w.quarantine.field(file, row, string(w.layout.keys[k].key), string(w.former.reasons.Name(reason)))
		}
	}
}

// keep makes the prepared columns and counts what is in them.
func (w *worker) keep(b *batch) {
	if len(w.kept) == 0 {
		return
	}
	all := len(w.kept) == len(w.consented)
	for k, c := range w.columns {
		w.hashes = c.count(&w.tallies[k], w.kept, &w.former.reasons, w.hashes[:0])
		w.counts[k].add(w.hashes)
		c.keep(w, w.kept, all)
	}
	for i, kept := range w.layout.kept {
		to := &w.values[i]
		to.Reset()
		for _, place := range w.kept {
			if value := b.Columns[kept.in].Value(int(w.consented[place])); len(value) > 0 {
				to.Append(value)
			} else {
				to.AppendNull()
			}
		}
		w.out[kept.out] = table.Values{Column: to}
	}
}

// flush writes the batch's prepared rows. Here the kept columns' values are parsed, and those that do not are rejected.
func (w *worker) flush(ctx context.Context, file string) error {
	if len(w.kept) > 0 {
		err := w.prepared.write(ctx, w.out, func(row, column int) {
			field := w.layout.fields[column]
			reason := "not_" + string(field.Type)
			w.unparsed[field.Name+":"+reason]++
			w.quarantine.field(file, w.rows[row], field.Name, reason)
		})
		if err != nil {
			return err
		}
	}
	return w.quarantine.flush(ctx, quarantineRows)
}

func (w *worker) close(ctx context.Context) error {
	if err := w.prepared.end(); err != nil {
		return err
	}
	return w.quarantine.close(ctx)
}

func (w *worker) abort() {
	w.prepared.abort()
	w.quarantine.parts.abort()
}
