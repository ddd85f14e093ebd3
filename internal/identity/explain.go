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

// Explain tells what becomes of a value. country is the row's, in any form that COUNTRY takes; one that is unknown counts
// as none, as it does in a row. A DOB is shown as YYYYMMDD, which is how Meta writes a whole date of birth; what is sent
// of it are DOBY, DOBM and DOBD. order is of dates that are written with numbers, as in SplitDOB.
//
// Its error, of class Invalid, is for a key that there is not.
func (n *Normalizer) Explain(key audience.Key, value, country Raw, order string) (Explanation, error) {
	if key == audience.DOB {
		year, month, day, reason := n.SplitDOB(nil, nil, nil, []byte(value), order)
		return explained(key, slices.Concat(year, month, day), Form{Reason: reason}), nil
	}
	if !slices.Contains(audience.Keys, key) {
		return Explanation{}, audience.Failf(audience.Invalid, "the key is none of %s, %s", keyNames(), audience.DOB)
	}
	code, _ := n.Append(nil, audience.Country, []byte(country), nil)
	canonical, form := n.Append(nil, key, []byte(value), code)
	return explained(key, canonical, form), nil
}

func explained(key audience.Key, canonical []byte, form Form) Explanation {
	e := Explanation{Canonical: string(canonical), Reason: form.Reason}
	switch {
	case len(canonical) == 0 || !key.Hashed():
	case form.Hashed:
		e.SHA256 = e.Canonical
	default:
		e.SHA256 = string(AppendHash(nil, canonical))
	}
	return e
}

func keyNames() string {
	names := make([]string, len(audience.Keys))
	for i, k := range audience.Keys {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
