package identity

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A dialled is what a field says to dial.
type dialled struct {
	digits []byte // 0 to 9
	plus   bool   // it began with +
	trunk  int    // where in digits the 0 of "(0)" is; -1 without it
}

// mostDigits is more than any number has, whatever is dialled before it.
const mostDigits = 24

// fewestBeforeExtension is how many digits must come before what may be an extension.
const fewestBeforeExtension = 5

// readDialled reads a phone number as people write it. It drops punctuation and extension. Letters, and a second number,
// make the field no number: which of the two is the person's cannot be known.
func readDialled(v, buffer []byte) (dialled, Reason) {
	d := dialled{digits: buffer[:0], trunk: -1}
	v = withoutFraction(withoutScheme(v))
	for len(v) > 0 {
		r, size := rune(v[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(v)
		}
		if digit, ok := digitOf(r); ok {
			if len(d.digits) == mostDigits {
				return d, NotPossible
			}
			d.digits = append(d.digits, '0'+digit)
			v = v[size:]
			continue
		}
		end, reason := d.sign(r, v, v[size:])
		if reason != "" {
			return d, reason
		}
		if end {
			break
		}
		v = v[size:]
	}
	if len(d.digits) == 0 {
		return d, NotANumber
	}
	return d, ""
}

// sign takes what is no digit. v begins with it, rest is behind it. It ends the number when it begins an extension.
//
//nolint:cyclop // a case for each sign
func (d *dialled) sign(r rune, v, rest []byte) (end bool, reason Reason) {
	switch {
	case r == '+' || r == '＋':
		if len(d.digits) > 0 {
			return false, TwoNumbers
		}
		if d.plus {
			return false, NotANumber
		}
		d.plus = true
		return false, ""
	case r == '(' || r == '（':
		if len(d.digits) > 0 && d.trunk < 0 && bytes.HasPrefix(rest, []byte("0)")) {
			d.trunk = len(d.digits)
		}
		return false, ""
	case (r == '/' || r == '／') && len(d.digits) >= 8: // before it is a number, not an area
		return false, TwoNumbers
	case isPhonePunctuation(r):
		return false, ""
	case isExtension(v) && len(d.digits) >= fewestBeforeExtension:
		return true, ""
	case strings.ContainsRune(`,;|&\`, r) && len(d.digits) > 0:
		return false, TwoNumbers
	}
	return false, NotANumber
}

func isPhonePunctuation(r rune) bool {
	switch r {
	case ' ', '-', '.', '/', '／', ')', '[', ']', '·', '•', '\u2212', '\u30fc', '．', '）', '［', '］', '~':
		return true
	}
	return r != '\n' && r != '\r' && unicode.IsSpace(r) || r > unicode.MaxASCII && unicode.In(r, unicode.Pd, unicode.Cf)
}

// withoutScheme drops the tel: of a link.
func withoutScheme(v []byte) []byte {
	if len(v) > 4 && bytes.EqualFold(v[:4], []byte("tel:")) {
		return v[4:]
	}
	return v
}

// extensionLabels come before an extension, the longer before those that they begin with.
var extensionLabels = [][]byte{
	[]byte("extension"), []byte("extn"), []byte("ext"), []byte("xtn"), []byte("x"), []byte("#"), []byte("доб"), []byte("poste"),
	[]byte("durchwahl"), []byte("anexo"), []byte("ramal"), []byte("int"),
}

// isExtension reports whether a label and one to seven digits are all that is left.
func isExtension(v []byte) bool {
	v = bytes.ToLower(v)
	if rest, ok := bytes.CutPrefix(v, []byte(",,")); ok { // pauses of a mobile phone
		return isExtensionNumber(rest)
	}
	v = bytes.TrimLeft(v, ",; ")
	for _, label := range extensionLabels {
		if rest, ok := bytes.CutPrefix(v, label); ok {
			return isExtensionNumber(bytes.TrimLeft(rest, " .:=-"))
		}
	}
	return false
}

func isExtensionNumber(v []byte) bool {
	v = bytes.TrimSuffix(v, []byte("#"))
	return len(v) >= 1 && len(v) <= 7 && allDigits(v)
}
