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
	sessionsOfFull = 2000 // on the full tier a question is one of 9,000 points, on the limited one of 60
	sessionsAtOnce = 8
	askTimeout     = 3 * time.Minute
	looks          = 4 // at most, while Meta is at work on the audience or its counts lag behind
	lookEvery      = 30 * time.Second
	processing     = 24 * time.Hour // that Meta takes to recognise people: too long for a task to wait
)

// tierFull is audience.Preflight's word for an ad account that may ask a lot.
const tierFull = "full"

// answers is what Meta says of the audience and of the upload. Its zero value is that Meta said nothing.
type answers struct {
	name      string // of the audience: somebody may have renamed it since it was created
	status    *audience.AudienceStatus
	operation meta.Severity
	delivery  meta.Severity

	of    int                           // sessions that there are
	asked []carried                     // those that are asked about
	told  map[int64]*meta.SessionStatus // what Meta has of them, by id; nil when it does not know one

	sessions int   // that Meta gave a match for
	received int64 // rows of those sessions
	matched  int64 // people whom Meta recognised in them
	problem  error // why there is no more
}

// ask asks Meta about the audience and about the sessions, at most as many as the ad account's tier allows. The first failure ends the
// asking: the next question would most likely fail for the same reason.
func ask(ctx context.Context, deps Deps, preflight *audience.Preflight, sessions []carried) answers {
	most := sessionsAsked
	if preflight.Tier == tierFull {
		most = sessionsOfFull
	}
	a := answers{of: len(sessions), asked: sample(sessions, most), told: map[int64]*meta.SessionStatus{}}
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if err := a.look(asking, deps, preflight.AudienceID); err != nil {
		a.problem = err
		deps.Log.WarnContext(ctx, "Meta did not answer all questions about the audience", telemetry.KeyError, err.Error(),
			telemetry.KeyClass, audience.ClassOf(err).String())
	}
	a.match(deps.Now())
	return a
}

// look asks again, a few times, while Meta is at work on the audience or has fewer rows of a session than it acknowledged:
// what has just arrived may not be in its counts yet.
func (a *answers) look(ctx context.Context, deps Deps, audienceID string) error {
	for n, open := 1, a.asked; ; n++ {
		found, err := deps.Meta.Audience(ctx, audienceID)
		if err != nil {
			return err
		}
		a.take(found)
		if open, err = a.hear(ctx, deps.Meta, audienceID, open); err != nil {
			return err
		}
		if n == looks || a.operation != meta.StatusBusy && len(open) == 0 {
			return nil
		}
		if err := deps.Sleep(ctx, lookEvery); err != nil {
			return nil //nolint:nilerr // out of time: what was told stands
		}
	}
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

// hear asks about sessions, and gives those of which Meta has fewer rows than it acknowledged. What it told before a failure
// still counts.
func (a *answers) hear(ctx context.Context, api Meta, audienceID string, sessions []carried) ([]carried, error) {
	var mu sync.Mutex
	var lacking []carried
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sessionsAtOnce)
	for _, c := range sessions {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, err := api.SessionStatus(ctx, audienceID, c.id)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			a.told[c.id] = s
			if c.short(s) {
				lacking = append(lacking, c)
			}
			return nil
		})
	}
	return lacking, group.Wait()
}

// match sums up what Meta recognised.
func (a *answers) match(now time.Time) {
	for _, s := range a.told {
		if s != nil && settled(s, now) {
			a.sessions++
			a.received += s.Received
			a.matched += s.Matched
		}
	}
}

// settled reports whether Meta has matched the session's people. While it is at work it says 0, which is no rate.
func settled(s *meta.SessionStatus, now time.Time) bool {
	return s.Received > 0 && (s.Matched > 0 || s.Progress >= 100 || !s.End.IsZero() && now.Sub(s.End) >= processing)
}

// sample takes sessions evenly from all of them: those of a big run differ less than its first ones do from its last.
func sample[S any](sessions []S, most int) []S {
	if len(sessions) <= most {
		return sessions
	}
	some := make([]S, most)
	for i := range some {
		some[i] = sessions[i*len(sessions)/most]
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
