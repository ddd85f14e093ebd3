package table

import (
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/cleanreach/cleanreach/internal/ascii"
)

// A Dictionary is the different values of a column in a row group, or those that came before the writer gave the dictionary
// up. It does not change, and belongs to one row group: whoever keeps something for its values drops it with the next one.
type Dictionary struct {
	values Column
	bad    []bool // values that are no UTF-8; nil: none
}

// Len counts the values.
func (d *Dictionary) Len() int { return d.values.Len() }

// Value is the value of a code from 0 to Len()-1.
func (d *Dictionary) Value(code int) []byte { return d.values.Value(code) }

// valueOf is empty for the code of null.
func (d *Dictionary) valueOf(code int32) []byte {
	if code < 0 {
		return nil
	}
	return d.values.Value(int(code))
}

// newDictionary renders a Parquet dictionary. Text is not copied.
func newDictionary(of parquet.Dictionary, form rendering) *Dictionary {
	d := &Dictionary{}
	if form.text && of.Type().Kind() == parquet.ByteArray {
		all := of.Page().Data()
		data, offsets := all.ByteArray()
		if len(offsets) > 0 {
			d.values.Data, d.values.Ends = data, offsets[1:]
		}
	} else {
		for i := range of.Len() {
			if v := of.Index(int32(i)); isNaN(v) {
				d.values.AppendNull()
			} else {
				d.values.Data = form.value(d.values.Data, v)
				d.values.end(false)
			}
		}
	}
	if !form.text || ascii.Is(d.values.Data) {
		return d
	}
	for i := range d.Len() {
		if !utf8.Valid(d.Value(i)) {
			if d.bad == nil {
				d.bad = make([]bool, d.Len())
			}
			d.bad[i] = true
		}
	}
	return d
}

// appendCodes appends the codes of rows, of which levels tells those that have one (nil: all), and marks the bad ones. It
// reports whether all codes are the dictionary's.
func (c *Column) appendCodes(d *Dictionary, codes []int32, levels []byte, bad []bool) bool {
	most := uint32(0)
	for _, code := range codes {
		most = max(most, uint32(code)) //nolint:gosec // a negative one is too large then
	}
	if len(codes) > 0 && int64(most) >= int64(d.Len()) {
		return false
	}
	from := len(c.Codes)
	if levels == nil {
		c.Codes = append(c.Codes, codes...)
	} else {
		for _, level := range levels {
			code := int32(-1)
			if level == present {
				code, codes = codes[0], codes[1:]
			}
			c.Codes = append(c.Codes, code)
		}
	}
	if d.bad == nil && d.values.Null == nil {
		return true
	}
	for i, code := range c.Codes[from:] {
		switch {
		case code < 0:
		case d.values.IsNull(int(code)):
			c.Codes[from+i] = -1
		case d.bad != nil && d.bad[code]:
			bad[i] = true
		}
	}
	return true
}

// flatten turns codes into the values that they stand for.
func (c *Column) flatten() {
	dict := c.Dict
	if dict == nil {
		return
	}
	c.Dict = nil
	for _, code := range c.Codes {
		if code < 0 {
			c.AppendNull()
		} else {
			c.Append(dict.Value(int(code)))
		}
	}
	c.Codes = c.Codes[:0]
}
