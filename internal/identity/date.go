package identity

// firstYear is the earliest year of birth: nobody who lives was born before.
const firstYear = 1900

// year is YYYY, from 1900 to this year.
func (n *Normalizer) year(dst, v []byte) ([]byte, Reason) {
	y, digits, reason := n.number(v)
	switch {
	case reason != "":
		return dst, reason
	case digits == 2:
		return dst, TwoDigitYear
	case digits != 4:
		return dst, NotADate
	case y < firstYear || y > n.now().UTC().Year():
		return dst, OutOfRange
	}
	return appendPadded(dst, y, 4), ""
}

// month is MM, from a number or from a month's name.
func (n *Normalizer) month(dst, v []byte) ([]byte, Reason) {
	m, digits, reason := n.number(v)
	if reason == NotADate {
		if m = monthOf(n.folded); m > 0 {
			digits, reason = 2, ""
		}
	}
	switch {
	case reason != "":
		return dst, reason
	case digits > 2 || m > 12:
		return dst, NotADate
	}
	return appendPadded(dst, m, 2), ""
}

// day is DD.
func (n *Normalizer) day(dst, v []byte) ([]byte, Reason) {
	d, digits, reason := n.number(v)
	switch {
	case reason != "":
		return dst, reason
	case digits > 2 || d > 31:
		return dst, NotADate
	}
	return appendPadded(dst, d, 2), ""
}

// number reads a whole number of up to four digits. Zero stands for a part that is not known.
func (n *Normalizer) number(v []byte) (value, digits int, reason Reason) {
	n.folded = appendFolded(n.folded[:0], v)
	d := withoutFraction(n.folded)
	if len(d) > 4 || !allDigits(d) {
		return 0, 0, NotADate
	}
	value = atoi(d)
	if value == 0 {
		return 0, 0, Placeholder
	}
	return value, len(d), ""
}

// atoi reads a few digits.
func atoi(d []byte) int {
	value := 0
	for _, c := range d {
		value = 10*value + int(c-'0')
	}
	return value
}

func appendPadded(dst []byte, value, width int) []byte {
	var digits [4]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + value%10)
		value /= 10
	}
	return append(dst, digits[:width]...)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// monthOf finds a month by its name in lower case; 0 when there is none of that name.
func monthOf(name []byte) int { return months[string(name)] }

var months = map[string]int{
	"january": 1, "jan": 1, "januar": 1, "jänner": 1, "janvier": 1, "janv": 1, "enero": 1, "ene": 1, "gennaio": 1, "gen": 1, "janeiro": 1, "januari": 1,
	"february": 2, "feb": 2, "februar": 2, "février": 2, "févr": 2, "fév": 2, "febrero": 2, "febbraio": 2, "fevereiro": 2, "fev": 2, "februari": 2,
	"march": 3, "mar": 3, "märz": 3, "mär": 3, "mrz": 3, "mars": 3, "marzo": 3, "março": 3, "maart": 3, "mrt": 3,
	"april": 4, "apr": 4, "avril": 4, "avr": 4, "abril": 4, "abr": 4, "aprile": 4,
	"may": 5, "mai": 5, "mayo": 5, "maggio": 5, "mag": 5, "maio": 5, "mei": 5,
	"june": 6, "jun": 6, "juni": 6, "juin": 6, "junio": 6, "giugno": 6, "giu": 6, "junho": 6,
	"july": 7, "jul": 7, "juli": 7, "juillet": 7, "juil": 7, "julio": 7, "luglio": 7, "lug": 7, "julho": 7,
	"august": 8, "aug": 8, "août": 8, "aout": 8, "agosto": 8, "ago": 8, "augustus": 8,
	"september": 9, "sep": 9, "sept": 9, "septembre": 9, "septiembre": 9, "settembre": 9, "set": 9, "setembro": 9,
	"october": 10, "oct": 10, "oktober": 10, "okt": 10, "octobre": 10, "octubre": 10, "ottobre": 10, "ott": 10, "outubro": 10, "out": 10,
	"november": 11, "nov": 11, "novembre": 11, "noviembre": 11, "novembro": 11,
	"december": 12, "dec": 12, "dezember": 12, "dez": 12, "décembre": 12, "déc": 12, "diciembre": 12, "dic": 12, "dicembre": 12, "dezembro": 12,
}
