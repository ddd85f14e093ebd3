package person

import (
	"slices"

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
		c.countries = &countries{}
	}
	if key.Hashed() && !key.Identifies() {
		c.repeats = &repeats{}
	}
	return c
}

// convert fills Out from the matched values, which must stay what they are for as long as it is read. of has each row's
// country, or is nil.
func (c *Column) convert(normalizer *identity.Normalizer, in *table.Column, of *countries, seen *Tally) {
	if !c.byCountry {
		of = nil
	}
	switch {
	case !c.Key.Hashed():
		c.convertText(normalizer, in)
	case c.repeats == nil: // a dictionary of them would be kept for nothing
		c.convertEach(normalizer, in, of)
	case in.Dict != nil && in.Dict.Len() <= mostKnown:
		c.convertKnown(normalizer, in.Dict, in.Codes, of)
	case in.Len() <= mostKnown:
		seen, codes := c.repeats.codes(in)
		c.convertKnown(normalizer, seen, codes, of)
	default:
		c.convertEach(normalizer, in, of)
	}
	c.Out.hashes.Hash()
	c.dropped.count(c.Key, seen)
}

// convertText is for keys that are not hashed. Their values hardly ever come again, and do not depend on the country. Where all
// are in form, as they should be, they stay where they are.
func (c *Column) convertText(normalizer *identity.Normalizer, in *table.Column) {
	needed := c.Key == audience.LookalikeValue // see Rows.Usable
	inForm := func(value []byte) bool {
		return len(value) == 0 && !needed || normalizer.IsCanonical(c.Key, value, nil)
	}
	row := 0
	for row < in.Len() && inForm(in.Value(row)) {
		row++
	}
	if row == in.Len() {
		c.Out.text = in
		return
	}
	c.Out.text = &c.Out.copied
	c.Out.text.Reset()
	for i := range in.Len() {
		value := in.Value(i)
		if i < row || inForm(value) {
			c.Out.text.Append(value)
			continue
		}
		form, found := normalizer.AppendCanonical(c.form[:0], c.Key, value, nil)
		c.form = form
		if needed && len(form) == 0 && found.Reason == "" {
			found.Reason = identity.Missing
		}
		c.dropped.add(c.dropped.Number(found.Reason))
		c.Out.text.Append(form)
	}
}

// convertEach hashes every value.
func (c *Column) convertEach(normalizer *identity.Normalizer, in *table.Column, of *countries) {
	c.known.of = nil // its hashes go
	c.Out.hashes.Reset()
	cells := c.begin(in.Len())
	begin := uint32(0)
	for i := range cells {
		cell, number := int32(none), uint16(identity.NoCountry)
		var value []byte
		if in.Dict != nil {
			value = in.Value(i)
		} else {
			end := in.Ends[i]
			value, begin = in.Data[begin:end], end
		}
		if len(value) > 0 {
			_, country := of.row(i)
			cell, number = c.make(normalizer, value, country)
		}
		if cell <= dropped {
			cell = c.drop(cell)
		}
		cells[i] = cell
		if c.countries != nil {
			c.countries.rows[i] = number
		}
	}
}

// convertKnown makes each different value once and gives it to all rows that have it.
func (c *Column) convertKnown(normalizer *identity.Normalizer, dict dictionary, codes []int32, of *countries) {
	if c.Out.hashes.Len() > mostKnown {
		c.known.of = nil
	}
	k := &c.known
	if k.begin(dict, c.countries != nil) {
		c.Out.hashes.Reset()
		c.Out.hashes.Grow(dict.Len())
	}
	cells := c.begin(len(codes))
	for i, code := range codes {
		cell := int32(none)
		if code >= 0 {
			cell = k.cells[code]
			if number, country := of.row(i); cell == unmade || number != k.by[code] {
				cell = c.remember(normalizer, dict, code, number, country)
			}
			if cell <= dropped {
				cell = c.drop(cell)
			}
		}
		cells[i] = cell
	}
	if c.countries != nil {
		c.countries.of(k, codes)
	}
}

// remember makes a value of a dictionary for rows of a country.
func (c *Column) remember(normalizer *identity.Normalizer, dict dictionary, code int32, number uint16, country []byte) int32 {
	cell, is := int32(none), uint16(identity.NoCountry)
	if value := dict.Value(int(code)); len(value) > 0 {
		cell, is = c.make(normalizer, value, country)
	}
	c.known.cells[code], c.known.by[code] = cell, number
	if c.countries != nil {
		c.known.country[code] = is
	}
	return cell
}

// begin makes room for a batch's rows.
func (c *Column) begin(rows int) []int32 {
	c.Out.cells = slices.Grow(c.Out.cells[:0], rows)[:rows]
	if c.countries != nil {
		c.countries.rows = slices.Grow(c.countries.rows[:0], rows)[:rows]
	}
	return c.Out.cells
}

// drop counts a row whose value was dropped, and gives what its cell is then.
func (c *Column) drop(cell int32) int32 {
	c.dropped.add(uint8(dropped - cell)) //nolint:gosec // a reason's number
	return none
}

// make brings a value into form and adds it to the hashes. It gives the value's cell and, of COUNTRY, the country's number.
func (c *Column) make(normalizer *identity.Normalizer, value, country []byte) (cell int32, number uint16) {
	hashes := &c.Out.hashes
	cell = int32(hashes.Len()) //nolint:gosec // a batch's rows beyond mostKnown at most
	if !c.hashed && normalizer.IsCanonical(c.Key, value, country) {
		hashes.Add(value)
		return cell, c.countries.number(value)
	}
	found := identity.Form{Hashed: true}
	if !identity.IsHash(value) {
		value, found = normalizer.AppendCanonical(c.form[:0], c.Key, value, country)
		c.form = value
		if c.hashed {
			value, found = onlyHash(value, found)
		}
	}
	if len(value) == 0 {
		return dropped - int32(c.dropped.Number(found.Reason)), identity.NoCountry
	}
	if found.Hashed {
		hashes.AddDigest(mustDigest(value))
	} else {
		hashes.Add(value)
	}
	return cell, c.countries.number(value)
}

// mustDigest reads what was found to be a hash.
func mustDigest(hex []byte) sha.Digest {
	digest, is := sha.FromHex(hex)
	if !is {
		panic("person: a hash that is none") // and must not be hashed once more
	}
	return digest
}

// onlyHash drops what is no hash out of a column of hashes.
func onlyHash(value []byte, form identity.Form) ([]byte, identity.Form) {
	switch blank := len(value) == 0 && form.Reason == ""; {
	case blank, form.Hashed, form.Reason == identity.Placeholder, form.Reason == identity.EmptyHash:
		return value, form
	}
	return nil, identity.Form{Reason: identity.NotSHA256}
}
