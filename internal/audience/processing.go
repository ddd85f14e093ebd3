package audience

import (
	"slices"
	"strconv"
	"strings"
)

// Processing says whether Meta may use the people in a limited way only (LDU, limited data use): all of them, or those of
// whom the column that is mapped to DATA_PROCESSING_OPTIONS says nothing.
type Processing struct {
	Options []string `json:"options"`           // LDU, or nothing for no limits
	Country int      `json:"country,omitempty"` // of the people with LDU: 1 is the United States; default: Meta finds out where they are
	State   int      `json:"state,omitempty"`   // likewise, by Meta's numbers: 1000 is California
}

// What DATA_PROCESSING_OPTIONS may be, as Meta takes it.
const (
	Limited   = `["LDU"]`
	Unlimited = `[]`
)

// Limited reports whether the people are limited of whom no column says it.
func (p *Processing) Limited() bool { return p != nil && slices.Contains(p.Options, "LDU") }

// Sent is what rows with limited data use, or rows without, have in common: keys and their values in JSON. It is nothing when
// nothing is said of it at all.
func (p *Processing) Sent(limited bool) (keys []Key, values []string) {
	switch {
	case p == nil:
		return nil, nil
	case !limited:
		return []Key{DataProcessing}, []string{Unlimited}
	case p.Country == 0:
		return []Key{DataProcessing}, []string{Limited}
	}
	return []Key{DataProcessing, ProcessingCountry, ProcessingState}, []string{Limited, strconv.Itoa(p.Country), strconv.Itoa(p.State)}
}

// GroupName is how sessions and batches name the rows that travel under one schema: the keys of their columns, and what the
// rows have in common.
func GroupName(columns []Key, p *Processing, limited bool) string {
	var parts []string
	for _, key := range columns {
		parts = append(parts, string(key))
	}
	keys, values := p.Sent(limited)
	for i, key := range keys {
		parts = append(parts, string(key)+"="+values[i])
	}
	return strings.Join(parts, ",")
}

// Group names the rows that have values for all keys of the plan's columns, and of which no column says whether they are
// limited.
func (p *Plan) Group() string {
	var keys []Key
	for _, c := range p.Columns {
		if c.Key != DataProcessing {
			keys = append(keys, c.Key)
		}
	}
	return GroupName(keys, p.Processing, p.Processing.Limited())
}
