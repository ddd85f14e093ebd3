package identity

import "encoding/binary"

// What is below looks at the eight bytes of a word at once. The highest bit of a byte tells of it: subtracting from a byte, or
// adding to it, sets that bit or does not.
const (
	wordSize = 8
	each     = 0x0101010101010101 // times a byte: a word of it
	highs    = 0x80 * each
)

// isWithin reports whether every byte lies between two of ASCII.
func isWithin(low, high byte, v []byte) bool {
	if len(v) < wordSize {
		for _, c := range v {
			if c < low || c > high {
				return false
			}
		}
		return true
	}
	less, more := uint64(low)*each, uint64(0x7f-high)*each
	last := len(v) - wordSize
	out := outside(binary.LittleEndian.Uint64(v[last:]), less, more)
	for i := 0; i < last; i += wordSize {
		out |= outside(binary.LittleEndian.Uint64(v[i:]), less, more)
	}
	return out&highs == 0
}

// outside has a high bit when any byte is out of bounds. One that is too low borrows from the next, but then it does not matter.
func outside(word, less, more uint64) uint64 { return word | (word - less) | (word + more) }

// areHex reports whether the eight bytes are digits of hexadecimal, the letters in lower case.
func areHex(word uint64) bool {
	digits := ((word | highs) - '0'*each) &^ (word + (0x7f-'9')*each)
	letters := ((word | highs) - 'a'*each) &^ (word + (0x7f-'f')*each)
	return (digits|letters)&^word&highs == highs
}
