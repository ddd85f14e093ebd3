package advance

import (
	"context"
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// How long an upload waits for Meta: ever longer, in all no more than a day. A lease outlasts each wait.
const (
	firstWait   = 30 * time.Second
	longestWait = 600 * time.Second
	allWaits    = 24 * time.Hour
)

// passWait stands among the passes for the waits: how many there were, and since when.
const passWait = "wait"

// wait has the state machine come back later. r is counted along, for the report; nil when there is none.
func (t *turn) wait(ctx context.Context, r *audience.Replace) (*audience.Upload, error) {
	p := t.ordered(passWait)
	if p == nil {
		t.passes = append(t.passes, audience.Pass{Name: passWait, At: t.now})
		p = &t.passes[len(t.passes)-1]
	}
	next, before := waitAfter(p.Orders)
	if before+next > allWaits {
		return nil, audience.Fail(audience.Action, "look at the audience in Ads Manager, or ask Meta's support; when its status is 200 again, start the run again with its id: it goes on from here",
			fmt.Errorf("wait for Meta to be done with audience %s: a replace has been in progress since before %s", t.audienceID, p.At.Format(time.RFC3339)))
	}
	p.Orders++
	if r != nil {
		r.Waits++
		if err := t.save(ctx, r); err != nil {
			return nil, err
		}
	}
	does := t.does(audience.NextWait)
	does.Wait = int(next.Seconds())
	return does, nil
}

// waitAfter is the wait that follows n others, and how long those were together.
func waitAfter(n int) (next, before time.Duration) {
	next = firstWait
	for range n {
		before += next
		next = min(2*next, longestWait)
	}
	return next, before
}
