package report

import (
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// mirrored is what a mirror changed; nil when the whole match was sent, or there is no mirror.
func (f *facts) mirrored() *audience.Changes {
	if f.docs.changes == nil || f.docs.changes.Mode != audience.ModeMirror {
		return nil
	}
	return f.docs.changes
}

func (f *facts) people() *audience.Movement {
	if c := f.mirrored(); c != nil {
		return &c.People
	}
	return nil
}

// leavesPlanned checks that the chunks have all the leaves that were found: those of the match the account of the rows has.
func (f *facts) leavesPlanned() error {
	c, planned := f.mirrored(), f.uploaded.rows.Leaves.Planned
	if c == nil || c.Leaves == planned {
		return nil
	}
	return fmt.Errorf("%s has %d rows of people who leave, and the chunks have %d", audience.ChangesFile, c.Leaves, planned)
}

// sumReasons counts why values were dropped: where the match was compared, that was done there.
func (f *facts) sumReasons() map[string]int64 {
	sums := map[string]int64{}
	for reason, n := range f.uploaded.reasons {
		sums[reason] += n
	}
	if c := f.mirrored(); c != nil {
		for reason, n := range c.Reasons {
			sums[reason] += n
		}
	}
	return sums
}

// adviseMirror tells what is so far of a mirror that did not come to its end.
func adviseMirror(r *audience.Report) []string {
	switch l := r.Rows.Leaves; {
	case r.People == nil || r.Rows.Failed+l.Failed == 0:
		return nil
	case l.Failed > 0:
		return []string{fmt.Sprintf("%s of people who are in the match no more are still in the audience, and nobody joins before they are out.", rows(l.Failed))}
	}
	return []string{"Whoever is in the match no more is out of the audience; not all who are new are in it."}
}

// mirrorFacts tells on the page who joins and who leaves: whether all have says the account of the rows.
func (f *facts) mirrorFacts(r *audience.Report) []fact {
	p := r.People
	if p == nil {
		return nil
	}
	out := []fact{{"Joins", people(p.Joined) + ", new in the match."}, {"Leaves", people(p.Left) + ", no longer in the match."}}
	if p.Changed > 0 {
		out = append(out, fact{"Changes", people(p.Changed) + ", who stay by other values than before."})
	}
	stayed := people(p.Stayed) + ", as before."
	if p.Resent > 0 {
		stayed += fmt.Sprintf(" %s of them sent again: Meta would forget their ids, or may have taken them out with somebody who left.", count(p.Resent))
	}
	return append(out, fact{"Stays", stayed}, fact{"Compared with", "Run " + f.docs.changes.Base + "."})
}

// leadOfMirror sums up a mirror.
func leadOfMirror(r *audience.Report) string {
	p, left := r.People, r.Rows.Failed+r.Rows.Leaves.Failed
	said := fmt.Sprintf("%s joined the audience, %s left it, and %s stayed.", people(p.Joined), people(p.Left), people(p.Stayed+p.Changed))
	switch {
	case left > 0:
		return fmt.Sprintf("%s to join and %s to leave, and %s of them still to send.", people(p.Joined), people(p.Left), rows(left))
	case p.Joined+p.Left+p.Changed+p.Resent == 0:
		return fmt.Sprintf("The match is as it was: nothing had to be sent, and all %s stayed.", people(p.Stayed))
	}
	return said
}

func people(n int64) string { return counted(n, "person", "people") }
