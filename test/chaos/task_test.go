package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/cleanreach/cleanreach/test/mortal"
)

// A task is one container: a process, but for its running in ours. What it does to the world, writing to storage and
// calling Meta, goes through Does; that is where it is killed. From then on nothing of it reaches the world, as if the
// process were gone, and its context ends, so that what is left of it goes away.
type task struct {
	name   string // stage, or stage and chunk
	rand   *rand.Rand
	fate   fate
	cancel context.CancelCauseFunc

	mu   sync.Mutex
	done int // things that it did
	dead bool
}

// A fate is how a task ends that does not end by itself.
type fate struct {
	kind   ending
	at     int  // the thing that it does then, from 1
	before bool // it does not do that any more
}

// An ending is a way to end.
type ending int

const (
	lives      ending = iota
	killed            // by SIGKILL: out of memory, or its machine is gone
	told              // by SIGTERM: it may still save what it has
	notStarted        // it never began
)

var errTold = errors.New("SIGTERM")

type taskKey struct{}

// taskOf gives the task that a call belongs to; nil when it is the test's own.
func taskOf(ctx context.Context) *task {
	t, _ := ctx.Value(taskKey{}).(*task)
	return t
}

// Alive is an error once the task was killed.
func (t *task) Alive() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead {
		return mortal.ErrDead
	}
	return nil
}

// Does does one thing, unless the task is dead, and kills it when its time has come.
func (t *task) Does(what string, thing func() error) error {
	if t == nil {
		return thing()
	}
	end, err := t.next(what)
	if err != nil {
		return err
	}
	err = thing()
	if end != lives {
		t.end(end, "after "+what)
	}
	if dead := t.Alive(); dead != nil { // another goroutine of it may have met its end meanwhile
		return dead
	}
	return err
}

// next tells whether the task ends with the thing that it does next; an error is that it has ended.
func (t *task) next(what string) (ending, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead {
		return lives, mortal.ErrDead
	}
	if t.done++; t.done != t.fate.at {
		return lives, nil
	}
	if t.fate.kind == killed && t.fate.before {
		t.dead = true
		t.cancel(fmt.Errorf("%w before %s", mortal.ErrDead, what))
		return lives, mortal.ErrDead
	}
	return t.fate.kind, nil
}

// end ends the task.
func (t *task) end(how ending, when string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	cause := errTold
	if how == killed {
		t.dead, cause = true, mortal.ErrDead
	}
	t.cancel(fmt.Errorf("%w %s", cause, when))
}

// locked draws from one generator for several goroutines.
type locked struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (l *locked) float() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rand.Float64()
}
