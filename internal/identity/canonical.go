package identity

import (
	"bytes"
	"encoding/binary"

	"github.com/cleanreach/cleanreach/internal/ascii"
	"github.com/cleanreach/cleanreach/internal/audience"
)

// IsCanonical reports values that AppendCanonical would append as they are, without reason and not as hashes. It says yes only
// where a short look is enough, and so no to some canonical values too: of matched values, which Prepare has brought into
// form, it knows nearly all, in a fraction of the time. That the two agree is fuzzed.
func (n *Normalizer) IsCanonical(key audience.Key, value, country []byte) bool {
	if len(value) == 0 || len(value) > MaxBytes(key) {
		return false
	}
	switch key {
	case audience.Email:
		return isPlainAddress(value)
	case audience.Phone:
		return isPlainNumber(value)
	case audience.MADID:
		return isPlainDevice(value)
	case audience.ExternID:
		return ascii.Within('!', '~', value) && !isPlaceholder(key, value)
	case audience.LastName, audience.First, audience.City:
		return isLower(value) && len(value) < shortestHash && !isPlaceholder(key, value)
	}
	return n.isPlainCode(key, value, country)
}

// isPlainCode is IsCanonical for the keys whose values are few.
func (n *Normalizer) isPlainCode(key audience.Key, value, country []byte) bool {
	switch key {
	case audience.State:
		return len(value) == 2 && isLower(value) && n.countryOfRow(country) == "us" && stateCodes[string(value)] != ""
	case audience.Zip:
		return len(value) == 5 && allDigits(value) && !sameByte(value)
	case audience.Gender:
		return value[0] == 'm' || value[0] == 'f'
	case audience.Country:
		return len(value) == 2 && isLower(value) && alpha2(value) != "" && !isPlaceholder(key, value)
	}
	return false
}

// Alpha2 is the country that a canonical COUNTRY or its hash stands for, lower case; empty when nobody knows.
func Alpha2(country []byte) string { return alpha2(country) }

// What a byte may be part of, or is.
const (
	ofMailbox = 1 << iota
	ofLabel
	aLetter // a to z
	aDot
)

var kinds = func() (kinds [256]byte) {
	for i := range kinds {
		c := byte(i)
		for kind, is := range map[byte]bool{
			ofMailbox: isMailboxASCII(c), ofLabel: isLabelASCII(c), aLetter: 'a' <= c && c <= 'z', aDot: c == '.',
		} {
			if is {
				kinds[i] |= kind
			}
		}
	}
	return kinds
}()

func isLower(v []byte) bool { return ascii.Within('a', 'z', v) }

// isPlainAddress reports lower-case ASCII addresses that are no dummies. No address is a hash or a placeholder for all keys:
// none of those has an @.
func isPlainAddress(v []byte) bool {
	at := bytes.IndexByte(v, '@')
	if at <= 0 || at > 64 || len(v)-at > 256 {
		return false
	}
	mailbox, domain := v[:at], v[at+1:]
	return isPlainMailbox(mailbox) && isPlainDomain(domain) && !isDummyAddress(mailbox, domain)
}

// isPlainMailbox wants what isMailbox wants, of ASCII.
func isPlainMailbox(m []byte) bool {
	of, twice, before := byte(ofMailbox), byte(0), byte(aDot) // no dot comes first, after another, or last
	for _, c := range m {
		kind := kinds[c]
		of &= kind
		twice |= kind & before
		before = kind
	}
	return of != 0 && (twice|before)&aDot == 0
}

// isPlainDomain wants what isDomain wants, and letters alone in the last label.
func isPlainDomain(d []byte) bool {
	label := 0 // where the current one begins
	for i, c := range d {
		if c != '.' {
			if kinds[c]&ofLabel == 0 {
				return false
			}
			continue
		}
		if !isPlainLabel(d[label:i]) {
			return false
		}
		label = i + 1
	}
	return label > 0 && len(d)-label >= 2 && len(d)-label <= 63 && isLower(d[label:])
}

func isPlainLabel(l []byte) bool {
	return len(l) > 0 && len(l) <= 63 && l[0] != '-' && l[len(l)-1] != '-'
}

// isPlainNumber reports the digits of international phone numbers whose form is assigned: nobody else can have those, whatever
// the row's country.
func isPlainNumber(v []byte) bool {
	if len(v) < fewestDigits || !allDigits(v) || sameByte(v) || string(v) == oneToZero {
		return false
	}
	p := planOf(v)
	if p == nil || !p.ready() {
		return false
	}
	national := v[len(p.codeText):]
	return !sameByte(national) && p.isPlain(national)
}

// fewestDigits is where isDummy begins to look.
const fewestDigits = 7

// isPlainDevice reports lower-case UUIDs with hyphens, but for the one of zeros.
func isPlainDevice(v []byte) bool {
	if len(v) != 36 || v[8] != '-' || v[13] != '-' || v[18] != '-' || v[23] != '-' || v[0] == '0' && v[35] == '0' {
		return false
	}
	first, second := binary.LittleEndian.Uint64(v), uint64(binary.LittleEndian.Uint32(v[9:]))<<32|uint64(binary.LittleEndian.Uint32(v[14:]))
	third, fourth := uint64(binary.LittleEndian.Uint32(v[19:]))<<32|uint64(binary.LittleEndian.Uint32(v[24:])), binary.LittleEndian.Uint64(v[28:])
	return ascii.AreHex(first) && ascii.AreHex(second) && ascii.AreHex(third) && ascii.AreHex(fourth)
}

// IsHash reports lower-case SHA-256 in hexadecimal that AppendCanonical passes on as such. Like IsCanonical it may say no to
// one that is.
func IsHash(value []byte) bool {
	if len(value) != hashLength || mayBeWorthless()[beginning(value)] {
		return false
	}
	for i := 0; i < hashLength; i += 8 {
		if !ascii.AreHex(binary.LittleEndian.Uint64(value[i:])) {
			return false
		}
	}
	return true
}
