package table

import (
	"encoding/binary"
	"slices"
)

// shortestRun is how many equal values are written as a run: shorter ones do not pay.
const shortestRun = 32

// appendHybrid appends values of some bits each as Parquet's hybrid of runs of equal values and of packed bits.
func appendHybrid(dst []byte, values []uint32, width int) []byte {
	packed := 0 // where the values begin that are still to be packed
	for i := 0; i+shortestRun <= len(values); {
		if values[i] != values[i+1] {
			i += 8
			continue
		}
		n := runOf(values[i:])
		if n < shortestRun {
			i += 8
			continue
		}
		dst = appendPacked(dst, values[packed:i], width)
		dst = binary.AppendUvarint(dst, uint64(n)<<1)
		for bits := 0; bits < width; bits += 8 {
			dst = append(dst, byte(values[i]>>bits)) //nolint:gosec // a byte of it
		}
		i += n
		packed = i
	}
	return appendPacked(dst, values[packed:], width)
}

// runOf counts the values that equal the first one.
func runOf(values []uint32) int {
	for i, v := range values {
		if v != values[0] {
			return i
		}
	}
	return len(values)
}

// appendPacked appends values with their bits packed, in groups of eight, of which the last is filled with zeros.
func appendPacked(dst []byte, values []uint32, width int) []byte {
	if len(values) == 0 {
		return dst
	}
	groups := (len(values) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	dst = slices.Grow(dst, groups*width+8)
	bits, n := uint64(0), 0
	for _, v := range values {
		bits |= uint64(v) << n
		if n += width; n >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(bits)) //nolint:gosec // the lower half
			bits >>= 32
			n -= 32
		}
	}
	dst = binary.LittleEndian.AppendUint64(dst, bits)
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst[:end]
}

// appendLevels appends what tells the rows of a page that are null from the others: their definition levels.
func appendLevels(dst []byte, rows int, nulls []int32) []byte {
	if len(nulls) == 0 || len(nulls) == rows {
		level := byte(1)
		if len(nulls) > 0 {
			level = 0
		}
		return append(binary.AppendUvarint(dst, uint64(rows)<<1), level) //nolint:gosec // a count
	}
	groups := (rows + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1) //nolint:gosec // a count
	begin := len(dst)
	for range groups {
		dst = append(dst, 0xff)
	}
	bits := dst[begin:]
	for _, row := range nulls {
		bits[row/8] &^= 1 << (row % 8)
	}
	for row := rows; row < 8*groups; row++ {
		bits[row/8] &^= 1 << (row % 8)
	}
	return dst
}
