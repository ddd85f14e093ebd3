package meta

import (
	"fmt"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// An Error is an error document of Meta's. Meta's own texts are not in it, because they may echo what was sent: the
// sentence is ours, found by code and subcode. Meta asks for just that, since its texts change.
type Error struct {
	Code        int
	Subcode     int // 0: none
	HTTPStatus  int
	Type        string   // such as OAuthException
	TraceID     string   // fbtrace_id, for Meta's support
	Fields      []string // names of the parameters that Meta blames
	IsTransient bool     // Meta says that trying again may help

	retryAfter time.Duration // as the headers say; 0 when they do not
	young      bool          // the object was created a moment ago, by this client
}

// Error tells what happened, with the numbers that Meta's support asks for.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (HTTP status %d", e.entry().what, e.HTTPStatus)
	if e.Code != 0 {
		fmt.Fprintf(&b, ", Meta's code %d", e.Code)
	}
	if e.Subcode != 0 {
		fmt.Fprintf(&b, ", subcode %d", e.Subcode)
	}
	if e.Type != "" {
		fmt.Fprintf(&b, ", %s", e.Type)
	}
	if len(e.Fields) > 0 {
		fmt.Fprintf(&b, ", about %s", strings.Join(e.Fields, " "))
	}
	if e.TraceID != "" {
		fmt.Fprintf(&b, ", trace %s", e.TraceID)
	}
	b.WriteByte(')')
	return b.String()
}

func (e *Error) entry() entry { return lookup(e.Code, e.Subcode, e.HTTPStatus) }

// kind is the entry's, where Meta does not overrule it: is_transient means to try again. It does not overrule the kinds that
// say when, or that another request is needed, or that going on does harm.
func (e *Error) kind() kind {
	k := e.entry().kind
	switch {
	case k == throttle, k == busy, k == session, k == abuse:
		return k
	case e.IsTransient, k == created && e.young:
		return transient
	}
	return k
}

// Class says who can do something about it.
func (e *Error) Class() audience.Class { return remedies[e.kind()].class }

// Next says what to do about it: a sentence for the person who must act.
func (e *Error) Next() string {
	if next := e.entry().next; next != "" && e.kind() == e.entry().kind {
		return next
	}
	return remedies[e.kind()].next
}

// RetryAfter is how long to wait before the same request is worth sending again: what the headers say, else what is usual
// for the error. It is 0 for errors that waiting does not mend, and for transient ones without a header.
func (e *Error) RetryAfter() time.Duration {
	k := e.kind()
	switch {
	case k != throttle && k != busy && k != transient:
		return 0
	case e.retryAfter > 0:
		return e.retryAfter
	case e.entry().wait > 0:
		return e.entry().wait
	}
	return remedies[k].wait
}

// SessionOver reports whether the batch needs a new upload session: its own timed out, was closed or never began.
func (e *Error) SessionOver() bool { return e.kind() == session }

// again reports whether sending the same request again can help.
func (e *Error) again() bool {
	k := e.kind()
	return k == transient || k == throttle || k == busy
}
