package sandbox

import (
	"context"
	"sync"
	"time"
)

// A Clock is the time that a sandbox lives by: its sessions, rate limits and processing. It stands still, or goes with
// another clock, and can be put forward: ninety minutes or a day pass in an instant.
type Clock struct {
	base  func() time.Time
	still bool // base never moves

	mu       sync.Mutex
	ahead    time.Duration
	moved    chan struct{} // closed when the clock is put forward
	sleeping int
}

// NewClock makes a clock that stands still until it is put forward.
func NewClock(at time.Time) *Clock {
	return &Clock{base: func() time.Time { return at }, still: true, moved: make(chan struct{})}
}

// newRunningClock makes a clock that goes with another.
func newRunningClock(base func() time.Time) *Clock {
	return &Clock{base: base, moved: make(chan struct{})}
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.ahead)
}

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	close(c.moved)
	c.moved = make(chan struct{})
}

// Sleeping is how many wait for the clock: a test that puts it forward for somebody looks first whether he waits already.
func (c *Clock) Sleeping() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sleeping
}

// Sleep waits until the clock is d later. It fails only when ctx ends.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	c.count(1)
	defer c.count(-1)
	for {
		left, moved := c.until(until)
		if left <= 0 {
			return nil
		}
		if came, err := c.wait(ctx, left, moved); came || err != nil {
			return err
		}
	}
}

func (c *Clock) count(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sleeping += by
}

// until tells how far off a time is, and by which channel to learn that the clock was put forward since.
func (c *Clock) until(at time.Time) (time.Duration, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return at.Sub(c.base().Add(c.ahead)), c.moved
}

// wait waits until the clock is put forward, or until a clock that goes by itself has come to the time.
func (c *Clock) wait(ctx context.Context, left time.Duration, moved <-chan struct{}) (came bool, err error) {
	var there <-chan time.Time
	if !c.still {
		timer := time.NewTimer(left)
		defer timer.Stop()
		there = timer.C
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-moved:
		return false, nil
	case <-there:
		return true, nil
	}
}
