package person

import (
	"github.com/cleanreach/cleanreach/internal/sha"
	"github.com/cleanreach/cleanreach/internal/table"
)

// none is the cell of a row without a value.
const none = -1

// Values are what a column has for each row of a batch: hashes, or text of the keys that are not hashed.
type Values struct {
	hashed bool
	text   table.Column
	cells  []int32   // for each row the number of its hash, or none: rows of the same value share it
	hashes sha.Batch // what was hashed since it was last emptied
}

// Len counts the rows.
func (v *Values) Len() int {
	if v.hashed {
		return len(v.cells)
	}
	return v.text.Len()
}

// Value is a row's value, a view that holds until the next batch; empty: nothing to send.
func (v *Values) Value(row int) []byte {
	if !v.hashed {
		return v.text.Value(row)
	}
	if hex := v.Hex(row); hex != nil {
		return hex[:]
	}
	return nil
}

// Hex is Value of a column of hashes; nil: nothing to send.
func (v *Values) Hex(row int) *sha.Hex {
	if cell := v.cells[row]; cell != none {
		return v.hashes.Hex(int(cell))
	}
	return nil
}

// Hashed reports whether the values are hashes.
func (v *Values) Hashed() bool { return v.hashed }

// Hashes has, of a column of hashes, for each row the place of its hash, or a negative one. Rows of the same value share one.
func (v *Values) Hashes() (cells []int32, hashes []sha.Hex) { return v.cells, v.hashes.All() }

// Has reports whether a row has a value.
func (v *Values) Has(row int) bool {
	if v.hashed {
		return v.cells[row] != none
	}
	return len(v.text.Value(row)) > 0
}
