package meta

import (
	"slices"

	"github.com/cleanreach/cleanreach/internal/sha"
)

// A Column is the values of a key for rows by number, as Append takes them.
type Column struct {
	// Hashes has the hashes of a key that travels hashed, and Cells for each row the place of its own, or -1 for none. Rows
	// of the same value may share one. Cells is nil for all other keys.
	Cells  []int32
	Hashes []sha.Hex

	// Text has the values of a key that is not hashed, as Value takes them.
	Text interface{ Value(row int) []byte }
}

// appendRows are written together, column by column: few enough that what is written of them stays in the processor's cache.
const appendRows = 32

// Append appends rows of columns, which are the schema's keys in its order; what is left of the keys has the same value in all
// rows. It does what BeginRow, Value and EndRow do for each row, and hashes, which are most of a body, do not wait for one
// another.
func (p *Payload) Append(columns []Column, common [][]byte, rows []int32) {
	if p.values >= 0 || len(columns)+len(common) != p.keys || len(rows) > BatchRows-p.rows {
		panic("meta: Append inside a row, of other keys than the schema's, or of more rows than Meta takes")
	}
	for part := range slices.Chunk(rows, appendRows) {
		if sizes, plain := p.measure(columns, common, part); plain {
			p.appendPart(columns, common, part, &sizes)
		} else {
			p.appendEach(columns, common, part)
		}
	}
}

// appendEach appends row by row.
func (p *Payload) appendEach(columns []Column, common [][]byte, rows []int32) {
	for _, row := range rows {
		p.BeginRow()
		for i := range columns {
			switch c := &columns[i]; {
			case c.Cells == nil:
				p.Value(c.Text.Value(int(row)))
			case c.Cells[row] < 0:
				p.Hash(nil)
			default:
				p.Hash(&c.Hashes[c.Cells[row]])
			}
		}
		for _, value := range common {
			p.Value(value)
		}
		p.EndRow()
	}
}

const (
	blankSize  = len(`,""`)                // of an empty value with what is before it: a bracket or a comma
	hashedSize = blankSize + sha.HexLength // of a hash likewise
)

// RowBytes is how long a row of so many keys is that has all of them hashed. Few rows are longer.
func RowBytes(keys int) int { return len(`[],`) + keys*hashedSize }

// measure finds how long each row will be, with a comma behind it. It is not plain if a text has to be escaped.
func (p *Payload) measure(columns []Column, common [][]byte, rows []int32) (sizes [appendRows]int, plain bool) {
	each := len(`],`)
	for i, value := range common {
		if len(columns)+i < p.people && !isPlain(value) {
			return sizes, false
		}
		each += p.sizeOf(len(columns)+i, value)
	}
	for r := range rows {
		sizes[r] = each
	}
	for i := range columns {
		c := &columns[i]
		for r, row := range rows {
			if c.Cells != nil {
				sizes[r] += blankSize
				if c.Cells[row] >= 0 {
					sizes[r] += sha.HexLength
				}
				continue
			}
			value := c.Text.Value(int(row))
			if i < p.people && !isPlain(value) {
				return sizes, false
			}
			sizes[r] += p.sizeOf(i, value)
		}
	}
	return sizes, true
}

// sizeOf is how long a value of the i-th key is with what is before it.
func (p *Payload) sizeOf(i int, value []byte) int {
	if i >= p.people && len(value) > 0 {
		return 1 + len(value)
	}
	return blankSize + len(value)
}

// appendPart appends rows column by column. sizes tells how long each is. They are put together in a buffer that stays in the
// cache, and copied at once: to write all over the body would wait for memory.
func (p *Payload) appendPart(columns []Column, common [][]byte, rows []int32, sizes *[appendRows]int) {
	if p.rows > 0 {
		p.buf = append(p.buf, ',')
	}
	var at [appendRows]int // where each row is to be continued in the part
	n := 0
	for r := range rows {
		at[r] = n
		p.starts = append(p.starts, len(p.buf)+n)
		n += sizes[r]
	}
	p.part = slices.Grow(p.part[:0], n)[:n]
	before := byte('[')
	for i := range columns {
		p.cut(i, rows, &at)
		if c := &columns[i]; c.Cells != nil {
			putHashes(p.part, c, before, rows, &at)
		} else {
			for r, row := range rows {
				at[r] += p.putText(p.part[at[r]:], i, before, c.Text.Value(int(row)))
			}
		}
		before = ','
	}
	for i, value := range common {
		p.cut(len(columns)+i, rows, &at)
		for r := range rows {
			at[r] += p.putText(p.part[at[r]:], len(columns)+i, before, value)
		}
		before = ','
	}
	for r := range rows {
		p.part[at[r]], p.part[at[r]+1] = ']', ','
	}
	p.buf = append(p.buf, p.part[:n-1]...) // without the last comma
	p.rows += len(rows)
}

// cut notes how much of each row is about who it is, before the first key that is about something else.
func (p *Payload) cut(key int, rows []int32, at *[appendRows]int) {
	if key != p.people {
		return
	}
	first := len(p.starts) - len(rows)
	for r := range rows {
		p.cuts = append(p.cuts, len(p.buf)+at[r]-p.starts[first+r])
	}
}

// putHashes writes a column's hashes behind what is there of each row.
func putHashes(buf []byte, c *Column, before byte, rows []int32, at *[appendRows]int) {
	for r, row := range rows {
		cell := c.Cells[row]
		if cell < 0 {
			blank := (*[blankSize]byte)(buf[at[r]:])
			blank[0], blank[1], blank[2] = before, '"', '"'
			at[r] += blankSize
			continue
		}
		hash := c.Hashes[cell]
		quoted := (*[hashedSize]byte)(buf[at[r]:])
		quoted[0], quoted[1], quoted[hashedSize-1] = before, '"', '"'
		*(*sha.Hex)(quoted[2:]) = hash
		at[r] += hashedSize
	}
}

// putText writes a value of the i-th key that needs no escaping, and tells how long it is there.
func (p *Payload) putText(dst []byte, i int, before byte, value []byte) int {
	dst[0] = before
	if i >= p.people && len(value) > 0 {
		return 1 + copy(dst[1:], value)
	}
	dst[1] = '"'
	n := 2 + copy(dst[2:], value)
	dst[n] = '"'
	return n + 1
}
