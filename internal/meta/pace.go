package meta

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Metered is an API that knows what the headers of its latest answer said.
type Metered interface {
	API
	Usage() Usage
}

// Pace is what Paced needs.
type Pace struct {
	Budget *Budget                                    // that the waits are taken from; the default is NewBudget(0, Now)
	Sleep  func(context.Context, time.Duration) error // the default waits
	Now    func() time.Time                           // the default is time.Now
}

// Paced makes an API that waits between its calls as Meta's headers say, so that no limit is hit; see Pacer. Put it inside
// Retrying, with the same budget: meta.Retrying(meta.Paced(client, …), …).
func Paced(next Metered, p Pace) *Pacer {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Budget == nil {
		p.Budget = NewBudget(0, p.Now)
	}
	if p.Sleep == nil {
		p.Sleep = sleep
	}
	pacer := &Pacer{pace: p, metered: next, turns: make(chan struct{}, 1)}
	pacer.wrapped = wrapped{next: next, around: pacer.slow}
	return pacer
}

// A Pacer is what Paced makes. It keeps two kinds of wait apart.
//
// What Meta demands, by estimated_time_to_regain_access or by refusing a call, is waited exactly, and by all goroutines. A
// task whose budget is shorter ends with class Throttled.
//
// What keeps Meta from demanding anything is the pace, by the usage that it tells with every answer; see limit.pace. It is
// a guess, as a usage of 100 percent was recorded on calls that Meta served: where it does not fit into the budget the call
// is made all the same. An answer that tells nothing of a limit leaves its pace as it was. When Meta refuses a call although
// its headers told of room, or none came, they are not to be trusted: then calls are spaced by trial, twice as far after
// each refusal, and half as far with every quarter of an hour.
//
// Error 613 without a subcode ends it: no further call is made, since each would make it worse.
type Pacer struct {
	wrapped
	pace    Pace
	metered Metered
	turns   chan struct{} // held by the goroutine that waits: the others wait for it

	mu     sync.Mutex
	seen   time.Time     // the latest that the clock was read
	closed time.Time     // Meta takes no call before
	last   time.Time     // a call began or was answered
	usage  [limits]level // that the latest answer to tell of it told
	stale  bool          // usage is of before a wait that Meta demanded
	tier   Tier
	trial  time.Duration // between calls, when the headers are not to be trusted
	served bool          // a call since the last refusal
	abuse  error
}

var _ API = (*Pacer)(nil)

func (p *Pacer) slow(ctx context.Context, does access, call func() error) error {
	if err := p.await(ctx, does); err != nil {
		return err
	}
	err := call()
	if err == nil || asError(err) != nil { // else no answer came
		p.note(p.metered.Usage(), err)
	}
	return err
}

var errNearLimit = errors.New("the ad account's usage is at Meta's limit")

// await waits for the next call's time.
func (p *Pacer) await(ctx context.Context, does access) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for Meta: %w", ctx.Err())
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	}
	wait, demanded, err := p.turn(does)
	if err != nil {
		return err
	}
	if budget := p.pace.Budget; !budget.take(wait) {
		if wait = demanded; !budget.take(wait) {
			return overBudget(errNearLimit, wait)
		}
	}
	if wait > 0 {
		if err := p.pace.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("wait %s for Meta: %w", wait.Round(time.Second), err)
		}
	}
	p.begin()
	return nil
}

// turn gives how long to wait before a call, how much of that Meta demands, or why there must be none.
func (p *Pacer) turn(does access) (wait, demanded time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	pace := p.trial
	for l, u := range p.usage {
		pace = max(pace, limit(l).pace(u, p.tier, does))
	}
	demanded = p.closed.Sub(now)
	if !p.last.IsZero() && !p.closed.After(p.last) { // else the next call is the first behind a wait that Meta demands: no pace adds to that
		wait = p.last.Add(pace).Sub(now)
	}
	return max(wait, demanded), demanded, p.abuse
}

// now reads the clock. When it was set back, every time that was noted is set back with it: else we would wait for them again.
// The caller holds p.mu.
func (p *Pacer) now() time.Time {
	now := p.pace.Now()
	passed := now.Sub(p.seen)
	p.seen = now
	if passed < 0 {
		p.closed, p.last = p.closed.Add(passed), p.last.Add(passed)
		return now
	}
	if p.trial = time.Duration(float64(p.trial) * math.Exp2(-passed.Minutes()/trialHalf.Minutes())); p.trial < lastTrial {
		p.trial = 0
	}
	return now
}

// begin notes that a call begins: goroutines that call at the same time keep the pace together.
func (p *Pacer) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = p.now()
}

const (
	firstTrial = 15 * time.Second // what one write takes of the limited tier, the slowest
	lastTrial  = time.Second      // what is shorter is none
	trialHalf  = 15 * time.Minute // in which a trial is halved: by time, so that tasks whose calls are far apart do not fall behind
)

// note learns from the answer to a call.
func (p *Pacer) note(u Usage, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, demanded := p.now(), u.Regain
	p.last, p.tier = now, u.Tier.or(p.tier)
	switch e := asError(err); {
	case e != nil && e.kind() == abuse:
		p.abuse = err
	case e != nil && e.kind() == throttle:
		// What stops one call stops them all, so that the others need not be refused one by one.
		demanded = max(demanded, e.RetryAfter())
		p.refused(u)
	default:
		p.answered(u)
	}
	if err == nil {
		p.pace.Budget.renew()
	}
	p.stale = p.stale || demanded > 0
	if until := now.Add(demanded); until.After(p.closed) {
		p.closed = until
	}
}

// refused learns from a call that comes too early.
func (p *Pacer) refused(u Usage) {
	if p.served && u.Percent < 100 { // else it is the same block, or the headers are right
		p.trial = min(max(2*p.trial, firstTrial), longestPace)
	}
	p.served = false
}

// answered learns from a call that no limit held up.
func (p *Pacer) answered(u Usage) {
	p.served = true
	if p.stale {
		p.usage, p.stale = [limits]level{}, false
	}
	for l, now := range u.by {
		if !now.told {
			continue
		}
		if now.percent >= 100 {
			now.full = p.usage[l].full + 1
		}
		p.usage[l] = now
	}
}
