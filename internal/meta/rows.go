package meta

import (
	"slices"

	"github.com/cleanreach/cleanreach/internal/ascii"
	"github.com/cleanreach/cleanreach/internal/sha"
)

// A Column is the values of a key for rows by number, as Append takes them.
type Column struct {
	// Digests has those of a key that travels hashed. Their Places are nil for all other keys.
	Digests sha.Rows

	// Text has the values of a key that is not hashed, as Value takes them. They must hold until Append returns.
	Text interface{ Value(row int) []byte }
}

// appendRows are written together, column by column: few enough that what is written of them stays in the processor's cache.
const appendRows = 32

// Append appends rows of columns, which are the schema's keys in its order; what is left of the keys has the same value in all
// rows. It does what BeginRow, Value and EndRow do for each row, and digests, which are most of a body, do not wait for one
// another.
func (p *Payload) Append(columns []Column, common [][]byte, rows []int32) {
	if p.values >= 0 || len(columns)+len(common) != p.keys || len(rows) > BatchRows-p.rows {
		panic("meta: Append inside a row, of other keys than the schema's, or of more rows than Meta takes")
	}
	for part := range slices.Chunk(rows, appendRows) {
		if width, plain := p.measure(columns, common, part); plain {
			p.appendPart(columns, common, part, width)
		} else {
			p.appendEach(columns, common, part)
		}
	}
	clear(p.texts[:cap(p.texts)]) // or a spare payload would keep what people are called by
}

// appendEach appends row by row.
func (p *Payload) appendEach(columns []Column, common [][]byte, rows []int32) {
	for _, row := range rows {
		p.BeginRow()
		for i := range columns {
			switch c := &columns[i]; {
			case c.Digests.Places == nil:
				p.Value(c.Text.Value(int(row)))
			case c.Digests.Places[row] < 0:
				p.Value(nil)
			default:
				p.hex = c.Digests.Digests[c.Digests.Places[row]].AppendHex(p.hex[:0])
				p.Value(p.hex)
			}
		}
		for _, value := range common {
			p.Value(value)
		}
		p.EndRow()
	}
}

// RowBytes is how long a row of so many keys is that has all of them hashed. Few rows are longer.
func RowBytes(keys int) int { return len(`[],`) + keys*sha.QuotedSize }

// measure finds how long a row is at most, with a comma behind it, and keeps what is text. It is not plain if a text has to be
// escaped.
func (p *Payload) measure(columns []Column, common [][]byte, rows []int32) (width int, plain bool) {
	width = len(`],`)
	for i, value := range common {
		if len(columns)+i < p.people && !ascii.NeedsNoEscape(value) {
			return 0, false
		}
		width += sha.BlankSize + len(value)
	}
	p.texts = p.texts[:0]
	for i := range columns {
		c := &columns[i]
		if c.Digests.Places != nil {
			width += sha.QuotedSize
			continue
		}
		longest := 0
		for _, row := range rows {
			value := c.Text.Value(int(row))
			if i < p.people && !ascii.NeedsNoEscape(value) {
				return 0, false
			}
			p.texts = append(p.texts, value)
			longest = max(longest, len(value))
		}
		width += sha.BlankSize + longest
	}
	return width, true
}

// appendPart appends rows column by column, none of which is longer than width. They are put together in a buffer that stays in
// the cache, and copied at once: to write all over the body would wait for memory.
func (p *Payload) appendPart(columns []Column, common [][]byte, rows []int32, width int) {
	p.part = slices.Grow(p.part[:0], width*len(rows))[:width*len(rows)]
	var all [appendRows]int // where each row is to be continued in the part
	at := all[:len(rows)]
	for r := range at {
		at[r] = width * r
	}
	before, texts := byte('['), p.texts
	for i := range columns {
		p.cut(i, at, width)
		if c := &columns[i]; c.Digests.Places != nil {
			c.Digests.PutQuoted(p.part, at, rows, before)
		} else {
			for r := range at {
				at[r] += p.putText(p.part[at[r]:], i, before, texts[r])
			}
			texts = texts[len(rows):]
		}
		before = ','
	}
	for i, value := range common {
		p.cut(len(columns)+i, at, width)
		for r := range at {
			at[r] += p.putText(p.part[at[r]:], len(columns)+i, before, value)
		}
		before = ','
	}
	if p.rows > 0 {
		p.buf = append(p.buf, ',')
	}
	for r, end := range at {
		p.part[end], p.part[end+1] = ']', ','
		p.starts = append(p.starts, len(p.buf))
		p.buf = append(p.buf, p.part[width*r:end+2]...)
	}
	p.buf = p.buf[:len(p.buf)-1] // without the last comma
	p.rows += len(rows)
}

// cut notes how much of each row is about who it is, before the first key that is about something else.
func (p *Payload) cut(key int, at []int, width int) {
	if key != p.people {
		return
	}
	for r, end := range at {
		p.cuts = append(p.cuts, end-width*r)
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
