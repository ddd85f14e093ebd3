package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// mapRun is one run of a distributed Map: each item is an execution of its own.
type mapRun struct {
	ex        *execution
	s         *state
	sc        *scope
	id, label string
	arn       string
	inputs    []any
	children  []*execution
	outcomes  []outcome
	tolerance tolerance

	mu     sync.Mutex // guards failed
	failed int
}

// distribute runs a distributed Map and returns what its state gives: the children's outputs, or where they are.
func (ex *execution) distribute(ctx context.Context, s *state, in any, limit int, sc *scope) (any, error) {
	m := s.mapping
	var items []any
	var e *Error
	if m.reader == nil {
		if items, e = m.items(in, sc); e != nil {
			return nil, e
		}
	}
	ex.stateEvent(sc, "MapStateStarted", Event{Items: len(items)})
	run := &mapRun{ex: ex, s: s, sc: sc, id: ex.run.uuid(), label: m.runLabel(s.name)}
	run.arn = ex.run.arns.of("mapRun", ex.run.arns.machine+"/"+run.label+":"+run.id)
	if run.tolerance, e = m.tolerated(in, sc); e != nil {
		return nil, e
	}
	var err error
	if m.reader != nil {
		items, err = ex.readItems(ctx, m.reader, in, sc)
	}
	run.event(MapRunStarted, Event{Items: len(items)})
	var out any
	if err == nil {
		if e = run.prepare(in, items); e != nil {
			err = e
		} else {
			out, err = run.process(ctx, in, limit)
		}
	}
	return out, run.close(ctx, err)
}

// close reports how the Map Run ended.
func (r *mapRun) close(ctx context.Context, err error) error {
	var e *Error
	switch {
	case ctx.Err() != nil:
		r.event(MapRunAborted, Event{})
		return abortError{}
	case errors.As(err, &e):
		r.event(MapRunFailed, Event{Error: e.Name, Cause: e.Cause})
		return e
	}
	r.event(MapRunSucceeded, Event{})
	r.ex.stateEvent(r.sc, "MapStateSucceeded", Event{})
	return nil
}

func (r *mapRun) event(typ EventType, ev Event) {
	ev.MapRun = r.arn
	r.ex.stateEvent(r.sc, typ, ev)
}

// runLabel is the label in ARNs; without one AWS makes one from the state's name.
func (m *mapSpec) runLabel(state string) string {
	if m.label != "" {
		return m.label
	}
	return cut(illegalLabel.ReplaceAllString(state, ""), maxLabel)
}

// prepare makes a child execution for every item.
func (r *mapRun) prepare(in any, items []any) *Error {
	ex, a := r.ex, r.ex.run.arns
	machine := a.machine + "/" + r.label
	r.outcomes = make([]outcome, len(items))
	r.inputs = make([]any, len(items))
	r.children = make([]*execution, len(items))
	for i, item := range items {
		input, err := r.s.mapping.selected(in, item, i, r.sc)
		if err != nil {
			return err
		}
		name := ex.run.uuid()
		r.inputs[i] = input
		r.outcomes[i] = outcome{status: statusPending}
		r.children[i] = &execution{
			run: ex.run, id: a.of("execution", machine+":"+name), name: name, input: input,
			machineID: a.of("stateMachine", machine), machineName: machine,
			path: r.sc.within(fmt.Sprintf("[%d]", i)).path, index: &i, mapRun: r.arn,
		}
	}
	return nil
}

// process runs the children, at most limit at once. When more fail than tolerated, those that run are aborted and the
// rest stays pending; what there is of results is written all the same.
func (r *mapRun) process(ctx context.Context, in any, limit int) (any, error) {
	childCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group errgroup.Group
	group.SetLimit(limit)
	for i := range r.children {
		group.Go(func() error {
			if childCtx.Err() == nil {
				r.outcomes[i] = r.children[i].start(childCtx, r.s.mapping.processor)
				if r.count(r.outcomes[i]) {
					cancel(errThreshold)
				}
			}
			return nil
		})
	}
	_ = group.Wait() // no child returns an error: its outcome holds it
	if ctx.Err() != nil {
		return nil, abortError{}
	}
	exceeded := r.tolerance.exceeded(r.failed, len(r.children))
	if exceeded && r.s.mapping.writer == nil {
		return nil, fail(ErrExceedToleratedFailures, "The specified tolerated failure threshold was exceeded")
	}
	out, err := r.results(ctx, in)
	if exceeded && ctx.Err() == nil {
		return nil, fail(ErrExceedToleratedFailures, "The specified tolerated failure threshold was exceeded")
	}
	return out, err
}

// count adds a child's end and tells whether more failed than tolerated.
func (r *mapRun) count(o outcome) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.status == statusFailed || o.status == statusTimedOut {
		r.failed++
	}
	return r.tolerance.exceeded(r.failed, len(r.children))
}

// tolerance is how many children may fail. Where both limits are given, the first that is exceeded fails the Map Run;
// where none is, one failure does.
type tolerance struct {
	count   *int64
	percent *float64
}

func (t tolerance) exceeded(failed, total int) bool {
	if t.count == nil && t.percent == nil {
		return failed > 0
	}
	if t.count != nil && int64(failed) > *t.count {
		return true
	}
	return t.percent != nil && total > 0 && float64(failed)*100 > *t.percent*float64(total)
}

func (m *mapSpec) tolerated(in any, sc *scope) (tolerance, *Error) {
	t := tolerance{count: m.failureCount, percent: m.failurePercent}
	if p := m.failureCountPath; p != nil {
		n, err := p.integer("ToleratedFailureCountPath", in, sc)
		if err == nil && n < 0 {
			err = fail(ErrRuntime, "ToleratedFailureCount cannot be negative.")
		}
		if err != nil {
			return t, err
		}
		t.count = &n
	}
	if p := m.failurePercentPath; p != nil {
		v, err := p.get(in, sc)
		if err != nil {
			return t, fail(ErrRuntime, "The ToleratedFailurePercentagePath parameter does not reference an input value: %s", p.text)
		}
		n, _ := v.(json.Number)
		x, err := n.Float64()
		if err != nil {
			return t, fail(ErrRuntime, "The ToleratedFailurePercentagePath field refers to a value which is not a valid float: %s", p.text)
		}
		if x < 0 || x > 100 {
			return t, fail(ErrRuntime, "ToleratedFailurePercentage must be between 0 and 100.")
		}
		t.percent = &x
	}
	return t, nil
}
