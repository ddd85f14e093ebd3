package prepare

import (
	"bytes"

	"github.com/zeebo/xxh3"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

const (
	// mostKnown is how many different values of a column are known at most. There are not as many cities or ZIP codes.
	mostKnown = 1 << 16
	// fewKnown is mostKnown where most values are new all the same: they would fill the memory for nothing.
	fewKnown = 1 << 12
	// longestKnown is how many bytes a value has at most that is known: names and places are shorter.
	longestKnown = 64
	// mostAttributes are what a column becomes: a date of birth is three.
	mostAttributes = 3
)

// A meaning is what a value of a column means.
type meaning struct {
	sum     uint64                // of the value: see distinct
	codes   [mostAttributes]int32 // places of the canonical values; -1: none
	country uint16                // the number of the country that it is
	by      uint16                // the number of the row's country by which it was read
	reason  uint8                 // the number of the reason why it is rejected; 0: it is not
	filled  bool                  // there is a canonical value
	counted bool                  // the sum has been counted
}

// A column that describes is one whose values come again and again: names, places, dates, gender. Each different value is
// brought into form and hashed once, and a row costs a look-up. What is known is bounded; when it is full it begins anew.
type describing struct {
	keyColumn

	most     int     // meanings that are known
	asked    int     // values since all was forgotten
	rows     []int32 // for each of the batch's rows, its place in meanings
	meanings []meaning
	values   table.Column // what the meanings are of; longer values are empty here
	slots    []uint32     // 1 + the place in meanings, by value and country; 0: free
	sets     []*forms     // of each attribute
}

// The first meaning is that of a blank value.
const blankMeaning = 0

func newDescribing(column keyColumn, most int) *describing {
	d := &describing{keyColumn: column, most: most, slots: make([]uint32, 2*(most+1))}
	d.release()
	d.forget()
	return d
}

// forget drops all that is known.
func (d *describing) forget() {
	d.asked = 0
	d.meanings = append(d.meanings[:0], meaning{codes: [mostAttributes]int32{-1, -1, -1}})
	d.values.Reset()
	d.values.Append(nil)
	clear(d.slots)
	for _, set := range d.sets {
		set.forget()
	}
}

// release gives the memory back that what is known takes: another column may need it.
func (d *describing) release() {
	d.meanings, d.values, d.sets = nil, table.Column{}, d.sets[:0]
	for _, attribute := range d.attributes {
		d.sets = append(d.sets, newForms(attribute.key.Hashed()))
	}
}

// size is about how many bytes of memory what is known takes.
func (d *describing) size() int {
	size := len(d.values.Data) + 40*len(d.meanings)
	for _, set := range d.sets {
		size += set.size()
	}
	return size
}

// convert finds what the values of rows mean.
func (d *describing) convert(n *former, in *table.Column, rows []int32, of *countries) {
	if large, most := d.size() > n.knownBytes, d.most; large || len(d.meanings) > most {
		d.most = n.mostKnown
		if len(d.meanings) > d.asked/2 { // most values were new
			d.most = min(n.mostKnown, fewKnown)
		}
		if large || d.most < most {
			d.release()
		}
		d.forget()
	}
	d.asked += len(rows)
	d.rows = d.rows[:0]
	byCountry := of != nil && (d.key == audience.State || d.key == audience.Zip)
	var last []byte
	lastBy, lastPlace := uint16(0), int32(blankMeaning)
	for _, row := range rows {
		value := in.Value(int(row))
		by := uint16(0)
		if byCountry {
			by = of.row(len(d.rows))
		}
		if by != lastBy || !bytes.Equal(value, last) {
			last, lastBy, lastPlace = value, by, d.place(n, value, by, of)
		}
		d.rows = append(d.rows, lastPlace)
	}
}

// place finds the meaning of a value in a country.
func (d *describing) place(n *former, value []byte, by uint16, of *countries) int32 {
	if len(value) == 0 {
		return blankMeaning
	}
	if len(value) > longestKnown || len(d.meanings) > d.most {
		return d.add(n, value, by, of, nil)
	}
	for at := xxh3.HashSeed(value, uint64(by)); ; at++ {
		slot := &d.slots[at%uint64(len(d.slots))]
		if *slot == 0 {
			place := d.add(n, value, by, of, value)
			*slot = uint32(place) + 1 //nolint:gosec // mostKnown and a batch's rows at most
			return place
		}
		if place := int32(*slot - 1); d.meanings[place].by == by && bytes.Equal(d.values.Value(int(place)), value) { //nolint:gosec // likewise
			return place
		}
	}
}

// add finds out what a value means, and keeps that as the meaning of known.
func (d *describing) add(n *former, value []byte, by uint16, of *countries, known []byte) int32 {
	m := meaning{codes: [mostAttributes]int32{-1, -1, -1}, by: by}
	found := n.form(d.key, value, of.code(by), len(d.attributes))
	m.reason = n.reasons.Number(found.Reason)
	for a := range d.attributes {
		if canonical := n.canonical[a]; len(canonical) > 0 {
			m.filled = true
			m.codes[a] = d.sets[a].code(canonical, found.Hashed)
			m.sum = m.sum*31 + d.sets[a].sums[m.codes[a]]
		}
	}
	if d.key == audience.Country {
		m.country = of.Number(n.canonical[0])
	}
	d.meanings = append(d.meanings, m)
	d.values.Append(known)
	return int32(len(d.meanings) - 1) //nolint:gosec // mostKnown and a batch's rows at most
}

// A former brings values into form. It is a worker's own.
type former struct {
	normalizer *identity.Normalizer
	dateOrder  string
	canonical  [mostAttributes][]byte // of the value at hand
	reasons    identity.ReasonNumbers
	mostKnown  int // values of a column
	knownBytes int // of a column, when a batch begins
}

// form fills canonical.
func (n *former) form(key audience.Key, value, country []byte, attributes int) (found identity.Form) {
	c := &n.canonical
	for a := range attributes {
		c[a] = c[a][:0]
	}
	if key == audience.DOB {
		c[0], c[1], c[2], found.Reason = n.normalizer.SplitDOB(c[0], c[1], c[2], value, n.dateOrder)
		return found
	}
	c[0], found = n.normalizer.Append(c[0], key, value, country)
	return found
}

func (d *describing) flag(rows []flags) {
	for i, place := range d.rows {
		m := &d.meanings[place]
		if m.reason != 0 {
			rows[i] |= rejected
		}
		if m.filled && d.key.Finds() {
			rows[i] |= finds
		}
	}
}

func (d *describing) reason(i int) uint8 { return d.meanings[d.rows[i]].reason }

func (d *describing) count(t *tally, rows []int32, names *identity.ReasonNumbers, sums []uint64) []uint64 {
	for _, row := range rows {
		m := &d.meanings[d.rows[row]]
		switch {
		case m.reason != 0: // also of a value that was taken for LDU
			t.invalid[names.Name(m.reason)]++
		case m.filled:
			t.valid++
			if !m.counted {
				m.counted = true
				sums = append(sums, m.sum)
			}
		}
	}
	return sums
}

func (d *describing) keep(w *worker, rows []int32, _ bool) {
	for a, at := range d.attributes {
		codes := w.codes[at.out][:0]
		for _, row := range rows {
			codes = append(codes, d.meanings[d.rows[row]].codes[a])
		}
		w.codes[at.out] = codes
		set := d.sets[a]
		w.out[at.out] = table.Values{Column: set.values, Codes: codes}
		if at.key.Hashed() {
			w.out[at.out+1] = set.hashesOf(codes, &w.mixed[at.out])
		}
	}
}
