package table

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/cleanreach/cleanreach/internal/ascii"
)

// present is the definition level of a value that is there: a column at the top level has no other levels above 0.
const present = 1

// pageReader is where one column stands. Text and codes are taken from the page as they lie there; what must be made text
// first, numbers and dates say, is read value by value.
type pageReader struct {
	parquetColumn
	pages parquet.Pages // of the current row group; nil when it is not open
	page  parquet.Page
	left  int // rows of the page that are to be read

	levels  []byte              // of the rows that are left: present or 0 each; nil when all have a value
	codes   []int32             // of the values that are left, in a page of codes
	offsets []uint32            // of the values that are left, and where the last one ends, in a page of text
	text    []byte              // what offsets point into
	values  parquet.ValueReader // of the values that are left, in any other page

	dict   *Dictionary        // of the row group, once a page has needed it
	dictOf parquet.Dictionary // which dict is made of
	coded  Column             // codes that are wanted as text
}

// open begins a page.
func (c *pageReader) open(page parquet.Page) {
	c.page, c.left = page, int(page.NumRows())
	c.levels, c.codes, c.offsets, c.text, c.values = page.DefinitionLevels(), nil, nil, nil, nil
	if len(c.levels) == 0 {
		c.levels = nil
	}
	switch dict := page.Dictionary(); {
	case dict != nil:
		if c.dict == nil || c.dictOf != dict {
			c.dict, c.dictOf = newDictionary(dict, c.rendering), dict
		}
		data := page.Data()
		c.codes = data.Int32()
	case c.rendering.text && page.Type().Kind() == parquet.ByteArray:
		data := page.Data()
		c.text, c.offsets = data.ByteArray()
	default:
		c.values = page.Values()
	}
}

func (c *pageReader) closePage() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.left = nil, 0
	c.levels, c.codes, c.offsets, c.text, c.values = nil, nil, nil, nil, nil
}

// append appends the page's next values, one for each of bad, where it marks those that are no UTF-8. coded allows codes. It
// reports whether the page had all of them; buffer is for those that must be rendered.
func (c *pageReader) append(dst *Column, bad []bool, buffer []parquet.Value, coded bool) bool {
	n := len(bad)
	c.left -= n
	if c.values != nil {
		return c.render(dst, bad, buffer)
	}
	levels, filled := c.levels, n
	if levels != nil {
		levels, c.levels = levels[:n], levels[n:]
		if filled = bytes.Count(levels, []byte{present}); filled == n {
			levels = nil
		}
	}
	if c.offsets != nil {
		if filled >= len(c.offsets) {
			return false
		}
		dst.flatten()
		dst.appendText(c.text, c.offsets[:filled+1], levels, bad)
		c.offsets = c.offsets[filled:]
		return true
	}
	if filled > len(c.codes) {
		return false
	}
	codes := c.codes[:filled]
	c.codes = c.codes[filled:]
	if coded && (dst.Len() == 0 || dst.Dict == c.dict) {
		dst.Dict = c.dict
		return dst.appendCodes(c.dict, codes, levels, bad)
	}
	dst.flatten()
	c.coded.Reset()
	c.coded.Dict = c.dict
	known := c.coded.appendCodes(c.dict, codes, levels, bad)
	if known {
		dst.appendFrom(&c.coded, 0)
	}
	return known
}

// render appends values that must be made text.
func (c *pageReader) render(dst *Column, bad []bool, buffer []parquet.Value) bool {
	dst.flatten()
	for done := 0; done < len(bad); {
		read, _ := c.values.ReadValues(buffer[:len(bad)-done]) // an error comes back as the lack of values
		if read == 0 {
			return false
		}
		for _, v := range buffer[:read] {
			if v.IsNull() || isNaN(v) {
				dst.AppendNull()
			} else {
				from := len(dst.Data)
				dst.Data = c.value(dst.Data, v)
				dst.end(false)
				bad[done] = bad[done] || c.rendering.text && !utf8.Valid(dst.Data[from:])
			}
			done++
		}
	}
	return true
}

// appendText appends values that lie one behind the other in text. Of the rows levels tells which have one; nil: all.
func (c *Column) appendText(text []byte, offsets []uint32, levels []byte, bad []bool) {
	begin, last := offsets[0], len(offsets)-1
	move := uint32(len(c.Data)) - begin //nolint:gosec // modulo 2^32: what is added below makes up for it
	from := len(c.Data)
	c.Data = append(c.Data, text[begin:offsets[last]]...)
	first := len(c.Ends)
	if levels == nil && c.Null == nil {
		c.Ends = slices.Grow(c.Ends, last)[:first+last]
		for i, end := range offsets[1:] {
			c.Ends[first+i] = end + move
		}
	} else {
		c.appendEnds(offsets, levels, move)
	}
	if ascii.Is(c.Data[from:]) {
		return
	}
	for i := range bad {
		bad[i] = bad[i] || !utf8.Valid(c.Value(first+i))
	}
}

// appendEnds ends the values of rows of which some have none.
func (c *Column) appendEnds(offsets []uint32, levels []byte, move uint32) {
	rows := len(levels)
	if levels == nil {
		rows = len(offsets) - 1
	}
	if c.Null == nil {
		c.startNull(len(c.Ends))
	}
	for i := range rows {
		null := levels != nil && levels[i] != present
		if !null {
			offsets = offsets[1:]
		}
		c.Ends, c.Null = append(c.Ends, offsets[0]+move), append(c.Null, null)
	}
}

// appendFrom appends another column's values from the i-th on.
func (c *Column) appendFrom(other *Column, i int) {
	for ; i < other.Len(); i++ {
		c.AppendOf(other, i)
	}
}

// drop takes the values out that are marked in gone; gone[0] is the begin-th value.
func (c *Column) drop(begin int, gone []bool) {
	if c.Dict != nil {
		kept := c.Codes[:begin]
		for i, drop := range gone {
			if !drop {
				kept = append(kept, c.Codes[begin+i])
			}
		}
		c.Codes = kept
		return
	}
	kept := Column{Data: c.Data, Ends: c.Ends[:begin], Codes: c.Codes, spare: c.spare}
	kept.Data = c.Data[:0]
	if begin > 0 {
		kept.Data = c.Data[:c.Ends[begin-1]]
	}
	if c.Null != nil {
		kept.Null = c.Null[:begin]
	}
	ends, null, start := c.Ends, c.Null, uint32(len(kept.Data)) //nolint:gosec // bounded by columnStepBytes
	for i, drop := range gone {
		end := ends[begin+i]
		if !drop {
			kept.Data = append(kept.Data, c.Data[start:end]...)
			kept.end(null != nil && null[begin+i])
		}
		start = end
	}
	*c = kept
}
