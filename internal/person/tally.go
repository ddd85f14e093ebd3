package person

import (
	"maps"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

// A Tally counts what was left out of the rows read so far. The same rows always give the same counts.
type Tally struct {
	Unusable int64            // rows with no key left by which Meta finds a person
	Reasons  map[string]int64 // values dropped, by KEY:reason
}

// Drop counts a value that was dropped.
func (t *Tally) Drop(key audience.Key, reason identity.Reason) {
	if t.Reasons == nil {
		t.Reasons = map[string]int64{}
	}
	t.Reasons[string(key)+":"+string(reason)]++
}

// Clone gives a tally that no longer changes.
func (t *Tally) Clone() Tally { return Tally{Unusable: t.Unusable, Reasons: maps.Clone(t.Reasons)} }
