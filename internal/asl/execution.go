package asl

import (
	"context"
	"errors"
	"time"
)

// execution is one run of a graph with a history of its own: of the machine, or of a child of a distributed Map.
type execution struct {
	run                    *run
	id, name               string
	machineID, machineName string
	input                  any
	timeout                time.Duration // 0 is none
	started                time.Time

	path   string // of the item that a child execution is for
	index  *int
	mapRun string

	events int64 // guarded by run.eventMu
	cancel context.CancelCauseFunc
}

// Statuses of executions, as DescribeExecution gives them.
const (
	statusSucceeded = "SUCCEEDED"
	statusFailed    = "FAILED"
	statusAborted   = "ABORTED"
	statusTimedOut  = "TIMED_OUT"
	statusPending   = "PENDING"
)

// outcome is how an execution ended.
type outcome struct {
	status           string
	output           any
	err              error
	started, stopped time.Time
}

// Why a context inside of an execution can end, beside the caller's own reasons.
var (
	errExecutionTimeout = errors.New("execution timed out")
	errTaskTimeout      = errors.New("task timed out")
	errHistoryFull      = errors.New("history is full")
	errThreshold        = errors.New("tolerated failures exceeded")
)

// abortError is what a state returns when its context ended. It hides the reason on purpose: an error of a sibling must
// not be caught or retried by who was stopped for it.
type abortError struct{}

func (abortError) Error() string { return "aborted" }

// start runs the execution to its end.
func (ex *execution) start(parent context.Context, g *graph) outcome {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	ex.cancel = cancel
	if ex.timeout > 0 {
		limited, stop := context.WithTimeoutCause(ctx, ex.timeout, errExecutionTimeout)
		defer stop()
		ctx = limited
	}
	ex.started = ex.run.opts.Now()
	ex.emit(Event{Type: ExecutionStarted, Path: ex.path, Detail: &Detail{Input: ex.input}})
	out, err := ex.walk(ctx, g, ex.input, &scope{ex: ex, path: ex.path})
	o := outcome{status: statusSucceeded, output: out, started: ex.started}
	ev := Event{Type: ExecutionSucceeded, Path: ex.path, Detail: &Detail{Output: out}}
	if err != nil {
		o.output = nil
		o.status, o.err = ex.verdict(ctx, err)
		ev = Event{Type: endings[o.status], Path: ex.path}
		var e *Error
		if errors.As(o.err, &e) {
			ev.Error, ev.Cause = e.Name, e.Cause
		}
	}
	ex.emit(ev)
	o.stopped = ex.run.opts.Now()
	return o
}

var endings = map[string]EventType{
	statusFailed: ExecutionFailed, statusAborted: ExecutionAborted, statusTimedOut: ExecutionTimedOut,
}

// verdict tells why an execution did not succeed.
func (ex *execution) verdict(ctx context.Context, err error) (string, error) {
	var e *Error
	if errors.As(err, &e) {
		return statusFailed, e
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errExecutionTimeout):
		return statusTimedOut, fail(ErrTimeout, "")
	case errors.Is(cause, errHistoryFull):
		return statusFailed, fail(ErrRuntime, "The execution reached the maximum number of history events (%d).", maxHistoryEvents)
	default:
		return statusAborted, cause
	}
}

// emit adds an event to the history. Reaching the limit of events stops the execution; its end is still told.
func (ex *execution) emit(ev Event) {
	ev.Execution = ex.id
	if ev.Index == nil {
		ev.Index = ex.index
	}
	if ev.MapRun == "" {
		ev.MapRun = ex.mapRun
	}
	ex.run.eventMu.Lock()
	defer ex.run.eventMu.Unlock()
	ex.events++
	ev.ID, ev.Time = ex.events, ex.run.opts.Now()
	if ex.events == maxHistoryEvents-1 {
		ex.cancel(errHistoryFull)
	}
	ex.run.opts.OnEvent(ev)
}

// walk runs the states of a graph from its start to a terminal state.
func (ex *execution) walk(ctx context.Context, g *graph, input any, at *scope) (any, error) {
	for name := g.startAt; ; {
		if ctx.Err() != nil {
			return nil, abortError{}
		}
		out, next, err := ex.visit(ctx, g.states[name], input, at)
		if err != nil || next == "" {
			return out, err
		}
		input, name = out, next
	}
}

// abortable are the types of states of which AWS reports that they were aborted.
var abortable = map[string]bool{"Task": true, "Wait": true, "Parallel": true, "Map": true}

// visit runs one state and gives its output and the state that follows, "" after a terminal one.
func (ex *execution) visit(ctx context.Context, s *state, input any, at *scope) (any, string, error) {
	sc := *at
	sc.state, sc.entered = s.name, timestamp(ex.run.opts.Now())
	prefix := EventType(s.kind + "State")
	ex.stateEvent(&sc, prefix+"Entered", Event{Detail: &Detail{Input: input}})
	out, next, err := ex.enter(ctx, s, input, &sc)
	if err == nil {
		ex.stateEvent(&sc, prefix+"Exited", Event{Detail: &Detail{Output: out}})
		return out, next, nil
	}
	if ctx.Err() != nil {
		if abortable[s.kind] {
			ex.stateEvent(&sc, prefix+"Aborted", Event{})
		}
		return nil, "", abortError{}
	}
	return nil, "", err
}

func (ex *execution) stateEvent(sc *scope, typ EventType, ev Event) {
	ev.Type, ev.Path, ev.State = typ, sc.path, sc.state
	ex.emit(ev)
}

func (ex *execution) enter(ctx context.Context, s *state, input any, sc *scope) (any, string, error) {
	switch s.kind {
	case "Pass":
		out, err := s.pass(input, sc)
		return out, s.next, asError(err)
	case "Choice":
		return s.decide(input, sc)
	case "Wait":
		out, err := ex.wait(ctx, s, input, sc)
		return out, s.next, err
	case "Succeed":
		out, err := s.filtered(input, sc)
		return out, "", asError(err)
	case "Fail":
		return nil, "", s.failure.raise(input, sc)
	default:
		return ex.work(ctx, s, input, sc)
	}
}

// asError avoids an error that is not nil but holds a nil *Error.
func asError(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}
