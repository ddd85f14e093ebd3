package table

import (
	"bytes"
	"encoding/binary"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// pageBytes is the size at which a page of plain values ends.
const pageBytes = 64 << 10

// A coding is how values are stored.
type coding int

const (
	plain coding = iota // one after the other
	coded               // as places in a dictionary
)

// A chunk collects the values of one column in a row group. Plain values are compressed page by page; codes stay until the row
// group ends, when the dictionary, and so their width, is known.
type chunk struct {
	field      Field
	typ        parquet.Type
	parse      parser // nil for text
	coding     coding // what a row group begins with
	now        coding // what the rest of this row group is stored as
	dictionary chunkDictionary

	rows  int      // of the page
	nulls []int32  // those of the page's rows that are null
	alike bool     // the page's rows are those of the chunk before, code by code
	data  []byte   // the page's plain values
	codes []uint32 // the page's values, coded

	done    []byte // pages that have ended
	pages   []format.PageLocation
	stats   []format.PageEncodingStats
	total   sizesOfPages
	values  int64 // of the row group, nulls too
	nullAll int64
	bounds  bounds

	value   []byte // a parsed value
	raw     []byte // a page before it is compressed
	packed  []byte // and after
	page    []byte // and with its header
	lastRaw int    // the size of the last page before it was compressed, with its header
}

// sizesOfPages are those of all pages, with their headers.
type sizesOfPages struct{ raw, compressed int64 }

func newChunk(field Field, dictionaryBytes int) chunk {
	node, parse, _ := nodeOf(field) // schemaOf has looked
	c := chunk{field: field, typ: node.Type(), parse: parse, dictionary: chunkDictionary{limit: dictionaryBytes}, bounds: boundsOf(field.Type)}
	if field.Type != Boolean {
		c.setCoding(coded)
	}
	return c
}

func (c *chunk) setCoding(to coding) { c.coding, c.now = to, to }

// write appends the values of rows [from, to) and gives their size. A twin is a chunk that has just taken the same codes.
func (c *chunk) write(values *Values, from, to int, twin *chunk, unparsed func(row int)) (size int, err error) {
	if twin != nil && twin.now == coded && c.now == coded && (c.alike || c.rows == 0) {
		return c.follow(values, twin)
	}
	c.alike = false
	switch {
	case values.Codes == nil && c.parse == nil:
		return c.writeText(values.Column, from, to)
	case values.Codes == nil:
		return c.writeParsed(values.Column, from, to, unparsed)
	case c.parse != nil:
		return 0, audience.Failf(audience.Invalid, "codes for a column of type %q", c.field.Type)
	}
	return c.writeCodes(values, from, to)
}

func (c *chunk) writeText(column *Column, from, to int) (size int, err error) {
	for row := from; row < to; row++ {
		if column.Null != nil && column.Null[row] {
			c.putNull()
			continue
		}
		start := uint32(0)
		if row > 0 {
			start = column.Ends[row-1]
		}
		value := column.Data[start:column.Ends[row]]
		size += len(value)
		if err := c.put(value); err != nil {
			return 0, err
		}
	}
	return size, nil
}

func (c *chunk) writeParsed(column *Column, from, to int, unparsed func(row int)) (size int, err error) {
	for row := from; row < to; row++ {
		text := column.Value(row)
		size += len(text)
		text = bytes.TrimSpace(text)
		if column.IsNull(row) || len(text) == 0 {
			c.putNull()
			continue
		}
		value, ok := c.parse(text)
		if !ok {
			unparsed(row)
			c.putNull()
			continue
		}
		c.value = value.AppendBytes(c.value[:0])
		if err := c.put(c.value); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// writeCodes looks each different value up once in a row group.
func (c *chunk) writeCodes(values *Values, from, to int) (size int, err error) {
	c.dictionary.begin(values.Column)
	for row := from; row < to; row++ {
		code := values.Codes[row]
		if code < 0 {
			c.putNull()
			continue
		}
		size += 4
		if c.now == plain {
			value := values.Value(int(code))
			size += len(value)
			if err := c.put(value); err != nil {
				return 0, err
			}
			continue
		}
		place := c.dictionary.places[code]
		if place == noPlace {
			value := values.Value(int(code))
			size += len(value)
			before := c.dictionary.len()
			place = c.intern(value)
			c.dictionary.places[code] = place
			if c.dictionary.len() > before {
				c.dictionary.added = append(c.dictionary.added, code)
			}
		}
		c.codes = append(c.codes, place)
		c.rows++
		if c.dictionary.full() {
			if err := c.giveUp(); err != nil {
				return 0, err
			}
		}
	}
	return size, nil
}

// follow takes over what the twin has made of the codes: for each value that is new to it, one is added here, so that both
// have the same places. That one may be here already, where two values of the twin became the same: then it is in the
// dictionary twice, which is valid.
func (c *chunk) follow(values *Values, twin *chunk) (size int, err error) {
	c.alike = true
	c.dictionary.added = append(c.dictionary.added[:0], twin.dictionary.added...) // a chunk may follow this one too
	for _, code := range twin.dictionary.added {
		value := values.Value(int(code))
		size += len(value)
		c.dictionary.add(value)
		c.bounds.add(value)
	}
	size += 4 * (len(twin.codes) - len(c.codes))
	c.codes = append(c.codes, twin.codes[len(c.codes):]...)
	c.nulls = append(c.nulls, twin.nulls[len(c.nulls):]...)
	c.rows = twin.rows
	if c.dictionary.full() {
		return size, c.giveUp()
	}
	return size, nil
}

func (c *chunk) putNull() {
	c.nulls = append(c.nulls, int32(c.rows)) //nolint:gosec // a row group's rows are far fewer
	c.rows++
}

// put appends a value: text, or as Parquet stores its type.
func (c *chunk) put(value []byte) error {
	c.rows++
	if c.now == coded {
		c.codes = append(c.codes, c.intern(value))
		if c.dictionary.full() {
			return c.giveUp()
		}
		return nil
	}
	c.bounds.add(value)
	if c.parse == nil {
		c.data = binary.LittleEndian.AppendUint32(c.data, uint32(len(value))) //nolint:gosec // a batch is far below 4 GiB
	}
	c.data = append(c.data, value...)
	if len(c.data) < pageBytes {
		return nil
	}
	defer c.resetPage()
	return c.endPage(nil)
}

// intern gives a value's place in the dictionary.
func (c *chunk) intern(value []byte) uint32 {
	place, added := c.dictionary.place(value, c.parse == nil)
	if added {
		c.bounds.add(value)
	}
	return place
}

// giveUp goes on without the dictionary.
func (c *chunk) giveUp() error {
	defer c.resetPage()
	err := c.endPage(nil)
	c.now = plain
	return err
}

// reset begins the next row group.
func (c *chunk) reset() {
	c.now = c.coding
	c.dictionary.reset()
	c.bounds.reset()
	c.resetPage()
	c.done, c.pages, c.stats = c.done[:0], nil, nil
	c.total, c.values, c.nullAll = sizesOfPages{}, 0, 0
}

func (c *chunk) resetPage() {
	c.rows, c.nulls, c.data, c.codes, c.alike = 0, c.nulls[:0], c.data[:0], c.codes[:0], false
}
