package preflight

import (
	"context"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// What Meta asks of an audience whose people are replaced, by its page "Replace users" (2026-09).
const replaceBelow = 100_000_000 // people

// afterReplace is how long Meta may be at work on a replace whose session is over.
const afterReplace = 24 * time.Hour

// replace checks whether the people of the audience can be replaced, when the definition asks for it, and settles what the
// run does instead where there is nobody to replace. A run keeps to what it began with: whoever it has added since must not
// make it replace them.
func (f *Findings) replace(a meta.CustomAudience, q Question) {
	f.Mode = q.Definition.Meta.Mode
	if f.Mode != audience.ModeReplace {
		return
	}
	code := a.OperationStatus.Code
	switch severity, text := a.OperationStatus.Operation(); {
	case q.Began:
		f.ok(checkReplace, "this run has begun it, and goes on with it")
	case q.Created, q.Mode == audience.ModeAdd, code == meta.OperationNoUpload:
		f.nobodyToReplace()
	case severity == meta.StatusBlocked, code == meta.OperationReplacing && !f.stuck:
		// the check of the status has failed
	case a.LowerBound >= replaceBelow:
		f.fail(checkReplace, audience.Invalid, "write mode mirror into the definition, which sends only what has changed",
			"audience %s has %d people or more, and Meta replaces fewer than %d", a.ID, a.LowerBound, replaceBelow)
	case code == meta.OperationNormal:
		f.ok(checkReplace, "whoever is in the audience is taken out, and the match put in")
	case f.stuck:
		f.ok(checkReplace, "it begins when Meta is done with the one that is in progress")
	case code == 0:
		f.warn(checkReplace, "", "Meta does not say the audience's operation status, and replaces people only when it is 200")
	case code == meta.OperationFilling: // it passes by itself
		f.fail(checkReplace, audience.Throttled, "start it again when the audience's operation status is 200", "Meta replaces people only then, and it is %d: %s", code, text)
	default:
		f.fail(checkReplace, audience.Action, "see to it in Ads Manager, or write mode mirror or add into the definition, which need no such status",
			"Meta replaces people only when the audience's operation status is 200, and it is %d: %s", code, text)
	}
}

func (f *Findings) nobodyToReplace() {
	f.Mode = audience.ModeAdd
	f.ok(checkReplace, "nobody was ever sent to the audience: there is nobody to replace, so the run adds")
}

// ours reports whether the replace that is in progress is one of an earlier run of the audience, or of this one: its session
// is open, or has not been over for so long that Meta must be done with it. Any other is somebody else's.
func (f *Findings) ours(ctx context.Context, q Question, a meta.CustomAudience) (bool, error) {
	if q.Open == nil || q.Open.AudienceID != a.ID {
		return false, nil
	}
	s, err := q.Meta.SessionStatus(ctx, a.ID, q.Open.Session)
	if err != nil || s == nil {
		return false, err
	}
	return s.End.IsZero() || q.Now.Sub(s.End) < afterReplace, nil
}
