package person

import (
	"maps"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

// A Tally counts what was left out of the rows read so far. The same rows always give the same counts.
type Tally struct {
	Unusable int64            // rows that Rows.Usable says no of
	Reasons  map[string]int64 // values dropped, by KEY:reason
}

// Drop counts a value that was dropped.
func (t *Tally) Drop(key audience.Key, reason identity.Reason) { t.add(key, reason, 1) }

func (t *Tally) add(key audience.Key, reason identity.Reason, n int64) {
	if t.Reasons == nil {
		t.Reasons = map[string]int64{}
	}
	t.Reasons[string(key)+":"+string(reason)] += n
}

// drops counts the dropped values of a column's batch, by numbers that hold from batch to batch: 0 is no reason at all.
type drops struct {
	reasons []identity.Reason
	counts  []int64
}

// number is that of a reason. There are as many as identity has.
func (d *drops) number(reason identity.Reason) int32 {
	if len(d.reasons) == 0 {
		d.reasons, d.counts = append(d.reasons, ""), append(d.counts, 0)
	}
	i := slices.Index(d.reasons, reason)
	if i < 0 {
		i = len(d.reasons)
		d.reasons, d.counts = append(d.reasons, reason), append(d.counts, 0)
	}
	return int32(i) //nolint:gosec // a few dozen
}

func (d *drops) add(number int32) {
	if number > 0 {
		d.counts[number]++
	}
}

// count adds the batch's drops to a tally.
func (d *drops) count(key audience.Key, seen *Tally) {
	for i, n := range d.counts {
		if n > 0 {
			seen.add(key, d.reasons[i], n)
			d.counts[i] = 0
		}
	}
}

// Clone gives a tally that no longer changes.
func (t *Tally) Clone() Tally { return Tally{Unusable: t.Unusable, Reasons: maps.Clone(t.Reasons)} }
