package identity

import (
	"bytes"
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// phone appends the digits of E.164 without +. A number need not be assigned, only possible: Meta's own examples are not
// assigned either.
func (n *Normalizer) phone(dst, v []byte, country string) ([]byte, Reason) {
	d, reason := readDialled(v, n.folded)
	n.folded = d.digits
	if reason != "" {
		return dst, reason
	}
	if isDummy(d.digits) || string(d.digits) == oneToZero {
		return dst, Placeholder
	}
	region := regionOf(country)
	found, reason := dial(d, region)
	switch {
	case reason != "":
		return dst, reason
	case !found.isItself():
		return dst, NotPossible
	case found.isDummy():
		return dst, Placeholder
	case found.isOthers(region):
		return dst, AmbiguousNumber
	}
	return append(dst, found.text()...), ""
}

// appendE164 appends what is the digits of a possible international number already.
func appendE164(dst, v []byte, country string) ([]byte, bool) {
	if !allDigits(v) || len(v) > mostDigits || isDummy(v) || string(v) == oneToZero {
		return dst, false
	}
	found, ok := parse(v, true, "")
	if !ok || !bytes.Equal(found.text(), v) || found.isDummy() || found.isOthers(regionOf(country)) {
		return dst, false
	}
	return append(dst, v...), true
}

// regionOf is the library's name for a country; empty for a country that it does not know.
func regionOf(country string) string {
	if p := allPlans().byCountry[country]; p != nil {
		return p.region
	}
	return ""
}

// A number is a possible phone number.
type number struct {
	e164   [mostDigits + phonenumbers.MAX_LENGTH_COUNTRY_CODE]byte // without +
	digits int                                                     // of e164
	code   int                                                     // country calling code
	valid  bool                                                    // it has the form of numbers that are assigned
}

func (n *number) text() []byte { return n.e164[:n.digits] }

// national is the part behind the country code.
func (n *number) national() []byte {
	size := 1
	for c := n.code; c >= 10; c /= 10 {
		size++
	}
	return n.e164[size:n.digits]
}

// oneToZero is what people type to get past a form. As part of a number it may be good: Vienna's begin with 1.
const oneToZero = "1234567890"

// isDummy reports digits that are all the same.
func isDummy(digits []byte) bool { return len(digits) >= 7 && sameByte(digits) }

func (n *number) isDummy() bool {
	national := n.national()
	return isDummy(national) || !n.valid && string(national) == oneToZero
}

// isItself reports whether the number with its + is the same number. It is not when a second 0 is before it, of which the
// library drops only one at a time.
func (n *number) isItself() bool {
	again, ok := parse(n.text(), true, "")
	return ok && bytes.Equal(again.text(), n.text())
}

// isOthers reports a number that nobody has, but whose digits without + somebody in the region has. As a canonical value
// it would find that person.
func (n *number) isOthers(region string) bool {
	if n.valid || region == "" {
		return false
	}
	home, ok := parse(n.text(), false, region)
	return ok && home.valid && !bytes.Equal(home.text(), n.text())
}

// dial finds the number that a dialled one reaches from a region.
func dial(d dialled, region string) (number, Reason) {
	rest, abroad := bytes.CutPrefix(d.digits, []byte("00"))
	if d.trunk > 0 && !d.plus && !abroad {
		d.plus = true // "44 (0)20 ...": only a country code comes before (0)
	}
	switch {
	case d.plus && abroad:
		return dialAbroad(rest, d.trunk-2)
	case d.plus:
		return dialAbroad(d.digits, d.trunk)
	case abroad:
		return dial00(rest, d, region)
	}
	return read(d.digits, region)
}

// dialAbroad reads digits that begin with the country code. The 0 of (0) is dropped where it is no part of the number.
func dialAbroad(digits []byte, trunk int) (number, Reason) {
	found, ok := parse(digits, true, "")
	if !ok && trunk > 0 {
		var without [mostDigits]byte
		n := copy(without[:], digits[:trunk])
		n += copy(without[n:], digits[trunk+1:])
		found, ok = parse(without[:n], true, "")
	}
	if !ok {
		return number{}, NotPossible
	}
	return found, ""
}

// dial00 reads digits that begin with 00: Europe's prefix for calls abroad, or a part of the region's own, such as
// Australia's 0011.
func dial00(rest []byte, d dialled, region string) (number, Reason) {
	abroad, reason := dialAbroad(rest, d.trunk-2)
	if reason == "" && abroad.valid {
		return abroad, ""
	}
	if found, ok := parse(d.digits, false, region); ok && found.valid {
		return found, ""
	}
	return abroad, reason
}

// read decides between the two readings of digits: national in the region, or international without the +. The one
// whose form is assigned wins. When both are or neither is, it is national, unless it begins with the region's own
// country code. An unassigned number abroad wins only as North America's are written.
func read(digits []byte, region string) (number, Reason) {
	if region == "" {
		if abroad, ok := readAbroad(digits, 0); ok {
			return abroad, ""
		}
		return number{}, NoCountryCode
	}
	code := phonenumbers.GetCountryCodeForRegion(region)
	home, isHome := parse(digits, false, region)
	if isHome && home.valid && !hasCode(digits, code) {
		return home, ""
	}
	abroad, isAbroad := readAbroad(digits, code)
	switch {
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
	case abroad.code == code:
		return abroad, ""
	}
	return home, ""
}

// readAbroad takes digits for an international number where they are not rather a national one, mistyped or of a country
// that nobody knows.
func readAbroad(digits []byte, ownCode int) (number, bool) {
	found, ok := parse(digits, true, "")
	return found, ok && (found.valid || found.code == ownCode || isNorthAmerican(digits))
}

// hasCode reports whether digits begin with a country code.
func hasCode(digits []byte, code int) bool {
	var text [8]byte
	return bytes.HasPrefix(digits, strconv.AppendInt(text[:0], int64(code), 10))
}

// isNorthAmerican reports 1, area and exchange, as Meta writes the unassigned numbers of its examples.
func isNorthAmerican(digits []byte) bool {
	return len(digits) == 11 && digits[0] == '1' && digits[1] >= '2' && digits[4] >= '2'
}

// parse reads digits, with a + before them or dialled in a region. A number of which only the local part is there is not
// possible: nobody can be found by it.
func parse(digits []byte, plus bool, region string) (number, bool) {
	if region == "" && !plus {
		return number{}, false
	}
	found, ok, known := quickParse(digits, plus, region)
	if !known {
		found, ok = slowParse(digits, plus, region)
	}
	return found, ok && found.digits <= mostE164
}

// mostE164 is the number of digits beyond which no network takes a number.
const mostE164 = 15

// slowParse asks the library.
func slowParse(digits []byte, plus bool, region string) (number, bool) {
	text := string(digits)
	if plus {
		text = "+" + text
	}
	parsed, err := phonenumbers.Parse(text, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(parsed) != phonenumbers.IS_POSSIBLE {
		return number{}, false
	}
	found := number{code: int(parsed.GetCountryCode()), valid: phonenumbers.IsValidNumber(parsed)}
	e164 := strconv.AppendInt(found.e164[:0], int64(found.code), 10)
	found.digits = len(append(e164, phonenumbers.GetNationalSignificantNumber(parsed)...))
	return found, true
}
