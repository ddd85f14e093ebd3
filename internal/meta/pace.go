package meta

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Metered is an API that knows what the headers of its latest answer said.
type Metered interface {
	API
	Usage() Usage
}

// Pace says when Paced slows down.
type Pace struct {
	Threshold int                                        // percent of a limit from which calls are spaced; the default is 95
	Pause     time.Duration                              // first space between calls when Meta does not say how long to wait; it doubles while the usage stays high; the default is 1 second
	MaxPause  time.Duration                              // the default is 15 seconds: what 20 writes in 5 minutes, the slowest tier, allow
	Budget    *Budget                                    // that the waits are taken from; the default is NewBudget(0, Now)
	Sleep     func(context.Context, time.Duration) error // the default waits
	Now       func() time.Time                           // the default is time.Now
}

// Paced makes an API that waits before a call when Meta's headers say that a limit is near, so that it is not hit. Put it
// inside Retrying, with the same budget: meta.Retrying(meta.Paced(client, …), …).
//
// A usage of 100 percent is not a refusal: it was recorded on calls that Meta served. So where Meta names no time the calls
// are only spaced, all goroutines' together, and no longer than the budget lasts: our guess fails no call.
func Paced(next Metered, p Pace) *Pacer {
	if p.Threshold <= 0 {
		p.Threshold = 95
	}
	if p.Pause <= 0 {
		p.Pause = time.Second
	}
	if p.MaxPause <= 0 {
		p.MaxPause = 15 * time.Second
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Budget == nil {
		p.Budget = NewBudget(0, p.Now)
	}
	if p.Sleep == nil {
		p.Sleep = sleep
	}
	pacer := &Pacer{pace: p, metered: next}
	pacer.wrapped = wrapped{next: next, around: pacer.slow}
	return pacer
}

// A Pacer is what Paced makes.
type Pacer struct {
	wrapped
	pace    Pace
	metered Metered

	mu     sync.Mutex
	closed time.Time     // Meta takes no call before
	next   time.Time     // we make no call before
	pause  time.Duration // between calls; 0 while the usage is low
	raised time.Time     // when pause was raised
}

var _ API = (*Pacer)(nil)

func (p *Pacer) slow(ctx context.Context, call func() error) error {
	start, demanded := p.turn()
	if wait := start.Sub(p.pace.Now()); wait > 0 {
		switch {
		case p.pace.Budget.take(wait):
			if err := p.pace.Sleep(ctx, wait); err != nil {
				return fmt.Errorf("wait %s for Meta: %w", wait.Round(time.Second), err)
			}
		case demanded:
			return overBudget(errNearLimit, wait)
		}
	}
	err := call()
	if err == nil || asError(err) != nil { // else no answer came
		p.note(start, p.metered.Usage(), err)
	}
	return err
}

var errNearLimit = errors.New("the ad account's usage is at Meta's limit")

// turn gives the time of the next call, and whether Meta demands the wait until then.
func (p *Pacer) turn() (start time.Time, demanded bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	start = p.pace.Now()
	demanded = p.closed.After(start)
	for _, other := range []time.Time{p.closed, p.next} {
		if other.After(start) {
			start = other
		}
	}
	p.next = start.Add(p.pause)
	return start, demanded
}

// note learns from the answer to a call whose turn was at start.
func (p *Pacer) note(start time.Time, u Usage, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.pace.Now()
	// What stops one call stops them all, so that the others need not be refused one by one.
	if e := asError(err); e != nil && e.kind() == throttle {
		u.Regain = max(u.Regain, e.RetryAfter())
	}
	if until := now.Add(u.Regain); until.After(p.closed) {
		p.closed = until
	}
	switch {
	case u.Percent < p.pace.Threshold:
		p.pause, p.next = 0, time.Time{}
	case !start.Before(p.raised): // else it is an answer to the pace before
		p.pause = min(max(2*p.pause, p.pace.Pause), p.pace.MaxPause)
		p.raised = now
		p.next = now.Add(p.pause)
	}
}
