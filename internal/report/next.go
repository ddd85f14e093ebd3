package report

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// advise says what to do now, the most important first. The sentence that all is well comes where nothing is wrong.
func (f *facts) advise(r *audience.Report, unbalanced error) []string {
	var first, hints []string
	if unbalanced != nil {
		first = append(first, sentence(unbalanced.Error()))
	}
	first = append(first, f.adviseChunks(r)...)
	first = append(first, f.adviseReplace(r)...)
	first = append(first, adviseMirror(r)...)
	first = append(first, adviseDifferences(r, urgent)...)
	first = append(first, f.adviseEmpty(r)...)
	first = append(first, f.adviseStatus(r)...)

	hints = append(hints, f.hintsOfReplace(r)...)
	hints = append(hints, adviseDifferences(r, hint)...)
	hints = append(hints, f.adviseMatch(r)...)
	hints = append(hints, adviseKeys(r)...)
	hints = append(hints, f.adviseRows(r)...)
	hints = append(hints, f.adviseMeta(r)...)
	hints = append(hints, f.adviseSetup()...)
	if len(first) == 0 {
		first = append(first, sent(r, len(hints) == 0))
	}
	return slices.Concat(first, hints, adviseMode(r))
}

// sent says that the upload is complete, and that all is well when nothing else is to be said.
func sent(r *audience.Report, well bool) string {
	if r.People != nil && r.Chunks.Total == 0 {
		return "Nothing had to be sent: everybody of the match is in the audience already, and nobody else is."
	}
	said := "Every row that could be sent was sent."
	if well {
		said = "All is well: every row that could be sent was sent."
	}
	return said + " " + modeTexts[r.Mode].fills
}

// classAdvice is what a class of failure means to somebody who reads the report, those first that wait for a person.
var classAdvice = []struct {
	class audience.Class
	why   string
	todo  string // where the failure itself does not say
}{
	{audience.Action, "because Meta refuses until a person acts", "read the reasons in report.html"},
	{audience.Invalid, "because the definition or the data is not what it must be", "read the reasons in report.html"},
	{audience.Gate, "because another run holds the audience, or a limit of the definition stopped them", "read the reasons in report.html"},
	{audience.Throttled, "because Meta asked to wait for longer than the tasks had", "wait an hour"},
	{audience.Transient, "because of a passing fault: of the network, of Meta, or a task that was stopped", ""},
}

// classWords are the classes of failure as a phrase.
var classWords = map[string]string{
	audience.Transient.String(): "a passing fault", audience.Invalid.String(): "the definition, the data or the call is wrong", audience.Gate.String(): "a limit stopped it",
	audience.Action.String(): "a person must act", audience.Throttled.String(): "Meta asked to wait",
}

// A loss is what chunks that failed for the same class of reason have in common.
type loss struct {
	chunks, rows int64
	next         map[string]int // what their failures say to do
}

// losses groups the failed chunks by class.
func (u *uploaded) losses() map[string]loss {
	by := map[string]loss{}
	for i := range u.parts {
		p := &u.parts[i]
		if p.done {
			continue
		}
		why := p.why()
		if _, known := classWords[why.Class]; !known {
			why.Class = audience.Transient.String()
		}
		l, ok := by[why.Class]
		if !ok {
			l.next = map[string]int{}
		}
		l.next[why.Next]++
		l.chunks++
		l.rows += p.rows.Failed
		by[why.Class] = l
	}
	return by
}

// adviseChunks has a sentence for each class of failure.
func (f *facts) adviseChunks(r *audience.Report) []string {
	losses := f.uploaded.losses()
	var out []string
	for _, a := range classAdvice {
		l, some := losses[a.class.String()]
		if !some {
			continue
		}
		first := l.first(a.class, a.todo)
		then := fmt.Sprintf("continue the run by its id (%s): what was sent is not sent again.", r.Run)
		if first != "" {
			then = sentence(first) + " Then " + then
		}
		out = append(out, fmt.Sprintf("%s of %s (%s) %s not sent as a whole, %s. %s", count(l.chunks),
			counted(int64(r.Chunks.Total), "chunk", "chunks"), rows(l.rows), was(l.chunks), a.why, sentence(then)))
	}
	return out
}

// first is what to do about a loss before the run is continued; empty when there is nothing.
func (l loss) first(class audience.Class, todo string) string {
	if next := commonest(l.next); next != "" && class != audience.Transient {
		return next
	}
	return todo
}

// cause is why chunks failed, for the state machine: its class becomes the run's. It is nil when none did.
func (u *uploaded) cause() *audience.Cause {
	losses := u.losses()
	for _, a := range classAdvice {
		l, some := losses[a.class.String()]
		if !some {
			continue
		}
		next := "continue the run by its id: what was sent is not sent again"
		if first := l.first(a.class, a.todo); first != "" {
			next = first + "; then " + next
		}
		return &audience.Cause{Class: a.class.String(), ExitCode: int(a.class), Next: next}
	}
	return nil
}

func was(n int64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// commonest gives the key with the highest count; of several, the first in the alphabet.
func commonest[N int | int64](counts map[string]N) string {
	best := ""
	for i, key := range slices.Sorted(maps.Keys(counts)) {
		if i == 0 || counts[key] > counts[best] {
			best = key
		}
	}
	return best
}

func (f *facts) adviseEmpty(r *audience.Report) []string {
	if r.Outcome != audience.OutcomeEmpty {
		return nil
	}
	if r.SourceKnown && r.Rows.Prepared == 0 {
		return []string{"Nobody matched, because no row was prepared: check the consent column and the reasons why rows were quarantined."}
	}
	return []string{"Nobody matched, so nothing was sent. Check that match.sql joins columns of the same kind on both sides (a hash with a hash, " +
		"made by the same rules), that the partner's table holds people of the same countries, and that no condition in the query leaves everybody out."}
}

// adviseStatus repeats what Meta says of the audience where somebody must look at it.
func (f *facts) adviseStatus(r *audience.Report) []string {
	var out []string
	s := f.meta.status
	if s == nil {
		return nil
	}
	ours := f.meta.operation == meta.StatusBusy && f.docs.opened() // hintsOfReplace has more to say of it
	switch f.meta.operation {
	case meta.StatusBlocked, meta.StatusWarn, meta.StatusBusy:
		if ours {
			break
		}
		out = append(out, "Meta's status of the audience: "+stop(s.Operation))
	}
	switch {
	case f.meta.delivery == meta.StatusBlocked:
		out = append(out, sentence(s.Delivery))
	case f.meta.delivery == meta.StatusWarn && r.Mode != audience.ModeRemove && r.Rows.Sent > 0:
		out = append(out, sentence(s.Delivery)+" Meta counts new people within 24 hours; if it stays too small, widen the match or add another source.")
	}
	return out
}
