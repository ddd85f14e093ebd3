package identity

import (
	"bytes"

	"github.com/cleanreach/cleanreach/internal/ascii"
	"github.com/cleanreach/cleanreach/internal/audience"
)

// quick does what Append does to values of the usual kind of the keys whose values hardly come again, in a fraction of the
// time: addresses and device ids in ASCII, phone numbers with the usual punctuation whose form is assigned, ids. It says no
// to everything else, whatever becomes of that. That the two agree is fuzzed.
func (n *Normalizer) quick(dst []byte, key audience.Key, value, country []byte) ([]byte, bool) {
	start := len(dst)
	switch key {
	case audience.Email:
		dst = appendLowerASCII(dst, bytes.Trim(value, " "))
		return dst, isPlainAddress(dst[start:])
	case audience.Phone:
		return n.quickPhone(dst, value, country)
	case audience.MADID:
		dst = appendLowerASCII(dst, value)
		return dst, isPlainDevice(dst[start:])
	case audience.ExternID:
		return append(dst, value...), len(value) <= MaxBytes(key) && ascii.Within('!', '~', value) && !isPlaceholder(key, value)
	}
	return dst, false
}

// quickPhone appends a phone number that has the form of those that are assigned, and neither a prefix for calls abroad nor one
// for calls within the country: such a number is itself, nobody else's, and no dummy.
func (n *Normalizer) quickPhone(dst, value, country []byte) ([]byte, bool) {
	start := len(dst)
	dst, plus, ok := appendDigits(dst, bytes.Trim(value, " "))
	digits := dst[start:]
	if !ok || len(digits) < fewestDigits || len(digits) > mostE164 || sameByte(digits) || string(digits) == oneToZero {
		return dst, false
	}
	home := n.planOfRow(country)
	if plus || home != nil && bytes.HasPrefix(digits, home.codeText) {
		p := planOf(digits) // that of home without a plus: no country's code begins with another's
		return dst, p != nil && p.isQuick(digits[len(p.codeText):])
	}
	if home == nil || !home.isQuickHere(digits) {
		return dst, false
	}
	dst = append(dst, home.codeText...) // makes room before the digits
	copy(dst[start+len(home.codeText):], digits)
	copy(dst[start:], home.codeText)
	return dst, true
}

// isQuickHere reports digits that are a plain number, as they are dialled in the region. That none begins with what is dialled
// before a number is asked for the rules to come: of today's no assigned number does.
func (p *plan) isQuickHere(digits []byte) bool {
	return p.ready() && !p.abroad.begins(digits) && (p.trunk == nil || !p.trunk.begins(digits)) &&
		len(p.codeText)+len(digits) <= mostE164 && p.main.isQuick(digits)
}

// isQuick reports national numbers that are plain, and no dummies.
func (p *plan) isQuick(national []byte) bool {
	return p.ready() && p.isPlain(national) && !isDummy(national)
}

// planOfRow is the plan of the row's country; nil when there is none. Rows of one country mostly follow each other.
func (n *Normalizer) planOfRow(country []byte) *plan {
	if len(country) == 0 {
		country = n.defaultCountry
	}
	if !n.homeKnown || !bytes.Equal(country, n.homeOf) {
		n.homeOf, n.homeKnown = append(n.homeOf[:0], country...), true
		n.home = allPlans().byCountry[n.countryOfRow(country)]
	}
	return n.home
}

// mostPhoneText is the length beyond which no phone number is of the usual kind.
const mostPhoneText = 24

// appendDigits reads a phone number of digits and punctuation; + may only come first.
func appendDigits(dst, v []byte) (_ []byte, plus, ok bool) {
	if len(v) > 0 && v[0] == '+' {
		plus, v = true, v[1:]
	}
	if len(v) > mostPhoneText || len(v) < fewestDigits || v[len(v)-2] == '.' { // .0 may be a spreadsheet's
		return dst, plus, false
	}
	start := len(dst)
	for _, c := range v {
		if '0' <= c && c <= '9' {
			dst = append(dst, c)
			continue
		}
		switch c {
		case ' ', '-', '.', ')':
		case '(':
			if len(dst) > start { // it may be (0)
				return dst, plus, false
			}
		default:
			return dst, plus, false
		}
	}
	return dst, plus, !bytes.HasPrefix(dst[start:], []byte("00"))
}
