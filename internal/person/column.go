package person

import (
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/sha"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A Column turns a matched column into what travels to Meta. Matched values are canonical when they come from Prepare,
// but a user's own Glue job or a partner's column may hold anything: each is brought into form again, which changes
// nothing of a canonical one.
type Column struct {
	Key audience.Key
	Out Values

	hashed    bool // the matched values are hashes already
	byCountry bool // what becomes of a value depends on the row's country
	known     known
	repeats   *repeats   // finds values that come again; nil where few do
	countries *countries // of COUNTRY only: what the other columns of the row are read by
	dropped   drops
	form      []byte // of the value at hand
}

func newColumn(key audience.Key, hashed bool) Column {
	c := Column{Key: key, hashed: hashed, Out: Values{hashed: key.Hashed()}}
	switch key {
	case audience.Phone, audience.State, audience.Zip:
		c.byCountry = true
	case audience.Country:
		c.countries = newCountries()
	}
	if key.Hashed() && !key.Identifies() {
		c.repeats = &repeats{}
	}
	return c
}

// convert fills Out from the matched values. of has each row's country, or is nil.
func (c *Column) convert(normalizer *identity.Normalizer, in *table.Column, of *countries, seen *Tally) {
	if !c.byCountry {
		of = nil
	}
	switch {
	case !c.Key.Hashed():
		c.convertText(normalizer, in)
	case in.Dict != nil && in.Dict.Len() <= mostKnown:
		c.convertKnown(normalizer, in.Dict, in.Codes, of)
	case c.repeats != nil && in.Len() <= mostKnown:
		seen, codes := c.repeats.codes(in)
		c.convertKnown(normalizer, seen, codes, of)
	default:
		c.convertEach(normalizer, in, of)
	}
	c.Out.hashes.Hash()
	c.dropped.count(c.Key, seen)
}

// convertText is for keys that are not hashed. Their values hardly ever come again, and do not depend on the country.
func (c *Column) convertText(normalizer *identity.Normalizer, in *table.Column) {
	c.Out.text.Reset()
	needed := c.Key == audience.LookalikeValue // see Rows.Usable
	for i := range in.Len() {
		value := in.Value(i)
		if len(value) == 0 && !needed || normalizer.IsCanonical(c.Key, value, nil) {
			c.Out.text.Append(value)
			continue
		}
		form, found := normalizer.AppendCanonical(c.form[:0], c.Key, value, nil)
		c.form = form
		if needed && len(form) == 0 && found.Reason == "" {
			found.Reason = identity.Missing
		}
		c.dropped.add(c.dropped.number(found.Reason))
		c.Out.text.Append(form)
	}
}

// convertEach hashes every value.
func (c *Column) convertEach(normalizer *identity.Normalizer, in *table.Column, of *countries) {
	c.known.of = nil // its hashes go
	c.Out.hashes.Reset()
	c.begin()
	for i := range in.Len() {
		m := nothing
		if value := in.Value(i); len(value) > 0 {
			_, country := of.row(i)
			m = c.make(normalizer, value, country)
		}
		c.put(&m)
	}
}

// convertKnown makes each different value once and gives it to all rows that have it.
func (c *Column) convertKnown(normalizer *identity.Normalizer, dict dictionary, codes []int32, of *countries) {
	if c.Out.hashes.Len() > mostKnown {
		c.known.of = nil
	}
	if c.known.begin(dict) {
		c.Out.hashes.Reset()
	}
	c.begin()
	for i, code := range codes {
		m := &nothing
		if code >= 0 {
			m = &c.known.made[code]
			if number, country := of.row(i); m.cell == unmade || m.by != number {
				*m = c.make(normalizer, dict.Value(int(code)), country)
				m.by = number
			}
		}
		c.put(m)
	}
}

// begin makes room for a batch's rows.
func (c *Column) begin() {
	c.Out.cells = c.Out.cells[:0]
	if c.countries != nil {
		c.countries.rows = c.countries.rows[:0]
	}
}

// put gives the next row what became of its value.
func (c *Column) put(m *made) {
	c.dropped.add(m.dropped)
	c.Out.cells = append(c.Out.cells, m.cell)
	if c.countries != nil {
		c.countries.rows = append(c.countries.rows, m.country)
	}
}

// make brings a value into form and adds it to the hashes.
func (c *Column) make(normalizer *identity.Normalizer, value, country []byte) made {
	hashes := &c.Out.hashes
	m := made{cell: int32(hashes.Len())} //nolint:gosec // a batch's rows beyond mostKnown at most
	if !c.hashed && normalizer.IsCanonical(c.Key, value, country) {
		hashes.Add(value)
		m.country = c.countries.number(value)
		return m
	}
	found := identity.Form{Hashed: true}
	if !identity.IsHash(value) {
		value, found = normalizer.AppendCanonical(c.form[:0], c.Key, value, country)
		c.form = value
		if c.hashed {
			value, found = onlyHash(value, found)
		}
	}
	switch {
	case len(value) == 0:
		m.cell = none
	case found.Hashed:
		hashes.AddHex(sha.Hex(value))
	default:
		hashes.Add(value)
	}
	m.country, m.dropped = c.countries.number(value), c.dropped.number(found.Reason)
	return m
}

// onlyHash drops what is no hash out of a column of hashes.
func onlyHash(value []byte, form identity.Form) ([]byte, identity.Form) {
	switch blank := len(value) == 0 && form.Reason == ""; {
	case blank, form.Hashed, form.Reason == identity.Placeholder, form.Reason == identity.EmptyHash:
		return value, form
	}
	return nil, identity.Form{Reason: identity.NotSHA256}
}
