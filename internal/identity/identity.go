// Package identity turns one raw attribute of a person into the form that Meta matches by, and hashes it. It is the only
// place that does. Its functions are pure: the same value, key and country always give the same result.
package identity

import (
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A Reason says why nothing is left of a value that was not blank. It is one of a fixed set of words, and never holds
// anything of the value. Empty: the value is good, or blank.
type Reason string

// A Form is what Append made of a value.
type Form struct {
	Hashed bool   // the value was a SHA-256 already and is passed on in lower case; do not hash it again
	Reason Reason // why nothing was appended
}

// A Normalizer brings values into canonical form. It keeps buffers, so that a value costs no allocation in the usual
// case, and is therefore not safe for concurrent use: make one for each goroutine.
type Normalizer struct {
	defaultCountry string
	now            func() time.Time
}

// NewNormalizer makes a Normalizer. defaultCountry is the ISO 3166-1 alpha-2 code, in any case, of rows without a country
// of their own; empty when there is none. now tells what a date of birth may not be after; nil is time.Now.
func NewNormalizer(defaultCountry string, now func() time.Time) *Normalizer {
	if now == nil {
		now = time.Now
	}
	return &Normalizer{defaultCountry: defaultCountry, now: now}
}

// Append appends the canonical form of a value of one of Meta's keys (DOB is none: see AppendDOB). country is the
// canonical form of the row's COUNTRY (alpha-2, lower case) or empty, and matters to PHONE, ST and ZIP.
//
// A blank value appends nothing and has no reason. Append is idempotent: a canonical value is its own canonical form.
func (n *Normalizer) Append(dst []byte, key audience.Key, value, country []byte) ([]byte, Form) {
	panic("to be written")
}

// AppendHash appends the SHA-256 of a canonical value as 64 lower-case hex digits. A canonical value is never empty.
func AppendHash(dst, canonical []byte) []byte { panic("to be written") }

// SplitDOB finds year, month and day in a whole date of birth and appends each to its slice in canonical form (YYYY, MM,
// DD). order is mdy, dmy or ymd, for dates that are written with numbers and do not begin with the year.
func (n *Normalizer) SplitDOB(year, month, day []byte, value []byte, order string) (y, m, d []byte, reason Reason) {
	panic("to be written")
}
