package upload

import (
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A column turns a matched column into what travels to Meta. Matched values are canonical when they come from Prepare,
// but a user's own Glue job or a partner's column may hold anything: each is brought into form again, which changes
// nothing of a canonical one.
type column struct {
	key    audience.Key
	hashed bool // the matched values are hashes already

	out       table.Column // hash, or text of the keys that are not hashed; empty: nothing to send
	canonical table.Column // of COUNTRY only: what the other columns of the row are read by
	form      []byte       // of the value at hand
	hash      []byte       // likewise
}

// convert fills out from the matched values. countries has each row's canonical country or its hash, or is nil.
func (c *column) convert(normalizer *identity.Normalizer, in, countries *table.Column, seen *tally) {
	c.out.Reset()
	c.canonical.Reset()
	for i := range in.Len() {
		var country []byte
		if countries != nil {
			country = countries.Value(i)
		}
		value, form := normalizer.AppendCanonical(c.form[:0], c.key, in.Value(i), country)
		c.form = value
		if c.hashed {
			value, form = onlyHash(value, form)
		}
		if form.Reason != "" {
			seen.drop(c.key, form.Reason)
		}
		if c.key == audience.Country {
			c.canonical.Append(value)
		}
		if len(value) > 0 && c.key.Hashed() && !form.Hashed {
			c.hash = identity.AppendHash(c.hash[:0], value)
			value = c.hash
		}
		c.out.Append(value)
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
