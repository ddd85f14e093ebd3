package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// explainWaiting says of chunks that left no word what they waited for: that a replace was begun, that Meta was done with it,
// or that all who leave a mirrored audience are out of it; or that the run was stopped. What kept them is mended where it failed.
func (u *uploaded) explainWaiting(docs *documents) {
	holdUp := u.holdUp(docs)
	if holdUp == nil {
		return
	}
	for i := range u.parts {
		if p := &u.parts[i]; !p.done && p.failure == nil {
			p.failure = holdUp(p)
		}
	}
}

// holdUp gives what a chunk waited for; nil when none had to wait.
func (u *uploaded) holdUp(docs *documents) func(*part) *audience.FailureDoc {
	const busy = "wait until the audience's status is 200 again"
	waiting := func(message string) func(*part) *audience.FailureDoc {
		held := audience.FailureDoc{Class: audience.Throttled.String(), Message: message, Next: busy}
		return func(*part) *audience.FailureDoc { return &held }
	}
	switch {
	case docs.stopped != nil:
		return behind(docs.stopped, anybody, "it was not begun, because all uploads of this run were stopped")
	case docs.stuck != nil:
		return waiting(fmt.Sprintf("a replace that run %s began must end before this run may send, and Meta was not done with it", docs.stuck.Of))
	case docs.opened() && docs.replace.SettledAt.IsZero():
		return waiting("its rows are added when Meta is done with the replace, and Meta was not yet")
	case docs.plan.Replace != nil && !docs.opened():
		return behind(u.worst(func(p *part) bool { return !p.done }), anybody, "no chunk is sent before one has begun the replace, and none has")
	}
	joins := func(p *part) bool { return !p.leaves }
	return behind(u.worst(func(p *part) bool { return p.leaves && !p.done }), joins, "nobody joins before all who leave are out of the audience, and not all are")
}

func anybody(*part) bool { return true }

// behind is the failure of those chunks that were never started because of another failure; nil when there is none.
func behind(why *audience.FailureDoc, who func(*part) bool, message string) func(*part) *audience.FailureDoc {
	if why == nil {
		return nil
	}
	held := audience.FailureDoc{Class: why.Class, Next: why.Next, Message: message}
	return func(p *part) *audience.FailureDoc {
		if p.started.IsZero() && who(p) {
			return &held
		}
		return nil
	}
}

// worst is why some chunks failed, of several reasons the one that waits longest for a person; nil when none of them has.
func (u *uploaded) worst(of func(*part) bool) *audience.FailureDoc {
	var found []audience.FailureDoc
	for i := range u.parts {
		if p := &u.parts[i]; of(p) {
			found = append(found, p.why())
		}
	}
	if len(found) == 0 {
		return nil
	}
	worst := slices.MinFunc(found, func(a, b audience.FailureDoc) int { return cmp.Compare(gravity(a.Class), gravity(b.Class)) })
	return &worst
}

// gravity is the place of a class in classAdvice. A class that nobody knows passes for the last.
func gravity(class string) int {
	for i, a := range classAdvice {
		if a.class.String() == class {
			return i
		}
	}
	return len(classAdvice)
}

// opened reports whether Meta took the first batch of the replace.
func (d *documents) opened() bool { return d.replace != nil && !d.replace.OpenedAt.IsZero() }
