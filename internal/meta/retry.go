package meta

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// Policy says how Retrying tries again.
type Policy struct {
	Attempts int                                        // of a call that keeps failing for the moment; the default is 6
	Base     time.Duration                              // the first wait is random between 0 and this, and each further one between 0 and twice the last limit; the default is 1 second
	Max      time.Duration                              // limit of these waits; the default is 30 seconds
	Budget   *Budget                                    // for waits that Meta asks for; the default is NewBudget(0, nil)
	Sleep    func(context.Context, time.Duration) error // the default waits
	Rand     func() float64                             // in [0, 1); the default is random
	Log      *slog.Logger                               // the default is silence
}

// Retrying makes an API that calls again: what is transient a bounded number of times, with full jitter; what is
// throttled after the wait that Meta asks for, as long as the budget lasts, and then it gives class Throttled. Anything
// else is given back at once.
//
// Creating an audience is not idempotent, so before it is tried again the audience is looked for by its mark.
func Retrying(next API, p Policy) *Retrier {
	if p.Attempts <= 0 {
		p.Attempts = 6
	}
	if p.Base <= 0 {
		p.Base = time.Second
	}
	if p.Max <= 0 {
		p.Max = 30 * time.Second
	}
	if p.Budget == nil {
		p.Budget = NewBudget(0, nil)
	}
	if p.Sleep == nil {
		p.Sleep = sleep
	}
	if p.Rand == nil {
		p.Rand = rand.Float64
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	r := &Retrier{policy: p}
	r.wrapped = wrapped{next: next, around: r.retry}
	return r
}

// A Retrier is what Retrying makes.
type Retrier struct {
	wrapped
	policy  Policy
	retries atomic.Int64
}

var _ API = (*Retrier)(nil)

// Retries counts the calls that were made again.
func (r *Retrier) Retries() int64 { return r.retries.Load() }

// CreateAudience creates an audience, and finds it when an earlier attempt did so without Meta's answer coming through.
func (r *Retrier) CreateAudience(ctx context.Context, account string, a NewAudience) (string, error) {
	first := true
	return through(ctx, &r.wrapped, writes, func() (string, error) {
		if !first {
			found, err := r.next.FindAudience(ctx, account, a.Mark)
			if err != nil {
				return "", err
			}
			if found != nil {
				return found.ID, nil
			}
		}
		first = false
		return r.next.CreateAudience(ctx, account, a)
	})
}

func (r *Retrier) retry(ctx context.Context, _ access, call func() error) error {
	limit := r.policy.Base
	for attempt := 1; ; {
		err := call()
		if err == nil || ctx.Err() != nil || !again(err) {
			return err
		}
		wait, throttled := asked(err)
		if !throttled { // to be throttled is no attempt: the budget bounds those
			if attempt >= r.policy.Attempts {
				return fmt.Errorf("tried %d times: %w", attempt, err)
			}
			attempt++
		}
		if wait > 0 {
			// A little more at random, so that tasks that were stopped together do not come back in the same instant.
			wait += time.Duration(r.policy.Rand() * float64(min(wait/10, mostJitter)))
			if !r.policy.Budget.take(wait) {
				return overBudget(err, wait)
			}
		} else {
			wait = time.Duration(r.policy.Rand() * float64(limit))
			limit = min(2*limit, r.policy.Max)
		}
		r.retries.Add(1)
		r.policy.Log.InfoContext(ctx, "waiting to call Meta again", "wait_ms", wait.Milliseconds(), "attempt", attempt, "error", err)
		if stopped := r.policy.Sleep(ctx, wait); stopped != nil {
			return err
		}
	}
}

// mostJitter bounds what is added to a wait that Meta asks for. Paced spreads the calls behind it.
const mostJitter = 2 * time.Second

// asked is the wait that Meta asks for; 0 leaves it to us. Throttled says that there are too many calls, not that this one
// went wrong.
func asked(err error) (wait time.Duration, throttled bool) {
	e := asError(err)
	if e == nil {
		return 0, false
	}
	return e.RetryAfter(), e.Class() == audience.Throttled
}

// again reports whether the same call is worth making again.
func again(err error) bool {
	if e := asError(err); e != nil {
		return e.again()
	}
	return audience.ClassOf(err) == audience.Transient
}

// overBudget is what a task says that would have to wait for longer than it may.
func overBudget(err error, wait time.Duration) error {
	next := remedies[throttle].next
	var f *audience.Failure
	if errors.As(err, &f) {
		next, err = f.Next, f.Err // so that the advice is given once
	}
	return audience.Fail(audience.Throttled, next, fmt.Errorf("wait %s for Meta, longer than this task may: %w", wait.Round(time.Second), err))
}
