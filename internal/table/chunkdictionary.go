package table

import (
	"bytes"
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// A chunkDictionary is the different values of a column in a row group that is written.
type chunkDictionary struct {
	limit int
	data  []byte   // the values as Parquet stores them
	ends  []uint32 // of each value in data
	slots []uint32 // 1 + a value's place, by the value's hash; 0: free

	unindexed bool // there are values that have no slot

	of     *Column  // whose values come as codes
	places []uint32 // of its values
	added  []int32  // the codes of the values that came last, with the rows that did
}

// noPlace is the place of a value that has not come yet.
const noPlace = 1<<32 - 1

// fewestSlots is how many slots a dictionary begins with, a power of two.
const fewestSlots = 512

func (d *chunkDictionary) reset() {
	d.data, d.ends, d.of, d.unindexed = d.data[:0], d.ends[:0], nil, false
	clear(d.slots)
}

func (d *chunkDictionary) len() int { return len(d.ends) }

// full reports a dictionary that has grown too large. One value may be longer than that.
func (d *chunkDictionary) full() bool { return len(d.data) > d.limit }

// begin makes room for the places of a column's values.
func (d *chunkDictionary) begin(of *Column) {
	d.added = d.added[:0]
	if d.of != of {
		d.of, d.places = of, d.places[:0]
	}
	for len(d.places) < of.Len() {
		d.places = append(d.places, noPlace)
	}
}

// place finds a value, or adds it. Parquet stores the length of text before it.
func (d *chunkDictionary) place(value []byte, text bool) (place uint32, added bool) {
	if 2*len(d.ends) >= len(d.slots) || d.unindexed {
		d.index(text)
	}
	mask := uint64(len(d.slots) - 1) //nolint:gosec // there are slots
	for at := xxh3.Hash(value); ; at++ {
		slot := &d.slots[at&mask]
		if *slot == 0 {
			if text {
				d.data = binary.LittleEndian.AppendUint32(d.data, uint32(len(value))) //nolint:gosec // a batch is far below 4 GiB
			}
			d.data = append(d.data, value...)
			d.ends = append(d.ends, uint32(len(d.data))) //nolint:gosec // limit and a value at most
			*slot = uint32(len(d.ends))                  //nolint:gosec // likewise
			return *slot - 1, true
		}
		if bytes.Equal(d.value(*slot-1, text), value) {
			return *slot - 1, false
		}
	}
}

func (d *chunkDictionary) value(place uint32, text bool) []byte {
	start := uint32(0)
	if place > 0 {
		start = d.ends[place-1]
	}
	if text {
		start += 4
	}
	return d.data[start:d.ends[place]]
}

// add adds text that is not there.
func (d *chunkDictionary) add(value []byte) {
	d.data = binary.LittleEndian.AppendUint32(d.data, uint32(len(value))) //nolint:gosec // a batch is far below 4 GiB
	d.data = append(d.data, value...)
	d.ends = append(d.ends, uint32(len(d.data))) //nolint:gosec // limit and a batch's values at most
	d.unindexed = true
}

// index gives every value a slot, and leaves as many free.
func (d *chunkDictionary) index(text bool) {
	size := max(fewestSlots, len(d.slots))
	for size <= 2*len(d.ends) {
		size *= 2
	}
	d.slots, d.unindexed = make([]uint32, size), false
	mask := uint64(size - 1) //nolint:gosec // there are slots
	for place := range d.ends {
		at := xxh3.Hash(d.value(uint32(place), text))
		for d.slots[at&mask] != 0 {
			at++
		}
		d.slots[at&mask] = uint32(place) + 1
	}
}
