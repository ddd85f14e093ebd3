package meta

import (
	"context"
	"sync"
	"time"
)

// A Budget is how long a task may wait for Meta's limits until a call gets through. A task that would have to wait longer
// ends with class Throttled instead: the state machine waits at no cost. Goroutines that wait at the same time use up the
// time once.
//
// A call that gets through begins the budget anew. The state machine gives a chunk five tasks: one that gets on, however
// slowly, must not use them up, or its rows would never arrive.
type Budget struct {
	now   func() time.Time
	limit time.Duration

	mu    sync.Mutex
	left  time.Duration
	spent time.Duration
	until time.Time // end of the latest wait
}

// NewBudget makes a budget of limit; not more than 0 means the default, 10 minutes. A nil now is time.Now.
func NewBudget(limit time.Duration, now func() time.Time) *Budget {
	if limit <= 0 {
		limit = 10 * time.Minute
	}
	if now == nil {
		now = time.Now
	}
	return &Budget{now: now, limit: limit, left: limit}
}

// take pays for a wait of d that begins now, and reports whether it could.
func (b *Budget) take(d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	start := b.now()
	end := start.Add(d)
	if b.until.After(start) {
		start = b.until
	}
	cost := max(0, end.Sub(start))
	if cost > b.left {
		return false
	}
	b.left -= cost
	b.spent += cost
	if end.After(b.until) {
		b.until = end
	}
	return true
}

// renew begins the budget anew.
func (b *Budget) renew() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = b.limit
}

// Throttled is how long the task has waited for Meta's limits so far.
func (b *Budget) Throttled() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
