package report

import (
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// sessionLife is how long Meta keeps an upload session open after its first batch.
const sessionLife = 90 * time.Minute

// replaced tells how far the replace came; nil when the upload was none.
func (f *facts) replaced() *audience.Replaced {
	if f.docs.plan.Replace == nil {
		return nil
	}
	var r audience.Replaced
	if d := f.docs.replace; d != nil {
		r = audience.Replaced{
			Session: d.Session, OpenedAt: d.OpenedAt, ClosedAt: d.ClosedAt, SettledAt: d.SettledAt, TimedOut: d.TimedOut, Partial: d.Partial,
		}
	}
	for i := range f.uploaded.parts {
		for _, c := range f.uploaded.parts[i].sessions {
			if c.id == r.Session {
				r.Rows += c.rows
			} else {
				r.Added += c.rows
			}
		}
	}
	r.Left = f.uploaded.rows.Failed
	return &r
}

// adviseReplace tells what a replace that did not end as it should means for the audience.
func (f *facts) adviseReplace(r *audience.Report) []string {
	p := r.Replaced
	if s := f.docs.stuck; s != nil && r.Rows.Failed+r.Rows.Leaves.Failed > 0 {
		return []string{fmt.Sprintf("Nothing more can be sent before the replace that run %s began has ended: it got stuck, and Meta was not done with it.", s.Of)}
	}
	if p == nil || r.Outcome == audience.OutcomeEmpty {
		return nil
	}
	if p.OpenedAt.IsZero() {
		return []string{"Meta took nothing of the replace: the audience is as it was."}
	}
	var out []string
	if p.Left > 0 {
		out = append(out, fmt.Sprintf("Whoever was in the audience before this run is out of it, and of the match it has only the %s that were sent: "+
			"it is too small until the rest, %s, is sent too.", rows(r.Rows.Sent), rows(p.Left)))
	}
	if p.ClosedAt.IsZero() {
		said := ""
		if why := f.docs.notClosed; why != nil {
			said = " (" + why.Message + ")"
		}
		out = append(out, fmt.Sprintf("The upload session of the replace was not ended%s. Meta ends it by itself on %s, and what was sent stays.",
			said, moment(p.OpenedAt.Add(sessionLife))))
	}
	return out
}

// hintsOfReplace tells what is worth to know of a replace that came to its end.
func (f *facts) hintsOfReplace(r *audience.Report) []string {
	p := r.Replaced
	if p == nil {
		return nil
	}
	var out []string
	if p.TimedOut {
		out = append(out, fmt.Sprintf("The %d minutes that Meta gives a replace were over before everything was sent. %s",
			int(sessionLife.Minutes()), sentence(f.afterTimeout(r))))
	}
	if p.Partial {
		out = append(out, "Meta said that it had taken the replace in part only, so what was in it was to be added again. "+
			"Compare the audience's size with the match tomorrow, and if it is larger, start a new run: "+modeTexts[audience.ModeReplace].again+".")
	}
	if f.meta.operation == meta.StatusBusy && !p.OpenedAt.IsZero() {
		out = append(out, "Meta is still at work on the replace. "+usually(p.OpenedAt, r.FinishedAt)+" Nothing else can be sent to the audience meanwhile: a run that is started waits for it.")
	}
	return out
}

func (f *facts) afterTimeout(r *audience.Report) string {
	switch {
	case r.Replaced.Left > 0:
		return "what is left is added when the run is continued and the audience's status is 200 again"
	case r.Replaced.Added > 0:
		return fmt.Sprintf("the rest, %s, was added when Meta was done with it", rows(r.Replaced.Added))
	}
	return "nothing was left to send"
}

// usually says until when a replace takes.
func usually(opened, now time.Time) string {
	if until := opened.Add(processing); now.After(until) {
		return fmt.Sprintf("It began on %s, and it takes longer than the 24 hours that Meta may need: if the status is not 200 tomorrow, ask Meta's support.", moment(opened))
	}
	return fmt.Sprintf("It began on %s, and Meta may take up to 24 hours, until %s.", moment(opened), moment(opened.Add(processing)))
}

// replaceFacts tells on the page how the replace went.
func (f *facts) replaceFacts(r *audience.Report) []fact {
	p := r.Replaced
	switch {
	case p == nil:
		return nil
	case p.OpenedAt.IsZero():
		return []fact{{"Began", "It did not: Meta took nothing, and the audience is as it was."}}
	}
	out := []fact{
		{"Began", moment(p.OpenedAt) + ". From then on whoever was in the audience before is out of it."},
		{"Sent in it", rows(p.Rows) + ", in one upload session that all chunks share."}, {"Ended", ended90(p)},
	}
	if p.Added > 0 {
		out = append(out, fact{"Added after it", rows(p.Added) + ", which its session could not carry: it takes rows of one kind only, such as those with a customer id, and no batch that " +
			"comes too late or whose fate nobody knows."})
	}
	if p.Left > 0 {
		out = append(out, fact{"Not sent yet", rows(p.Left) + "."})
	}
	switch {
	case !p.SettledAt.IsZero():
		out = append(out, fact{"Meta was done", "By " + moment(p.SettledAt) + ", when the audience's status was 200 again."})
	case f.meta.operation == meta.StatusBusy:
		out = append(out, fact{"Meta was done", "Not yet. " + usually(p.OpenedAt, r.FinishedAt)})
	}
	return out
}

// ended90 says how the session ended, which Meta does 90 minutes after its first batch when nobody else has.
func ended90(p *audience.Replaced) string {
	switch {
	case p.ClosedAt.IsZero():
		return "Not yet: Meta ends it on " + moment(p.OpenedAt.Add(sessionLife)) + "."
	case p.TimedOut:
		return moment(p.ClosedAt) + ", by Meta's clock: its 90 minutes were over."
	}
	return moment(p.ClosedAt) + ", by its last batch."
}
