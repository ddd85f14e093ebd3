package identity

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/cleanreach/cleanreach/internal/ascii"
)

// trim drops what cannot be seen from both ends: white space, control and zero-width characters, BOM and NBSP.
func trim(v []byte) []byte {
	for len(v) > 0 {
		r, size := rune(v[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(v)
		}
		if !invisible(r) {
			break
		}
		v = v[size:]
	}
	for len(v) > 0 {
		r, size := rune(v[len(v)-1]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeLastRune(v)
		}
		if !invisible(r) {
			break
		}
		v = v[:len(v)-size]
	}
	return v
}

// invisible reports the characters that take no ink: Unicode's white space, controls and formats (zero-width characters,
// marks of direction, BOM, soft hyphen).
func invisible(r rune) bool {
	if r < 0x7f {
		return r <= ' '
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// broken reports text that an earlier program has spoiled: what is missing in it cannot be known, so its hash would match
// nobody.
func broken(v []byte) bool {
	return !utf8.Valid(v) || bytes.ContainsRune(v, utf8.RuneError)
}

func appendLowerASCII(dst, v []byte) []byte {
	for _, c := range v {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// appendLower appends the text in lower case, character by character: the same everywhere, in whatever language.
func appendLower(dst, v []byte) []byte {
	if ascii.Is(v) {
		return appendLowerASCII(dst, v)
	}
	for _, r := range string(v) {
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return dst
}

// digitOf gives the value of a decimal digit of any script. Unicode puts the ten digits of a script side by side.
func digitOf(r rune) (byte, bool) {
	if '0' <= r && r <= '9' {
		return byte(r - '0'), true
	}
	if r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, t := range unicode.Nd.R16 {
		if digit, ok := digitIn(uint32(t.Lo), uint32(t.Hi), r); ok {
			return digit, true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if digit, ok := digitIn(t.Lo, t.Hi, r); ok {
			return digit, true
		}
	}
	return 0, false
}

// digitIn gives the value of r when it lies in a range of digits.
func digitIn(low, high uint32, r rune) (byte, bool) {
	c := uint32(r) //nolint:gosec // a rune of text is never negative
	return byte((c - low) % 10), low <= c && c <= high
}

// appendFolded appends the text in lower case with every script's digits as 0 to 9.
func appendFolded(dst, v []byte) []byte {
	if ascii.Is(v) {
		return appendLowerASCII(dst, v)
	}
	for _, r := range string(v) {
		if d, ok := digitOf(r); ok {
			dst = append(dst, '0'+d)
			continue
		}
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return dst
}

// withoutFraction drops the .0 that spreadsheets and data frames put behind whole numbers.
func withoutFraction(v []byte) []byte {
	whole, ok := bytes.CutSuffix(v, []byte(".0"))
	if digits := bytes.TrimPrefix(whole, []byte("+")); !ok || len(digits) == 0 || !allDigits(digits) {
		return v
	}
	return whole
}

func allDigits(v []byte) bool { return ascii.Within('0', '9', v) }
