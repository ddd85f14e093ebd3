package person

import (
	"maps"

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

// drops counts the dropped values of a column's batch by the numbers of their reasons, which hold from batch to batch.
type drops struct {
	identity.ReasonNumbers
	counts []int64
}

func (d *drops) add(number uint8) {
	if number == 0 {
		return
	}
	for len(d.counts) <= int(number) {
		d.counts = append(d.counts, 0)
	}
	d.counts[number]++
}

// count adds the batch's drops to a tally.
func (d *drops) count(key audience.Key, seen *Tally) {
	for i, n := range d.counts {
		if n > 0 {
			seen.add(key, d.Name(uint8(i)), n)
			d.counts[i] = 0
		}
	}
}

// Clone gives a tally that no longer changes.
func (t *Tally) Clone() Tally { return Tally{Unusable: t.Unusable, Reasons: maps.Clone(t.Reasons)} }
