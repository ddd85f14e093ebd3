package compare

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

// again is who is sent again although nothing about them has changed: whoever may not be in the audience any more, and
// whoever Meta would forget.
type again struct {
	all bool // the definition says something else of everybody
	// left holds what Meta may have found people by who left, in this run or in one that did not finish: a person in the match
	// who shares an address with one of them may have been taken out too.
	left filter
	// opted are the people who opted out since the base was taken, or have consented again. They were taken out of the audience, or
	// not sent, then or long before; those of them who are in the match have changed their minds.
	opted *suppression.Set
	slots [snapshot.Slots]bool // whose turn it is before Meta forgets them
}

// clocks is by how much the clock of whoever wrote down an opt-out may be off, with the time between preparing and comparing.
const clocks = 2 * 24 * time.Hour

func (a *again) begin(ctx context.Context, c *comparison) (err error) {
	a.left = newFilter(max(c.taken.Members.Rows, c.base.Members.Rows))
	a.all = c.base.Options != c.taken.Options
	a.slots = due(c.base, c.taken.TakenAt, memory(c.taken.Keys, c.Run.Def().Meta.RetentionDays))
	if a.opted, err = c.Suppression.ChangedSince(ctx, c.base.TakenAt.Add(-clocks)); err != nil {
		return err
	}
	marks := newMarker(c.taken.Keys)
	for _, s := range c.since {
		err := s.Leaves.All(ctx, c.State, snapshot.Names(c.taken.Keys), func(b *table.Batch) error {
			var row snapshot.Row
			for i := range b.Rows {
				row = rowOf(row, b.Columns, i)
				marks.each(marks.of(row), a.left.add)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read whom run %s took out: %w", s.Run, err)
		}
	}
	return nil
}

// needs reports whether the row at hand of a marker is to be sent again.
func (a *again) needs(m *marker, of mark, row snapshot.Row) bool {
	if a.all || a.slots[snapshot.Slot(of.person)] || a.left.has(of.person) {
		return true
	}
	return slices.ContainsFunc(m.ids, a.left.has) || a.hasOpted(m, row)
}

func (a *again) hasOpted(m *marker, row snapshot.Row) bool {
	if a.opted.Empty() {
		return false
	}
	for _, i := range m.leading {
		if key := m.keys[i]; a.opted.Has(key, suppression.MarkOf(row[i], key.Hashed())) {
			return true
		}
	}
	return false
}

// externDays is for how long Meta knows whom an EXTERN_ID stands for after it came last.
const externDays = 90

// memory is for how long Meta keeps people after they were sent; 0: for ever.
func memory(keys []audience.Key, retentionDays int) time.Duration {
	days := retentionDays
	if slices.Contains(keys, audience.ExternID) && (days == 0 || days > externDays) {
		days = externDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// due says which people are sent again: each slot at an age of its own between a half and nine tenths of Meta's memory, so
// that the people of a first run, who came all at once, do not come back all at once; and whoever would be too old at the next
// run, should that be as late as this one.
func due(base *snapshot.Snapshot, now time.Time, memory time.Duration) (slots [snapshot.Slots]bool) {
	if memory == 0 {
		return slots
	}
	const tenth = 10
	gap := now.Sub(base.TakenAt)
	for i := range slots {
		age := now.Sub(base.SentAt[i])
		turn := memory*5/tenth + memory*4/tenth*time.Duration(i)/snapshot.Slots
		slots[i] = age >= turn || age+gap >= memory*9/tenth
	}
	return slots
}

// sentAt is since when the people of each slot are in the audience, after those of some were sent again.
func sentAt(base *snapshot.Snapshot, now time.Time, again []bool) []time.Time {
	at := make([]time.Time, snapshot.Slots)
	for i := range at {
		at[i] = now
		if base != nil && !again[i] {
			at[i] = base.SentAt[i]
		}
	}
	return at
}
