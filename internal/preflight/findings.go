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

	missing bool // Meta has no such audience: a run creates it
	failed  []failed
}

// A failed check, with the class of its failure.
type failed struct {
	audience.Check
	class audience.Class
}

func (f *Findings) ok(name, format string, args ...any) {
	f.add(audience.Check{Name: name, Status: audience.CheckOK, Detail: fmt.Sprintf(format, args...)})
}

func (f *Findings) warn(name, fix, format string, args ...any) {
	f.add(audience.Check{Name: name, Status: audience.CheckWarn, Detail: fmt.Sprintf(format, args...), Fix: fix})
}

func (f *Findings) fail(name string, class audience.Class, fix, format string, args ...any) {
	c := audience.Check{Name: name, Status: audience.CheckFail, Detail: fmt.Sprintf(format, args...), Fix: fix}
	f.add(c)
	f.failed = append(f.failed, failed{c, class})
}

// refused is the failure of a check whose question Meta did not answer.
func (f *Findings) refused(name string, err error) {
	if code(err) == codeVersion {
		name = checkVersion
	}
	fix := audience.NextOf(err)
	f.fail(name, audience.ClassOf(err), fix, "%s", strings.TrimSuffix(err.Error(), ": "+fix))
}

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
		return audience.Fail(c.class, c.Fix, fmt.Errorf("check %s: %s", c.Name, c.Detail))
	}
	var list strings.Builder
	worst := f.failed[0].class
	for _, c := range f.failed {
		fmt.Fprintf(&list, "\n  %s: %s", c.Name, c.Detail)
		if c.Fix != "" {
			fmt.Fprintf(&list, ": %s", c.Fix)
		}
		if severity[c.class] > severity[worst] {
			worst = c.class
		}
	}
	return audience.Fail(worst, "", fmt.Errorf("%d checks failed:%s", len(f.failed), list.String()))
}

// severity orders the classes: starting again helps only when nothing waits for a person.
var severity = map[audience.Class]int{
	audience.Transient: 1, audience.Throttled: 2, audience.Gate: 3, audience.Invalid: 4, audience.Action: 5,
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
