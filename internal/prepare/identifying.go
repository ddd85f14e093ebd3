package prepare

import (
	"github.com/cespare/xxhash/v2"

	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/sha"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A column that identifies is one whose values hardly come again: each is brought into form and hashed by itself. So is what
// people are worth.
type identifying struct {
	keyColumn

	canonical table.Column // of each of the batch's rows; empty: none
	hashes    table.Column // of each, for a key that is hashed
	hashed    []bool       // it came as a hash
	reasons   []uint8      // the number of the reason why it was rejected
	batch     sha.Batch
	kept      [2]table.Column // of the rows that are prepared, where those are not all
}

func newIdentifying(column keyColumn) *identifying { return &identifying{keyColumn: column} }

// convert brings the values of rows into form.
func (d *identifying) convert(n *former, in *table.Column, rows []int32, of *countries) {
	d.canonical.Reset()
	d.hashes.Reset()
	d.hashed, d.reasons = d.hashed[:0], d.reasons[:0]
	for i, row := range rows {
		var country []byte
		if of != nil {
			country = of.code(of.row(i))
		}
		canonical, found := n.normalizer.Append(d.canonical.Data, d.key, in.Value(int(row)), country)
		d.canonical.Data = canonical
		if len(canonical) == d.end() {
			d.canonical.AppendNull()
		} else {
			d.canonical.Append(nil) // ends the value
		}
		d.hashed, d.reasons = append(d.hashed, found.Hashed), append(d.reasons, n.reasons.Number(found.Reason))
	}
	if d.key.Hashed() {
		d.hash()
	}
}

// end is where the last value ends.
func (d *identifying) end() int {
	if n := len(d.canonical.Ends); n > 0 {
		return int(d.canonical.Ends[n-1])
	}
	return 0
}

// hash hashes the batch's values together.
func (d *identifying) hash() {
	d.batch.Reset()
	for i, given := range d.hashed {
		if canonical := d.canonical.Value(i); len(canonical) > 0 && !given {
			d.batch.Add(canonical)
		}
	}
	d.batch.Hash()
	digests := d.batch.Digests()
	for i, given := range d.hashed {
		switch canonical := d.canonical.Value(i); {
		case len(canonical) == 0:
			d.hashes.AppendNull()
		case given:
			d.hashes.Append(canonical)
		default:
			d.hashes.Data = digests[0].AppendHex(d.hashes.Data)
			d.hashes.Append(nil) // ends the value
			digests = digests[1:]
		}
	}
}

// mark is what the list of those who opted out has of a row's value.
func (d *identifying) mark(i int) suppression.Mark {
	if d.key.Hashed() {
		return suppression.MarkOf(d.hashes.Value(i), true)
	}
	return suppression.MarkOf(d.canonical.Value(i), false)
}

// sum is what a row's value is counted by: see distinct.
func (d *identifying) sum(i int) uint64 {
	if d.key.Hashed() {
		return xxhash.Sum64(d.hashes.Value(i))
	}
	return xxhash.Sum64(d.canonical.Value(i))
}

func (d *identifying) keep(w *worker, rows []int32, all bool) {
	out := w.out[d.attributes[0].out:]
	for i, from := range []*table.Column{&d.canonical, &d.hashes}[:d.columns()] {
		if all {
			out[i] = table.Values{Column: from}
			continue
		}
		to := &d.kept[i]
		to.Reset()
		for _, row := range rows {
			to.AppendOf(from, int(row))
		}
		out[i] = table.Values{Column: to}
	}
}

func (d *identifying) columns() int {
	if d.key.Hashed() {
		return 2
	}
	return 1
}

func (d *identifying) flag(rows []flags) {
	for i, reason := range d.reasons {
		if reason != 0 {
			rows[i] |= rejected
		}
		if d.key.Finds() && !d.canonical.IsNull(i) {
			rows[i] |= finds
		}
	}
}

func (d *identifying) reason(i int) uint8 { return d.reasons[i] }

func (d *identifying) count(t *tally, rows []int32, names *identity.ReasonNumbers, sums []uint64) []uint64 {
	for _, row := range rows {
		switch reason := d.reasons[row]; {
		case reason != 0:
			t.invalid[names.Name(reason)]++
		case !d.canonical.IsNull(int(row)):
			t.valid++
			sums = append(sums, d.sum(int(row)))
		}
	}
	return sums
}
