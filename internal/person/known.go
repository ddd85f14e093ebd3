package person

import (
	"bytes"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/cleanreach/cleanreach/internal/table"
)

// mostKnown bounds how many different values of a column are kept with their hashes: 3 MiB a column. There are not as many
// cities, first names or American ZIP codes.
const mostKnown = 1 << 16

// A dictionary has different values by number.
type dictionary interface {
	Len() int
	Value(code int) []byte
}

// What a value's cell is when it is no digest's number, beside none.
const (
	unmade  = -2 // nobody has asked for the value
	dropped = -3 // and below: nothing is left of it, for the reason with the number dropped-cell
)

// known is what became of the values of a dictionary.
type known struct {
	of      dictionary
	cells   []int32
	by      []uint16 // the number of the row's country by which it was made
	country []uint16 // the number of the country that it is; of COUNTRY only
}

// begin makes room for a dictionary's values, and tells whether it is another one than before.
func (k *known) begin(dict dictionary, ofCountries bool) (another bool) {
	another = k.of != dict
	if another {
		k.of, k.cells = dict, k.cells[:0]
	}
	from, to := len(k.cells), dict.Len()
	k.cells, k.by = slices.Grow(k.cells, to-from)[:to], slices.Grow(k.by[:from], to-from)[:to]
	for i := from; i < to; i++ {
		k.cells[i] = unmade
	}
	if ofCountries {
		k.country = slices.Grow(k.country[:from], to-from)[:to]
	}
	return another
}

// repeats finds the values that come again in a column for which the file has no dictionary.
type repeats struct {
	seen *distinct
	rows []int32
}

// distinct is a set of values, in the order in which they were first seen.
type distinct struct {
	table.Column
	slots [2 * mostKnown]uint32 // 1 + a value's number, by the value's hash; 0: free
}

// mostDistinct is how many bytes of different values are kept.
const mostDistinct = 4 << 20

// codes numbers a column's values, mostKnown at most; empty ones get -1. A set that has grown too large is begun anew.
func (r *repeats) codes(in *table.Column) (*distinct, []int32) {
	if s := r.seen; s == nil || s.Len()+in.Len() > mostKnown || len(s.Data) > mostDistinct {
		r.seen = &distinct{}
	}
	r.rows = r.rows[:0]
	for i := range in.Len() {
		code := int32(-1)
		if value := in.Value(i); len(value) > 0 {
			code = r.seen.code(value)
		}
		r.rows = append(r.rows, code)
	}
	return r.seen, r.rows
}

// code is a value's number.
func (d *distinct) code(value []byte) int32 {
	for at := xxh3.Hash(value); ; at++ {
		slot := &d.slots[at%uint64(len(d.slots))]
		if *slot == 0 {
			d.Append(value)
			*slot = uint32(d.Len()) //nolint:gosec // mostKnown and a batch's rows at most
		} else if !bytes.Equal(d.Value(int(*slot-1)), value) {
			continue
		}
		return int32(*slot - 1) //nolint:gosec // likewise
	}
}
