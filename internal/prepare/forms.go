package prepare

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"

	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// forms are the different canonical values of an attribute, by number.
type forms struct {
	values *table.Column
	hashes *table.Column // nil for a key that is not hashed
	sums   []uint64      // of each: see distinct
	slots  []uint32      // 1 + a value's number, by the value; 0: free
	given  bool          // some came as hashes
	made   bool          // some did not
}

// fewestSlots is how many slots forms begin with, a power of two.
const fewestSlots = 256

func newForms(hashed bool) *forms {
	f := &forms{values: &table.Column{}, slots: make([]uint32, fewestSlots)}
	if hashed {
		f.hashes = &table.Column{}
	}
	return f
}

// forget drops all values. Other values are other columns to the file, but take the same memory.
func (f *forms) forget() {
	f.values = emptied(f.values)
	if f.hashes != nil {
		f.hashes = emptied(f.hashes)
	}
	f.sums, f.given, f.made = f.sums[:0], false, false
	clear(f.slots)
}

func emptied(c *table.Column) *table.Column { return &table.Column{Data: c.Data[:0], Ends: c.Ends[:0]} }

func (f *forms) size() int {
	size := len(f.values.Data) + 16*len(f.sums) + 4*len(f.slots)
	if f.hashes != nil {
		size += len(f.hashes.Data) + 4*len(f.sums)
	}
	return size
}

// code is the number of a canonical value. hashed: it came as a hash, which stands for itself.
func (f *forms) code(canonical []byte, hashed bool) int32 {
	if 2*len(f.sums) >= len(f.slots) {
		f.grow()
	}
	mask := uint64(len(f.slots) - 1) //nolint:gosec // there are slots
	for at := xxh3.Hash(canonical); ; at++ {
		slot := &f.slots[at&mask]
		if *slot == 0 {
			f.add(canonical, hashed)
			*slot = uint32(len(f.sums)) //nolint:gosec // mostKnown and a batch's rows at most
			return int32(*slot - 1)     //nolint:gosec // likewise
		}
		if bytes.Equal(f.values.Value(int(*slot-1)), canonical) {
			return int32(*slot - 1) //nolint:gosec // likewise
		}
	}
}

func (f *forms) add(canonical []byte, hashed bool) {
	f.values.Append(canonical)
	f.given, f.made = f.given || hashed, f.made || !hashed
	kind := canonical
	if f.hashes != nil {
		if hashed {
			f.hashes.Append(canonical)
		} else {
			appendHash(f.hashes, canonical)
		}
		kind = f.hashes.Value(f.hashes.Len() - 1)
	}
	f.sums = append(f.sums, xxhash.Sum64(kind))
}

func (f *forms) grow() {
	f.slots = make([]uint32, 2*len(f.slots))
	mask := uint64(len(f.slots) - 1) //nolint:gosec // there are slots
	for i := range f.sums {
		at := xxh3.Hash(f.values.Value(i))
		for f.slots[at&mask] != 0 {
			at++
		}
		f.slots[at&mask] = uint32(i) + 1
	}
}

// appendHash appends the hash of a canonical value to a column.
func appendHash(column *table.Column, canonical []byte) {
	column.Data = identity.AppendHash(column.Data, canonical)
	column.Append(nil) // ends the value
}

// hashesOf are the hashes of values. Where some values came as hashes, and some did not, a hash may be there twice; then each row
// gets its own, in a column that is at hand for it.
func (f *forms) hashesOf(codes []int32, each *table.Column) table.Values {
	if !f.given || !f.made {
		return table.Values{Column: f.hashes, Codes: codes}
	}
	each.Reset()
	for _, code := range codes {
		if code < 0 {
			each.AppendNull()
		} else {
			each.Append(f.hashes.Value(int(code)))
		}
	}
	return table.Values{Column: each}
}
