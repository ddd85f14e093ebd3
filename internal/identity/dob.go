package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The orders of dates that are written with numbers.
const (
	orderMDY = "mdy"
	orderDMY = "dmy"
)

// SplitDOB finds year, month and day in a whole date of birth and appends each to its slice in canonical form (YYYY, MM,
// DD). order is mdy, dmy or ymd, for dates that are written with numbers and do not begin with the year.
func (n *Normalizer) SplitDOB(year, month, day []byte, value []byte, order string) (y, m, d []byte, reason Reason) {
	value = trim(value)
	switch {
	case len(value) == 0:
		return year, month, day, ""
	case broken(value):
		return year, month, day, BrokenText
	case len(value) > longestRaw:
		return year, month, day, TooLong
	case isPlaceholder("", value):
		return year, month, day, Placeholder
	}
	n.composed = norm.NFC.Append(n.composed[:0], value...)
	n.folded = appendFolded(n.folded[:0], n.composed)
	found, reason := readDate(n.folded, order)
	if reason == "" {
		reason = n.checkDate(found)
	}
	if reason != "" {
		return year, month, day, reason
	}
	return appendPadded(year, found.year, 4), appendPadded(month, found.month, 2), appendPadded(day, found.day, 2), ""
}

type date struct{ year, month, day int }

// checkDate wants a day of the calendar that has already been.
func (n *Normalizer) checkDate(f date) Reason {
	if f == (date{}) {
		return Placeholder
	}
	if f.month < 1 || f.month > 12 || f.day < 1 || f.day > daysIn(f.year, f.month) {
		return NotADate
	}
	y, m, d := n.now().UTC().Date()
	today := date{y, int(m), d}
	if f.year < firstYear || f.after(today) {
		return OutOfRange
	}
	return ""
}

func (f date) after(other date) bool {
	if f.year != other.year {
		return f.year > other.year
	}
	if f.month != other.month {
		return f.month > other.month
	}
	return f.day > other.day
}

// A datePart is a number or the name of a month in a written date.
type datePart struct {
	value  int
	digits int // 0 for a name
}

// readDate finds the parts of a date in lower case with ASCII digits. A time of day behind it does not matter.
func readDate(v []byte, order string) (date, Reason) {
	if allDigits(v) {
		return readCompact(v, order)
	}
	var parts [3]datePart
	for i := range parts {
		if i > 0 {
			v = skipSeparators(v)
		}
		var ok bool
		if parts[i], v, ok = readPart(v); !ok {
			return date{}, NotADate
		}
	}
	if !isTimeOfDay(v) {
		return date{}, NotADate
	}
	return orderParts(parts, order)
}

// readCompact reads eight digits. They begin with the year unless the order says otherwise and they cannot.
func readCompact(v []byte, order string) (date, Reason) {
	if len(v) == 6 {
		return date{}, TwoDigitYear
	}
	if len(v) != 8 {
		return date{}, NotADate
	}
	ymd := date{atoi(v[:4]), atoi(v[4:6]), atoi(v[6:])}
	a, b, c := atoi(v[:2]), atoi(v[2:4]), atoi(v[4:])
	switch order {
	case orderMDY:
		return firstReal(date{c, a, b}, ymd), ""
	case orderDMY:
		return firstReal(date{c, b, a}, ymd), ""
	}
	return ymd, ""
}

// firstReal prefers the order that was declared.
func firstReal(declared, ymd date) date {
	if declared.year >= firstYear && 1 <= declared.month && declared.month <= 12 && 1 <= declared.day && declared.day <= daysIn(declared.year, declared.month) {
		return declared
	}
	return ymd
}

func readPart(v []byte) (datePart, []byte, bool) {
	i := 0
	for i < len(v) && '0' <= v[i] && v[i] <= '9' {
		i++
	}
	if i > 4 {
		return datePart{}, v, false
	}
	if i > 0 {
		return datePart{value: atoi(v[:i]), digits: i}, skipOrdinal(v[i:]), true
	}
	for i < len(v) {
		r, size := utf8.DecodeRune(v[i:])
		if !unicode.IsLetter(r) {
			break
		}
		i += size
	}
	month := monthOf(v[:i])
	return datePart{value: month}, v[i:], month > 0
}

// skipOrdinal drops the letters of 1st, 2nd, 3rd and 4th.
func skipOrdinal(v []byte) []byte {
	if len(v) >= 2 {
		switch string(v[:2]) {
		case "st", "nd", "rd", "th":
			return v[2:]
		}
	}
	return v
}

// skipSeparators drops what stands between the parts of a date, such as -, /, ". ", ", " or 年.
func skipSeparators(v []byte) []byte {
	for len(v) > 0 {
		r, size := utf8.DecodeRune(v)
		switch r {
		case '-', '/', '.', ',', '年', '月', '년', '월', '\u2010', '\u2011', '\u2012', '\u2013', '\u2212':
		default:
			if !unicode.IsSpace(r) {
				return v
			}
		}
		v = v[size:]
	}
	return v
}

// isTimeOfDay reports what may follow a date: nothing, 日, or a time such as "t00:00:00z" and " 12:00 am".
func isTimeOfDay(v []byte) bool {
	for _, end := range []string{"日", "일", "."} {
		if string(v) == end {
			return true
		}
	}
	if len(v) == 0 {
		return true
	}
	if v[0] != 't' && v[0] != ' ' {
		return false
	}
	colons := 0
	for _, c := range v[1:] {
		switch {
		case c == ':':
			colons++
		case strings.IndexByte("0123456789.+- apmzutc", c) >= 0: // with am, pm, z, utc
		default:
			return false
		}
	}
	return colons > 0
}

// orderParts says which part is the year, which the month and which the day.
func orderParts(p [3]datePart, order string) (date, Reason) {
	year, month, day := p[0], p[1], p[2]
	switch {
	case p[0].digits == 0: // February 16, 1997
		year, month, day = p[2], p[0], p[1]
	case p[0].digits == 4: // 1997-02-16
	case p[1].digits == 0: // 16 Feb 1997
		year, month, day = p[2], p[1], p[0]
	case order == orderMDY:
		year, month, day = p[2], p[0], p[1]
	case order == orderDMY:
		year, month, day = p[2], p[1], p[0]
	}
	switch {
	case day.digits == 0 || year.digits == 0 || month.digits > 2 || day.digits > 2:
		return date{}, NotADate
	case year.digits <= 2:
		return date{}, TwoDigitYear
	case year.digits != 4:
		return date{}, NotADate
	}
	return date{year.value, month.value, day.value}, ""
}
