package table

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
)

// longestBound is the length beyond which a value is no bound: it would be in the footer as a whole.
const longestBound = 256

// bounds are the smallest and the largest of some values, as Parquet stores them.
type bounds struct {
	compare  func(a, b []byte) int // nil for text, which compares by its bytes
	some     bool                  // there is a value
	min, max []byte
	low      uint64 // the beginnings of min and max, of text
	high     uint64
	open     bool // a value was too long
}

func boundsOf(t Type) bounds {
	switch t {
	case String:
		return bounds{}
	case Double:
		return bounds{compare: func(a, b []byte) int { return cmp.Compare(asDouble(a), asDouble(b)) }}
	case Boolean:
		return bounds{compare: bytes.Compare}
	case Date:
		return bounds{compare: func(a, b []byte) int { return cmp.Compare(asInt32(a), asInt32(b)) }}
	}
	return bounds{compare: func(a, b []byte) int { return cmp.Compare(asInt64(a), asInt64(b)) }}
}

func asDouble(v []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(v)) }

func asInt64(v []byte) int64 { return int64(binary.LittleEndian.Uint64(v)) } //nolint:gosec // the bits of a signed number

func asInt32(v []byte) int32 { return int32(binary.LittleEndian.Uint32(v)) } //nolint:gosec // likewise

func (b *bounds) reset() { b.some, b.open = false, false }

func (b *bounds) add(value []byte) {
	switch {
	case b.compare == nil:
		b.addText(value)
	case !b.some:
		b.some, b.min, b.max = true, append(b.min[:0], value...), append(b.max[:0], value...)
	case b.compare(value, b.min) < 0:
		b.min = append(b.min[:0], value...)
	case b.compare(value, b.max) > 0:
		b.max = append(b.max[:0], value...)
	}
}

// addText looks at the beginning of the value first, which nearly always tells.
func (b *bounds) addText(value []byte) {
	begin := beginning(value)
	if b.some && begin > b.low && begin < b.high {
		return
	}
	if len(value) > longestBound {
		b.open = true
		return
	}
	if !b.some || bytes.Compare(value, b.min) < 0 {
		b.min, b.low = append(b.min[:0], value...), begin
	}
	if !b.some || bytes.Compare(value, b.max) > 0 {
		b.max, b.high = append(b.max[:0], value...), begin
	}
	b.some = true
}

// values gives the two, unless there are none.
func (b *bounds) values() (low, high []byte) {
	if !b.some || b.open {
		return nil, nil
	}
	return append([]byte{}, b.min...), append([]byte{}, b.max...)
}

// beginning has the first eight bytes of text, in the order in which texts compare.
func beginning(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text)
	}
	var padded [8]byte
	copy(padded[:], text)
	return binary.BigEndian.Uint64(padded[:])
}
