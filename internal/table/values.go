package table

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// short is how long a value is copied without asking how long it is: most are shorter, and a copy of fixed length is an
// instruction or two. What is copied too much is overwritten by the next value.
const short = 32

// appendSpans adds the values of one wanted field of all rows. The spans of a row have all its wanted fields.
func (c *Column) appendSpans(text []byte, rows []span, field, wanted int) {
	data, n := c.Data[:cap(c.Data)], len(c.Data)
	before, count := len(c.Ends), len(rows)/wanted
	c.Ends = slices.Grow(c.Ends, count)[:before+count]
	for i := range c.Ends[before:] {
		value := rows[i*wanted+field]
		length := int(value.to - value.from)
		if length <= short && n+short <= len(data) {
			copyShort(data[n:n+short], text[value.from:value.from+short])
			n += length
		} else {
			data = appendLong(data[:n], text, value)
			n = len(data)
			data = data[:cap(data)]
		}
		c.Ends[before+i] = uint32(n) //nolint:gosec // a batch is far below 4 GiB
	}
	c.Data = data[:n]
}

// copyShort copies short bytes: the compiler makes moves of it, and no call.
func copyShort(to, from []byte) {
	order := binary.LittleEndian
	a, b, c, d := order.Uint64(from), order.Uint64(from[8:]), order.Uint64(from[16:]), order.Uint64(from[24:short])
	order.PutUint64(to, a)
	order.PutUint64(to[8:], b)
	order.PutUint64(to[16:], c)
	order.PutUint64(to[24:short], d)
}

// appendLong adds a value of any length, perhaps with doubled quotes, of which it keeps one.
func appendLong(data, text []byte, value span) []byte {
	cell := text[value.from : value.to&^doubled]
	data = slices.Grow(data, len(cell)+short)
	for value.to&doubled != 0 {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			break
		}
		data = append(data, cell[:i+1]...)
		cell = cell[i+2:]
	}
	return append(data, cell...)
}
