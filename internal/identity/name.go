package identity

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/cleanreach/cleanreach/internal/ascii"
)

// name is letters and their marks, lower case, of any script: spaces, hyphens and apostrophes go, accents stay.
func (n *Normalizer) name(dst, v []byte) ([]byte, Reason) {
	start := len(dst)
	if ascii.Is(v) {
		dst = appendLettersASCII(dst, v)
	} else {
		dst = n.appendLetters(dst, v)
	}
	if len(dst) == start {
		return dst, NoLetters
	}
	return dst, ""
}

// initial is the first letter of a first name.
func (n *Normalizer) initial(dst, v []byte) ([]byte, Reason) {
	start := len(dst)
	dst, reason := n.name(dst, v)
	if reason != "" {
		return dst, reason
	}
	_, size := utf8.DecodeRune(dst[start:])
	return dst[:start+size], ""
}

func appendLettersASCII(dst, v []byte) []byte {
	for _, c := range v {
		if c |= 0x20; 'a' <= c && c <= 'z' {
			dst = append(dst, c)
		}
	}
	return dst
}

// appendLetters composes again at the end: a letter may have a composed form in lower case only, and a mark may follow
// its letter only when what was between them is gone.
func (n *Normalizer) appendLetters(dst, v []byte) []byte {
	n.folded = n.folded[:0]
	for _, r := range string(v) {
		switch {
		case isApostrophe(r):
		case unicode.IsLetter(r):
			n.folded = utf8.AppendRune(n.folded, unicode.ToLower(r))
		case unicode.IsMark(r) && len(n.folded) > 0: // a mark needs a letter
			n.folded = utf8.AppendRune(n.folded, r)
		}
	}
	return n.appendComposed(dst)
}

// appendComposed appends the folded text in NFC. It may not be composed in dst: there its first letter would join the
// last one of another value.
func (n *Normalizer) appendComposed(dst []byte) []byte {
	n.composed = norm.NFC.Append(n.composed[:0], n.folded...)
	return append(dst, n.composed...)
}

// isApostrophe reports the apostrophes that Unicode counts as letters: the Hawaiian okina, the Ukrainian apostrophe,
// the saltillo and their kin.
func isApostrophe(r rune) bool {
	return 0x2b9 <= r && r <= 0x2c1 || 0x2c6 <= r && r <= 0x2d1 || r == 0x2ec || r == 0x2ee || r == 0xa78b || r == 0xa78c
}
