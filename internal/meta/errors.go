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
	account    string        // act_<digits> that the call was about, when the client knew it
	mayBeOurs  bool          // the update that is in progress may be the one that this call began at an earlier attempt
	early      bool          // the session was begun before, and not all of Meta's servers know it yet
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

// Who must act: a person, for a page that people of many trades read.
func (e *Error) Who() string { return e.remedy().who }

// Advice says what to do about it: a sentence for the person who must act, without the page where it is done.
func (e *Error) Advice() string { return e.remedy().next }

// Link is the page of Meta's where that is done, or where it is documented.
func (e *Error) Link() string {
	link := e.remedy().link
	if link == termsPage || link == audiencesPage {
		return ofAccount(link, e.account)
	}
	return link
}

// Next is the advice, with the page when a person must act there.
func (e *Error) Next() string {
	if e.Class() != audience.Action {
		return e.Advice()
	}
	return e.Advice() + ": " + e.Link()
}

// Section is the anchor in docs/runbook.md of what is known about the error.
func (e *Error) Section() string { return e.entry().section() }

func (e *Error) remedy() remedy {
	r := remedies[e.kind()]
	if entry := e.entry(); entry.kind == e.kind() {
		return r.over(entry.own)
	}
	return r
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
	}
	return e.remedy().wait
}

// SessionOver reports whether the batch needs a new upload session: its own timed out, was closed or never began.
func (e *Error) SessionOver() bool { return e.kind() == session }

// again reports whether sending the same request again can help.
func (e *Error) again() bool {
	k := e.kind()
	return k == transient || k == throttle || k == busy && !e.mayBeOurs || e.early
}
