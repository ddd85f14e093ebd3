// Package ascii looks at text eight bytes at a time: at the words of it, and at the last eight bytes, some of which a word has had.
package ascii

import "encoding/binary"

// The highest bit of a byte tells of it: subtracting from a byte, or adding to it, sets that bit or does not.
const (
	wordSize = 8
	each     = 0x0101010101010101 // times a byte: a word of it
	highs    = 0x80 * each
)

// Is reports whether all of a text is ASCII.
func Is(text []byte) bool { return Within(0, 0x7f, text) }

// Within reports whether every byte lies between two of ASCII.
func Within(low, high byte, text []byte) bool {
	if len(text) < wordSize {
		for _, c := range text {
			if c < low || c > high {
				return false
			}
		}
		return true
	}
	less, more := uint64(low)*each, uint64(0x7f-high)*each
	last := len(text) - wordSize
	out := outside(binary.LittleEndian.Uint64(text[last:]), less, more)
	for i := 0; i < last; i += wordSize {
		out |= outside(binary.LittleEndian.Uint64(text[i:]), less, more)
	}
	return out&highs == 0
}

// outside has a high bit when any byte is out of bounds. One that is too low borrows from the next, but then it does not matter.
func outside(word, less, more uint64) uint64 { return word | (word - less) | (word + more) }

// AreHex reports whether the eight bytes of a word are digits of hexadecimal, the letters in lower case.
func AreHex(word uint64) bool {
	digits := ((word | highs) - '0'*each) &^ (word + (0x7f-'9')*each)
	letters := ((word | highs) - 'a'*each) &^ (word + (0x7f-'f')*each)
	return (digits|letters)&^word&highs == highs
}

// NeedsNoEscape reports whether a text is printable, and stands in a JSON string as it is.
func NeedsNoEscape(text []byte) bool {
	if len(text) < wordSize {
		for _, c := range text {
			if c < ' ' || c > '~' || c == '"' || c == '\\' {
				return false
			}
		}
		return true
	}
	last := len(text) - wordSize
	out := escaped(binary.LittleEndian.Uint64(text[last:]))
	for i := 0; i < last; i += wordSize {
		out |= escaped(binary.LittleEndian.Uint64(text[i:]))
	}
	return out&highs == 0
}

// escaped has a high bit when any byte is to be escaped. What is subtracted from a byte sets its highest bit when the byte is
// less, and borrows from the next one only then.
func escaped(word uint64) uint64 {
	quote := (word ^ '"'*each) - each
	backslash := (word ^ '\\'*each) - each
	return outside(word, ' '*each, (0x7f-'~')*each) | (quote|backslash)&^word
}
