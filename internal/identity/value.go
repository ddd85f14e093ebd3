package identity

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// usage is the rule of a key that Meta does not match by. The value is trimmed and not blank.
func (n *Normalizer) usage(dst []byte, key audience.Key, value []byte) ([]byte, Form) {
	switch {
	case key == audience.DataProcessing:
		return n.processing(dst, value)
	case len(value) > longestRaw:
		return dst, Form{Reason: TooLong}
	case broken(value):
		return dst, Form{Reason: BrokenText}
	case isPlaceholder(key, value):
		return dst, Form{Reason: Placeholder}
	}
	start := len(dst)
	dst, reason := n.worth(dst, value)
	if len(dst)-start > MaxBytes(key) {
		reason = TooLong
	}
	if reason != "" {
		return dst[:start], Form{Reason: reason}
	}
	return dst, Form{}
}

// worth is LOOKALIKE_VALUE: a number from 0 on, written out in decimal, with a point and without trailing zeros. Exponents are
// read, for data frames write them.
//
// Thousands separators and decimal commas are never read: 1,234 is one thing in New York and another in Berlin, a factor of
// a thousand apart, and a value alone does not tell where it was written. Nor are currency signs: whoever writes them may
// have more than one currency in the file, and Meta compares bare numbers.
func (n *Normalizer) worth(dst, v []byte) ([]byte, Reason) {
	n.folded = appendFolded(n.folded[:0], v)
	if !isDecimal(n.folded) {
		if separated(n.folded) {
			return dst, AmbiguousValue
		}
		return dst, NotAValue
	}
	f, err := strconv.ParseFloat(string(n.folded), 64)
	switch {
	case err != nil: // beyond what a number holds, as the text is one
		return dst, TooLong
	case f < 0:
		return dst, NegativeValue
	case f == 0: // -0 too
		return append(dst, '0'), ""
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64), ""
}

// isDecimal reports digits with a sign, a point and an exponent, each where it belongs.
func isDecimal(v []byte) bool {
	v = withoutSign(v)
	mantissa, exponent, scientific := bytes.Cut(v, []byte("e"))
	if exponent = withoutSign(exponent); scientific && (len(exponent) == 0 || !allDigits(exponent)) {
		return false
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	return len(whole)+len(fraction) > 0 && allDigits(whole) && allDigits(fraction)
}

func withoutSign(v []byte) []byte {
	if len(v) > 0 && (v[0] == '+' || v[0] == '-') {
		return v[1:]
	}
	return v
}

// separated reports a number with separators or with a currency's sign.
func separated(v []byte) bool {
	digits := false
	for _, r := range string(v) {
		switch {
		case '0' <= r && r <= '9':
			digits = true
		case !strings.ContainsRune("+-.,_'’٫٬", r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Sc, r):
			return false
		}
	}
	return digits
}

// processing is DATA_PROCESSING_OPTIONS. What stands for a missing value leaves nothing, so that the definition decides. What is
// neither yes nor no comes out as LDU, with a reason: somebody has written something about this person, and to limit the
// use of data without need costs reach, while not to limit it may break a law.
func (n *Normalizer) processing(dst, v []byte) ([]byte, Form) {
	if len(v) <= longestRaw && !broken(v) {
		n.folded = appendFolded(n.folded[:0], v)
		switch option := optionOf(n.folded); {
		case limitedWords[option]:
			return append(dst, audience.Limited...), Form{}
		case unlimitedWords[option]:
			return append(dst, audience.Unlimited...), Form{}
		case isPlaceholder(audience.DataProcessing, v):
			return dst, Form{Reason: Placeholder}
		}
	}
	return append(dst, audience.Limited...), Form{Reason: NotYesOrNo}
}

// optionOf takes the brackets and quotation marks off a list, in which Meta writes the option.
func optionOf(v []byte) string {
	if inner, list := bytes.CutPrefix(v, []byte("[")); list && bytes.HasSuffix(inner, []byte("]")) {
		if inner = bytes.Trim(inner[:len(inner)-1], " \"'"); len(inner) == 0 {
			return audience.Unlimited
		}
		return string(inner)
	}
	return string(withoutFraction(v))
}

// limitedWords and unlimitedWords are the spellings of yes and no, in lower case.
var (
	limitedWords   = map[string]bool{"ldu": true, "yes": true, "y": true, "true": true, "t": true, "1": true, "on": true}
	unlimitedWords = map[string]bool{audience.Unlimited: true, "no": true, "n": true, "false": true, "f": true, "0": true, "off": true}
)
