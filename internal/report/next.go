package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// From when on a number is worth a sentence. These are our judgement, not Meta's.
const (
	poorKey       = 0.05 // of a key's filled values are invalid
	poorKeysNamed = 3
	poorRefused   = 0.01 // of the received rows were refused
	poorMatch     = 0.3  // of the received rows were recognised
	longThrottled = time.Minute
)

// advise says what to do now, the most important first. The sentence that all is well comes where nothing is wrong.
func (f *facts) advise(r *audience.Report, unbalanced error) []string {
	var urgent, hints []string
	if unbalanced != nil {
		urgent = append(urgent, sentence(unbalanced.Error()))
	}
	urgent = append(urgent, f.adviseChunks(r)...)
	urgent = append(urgent, f.adviseEmpty(r)...)
	urgent = append(urgent, f.adviseStatus(r)...)

	hints = append(hints, f.adviseMatch(r)...)
	hints = append(hints, adviseKeys(r)...)
	hints = append(hints, f.adviseRows(r)...)
	hints = append(hints, f.adviseMeta(r)...)
	hints = append(hints, f.adviseSetup()...)
	if len(urgent) == 0 {
		urgent = append(urgent, sent(r.Mode, len(hints) == 0))
	}
	return append(urgent, hints...)
}

// sent says that the upload is complete, and that all is well when nothing else is to be said.
func sent(mode string, well bool) string {
	said := "Every row that could be sent was sent."
	if well {
		said = "All is well: every row that could be sent was sent."
	}
	if mode == audience.ModeRemove {
		return said + " Meta takes up to 24 hours to remove the people from the audience."
	}
	return said + " Meta takes up to 24 hours to fill the audience; ads can use it while it fills."
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
		first := a.todo
		if next := commonest(l.next); next != "" && a.class != audience.Transient {
			first = next
		}
		then := fmt.Sprintf("continue the run by its id (%s): what was sent is not sent again.", r.Run)
		if first != "" {
			then = sentence(first) + " Then " + then
		}
		out = append(out, fmt.Sprintf("%s of %s (%s) %s not sent as a whole, %s. %s", count(l.chunks),
			counted(int64(r.Chunks.Total), "chunk", "chunks"), rows(l.rows), was(l.chunks), a.why, sentence(then)))
	}
	return out
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
	if f.meta.operation == meta.StatusBlocked || f.meta.operation == meta.StatusWarn {
		out = append(out, "Meta's status of the audience: "+stop(s.Operation))
	}
	switch {
	case f.meta.delivery == meta.StatusBlocked:
		out = append(out, sentence(s.Delivery))
	case f.meta.delivery == meta.StatusWarn && r.Mode == audience.ModeAdd && r.Rows.Sent > 0:
		out = append(out, sentence(s.Delivery)+" Meta counts new people within 24 hours; if it stays too small, widen the match or add another source.")
	}
	return out
}

// adviseMatch names the keys that would help Meta to recognise more people.
func (f *facts) adviseMatch(r *audience.Report) []string {
	if r.MatchRate == nil || *r.MatchRate >= poorMatch {
		return nil
	}
	said := fmt.Sprintf("Meta recognised only %s of the rows that it received.", percent(f.meta.matched, f.meta.received))
	sent := map[audience.Key]bool{}
	for _, c := range f.docs.plan.Columns {
		sent[c.Key] = true
	}
	var missing []string
	for _, k := range []audience.Key{audience.Email, audience.Phone, audience.First, audience.LastName, audience.Zip, audience.Country} {
		if !sent[k] {
			missing = append(missing, string(k))
		}
	}
	if len(missing) == 0 {
		return []string{said + " All the keys that help most were sent, so look at how good their values are."}
	}
	return []string{said + " More keys for each person raise the rate: the match did not give " + strings.Join(missing, ", ") + "."}
}

// adviseKeys names the keys with the largest shares of invalid values.
func adviseKeys(r *audience.Report) []string {
	type poor struct {
		key     audience.Key
		quality audience.KeyQuality
		invalid int64
		share   float64
	}
	var found []poor
	for _, key := range slices.Sorted(maps.Keys(r.Keys)) {
		q := r.Keys[key]
		invalid := total(q.Invalid)
		if q.Filled > 0 && float64(invalid) >= poorKey*float64(q.Filled) {
			found = append(found, poor{key, q, invalid, float64(invalid) / float64(q.Filled)})
		}
	}
	slices.SortStableFunc(found, func(a, b poor) int {
		switch {
		case a.share > b.share:
			return -1
		case a.share < b.share:
			return 1
		}
		return 0
	})
	var out []string
	for _, p := range found[:min(len(found), poorKeysNamed)] {
		top := commonest(p.quality.Invalid)
		out = append(out, fmt.Sprintf("%s of the values for %s (%s of %s) cannot be used, most often for this reason: %s (%s). Mend them at the source.",
			percent(p.invalid, p.quality.Filled), p.key, count(p.invalid), count(p.quality.Filled), reasonText(top), count(p.quality.Invalid[top])))
	}
	return out
}

func total(counts map[string]int64) int64 {
	var sum int64
	for _, n := range counts {
		sum += n
	}
	return sum
}

// adviseRows tells where to find the rows that did not come along.
func (f *facts) adviseRows(r *audience.Report) []string {
	var out []string
	if n := r.Rows.Quarantined; n > 0 {
		why := ""
		if top := commonest(r.RowReasons); top != "" {
			why = fmt.Sprintf(", most often for this reason: %s (%s)", reasonText(top), count(r.RowReasons[top]))
		}
		out = append(out, fmt.Sprintf("%s of %s source rows %s quarantined%s. The run's folder %s names each by file, row number and reason.",
			count(n), count(r.Rows.Source), was(n), why, audience.QuarantineDir))
	}
	if n := r.Rows.Invalid; n > 0 && float64(n) >= poorRefused*float64(r.Rows.Received) {
		out = append(out, fmt.Sprintf("Meta refused about %s of the %s rows that it received. The logs of the upload tasks name some of them by file, row number and reason.",
			count(n), count(r.Rows.Received)))
	}
	if !r.SourceKnown {
		out = append(out, fmt.Sprintf("The Glue job %s prepared the data, so the account of the rows begins with the match.", f.run.Def().Source.GlueJob))
	}
	return out
}

// adviseMeta tells what kept Meta from answering, or the upload waiting.
func (f *facts) adviseMeta(r *audience.Report) []string {
	var out []string
	if f.meta.problem != nil {
		todo := "look at the audience in Ads Manager"
		if next := audience.NextOf(f.meta.problem); next != "" && audience.ClassOf(f.meta.problem) == audience.Action {
			todo = next
		}
		out = append(out, fmt.Sprintf("Meta did not answer all that this report asked (%s). This changes nothing about the upload; %s",
			classWords[r.MetaProblem], stop(todo)))
	}
	if waited := seconds(r.Throttled); waited >= longThrottled {
		out = append(out, fmt.Sprintf("Meta kept the uploads waiting for %s in all. Fewer at once (limits.concurrency, now %d), or another hour, would cost less waiting.",
			duration(waited), f.docs.plan.Concurrency))
	}
	return out
}

// classWords are the classes of failure as a phrase.
var classWords = map[string]string{
	audience.Transient.String(): "a passing fault", audience.Invalid.String(): "the call was wrong", audience.Gate.String(): "a limit stopped it",
	audience.Action.String(): "a person must act", audience.Throttled.String(): "too many calls",
}

// adviseSetup repeats preflight's warnings, but for the audience's status, which Meta has told again since.
func (f *facts) adviseSetup() []string {
	var out []string
	for _, c := range f.docs.preflight.Checks {
		if c.Status != audience.CheckWarn || c.Name == "audience status" && f.meta.status != nil {
			continue
		}
		said := "Preflight warned: " + stop(c.Detail)
		if c.Fix != "" {
			said += " " + sentence(c.Fix)
		}
		out = append(out, said)
	}
	return out
}
