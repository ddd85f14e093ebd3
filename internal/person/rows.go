// Package person turns rows of a match into what Meta is sent of the people in them: in form by Meta's rules, and hashed. It
// is what upload sends and what a mirror compares, so that both speak of the same person in the same bytes.
package person

import (
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// Rows converts rows of matched files, a batch at a time. It is for one goroutine.
type Rows struct {
	Columns []Column // in the plan's order

	normalizer *identity.Normalizer
	country    int // index of the column with countries, or -1
	worth      int // likewise of what people are worth
}

// NewRows converts rows of a plan's columns. defaultCountry is the definition's.
func NewRows(columns []audience.PlanColumn, defaultCountry string, now func() time.Time) *Rows {
	r := &Rows{country: -1, worth: -1, normalizer: identity.NewNormalizer(defaultCountry, now)}
	for i, c := range columns {
		r.Columns = append(r.Columns, newColumn(c.Key, c.Hashed))
		switch c.Key {
		case audience.Country:
			r.country = i
		case audience.LookalikeValue:
			r.worth = i
		}
	}
	return r
}

// Convert fills the columns from a batch, whose columns are the plan's, and counts what it leaves out. Rows that could not be
// read are counted and have no place in the columns, which may have parts of the batch in them: they hold as long as it does.
func (r *Rows) Convert(batch *table.Batch, seen *Tally) {
	for _, bad := range batch.Bad {
		seen.Unusable++
		seen.Drop("ROW", identity.Reason(bad.Reason))
	}
	var countries *countries
	if r.country >= 0 {
		r.Columns[r.country].convert(r.normalizer, &batch.Columns[r.country], nil, seen)
		countries = r.Columns[r.country].countries
	}
	for i := range r.Columns {
		if i != r.country {
			r.Columns[i].convert(r.normalizer, &batch.Columns[i], countries, seen)
		}
	}
}

// Usable reports whether a converted row has a key by which Meta finds a person, and, where there is a column of what people
// are worth, such a value: Meta refuses all of a batch in which one is missing, and nobody's is guessed. Whoever leaves a row
// out counts it.
func (r *Rows) Usable(row int) bool {
	if r.worth >= 0 && len(r.Columns[r.worth].Out.Value(row)) == 0 {
		return false
	}
	for i := range r.Columns {
		if c := &r.Columns[i]; c.Key.Finds() && c.Out.Has(row) {
			return true
		}
	}
	return false
}
