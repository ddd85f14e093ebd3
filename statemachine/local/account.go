package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A sum is a count and what it consists of.
type sum struct {
	line
	parts []line
}

type line struct {
	name  string
	count int64
}

// accountOf are the sums that hold when a run's rows balance.
func accountOf(report audience.Report) []sum {
	r, l := report.Rows, report.Rows.Leaves
	matched := []line{{"unusable", r.Unusable}}
	if report.Mode == audience.ModeMirror {
		matched = append(matched, line{"duplicates", r.Duplicate}, line{"in it already", r.Kept})
	}
	matched = append(matched, line{"opted out since", r.Withheld}, line{"sent", r.Sent}, line{"failed", r.Failed})
	sums := []sum{
		{line{"source rows", r.Source}, []line{{"no consent", r.NoConsent}, {"opted out", r.Suppressed}, {"quarantined", r.Quarantined}, {"prepared", r.Prepared}}},
		{line{"matched", r.Matched}, matched},
	}
	if report.Mode == audience.ModeMirror {
		sums = append(sums, sum{line{"to be taken out", l.Planned}, []line{{"unusable", l.Unusable}, {"taken out", l.Sent}, {"not taken out", l.Failed}}})
	}
	return sums
}

func (s sum) String() string {
	counts := make([]string, len(s.parts))
	p := message.NewPrinter(language.English)
	for i, part := range s.parts {
		counts[i] = p.Sprintf("%d", part.count)
	}
	return p.Sprintf("%d", s.count) + " = " + strings.Join(counts, " + ")
}

func writeRows(w io.Writer, report audience.Report) {
	fmt.Fprintf(w, "\n%s: %s\n", report.AudienceName, report.Outcome)
	if report.ModeReason != "" {
		fmt.Fprintf(w, "mode %s, not %s: %s\n", report.Mode, report.AskedMode, report.ModeReason)
	}
	p := message.NewPrinter(language.English)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	var balance []string
	for _, s := range accountOf(report) {
		for _, l := range append([]line{s.line}, s.parts...) {
			p.Fprintf(t, "%s\t%d\t\n", l.name, l.count)
		}
		balance = append(balance, s.String())
	}
	r := report.Rows
	p.Fprintf(t, "received by Meta\t%d\t\nof which refused\t%d\t\n", r.Received+r.Leaves.Received, r.Invalid+r.Leaves.Invalid)
	_ = t.Flush()
	if r.Balance() == nil {
		last := len(balance) - 1
		fmt.Fprintf(w, "it balances: %s, and %s\n", strings.Join(balance[:last], ", "), balance[last])
	}
	if report.Outcome == audience.OutcomePartial || report.Outcome == audience.OutcomeEmpty { // a failed one ends in an error that says it
		fmt.Fprintln(w, "\nwhat to do next")
		for _, next := range report.Next {
			fmt.Fprintln(w, "- "+next)
		}
	}
}
