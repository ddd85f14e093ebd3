// Package identity turns one raw attribute of a person into the form that Meta matches by, and hashes it. It is the only
// place that does. Its functions are pure: the same value, key and country always give the same result.
package identity

import (
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/cleanreach/cleanreach/internal/ascii"
	"github.com/cleanreach/cleanreach/internal/audience"
)

// A Form is what Append made of a value.
type Form struct {
	Hashed bool   // the value was a SHA-256 already and is passed on in lower case; do not hash it again
	Reason Reason // why nothing was appended; of DATA_PROCESSING_OPTIONS also why it was taken for LDU
}

// A Normalizer brings values into canonical form. It keeps buffers, so that a value costs no allocation in the usual
// case, and is therefore not safe for concurrent use: make one for each goroutine.
type Normalizer struct {
	defaultCountry []byte
	now            func() time.Time
	composed       []byte // text in NFC
	folded         []byte // what a rule works on
	home           *plan  // of the phone numbers of the country below
	homeOf         []byte // the country that home is of
	homeKnown      bool
}

// NewNormalizer makes a Normalizer. defaultCountry is that of rows without a country of their own, as COUNTRY takes it
// (a code in any case, or a name); empty when there is none. now tells what a date of birth may not be after; nil is time.Now.
func NewNormalizer(defaultCountry string, now func() time.Time) *Normalizer {
	if now == nil {
		now = time.Now
	}
	n := &Normalizer{now: now}
	n.defaultCountry, _ = n.Append(nil, audience.Country, []byte(defaultCountry), nil)
	return n
}

// Append appends the canonical form of a value of one of Meta's keys (DOB is none: see SplitDOB). country is the
// canonical form of the row's COUNTRY (alpha-2, lower case, or its hash) or empty, and matters to PHONE, ST and ZIP.
//
// A blank value appends nothing and has no reason. A canonical value is its own canonical form, but for phone numbers of
// another country than the row's: without their + they may be good numbers there, and are taken for those. Values that
// are known to be canonical belong into AppendCanonical.
func (n *Normalizer) Append(dst []byte, key audience.Key, value, country []byte) ([]byte, Form) {
	if out, ok := n.quick(dst, key, value, country); ok {
		return out, Form{}
	}
	return n.append(dst, key, value, country, false)
}

// AppendCanonical is Append for values that should be canonical already, such as those of prepared and matched tables:
// what Append made comes out of it unchanged, whatever the country. Values that are not canonical are brought into form
// like by Append.
func (n *Normalizer) AppendCanonical(dst []byte, key audience.Key, value, country []byte) ([]byte, Form) {
	return n.append(dst, key, value, country, key == audience.Phone)
}

// append does the work of both. asE164 takes digits without + for an international phone number wherever they can be one.
func (n *Normalizer) append(dst []byte, key audience.Key, value, country []byte, asE164 bool) ([]byte, Form) {
	value = trim(value)
	if len(value) == 0 {
		return dst, Form{}
	}
	if !key.Matches() {
		return n.usage(dst, key, value)
	}
	if len(value) > longestRaw {
		return dst, Form{Reason: TooLong}
	}
	plain := ascii.Is(value)
	if !plain {
		var ok bool
		if value, ok = n.compose(key, value); !ok {
			return dst, Form{Reason: BrokenText}
		}
	}
	if key.Hashed() {
		if is, reason := alreadyHashed(value); reason != "" {
			return dst, Form{Reason: reason}
		} else if is {
			return appendLowerASCII(dst, value), Form{Hashed: true}
		}
	}
	if isPlaceholder(key, value) {
		return dst, Form{Reason: Placeholder}
	}
	if asE164 {
		if out, ok := appendE164(dst, value, n.countryOfRow(country)); ok {
			return out, Form{}
		}
	}
	start := len(dst)
	dst, reason := n.apply(dst, key, value, country)
	if reason == "" {
		reason = spoiled(key, dst[start:], plain && len(dst)-start == len(value))
	}
	if reason != "" {
		return dst[:start], Form{Reason: reason}
	}
	return dst, Form{}
}

// compose gives the value in NFC, unless it is broken.
func (n *Normalizer) compose(key audience.Key, value []byte) (composed []byte, ok bool) {
	switch {
	case broken(value):
		return nil, false
	case key == audience.ExternID: // whose value is the advertiser's own, byte for byte
		return value, true
	}
	n.composed = norm.NFC.Append(n.composed[:0], value...)
	return n.composed, true
}

// spoiled looks at a canonical value once more, as Append would when it came back: of "n.u.l.l" the letters are a
// placeholder, and those of a sentence can look like a hash. same: nothing has changed but capitals.
func spoiled(key audience.Key, canonical []byte, same bool) Reason {
	switch {
	case len(canonical) > MaxBytes(key):
		return TooLong
	case same:
		return ""
	case key.Hashed() && len(canonical) >= shortestHash && allHex(canonical):
		return NotSHA256
	case isPlaceholder(key, canonical):
		return Placeholder
	}
	return ""
}

// apply is the rule of a key. The value is composed, trimmed, not blank, and neither a hash nor a placeholder.
func (n *Normalizer) apply(dst []byte, key audience.Key, value, country []byte) ([]byte, Reason) {
	switch key {
	case audience.Email:
		return n.email(dst, value)
	case audience.Phone:
		return n.phone(dst, value, n.countryOfRow(country))
	case audience.Gender:
		return n.gender(dst, value)
	case audience.DOBYear:
		return n.year(dst, value)
	case audience.DOBMonth:
		return n.month(dst, value)
	case audience.DOBDay:
		return n.day(dst, value)
	case audience.LastName, audience.First:
		return n.name(dst, value)
	case audience.Initial:
		return n.initial(dst, value)
	case audience.City:
		return n.city(dst, value)
	case audience.State:
		return n.state(dst, value, n.countryOfRow(country))
	case audience.Zip:
		return n.zip(dst, value, n.countryOfRow(country))
	case audience.Country:
		return n.country(dst, value)
	case audience.MADID:
		return device(dst, value)
	case audience.ExternID:
		return append(dst, value...), ""
	}
	panic("identity: " + string(key) + " is not a key of Meta's") // a mistake of the caller's, never data
}

// countryOfRow is the row's country, else the default one, as alpha-2 in lower case; empty when neither is known.
func (n *Normalizer) countryOfRow(country []byte) string {
	if len(country) == 0 {
		country = n.defaultCountry
	}
	return alpha2(country)
}

// longestRaw is the number of bytes beyond which no value can be what its key says.
const longestRaw = 2048

// MaxBytes is how long a canonical value of a key may be, in bytes; a longer one is no name, number or place, but
// something that slipped into the wrong column. A value that is a hash already has 64 bytes whatever its key.
func MaxBytes(key audience.Key) int {
	switch key {
	case audience.Email:
		return 320 // 64 of the mailbox, @, 255 of the domain
	case audience.Phone:
		return 15 // E.164
	case audience.Gender:
		return 1
	case audience.DOBYear:
		return 4
	case audience.DOBMonth, audience.DOBDay, audience.Country:
		return 2
	case audience.Initial:
		return utf8.UTFMax
	case audience.Zip:
		return 12
	case audience.MADID:
		return 36
	case audience.ExternID:
		return 1024
	case audience.LookalikeValue:
		return 32
	case audience.DataProcessing:
		return len(audience.Limited)
	}
	return 256 // names and places; a letter takes up to four bytes
}
