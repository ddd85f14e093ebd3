package compare

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/snapshot"
)

// A mark stands for a row. Two rows of one person whose marks are the same are taken for the same row: of a person with ten
// rows, one in 10^17 has two that are not.
type mark struct {
	person uint64 // of the strongest identifier; of the whole row where it has none
	row    uint64 // of the values by which Meta matches people
	extra  uint64 // of those that only say how to use a person
}

// size is how many bytes the text of a mark has.
const size = 2 * 3 * 8

// A marker makes the marks of rows with some keys, which are in the order of audience.Keys: so the strongest identifier comes
// first. It is for one goroutine.
type marker struct {
	keys    []audience.Key
	seeds   []uint64
	leading []int // which of the keys are identifiers

	ids  []uint64 // of the row at hand, one for each of leading; 0 where it has none
	text [size]byte
}

func newMarker(keys []audience.Key) *marker {
	m := &marker{keys: keys}
	for i, key := range keys {
		m.seeds = append(m.seeds, xxh3.HashString(string(key)))
		if key.Identifies() {
			m.leading = append(m.leading, i)
		}
	}
	m.ids = make([]uint64, len(m.leading))
	return m
}

// of gives the mark of a row, and has its identifiers in ids until the next one.
func (m *marker) of(row snapshot.Row) (made mark) {
	clear(m.ids)
	for i, key := range m.keys {
		if len(row[i]) == 0 {
			continue
		}
		hash := max(xxh3.HashSeed(row[i], m.seeds[i]), 1)
		if !key.Matches() {
			made.extra += hash
			continue
		}
		made.row += hash
		if at := slices.Index(m.leading, i); at >= 0 {
			m.ids[at] = hash
		}
	}
	made.person = made.row
	if lead := slices.IndexFunc(m.ids, func(id uint64) bool { return id != 0 }); lead >= 0 {
		made.person = m.ids[lead]
	}
	return made
}

// each gives what Meta may find the row at hand by: its identifiers, or the whole row.
func (m *marker) each(of mark, take func(uint64)) {
	take(of.person)
	for _, id := range m.ids {
		if id != 0 && id != of.person {
			take(id)
		}
	}
}

// write gives a mark as text. It holds until the next one.
func (m *marker) write(of mark) []byte {
	var raw [size / 2]byte
	binary.BigEndian.PutUint64(raw[0:], of.person)
	binary.BigEndian.PutUint64(raw[8:], of.row)
	binary.BigEndian.PutUint64(raw[16:], of.extra)
	hex.Encode(m.text[:], raw[:])
	return m.text[:]
}

// parse reads a mark's text.
func parse(text []byte) (mark, error) {
	var raw [size / 2]byte
	if n, err := hex.Decode(raw[:], text[:min(len(text), size)]); err != nil || n != len(raw) || len(text) != size {
		return mark{}, audience.Failf(audience.Invalid, "read who is in the audience: a mark is none: delete mirror.json in the audience's state, and the next run sends everybody")
	}
	return mark{
		binary.BigEndian.Uint64(raw[0:]), binary.BigEndian.Uint64(raw[8:]), binary.BigEndian.Uint64(raw[16:]),
	}, nil
}

// A filter holds marks in 32 bits for each row of the audience, and in 32 MiB at the most. It may take one for held that is
// not: with a million in 32 MiB, one in twenty million. Whoever is sent again for that comes to no harm.
type filter struct {
	words []uint64 // nil: no mark is held
	shift uint     // bits of a hash that do not tell its spot
}

const (
	leastBits = 16
	mostBits  = 28
	spots     = 4 // of a mark
)

// newFilter makes room for the marks of an audience of so many rows.
func newFilter(rows int64) filter {
	return filter{shift: 64 - uint(min(max(bits.Len64(uint64(rows))+5, leastBits), mostBits))} //nolint:gosec // a count of rows
}

// spot gives the nth spot of a mark. Each is made of all its bits: marks of which half the bits are the same are frequent.
func (f *filter) spot(of uint64, n int) (word uint64, bit uint64) {
	at := of * (1 + uint64(n)*0x9E3779B97F4A7C16) >> f.shift //nolint:gosec // n is small
	return at / 64, 1 << (at % 64)
}

func (f *filter) add(of uint64) {
	if f.words == nil {
		f.words = make([]uint64, 1<<(64-f.shift)/64)
	}
	for n := range spots {
		word, bit := f.spot(of, n)
		f.words[word] |= bit
	}
}

func (f *filter) has(of uint64) bool {
	if f.words == nil {
		return false
	}
	for n := range spots {
		if word, bit := f.spot(of, n); f.words[word]&bit == 0 {
			return false
		}
	}
	return true
}
