package report

import (
	"fmt"
	"html/template"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A step is a bar of the funnel.
type step struct {
	Name, Count, Share, Note string
	Bar                      template.HTML
}

// An account is a sum that everybody can add up again.
type account struct {
	Title  string
	Name   string
	Whole  string
	Parts  []fact
	Sum    string
	Holds  bool
	Remark string
}

// funnel shows how many rows were left after each step.
func funnel(f *facts, r *audience.Report) ([]step, error) {
	n := r.Rows
	type level struct {
		name  string
		count int64
		note  string
	}
	var levels []level
	if r.SourceKnown {
		levels = append(levels, level{"Source rows", n.Source, ""},
			level{"Prepared", n.Prepared, fmt.Sprintf("%s without consent, %s opted out, %s quarantined", count(n.NoConsent), count(n.Suppressed), count(n.Quarantined))})
	}
	matched := level{"Matched", n.Matched, ""}
	if r.SourceKnown {
		matched.note = percent(n.Matched, n.Prepared) + " of the prepared rows"
	}
	levels = append(levels, matched, level{"Sent", n.Sent, notSent(r)},
		level{"Received by Meta", n.Received, refused(n)})
	if r.MatchRate != nil && n.Received > 0 { // of a mirror the rate may be that of people who left
		levels = append(levels, level{"Recognised by Meta", int64(*r.MatchRate*float64(n.Received) + 0.5), rateWords(*r.MatchRate) + " of the rows received" + basis(f.meta.sessions, f.meta.of)})
	}
	var most int64
	for _, l := range levels {
		most = max(most, l.count)
	}
	steps := make([]step, len(levels))
	for i, l := range levels {
		drawn, err := bar(float64(most), span{paintGood, float64(l.count)})
		if err != nil {
			return nil, err
		}
		steps[i] = step{Name: l.name, Count: count(l.count), Share: percent(l.count, levels[0].count), Note: l.note, Bar: drawn}
	}
	return steps, nil
}

// notSent says what became of the other matched rows. Of a mirror most need not be sent.
func notSent(r *audience.Report) string {
	n := r.Rows
	said := fmt.Sprintf("%s not usable, %s opted out since, %s not sent", count(n.Unusable), count(n.Withheld), count(n.Failed))
	if r.People != nil {
		said = fmt.Sprintf("%s in the audience already, %s that say the same as another, ", count(n.Kept), count(n.Duplicate)) + said
	}
	return said
}

func refused(n audience.Rows) string {
	switch {
	case n.Received == 0:
		return ""
	case n.Invalid == 0:
		return "Meta refused none of them"
	}
	return fmt.Sprintf("Meta refused about %s of them", count(n.Invalid))
}

// basis says what a number of Meta's rests on, when that is not every upload session.
func basis(sessions, of int) string {
	if sessions == of {
		return ""
	}
	return fmt.Sprintf(", by %s of %s upload sessions", count(int64(sessions)), count(int64(of)))
}

func accounts(r *audience.Report) []account {
	n := r.Rows
	var out []account
	if r.SourceKnown {
		out = append(out, newAccount("From the source to the prepared table", "Source rows", n.Source,
			[]string{"No consent", "Opted out", "Quarantined", "Prepared"}, n.NoConsent, n.Suppressed, n.Quarantined, n.Prepared))
	}
	if r.People == nil {
		return append(out, newAccount("From the match to Meta", "Matched rows", n.Matched,
			[]string{"Not usable", "Opted out since", "Sent", "Not sent"}, n.Unusable, n.Withheld, n.Sent, n.Failed))
	}
	out = append(out, newAccount("From the match to Meta", "Matched rows", n.Matched,
		[]string{"Not usable", "The same as another", "In the audience already", "Opted out since", "Sent", "Not sent"},
		n.Unusable, n.Duplicate, n.Kept, n.Withheld, n.Sent, n.Failed))
	l := n.Leaves
	return append(out, newAccount("Out of the audience", "Rows to be taken out", l.Planned,
		[]string{"Not usable", "Taken out", "Not taken out"}, l.Unusable, l.Sent, l.Failed))
}

func newAccount(title, name string, whole int64, names []string, parts ...int64) account {
	a := account{Title: title, Name: name, Whole: count(whole)}
	var sum int64
	for i, n := range parts {
		sum += n
		a.Parts = append(a.Parts, fact{names[i], count(n)})
	}
	a.Sum, a.Holds = count(sum), sum == whole
	if !a.Holds {
		a.Remark = fmt.Sprintf("%s too many", rows(sum-whole))
		if sum < whole {
			a.Remark = fmt.Sprintf("%s missing", rows(whole-sum))
		}
	}
	return a
}

func atMeta(r *audience.Report) string {
	if r.Rows.Sent == 0 {
		return ""
	}
	said := fmt.Sprintf("Of the %s sent, Meta counted %s as received in its answers", rows(r.Rows.Sent), count(r.Rows.Received))
	if r.Rows.Invalid > 0 {
		return said + fmt.Sprintf(" and refused about %s of those; Meta rounds that number.", count(r.Rows.Invalid))
	}
	return said + " and refused none of them."
}
