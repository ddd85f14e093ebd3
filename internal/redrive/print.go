package redrive

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// chunksShown is how many ids a line has.
const chunksShown = 12

// Print writes the listing for a person.
func (l *Listing) Print(w io.Writer) {
	fmt.Fprintln(w, l.head())
	for _, c := range l.Causes {
		fmt.Fprintf(w, "\n%s\n", clean(c.Cause))
		for _, r := range c.Runs {
			fmt.Fprintf(w, "  %s\n", r.line())
			for _, words := range r.Words {
				fmt.Fprintf(w, "      %s\n", words)
			}
		}
	}
	if len(l.Unreadable) > 0 {
		fmt.Fprintf(w, "\nnot readable, and never touched\n")
	}
	for _, u := range l.Unreadable {
		fmt.Fprintf(w, "  message %s: %s\n", clean(u.MessageID), u.Why)
	}
}

func (l *Listing) head() string {
	listed := len(l.Unreadable)
	for _, c := range l.Causes {
		for _, r := range c.Runs {
			listed += r.Letters
		}
	}
	head := fmt.Sprintf("%s in the queue", count(l.Letters, "letter"))
	if listed != l.Letters {
		head += fmt.Sprintf(", %d of them chosen", listed)
	}
	if l.More {
		head += "; there are more, and these are the first that it gave"
	}
	if l.Elsewhere > 0 {
		head += fmt.Sprintf("; about %d more are with another reader at this moment", l.Elsewhere)
	}
	return head
}

func (r *RunLetters) line() string {
	var what []string
	if r.Whole {
		what = append(what, "the whole run")
	}
	if n := len(r.Chunks); n > 0 {
		shown := strings.Join(r.Chunks[:min(n, chunksShown)], " ")
		if n > chunksShown {
			shown += fmt.Sprintf(" and %d more", n-chunksShown)
		}
		what = append(what, fmt.Sprintf("%s (%s), tried up to %s", count(n, "chunk"), clean(shown), count(r.Attempts, "time")))
	}
	line := fmt.Sprintf("%s  run %s  %s", clean(cmp.Or(r.Tenant, "?")+"/"+cmp.Or(r.Audience, "?")), clean(r.Run), strings.Join(what, ", "))
	return line + fmt.Sprintf(", %s since %s", count(r.Letters, "letter"), r.Oldest.Format(time.RFC3339))
}

func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
