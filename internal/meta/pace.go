package meta

import (
	"context"
	"errors"
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
	Threshold int                                        // percent of a limit from which calls wait; the default is 95
	Pause     time.Duration                              // first wait when Meta does not say how long; it doubles while the usage stays high; the default is 1 second
	MaxPause  time.Duration                              // the default is 15 seconds: what 20 writes in 5 minutes, the slowest tier, allow
	Budget    *Budget                                    // that the waits are taken from; the default is NewBudget(0, Now)
	Sleep     func(context.Context, time.Duration) error // the default waits
	Now       func() time.Time                           // the default is time.Now
}

// Paced makes an API that waits before a call when Meta's headers say that a limit is near, so that it is not hit. Put it
// inside Retrying, with the same budget: meta.Retrying(meta.Paced(client, …), …).
//
// A usage of 100 percent is not a refusal: it was recorded on calls that Meta served. So without a time from Meta the
// calls only slow down.
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

	mu    sync.Mutex
	until time.Time     // no call before
	pause time.Duration // the last one; 0 while the usage is low
}

var _ API = (*Pacer)(nil)

func (p *Pacer) slow(ctx context.Context, call func() error) error {
	if wait := p.wait(); wait > 0 {
		if !p.pace.Budget.take(wait) {
			return overBudget(errNearLimit, wait)
		}
		if err := p.pace.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	err := call()
	p.note(p.metered.Usage())
	return err
}

var errNearLimit = errors.New("the ad account's usage is at Meta's limit")

// wait is how long the next call must wait.
func (p *Pacer) wait() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until.Sub(p.pace.Now())
}

// note learns from the latest answer.
func (p *Pacer) note(u Usage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u.Percent < p.pace.Threshold && u.Regain == 0 {
		p.pause = 0
		return
	}
	wait := u.Regain
	if wait == 0 {
		p.pause = min(max(2*p.pause, p.pace.Pause), p.pace.MaxPause)
		wait = p.pause
	}
	if until := p.pace.Now().Add(wait); until.After(p.until) {
		p.until = until
	}
}
