package preflight

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// Findings are the checks of one audience.
type Findings struct {
	Checks     []audience.Check
	AudienceID string // of the audience that the definition means; empty when there is none, or when Meta would not tell

	// TokenExpiresAt is when the token ends or loses its access to data, whichever is first; zero when Meta announces no end.
	TokenExpiresAt time.Time

	Mode       string // what a run does: the definition's mode, but it adds where there is nobody to replace
	Status     int    // the audience's operation status; 0 when Meta gave none
	LowerBound int64  // of the people in the audience, as Meta tells it
	Tier       string // limited or full; empty when Meta's headers do not tell it

	stuck   bool   // the replace that is in progress is one of ours
	account string // act_<digits> of the definition
	missing bool   // Meta has no such audience: a run creates it
	failed  []failed
}

// A failed check, with the class of its failure.
type failed struct {
	audience.Check
	class audience.Class
	err   error // of Meta's client; nil for what we found ourselves
}

// Error is what the check says. It is an error so that the one behind it can be found: the runbook has a section on it.
func (f failed) Error() string { return "check " + f.Name + ": " + f.Detail }

// Unwrap gives the error of Meta's client.
func (f failed) Unwrap() error { return f.err }

// next is the fix, with the page when a person must act there.
func (f failed) next() string {
	if f.class != audience.Action || f.Fix == "" || f.Link == "" {
		return f.Fix
	}
	return f.Fix + ": " + f.Link
}

// page is where what a check finds wrong is mended.
func (f *Findings) page(check string) string {
	switch check {
	case checkToken, checkTokenType, checkExpiry, checkDataAccess, checkScopes:
		return meta.SystemUsersPage
	case checkVersion:
		return meta.VersionsPage
	case checkAccount, checkRole:
		return meta.AccountsPage
	case checkTier:
		return meta.AccessPage
	case checkTerms:
		return meta.TermsPage(f.account)
	case checkValueTerms:
		return meta.ValueTermsPage(f.account)
	}
	return meta.AudiencesPage(f.account)
}

func (f *Findings) ok(name, format string, args ...any) {
	f.add(audience.Check{Name: name, Status: audience.CheckOK, Detail: fmt.Sprintf(format, args...)})
}

func (f *Findings) warn(name, fix, format string, args ...any) {
	f.add(audience.Check{Name: name, Status: audience.CheckWarn, Detail: fmt.Sprintf(format, args...), Fix: fix, Link: f.page(name)})
}

func (f *Findings) fail(name string, class audience.Class, fix, format string, args ...any) {
	f.failWith(failed{audience.Check{Name: name, Detail: fmt.Sprintf(format, args...), Fix: fix, Link: f.page(name)}, class, nil})
}

func (f *Findings) failWith(c failed) {
	c.Status = audience.CheckFail
	f.add(c.Check)
	f.failed = append(f.failed, c)
}

// refused is the failure of a check whose question Meta did not answer.
func (f *Findings) refused(name string, err error) {
	if code(err) == codeVersion {
		name = checkVersion
	}
	c := audience.Check{Name: name, Detail: cause(err), Fix: audience.NextOf(err)}
	var e *meta.Error
	if errors.As(err, &e) {
		c.Fix, c.Link = e.Advice(), e.Link()
	}
	class := audience.ClassOf(err)
	if c.Fix == "" && class == audience.Transient {
		c.Fix, c.Link = "start it again; if that does not help, look whether Meta reports a disruption", meta.StatusPage
	}
	f.failWith(failed{c, class, err})
}

// cause is what an error says without its advice.
func cause(err error) string { return strings.TrimSuffix(err.Error(), ": "+audience.NextOf(err)) }

// add appends a check, or puts it in the place of one of that name: a check is told once.
func (f *Findings) add(c audience.Check) {
	for i := range f.Checks {
		if f.Checks[i].Name == c.Name {
			f.Checks[i] = c
			return
		}
	}
	f.Checks = append(f.Checks, c)
}

// Err is nil when no check failed. Otherwise it lists the failed ones with their fixes, and has the class of the worst.
func (f *Findings) Err() error {
	switch len(f.failed) {
	case 0:
		return nil
	case 1:
		c := f.failed[0]
		return audience.Fail(c.class, c.next(), c)
	}
	var list strings.Builder
	worst := f.failed[0].class
	for _, c := range f.failed {
		fmt.Fprintf(&list, "\n  %s: %s", c.Name, c.Detail)
		if next := c.next(); next != "" {
			fmt.Fprintf(&list, ": %s", next)
		}
		worst = Worse(worst, c.class)
	}
	return audience.Fail(worst, "", fmt.Errorf("%d checks failed:%s", len(f.failed), list.String()))
}

// severity orders the classes: starting again helps only when nothing waits for a person. The zero class is no failure.
var severity = map[audience.Class]int{
	audience.Transient: 1, audience.Throttled: 2, audience.Gate: 3, audience.Invalid: 4, audience.Action: 5,
}

// Worse gives the class of the two that a person must hear of first; 0 is none.
func Worse(a, b audience.Class) audience.Class {
	if severity[b] > severity[a] {
		return b
	}
	return a
}

// The codes of Meta that are asked for here.
const (
	codeSession       = 102
	codeSignature     = 104
	codeToken         = 190
	codeTooMany       = 613
	codeUnknownObject = 803
	codeVersion       = 2635
)

// code is Meta's code of an error, or 0.
func code(err error) int {
	var e *meta.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// endsAll reports whether nothing further should be asked: Meta would refuse it for the same reason, the token or the
// version, or holds us for an abuser.
func endsAll(err error) bool {
	switch code(err) {
	case codeSession, codeSignature, codeToken, codeVersion:
		return true
	case codeTooMany: // with a subcode it is a limit like others
		return audience.ClassOf(err) == audience.Action
	}
	return false
}
