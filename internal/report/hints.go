package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// From when on a number is worth a sentence. These are our judgement, not Meta's.
const (
	poorKey       = 0.05 // of a key's filled values are invalid
	poorKeysNamed = 3
	poorRefused   = 0.01 // of the received rows were refused
	poorMatch     = 0.3  // of the received rows were recognised
	longThrottled = time.Minute
)

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
	share := func(q audience.KeyQuality) float64 { return float64(total(q.Invalid)) / float64(max(q.Filled, 1)) }
	var poor []audience.Key
	for _, key := range keysIn(r.Keys) {
		if share(r.Keys[key]) >= poorKey {
			poor = append(poor, key)
		}
	}
	slices.SortStableFunc(poor, func(a, b audience.Key) int { return cmp.Compare(share(r.Keys[b]), share(r.Keys[a])) })
	var out []string
	for _, key := range poor[:min(len(poor), poorKeysNamed)] {
		q := r.Keys[key]
		invalid, top := total(q.Invalid), commonest(q.Invalid)
		out = append(out, fmt.Sprintf("%s (%s): %s of the values (%s of %s) cannot be used, most often for this reason: %s (%s). Mend them at the source.",
			keyName(key), key, percent(invalid, q.Filled), count(invalid), count(q.Filled), reasonText(top), count(q.Invalid[top])))
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
	if n := valueless(r); n > 0 {
		out = append(out, fmt.Sprintf("%s %s not sent: they have no usable value (%s), and a value-based audience takes nobody without one. Mend the values at the source.",
			rows(n), was(n), audience.LookalikeValue))
	}
	if n := r.Rows.Invalid; n > 0 && float64(n) >= poorRefused*float64(r.Rows.Received) {
		said := fmt.Sprintf("Meta refused about %s of the %s rows that it received.", count(n), count(r.Rows.Received))
		if len(r.RefusedRows) > 0 {
			said += " This report names some of them by file, row group, row number and key: look at what the matched file has there."
		}
		out = append(out, said)
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

// adviseSetup repeats preflight's warnings, but for the audience's status, which Meta has told again since.
func (f *facts) adviseSetup() []string {
	var out []string
	for _, c := range f.docs.preflight.Checks {
		if c.Status != audience.CheckWarn || c.Name == "audience status" && f.meta.status != nil {
			continue
		}
		said := "Preflight warned: " + stop(c.Detail)
		switch {
		case c.Fix != "" && c.Link != "":
			said += " " + sentence(c.Fix+" ("+c.Link+")")
		case c.Fix != "":
			said += " " + sentence(c.Fix)
		}
		out = append(out, said)
	}
	return out
}

// valueless counts the rows that were not sent because a value-based audience takes nobody without a value.
func valueless(r *audience.Report) (n int64) {
	for reason, count := range r.SendReasons {
		if strings.HasPrefix(reason, string(audience.LookalikeValue)+":") {
			n += count
		}
	}
	return n
}
