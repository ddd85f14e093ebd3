package person

import (
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A Column turns a matched column into what travels to Meta. Matched values are canonical when they come from Prepare,
// but a user's own Glue job or a partner's column may hold anything: each is brought into form again, which changes
// nothing of a canonical one.
type Column struct {
	Key audience.Key
	Out table.Column // hash, or text of the keys that are not hashed; empty: nothing to send

	hashed    bool         // the matched values are hashes already
	canonical table.Column // of COUNTRY only: what the other columns of the row are read by
	form      []byte       // of the value at hand
	hash      []byte       // likewise
}

// convert fills Out from the matched values. countries has each row's canonical country or its hash, or is nil.
func (c *Column) convert(normalizer *identity.Normalizer, in, countries *table.Column, seen *Tally) {
	c.Out.Reset()
	c.canonical.Reset()
	for i := range in.Len() {
		var country []byte
		if countries != nil {
			country = countries.Value(i)
		}
		value, form := normalizer.AppendCanonical(c.form[:0], c.Key, in.Value(i), country)
		c.form = value
		if c.hashed {
			value, form = onlyHash(value, form)
		}
		if form.Reason != "" {
			seen.Drop(c.Key, form.Reason)
		}
		if c.Key == audience.Country {
			c.canonical.Append(value)
		}
		if len(value) > 0 && c.Key.Hashed() && !form.Hashed {
			c.hash = identity.AppendHash(c.hash[:0], value)
			value = c.hash
		}
		c.Out.Append(value)
	}
}

// onlyHash drops what is no hash out of a column of hashes.
func onlyHash(value []byte, form identity.Form) ([]byte, identity.Form) {
	switch blank := len(value) == 0 && form.Reason == ""; {
	case blank, form.Hashed, form.Reason == identity.Placeholder, form.Reason == identity.EmptyHash:
		return value, form
	}
	return nil, identity.Form{Reason: identity.NotSHA256}
}
