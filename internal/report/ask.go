package report

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/telemetry"
)

// How much effort Meta's answers are worth. They count against the ad account's limits, as uploads do.
const (
	sessionsAsked  = 200
	sessionsAtOnce = 4
	askTimeout     = 3 * time.Minute
)

// answers is what Meta says of the audience and of the upload. Its zero value is that Meta said nothing.
type answers struct {
	name      string // of the audience: somebody may have renamed it since it was created
	status    *audience.AudienceStatus
	operation meta.Severity
	delivery  meta.Severity

	sessions int   // that Meta gave a match for
	of       int   // that there are
	received int64 // rows of those sessions
	matched  int64 // people whom Meta recognised in them
	problem  error // why there is no more
}

// ask asks Meta about the audience and, at most sessionsAsked of them, about the sessions. The first failure ends the
// asking: the next question would most likely fail for the same reason.
func ask(ctx context.Context, deps Deps, audienceID string, sessions []int64) answers {
	a := answers{of: len(sessions)}
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	found, err := deps.Meta.Audience(asking, audienceID)
	if err == nil {
		a.take(found)
		err = a.match(asking, deps.Meta, audienceID, sample(sessions))
	}
	if err != nil {
		a.problem = err
		deps.Log.WarnContext(ctx, "Meta did not answer all questions about the audience", telemetry.KeyError, err.Error(),
			telemetry.KeyClass, audience.ClassOf(err).String())
	}
	return a
}

func (a *answers) take(found meta.CustomAudience) {
	a.name = found.Name
	a.status = &audience.AudienceStatus{
		OperationCode: found.OperationStatus.Code, DeliveryCode: found.DeliveryStatus.Code,
		LowerBound: found.LowerBound, UpperBound: found.UpperBound,
	}
	a.operation, a.status.Operation = found.OperationStatus.Operation()
	a.delivery, a.status.Delivery = found.DeliveryStatus.Delivery()
}

// match sums up what Meta recognised. What it gave before a failure still counts.
func (a *answers) match(ctx context.Context, api Meta, audienceID string, sessions []int64) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sessionsAtOnce)
	for _, id := range sessions {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, err := api.SessionStatus(ctx, audienceID, id)
			if err != nil || s == nil || !settled(s) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			a.sessions++
			a.received += s.Received
			a.matched += s.Matched
			return nil
		})
	}
	return group.Wait()
}

// settled reports whether Meta has matched the session's people. While it is at work it says 0, which is no rate.
func settled(s *meta.SessionStatus) bool {
	return s.Received > 0 && (s.Matched > 0 || s.Progress >= 100 || !s.End.IsZero())
}

// sample takes sessions evenly from all of them: those of a big run differ less than its first ones do from its last.
func sample(sessions []int64) []int64 {
	if len(sessions) <= sessionsAsked {
		return sessions
	}
	some := make([]int64, sessionsAsked)
	for i := range some {
		some[i] = sessions[i*len(sessions)/sessionsAsked]
	}
	return some
}

// rate is the share of the received rows that Meta recognised; nil when it does not say.
func (a *answers) rate() *float64 {
	if a.received == 0 {
		return nil
	}
	rate := float64(a.matched) / float64(a.received)
	return &rate
}

func (a *answers) problemClass() string {
	if a.problem == nil {
		return ""
	}
	return audience.ClassOf(a.problem).String()
}
