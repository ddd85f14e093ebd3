package identity

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// appendPhone appends the digits of E.164 without +. A number need not be assigned, only possible: Meta's own examples
// are not assigned either.
//
// A field of digits alone may be a national number of the row's country or, like every canonical value, an international
// one without its +. See read.
func (n *Normalizer) appendPhone(dst, v []byte, country string) ([]byte, Reason) {
	d, reason := readDialled(v, n.folded)
	n.folded = d.digits
	if reason != "" {
		return dst, reason
	}
	if dummyDigits(d.digits) {
		return dst, Placeholder
	}
	region := strings.ToUpper(country)
	number, reason := n.phone.dial(d, region)
	switch {
	case reason != "":
		return dst, reason
	case dummyDigits(number.national()):
		return dst, Placeholder
	}
	// As a canonical value the number has neither + nor 00; if it then were somebody else's, no value is better.
	if again, _ := n.phone.read(number.e164, region); again.e164 != number.e164 {
		return dst, AmbiguousNumber
	}
	return append(dst, number.e164...), ""
}

// A number is a possible phone number.
type number struct {
	e164  string // without +
	code  int    // country calling code
	valid bool   // it has the form of numbers that are assigned
}

// national is the part behind the country code.
func (n number) national() []byte { return []byte(n.e164[len(strconv.Itoa(n.code)):]) }

// A phoneReader reads digits by the library's rules.
type phoneReader struct {
	parsed phonenumbers.PhoneNumber
}

// dial finds the number that a dialled one reaches from a region.
func (p *phoneReader) dial(d dialled, region string) (number, Reason) {
	digits := string(d.digits)
	if d.trunk > 0 && !d.plus && !strings.HasPrefix(digits, "00") {
		d.plus = true // "44 (0)20 ...": only a country code comes before (0)
	}
	if d.plus {
		found, ok := p.parse("+"+strings.TrimPrefix(digits, "00"), "")
		if !ok && d.trunk > 0 {
			without := bytes.Clone(d.digits[:d.trunk])
			found, ok = p.parse("+"+string(append(without, d.digits[d.trunk+1:]...)), "")
		}
		if !ok {
			return number{}, NotPossible
		}
		return found, ""
	}
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		if found, ok := p.parse(digits, region); ok && found.code != phonenumbers.GetCountryCodeForRegion(region) {
			return found, "" // the region's own prefix for calls abroad begins with 00
		}
		return p.dial(dialled{digits: []byte(rest), plus: true, trunk: d.trunk - 2}, region)
	}
	return p.read(digits, region)
}

// read decides between the two readings of digits: national in the region, or international without the +. The one
// whose form is assigned wins. When both are or neither is, it is national, unless it begins with the region's own
// country code.
func (p *phoneReader) read(digits, region string) (number, Reason) {
	abroad, isAbroad := p.parse("+"+digits, "")
	home, isHome := p.parse(digits, region)
	switch {
	case !isAbroad && !isHome && region == "":
		return number{}, NoCountryCode
	case !isAbroad && !isHome:
		return number{}, NotPossible
	case !isHome:
		return abroad, ""
	case !isAbroad:
		return home, ""
	case abroad.valid != home.valid:
		if abroad.valid {
			return abroad, ""
		}
		return home, ""
	case abroad.code == phonenumbers.GetCountryCodeForRegion(region):
		return abroad, ""
	}
	return home, ""
}

// parse asks the library. A number of which only the local part is there is not possible: nobody can be found by it.
func (p *phoneReader) parse(digits, region string) (number, bool) {
	if region == "" && digits[0] != '+' {
		return number{}, false
	}
	p.parsed.Reset()
	if err := phonenumbers.ParseToNumber(digits, region, &p.parsed); err != nil {
		return number{}, false
	}
	if phonenumbers.IsPossibleNumberWithReason(&p.parsed) != phonenumbers.IS_POSSIBLE {
		return number{}, false
	}
	code := int(p.parsed.GetCountryCode())
	e164 := strconv.Itoa(code) + phonenumbers.GetNationalSignificantNumber(&p.parsed)
	return number{e164: e164, code: code, valid: phonenumbers.IsValidNumber(&p.parsed)}, true
}
