package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/optout"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// printOptout prints the account of an opt-out, as far as it came.
func printOptout(w io.Writer, r *optout.Receipt, problem error) {
	if r == nil {
		return
	}
	p := message.NewPrinter(language.English)
	verb, changed, unchanged := "opt-out", "put on the list", "on it already, or given twice"
	if r.Kind == string(suppression.Revoke) {
		verb, changed, unchanged = "revocation", "taken off the list", "not on it, or given twice"
	}
	state := "done"
	if problem != nil {
		state = "NOT COMPLETE"
	}
	fmt.Fprintf(w, "%s for tenant %s: %s\n", verb, r.Tenant, state)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	named := r.People.Rows - r.People.Unusable
	p.Fprintf(t, "rows\t%d\t\n", r.People.Rows)
	p.Fprintf(t, "that name nobody\t%d\t\n", r.People.Unusable)
	p.Fprintf(t, "people\t%d\t\n", named)
	p.Fprintf(t, "values of theirs\t%d\t\n", r.People.Values)
	p.Fprintf(t, "%s\t%d\t\n", changed, r.Changed)
	p.Fprintf(t, "%s\t%d\t\n", unchanged, r.Unchanged)
	if m := r.Removal; m != nil && m.From != "" {
		p.Fprintf(t, "sent to Meta\t%d\t\n", m.Sent)
		p.Fprintf(t, "not sent\t%d\t\n", m.NotSent)
		p.Fprintf(t, "received by Meta\t%d\t\n", m.Received)
		p.Fprintf(t, "of which refused\t%d\t\n", m.Refused)
	}
	_ = t.Flush()
	if unread := r.People.Unread(); unread != "" {
		fmt.Fprintf(w, "values that cannot be read, so that nobody is found by them: %s\n", unread)
	}
	if m := r.Removal; m != nil && m.From != "" {
		fmt.Fprintf(w, "removed from %s\n", m.From)
	} else if m != nil && problem == nil {
		fmt.Fprintln(w, "the audience does not exist yet, so there is nobody to remove at Meta (if a run has created it within the last minutes, do it again: Meta shows it late)")
	}
	if r.People.Values == r.Changed+r.Unchanged {
		p.Fprintf(w, "it balances: %d = %d + %d, and %d = %d + %d", r.People.Rows, r.People.Unusable, named, r.People.Values, r.Changed, r.Unchanged)
		if m := r.Removal; m != nil && m.From != "" {
			p.Fprintf(w, " = %d + %d", m.Sent, m.NotSent)
		}
		fmt.Fprintln(w)
	}
}

// printOptoutList prints what is on a tenant's list, in counts.
func printOptoutList(w io.Writer, tenant string, files []suppression.File, now map[audience.Key]int, open []optout.Receipt) {
	if len(files) == 0 {
		fmt.Fprintf(w, "nobody of tenant %s has opted out\n", tenant)
	} else {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(t, "file\tdate\tdoes\t")
		for _, key := range sortedKeys {
			fmt.Fprintf(t, "%s\t", key)
		}
		fmt.Fprintln(t)
		for _, f := range files {
			fmt.Fprintf(t, "%08d\t%s\t%s\t", f.Number, f.At.Format(time.DateTime), f.Kind)
			writeCounts(t, f.Counts)
		}
		fmt.Fprint(t, "\t\tsuppressed\t")
		writeCounts(t, now)
		_ = t.Flush()
	}
	for _, r := range open {
		fmt.Fprintf(w, "NOT COMPLETE: begun on %s (%s, %d rows): do it again, and then delete %s\n", r.StartedAt.Format(time.DateTime), r.Kind, r.People.Rows, r.Name)
	}
}

func writeCounts(w io.Writer, counts map[audience.Key]int) {
	p := message.NewPrinter(language.English)
	for _, key := range sortedKeys {
		p.Fprintf(w, "%d\t", counts[key])
	}
	fmt.Fprintln(w)
}
