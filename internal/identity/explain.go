package identity

import (
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// An Explanation is what becomes of one value, for the person who owns it: it shows the value's canonical form.
type Explanation struct {
	Canonical string // or the hash in lower case, when the value is one already
	SHA256    string // empty for keys that are not hashed, and when nothing is left of the value
	Reason    Reason // why nothing is left
}

// Explain tells what becomes of a value. country is the row's, in any form that COUNTRY takes; empty when it has none.
// Its errors, all Invalid, hold nothing of the value or the country.
func (n *Normalizer) Explain(key audience.Key, value, country Raw) (Explanation, error) {
	if key == audience.DOB {
		return Explanation{}, audience.Failf(audience.Invalid,
			"DOB is a column of a source, not a key of Meta's: ask for its year, month and day as DOBY, DOBM and DOBD")
	}
	if !slices.Contains(audience.Keys, key) {
		return Explanation{}, audience.Failf(audience.Invalid, "the key is none of %s", keyNames())
	}
	code, form := n.Append(nil, audience.Country, []byte(country), nil)
	if form.Reason != "" {
		return Explanation{}, audience.Failf(audience.Invalid, "the country is %s: give its two-letter code or its English name", form.Reason.Text())
	}
	canonical, form := n.Append(nil, key, []byte(value), code)
	e := Explanation{Canonical: string(canonical), Reason: form.Reason}
	switch {
	case len(canonical) == 0 || !key.Hashed():
	case form.Hashed:
		e.SHA256 = e.Canonical
	default:
		e.SHA256 = string(AppendHash(nil, canonical))
	}
	return e, nil
}

func keyNames() string {
	names := make([]string, len(audience.Keys))
	for i, k := range audience.Keys {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
