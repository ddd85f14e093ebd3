package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// differencesShown is how many sessions the report names whose rows Meta counts otherwise than the receipts.
const differencesShown = 20

// A carried session is what a receipt says of an upload session.
type carried struct {
	chunk string
	id    int64
	rows  int64 // that Meta acknowledged
	// repeats is how many rows Meta may count twice: the closing batch of a replace has one that was sent before.
	repeats int64
	chunks  int // that share it: the session of a replace is one for all chunks
}

// sessions are all the upload sessions that rows were sent in, those that chunks share first. That of a replace which Meta
// took in part only is left out: what it carried was added again.
func (u *uploaded) sessions(docs *documents) []carried {
	var all []carried
	place := map[int64]int{}
	for i := range u.parts {
		for _, c := range u.parts[i].sessions {
			if at, shared := place[c.id]; shared {
				all[at].rows += c.rows
				all[at].chunks++
				continue
			}
			place[c.id] = len(all)
			all = append(all, c)
		}
	}
	if r := docs.replace; r != nil {
		at, sent := place[r.Session]
		switch {
		case sent && r.Partial:
			all = slices.Delete(all, at, at+1)
		case sent && docs.closing != nil && docs.closing.Session == r.Session && docs.closing.How == audience.ClosedByBatch:
			all[at].repeats = 1
		}
	}
	slices.SortStableFunc(all, func(a, b carried) int { return cmp.Compare(b.chunks, a.chunks) })
	return all
}

// sessionsOf are the sessions that a receipt's batches went to.
func sessionsOf(r *audience.Receipt) []carried {
	var all []carried
	for _, s := range r.Sessions {
		c := carried{chunk: r.Chunk, id: s.ID, chunks: 1}
		for i := range r.Batches {
			if r.Batches[i].Session == s.ID {
				c.rows += r.Batches[i].Rows
			}
		}
		if c.rows > 0 {
			all = append(all, c)
		}
	}
	return all
}

// ended reports whether a session takes no more rows. What it has then is all that it will have.
func ended(s *meta.SessionStatus) bool { return s.Progress >= 100 || !s.End.IsZero() }

// short reports whether Meta has fewer rows of a session than it acknowledged, or does not know it.
func (c carried) short(s *meta.SessionStatus) bool { return s == nil || s.Received < c.rows }

// verify compares what Meta said of the sessions with the receipts; nil when it said nothing of any.
func (a *answers) verify() *audience.Verification {
	if len(a.told) == 0 {
		return nil
	}
	v := &audience.Verification{Sessions: a.of, Told: len(a.told)}
	for _, c := range a.asked {
		s, told := a.told[c.id]
		if !told {
			continue
		}
		v.Sent += c.rows
		d := audience.SessionDifference{Chunk: c.chunk, Session: c.id, Sent: c.rows}
		if c.chunks > 1 {
			d.Chunks = c.chunks
		}
		if s == nil {
			v.Unknown++
		} else {
			repeated := min(max(s.Received-c.rows, 0), c.repeats)
			d.Received, d.Ended = s.Received-repeated, ended(s)
			v.Received += d.Received
			v.Matched += s.Matched
		}
		switch {
		case d.Received > d.Sent:
			v.More += d.Received - d.Sent
		case d.Received < d.Sent && d.Ended:
			v.Missing += d.Sent - d.Received
		default:
			v.Awaited += d.Sent - d.Received
		}
		if d.Received != d.Sent && len(v.Differences) < differencesShown {
			v.Differences = append(v.Differences, d)
		}
	}
	return v
}

// A weight is where a difference is told of.
type weight int

const (
	quiet  weight = iota // on the page
	hint                 // among the hints of what to do next, too
	urgent               // first of all, too
)

// A difference is one way in which Meta's count and the receipts' differ, in words.
type difference struct {
	weight  weight
	rows    int64
	found   string // takes the number of rows
	usually string // what it usually means
	todo    string
}

// differences are those of a verification, the gravest first.
func differences(v *audience.Verification, mode string) []difference {
	if v == nil {
		return nil
	}
	again := "start a new run of the audience: " + modeTexts[mode].again
	all := []difference{
		{urgent, v.Missing, "Meta lacks %s that it had acknowledged: their upload sessions are over, and have fewer rows than were sent",
			"a session was over, 90 minutes after its first batch, before its last batches were taken in, and Meta discarded them", again},
		{hint, v.Awaited, "Meta does not count %s yet that it acknowledged: their upload sessions are still open, or Meta does not know them",
			"Meta is still counting, and nothing is lost", "look at the audience's size in Ads Manager tomorrow, and if it is too small, " + again},
		{quiet, v.More, "Meta counts %s more than the receipts",
			"a batch was sent again, because Meta's answer was lost or the task was stopped, and Meta counted both; it has each person once", "nothing is to be done"},
	}
	return slices.DeleteFunc(all, func(d difference) bool { return d.rows == 0 })
}

// String says by how much, what that usually means, and what to do.
func (d difference) String() string {
	return fmt.Sprintf(d.found+". This usually means that %s. %s", rows(d.rows), d.usually, sentence(d.todo))
}

// adviseDifferences has a sentence for each difference of a weight.
func adviseDifferences(r *audience.Report, of weight) []string {
	var out []string
	for _, d := range differences(r.Verification, r.Mode) {
		if d.weight == of {
			out = append(out, d.String())
		}
	}
	return out
}

// arrived says on the page how Meta's count and the receipts' compare.
func arrived(r *audience.Report) []fact {
	v := r.Verification
	if v == nil {
		return nil
	}
	by := basis(v.Told, v.Sessions)
	if v.Told < v.Sessions {
		by += "; the others were not asked about, as questions count against the ad account's limits"
	}
	found := differences(v, r.Mode)
	if len(found) == 0 {
		return []fact{{"Arrived", fmt.Sprintf("Meta has all %s that were sent, by the receipts%s.", rows(v.Sent), by)}}
	}
	out := []fact{{"Arrived", fmt.Sprintf("Meta counts %s; by the receipts, %s were sent%s.", rows(v.Received), count(v.Sent), by)}}
	for _, d := range found {
		out = append(out, fact{"Difference", d.String()})
	}
	return out
}
