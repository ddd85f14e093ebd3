package person

import (
	"github.com/cleanreach/cleanreach/internal/sha"
	"github.com/cleanreach/cleanreach/internal/table"
)

// none is the cell of a row without a value.
const none = -1

// Values are what a column has for each row of a batch: digests, or text of the keys that are not hashed.
type Values struct {
	hashed bool
	text   *table.Column
	copied table.Column // text, when something of it had to be brought into form
	cells  []int32      // for each row the number of its digest, or none: rows of the same value share it
	hashes sha.Batch    // what was hashed since it was last emptied
	hex    []byte       // of the row that Value was last asked for
}

// Len counts the rows.
func (v *Values) Len() int {
	if v.hashed {
		return len(v.cells)
	}
	return v.text.Len()
}

// Value is a row's value, digests in hexadecimal; empty: nothing to send. It holds until the next call or batch.
func (v *Values) Value(row int) []byte {
	if !v.hashed {
		return v.text.Value(row)
	}
	cell := v.cells[row]
	if cell == none {
		return nil
	}
	v.hex = v.hashes.Digests()[cell].AppendHex(v.hex[:0])
	return v.hex
}

// Digests are those of a column of digests; of another, Places is nil.
func (v *Values) Digests() sha.Rows { return sha.Rows{Places: v.cells, Digests: v.hashes.Digests()} }

// Text has the values of a column that is not hashed.
func (v *Values) Text() *table.Column { return v.text }

// Has reports whether a row has a value.
func (v *Values) Has(row int) bool {
	if v.hashed {
		return v.cells[row] != none
	}
	return len(v.text.Value(row)) > 0
}
