package identity

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-unidecode"

	"github.com/cleanreach/cleanreach/internal/ascii"
)

// city is letters only, lower case. Latin letters become a to z; those of other scripts stay, with their marks.
func (n *Normalizer) city(dst, v []byte) ([]byte, Reason) {
	start := len(dst)
	if ascii.Is(v) {
		dst = appendLettersASCII(dst, v)
	} else {
		dst = n.appendLatin(dst, v)
	}
	if len(dst) == start {
		return dst, NoLetters
	}
	return dst, ""
}

// appendLatin appends the letters in lower case, the Latin ones without accents.
func (n *Normalizer) appendLatin(dst, v []byte) []byte {
	n.folded = n.folded[:0]
	latin := true // the last letter; a mark goes the way of its letter
	for _, r := range string(v) {
		switch {
		case r < utf8.RuneSelf:
			if c := byte(r) | 0x20; 'a' <= c && c <= 'z' { //nolint:gosec // it is ASCII
				latin = true
				n.folded = append(n.folded, c)
			}
		case isApostrophe(r):
		case unicode.IsMark(r):
			if !latin {
				n.folded = utf8.AppendRune(n.folded, r)
			}
		case unicode.Is(unicode.Latin, r):
			latin = true
			n.folded = append(n.folded, plainLatin(r)...)
		case unicode.IsLetter(r):
			latin = false
			n.folded = utf8.AppendRune(n.folded, unicode.ToLower(r))
		}
	}
	return n.appendComposed(dst)
}

// plainLatin gives a Latin letter as letters from a to z: ß is ss, é is e.
func plainLatin(r rune) string {
	if r < latinOften {
		return oftenLatin()[r]
	}
	return decodeLatin(r)
}

// latinOften is where the Latin letters end that European languages use.
const latinOften = 0x250

var oftenLatin = sync.OnceValue(func() *[latinOften]string {
	var plain [latinOften]string
	for r := range plain {
		plain[r] = decodeLatin(rune(r))
	}
	return &plain
})

func decodeLatin(r rune) string {
	switch r {
	case 'ə', 'Ə': // which the library writes as a sign
		return "e"
	}
	plain := unidecode.Unidecode(string(unicode.ToLower(r)))
	return string(appendLettersASCII(nil, []byte(plain)))
}

// zip is lower case without spaces and hyphens; in the United States its first five digits. Where nobody knows the
// country, 12345-6789 is taken for one of theirs.
func (n *Normalizer) zip(dst, v []byte, country string) ([]byte, Reason) {
	start := len(dst)
	n.folded = appendFolded(n.folded[:0], v)
	firstGroup := 0 // digits and letters before the first separator
	for _, r := range string(withoutFraction(n.folded)) {
		switch {
		case r < utf8.RuneSelf && isAlphanumeric(byte(r)): //nolint:gosec // it is ASCII
			dst = utf8.AppendRune(dst, r)
		case unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) || r == '\u2212' || r == '〒':
			if firstGroup == 0 {
				firstGroup = len(dst) - start
			}
		default:
			return dst, NotAZip
		}
	}
	code, reason := zipCode(dst[start:], firstGroup, country)
	return dst[:start+len(code)], reason
}

// zipCode gives what is left of a code for the country: of an American one the first five digits.
func zipCode(code []byte, firstGroup int, country string) ([]byte, Reason) {
	if len(code) < 2 || !hasDigit(code) && country != "ai" { // Anguilla's all begin with letters, all others have digits
		return code, NotAZip
	}
	if isUS(country) || country == "" && firstGroup == 5 && len(code) == 9 && allDigits(code) {
		if !isZipPlus4(code, firstGroup) {
			return code, NotAZip
		}
		code = code[:5]
	}
	if sameByte(code) && (code[0] == '0' || code[0] == '9') {
		return code, Placeholder
	}
	return code, ""
}

// isZipPlus4 reports five digits, or more when it is plain which are the first five: a file that has lost the zeros at
// the beginning of its codes has some of eight digits.
func isZipPlus4(code []byte, firstGroup int) bool {
	switch n := len(code); {
	case !allDigits(code) || n < 5 || n > 9:
		return false
	case n == 5 || n == 9:
		return true
	}
	return firstGroup == 5
}

func hasDigit(v []byte) bool {
	for _, c := range v {
		if '0' <= c && c <= '9' {
			return true
		}
	}
	return false
}

func sameByte(v []byte) bool {
	for _, c := range v {
		if c != v[0] {
			return false
		}
	}
	return true
}

// isUS reports the countries to which the postal service of the United States delivers.
func isUS(country string) bool {
	switch country {
	case "us", "pr", "gu", "vi", "as", "mp", "um":
		return true
	}
	return false
}

// state is the two-letter code in the United States; elsewhere lower case, letters only, as long as it is.
func (n *Normalizer) state(dst, v []byte, country string) ([]byte, Reason) {
	start := len(dst)
	dst, reason := n.name(dst, v)
	if reason != "" || country != "us" {
		return dst, reason
	}
	code, ok := stateCode(dst[start:])
	if !ok {
		return dst, UnknownState
	}
	return append(dst[:start], code...), ""
}
