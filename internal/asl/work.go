package asl

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// work runs a state that can fail, be retried and be caught: Task, Parallel, Map.
func (ex *execution) work(ctx context.Context, s *state, input any, sc *scope) (any, string, error) {
	var tries retries
	sc.retried = &tries.total
	for {
		out, err := ex.attempt(ctx, s, input, sc)
		if err == nil {
			return out, s.next, nil
		}
		var e *Error
		if ctx.Err() != nil || !errors.As(err, &e) {
			return nil, "", abortError{}
		}
		if d, again := tries.next(s, e, ex.run.random); again {
			if err := ex.pause(ctx, d); err != nil {
				return nil, "", err
			}
			continue
		}
		if s.kind != "Task" && e.Name != ErrRuntime {
			ex.stateEvent(sc, EventType(s.kind+"StateFailed"), Event{Error: e.Name, Cause: e.Cause})
		}
		c := s.caught(e)
		if c == nil {
			return nil, "", e
		}
		out, failed := c.resultPath.merge(input, e.output())
		if failed == nil {
			failed = checkSize(out, "The output of the state '"+s.name+"'")
		}
		return out, c.next, asError(failed)
	}
}

// attempt is all of a state but its retries and catches.
func (ex *execution) attempt(ctx context.Context, s *state, input any, sc *scope) (any, error) {
	in, e := s.effective(input, sc)
	if e != nil {
		return nil, e
	}
	var result any
	var err error
	switch s.kind {
	case "Task":
		result, err = ex.task(ctx, s, in, sc)
	case "Parallel":
		result, err = ex.parallel(ctx, s, in, sc)
	default:
		result, err = ex.mapState(ctx, s, in, sc)
	}
	if err != nil {
		return nil, err
	}
	if s.kind != "Task" { // a task has looked at its own
		if e := checkSize(result, "The result of the state '"+s.name+"'"); e != nil {
			return nil, e
		}
	}
	if s.resultSelector != nil {
		if result, e = s.resultSelector.build(result, sc); e != nil {
			return nil, e
		}
	}
	out, e := s.output(input, result, sc)
	return out, asError(e)
}

func (ex *execution) task(ctx context.Context, s *state, in any, sc *scope) (any, error) {
	timeout, e := s.task.limit(in, sc)
	if e != nil {
		return nil, e
	}
	event := func(typ EventType, ev Event) {
		ev.Resource = s.task.resource
		ex.stateEvent(sc, typ, ev)
	}
	event(TaskScheduled, Event{Detail: &Detail{Input: in}})
	event(TaskStarted, Event{})
	result, size, err := ex.call(ctx, timeout, s.task.resource, in, sc)
	if ctx.Err() != nil {
		return nil, abortError{}
	}
	if errors.Is(err, errTaskTimeout) {
		event(TaskTimedOut, Event{Error: ErrTimeout})
		return nil, fail(ErrTimeout, "")
	}
	e = taskError(err)
	if e == nil && size > maxDataBytes {
		e = fail(ErrDataLimitExceeded, "The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", s.task.resource)
	}
	if e != nil {
		event(TaskFailed, Event{Error: e.Name, Cause: e.Cause})
		return nil, e
	}
	event(TaskSucceeded, Event{Detail: &Detail{Output: result}})
	return result, nil
}

// limit is the task's timeout, 0 for none.
func (t *taskSpec) limit(in any, sc *scope) (time.Duration, *Error) {
	if t.timeoutPath == nil {
		return t.timeout, nil
	}
	n, err := t.timeoutPath.integer("TimeoutSecondsPath", in, sc)
	if err == nil && (n < 1 || n > maxSeconds) {
		err = fail(ErrRuntime, "The TimeoutSecondsPath references %d; a timeout has 1 to %d seconds", n, maxSeconds)
	}
	return time.Duration(n) * time.Second, err
}

// taskError gives an integration's error the name that Retry and Catch see.
func taskError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e.limited()
	}
	return (&Error{Name: ErrTaskFailed, Cause: err.Error()}).limited()
}

// call calls an integration, and copies what goes in and comes out. After a timeout the error is errTaskTimeout.
func (ex *execution) call(ctx context.Context, timeout time.Duration, resource string, in any, sc *scope) (any, int, error) {
	if timeout > 0 {
		limited, stop := context.WithTimeoutCause(ctx, timeout, errTaskTimeout)
		defer stop()
		ctx = limited
	}
	c := Call{Resource: resource, Parameters: clone(in), Execution: ex.id, State: sc.state}
	if sc.retried != nil {
		c.Attempt = *sc.retried
	}
	v, err := ex.run.opts.Integrations[resource].Call(ctx, c)
	if errors.Is(context.Cause(ctx), errTaskTimeout) {
		return nil, 0, errTaskTimeout
	}
	if err != nil {
		return nil, 0, err
	}
	out, size, err := normalise(v)
	if err != nil {
		return nil, 0, fail(ErrRuntime, "The integration for %s returned no JSON value", resource)
	}
	return out, size, nil
}

// wholeNumber is v as an integer, or States.Runtime.
func wholeNumber(v any, field, path string) (int64, *Error) {
	n, _ := v.(json.Number)
	i, err := n.Int64()
	if err != nil {
		return 0, fail(ErrRuntime, "The %s field refers to a value which is not a valid integer: %s", field, path)
	}
	return i, nil
}
