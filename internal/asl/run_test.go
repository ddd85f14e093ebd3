package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	workARN = "arn:aws:states:::ecs:runTask.sync"
	readARN = "arn:aws:states:::s3:getObject"
	putARN  = "arn:aws:states:::s3:putObject"
)

// execution of a test, with all that can be asserted of it.
type testRun struct {
	output  any
	err     error
	events  []Event
	elapsed time.Duration
}

// visited lists the states entered, with their paths.
func (r testRun) visited() []string {
	var out []string
	for _, e := range r.events {
		if e.Entered() {
			out = append(out, join(e.Path, e.State))
		}
	}
	return out
}

// types lists the types of the events of one path, in order.
func (r testRun) types(path string) []string {
	var out []string
	for _, e := range r.events {
		if e.Path == path {
			out = append(out, string(e.Type))
		}
	}
	return out
}

func (r testRun) json(t *testing.T) string {
	t.Helper()
	data, err := encode(r.output)
	require.NoError(t, err)
	return string(data)
}

func integrations(f IntegrationFunc) map[string]Integration {
	return map[string]Integration{workARN: f, readARN: f, putARN: f}
}

// execute runs a definition in a bubble of synctest: time moves only when everything waits, and Run must leave no
// goroutine behind, or the bubble fails.
func execute(t *testing.T, definition, input string, f IntegrationFunc) testRun {
	t.Helper()
	return executeWith(t, definition, Options{Input: []byte(input), Integrations: integrations(f)})
}

func executeWith(t *testing.T, definition string, opts Options) testRun {
	t.Helper()
	m, err := Load([]byte(definition))
	require.NoError(t, err)
	var r testRun
	synctest.Test(t, func(*testing.T) {
		opts.Name = "run-1"
		if opts.Rand == nil {
			opts.Rand = rand.New(rand.NewPCG(1, 2))
		}
		opts.OnEvent = func(e Event) { r.events = append(r.events, e) }
		start := time.Now()
		r.output, r.err = m.Run(context.Background(), opts)
		r.elapsed = time.Since(start)
	})
	return r
}

// one is a machine of one state, named S.
func one(state string) string { return `{"StartAt": "S", "States": {"S": ` + state + `}}` }

func none(context.Context, Call) (any, error) { return map[string]any{}, nil }

// echo gives the parameters back.
func echo(_ context.Context, c Call) (any, error) { return c.Parameters, nil }

// failing fails with the names in turn, then succeeds with "ok".
func failing(names ...string) IntegrationFunc {
	var mu sync.Mutex
	return func(context.Context, Call) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(names) == 0 {
			return "ok", nil
		}
		name := names[0]
		names = names[1:]
		return nil, &Error{Name: name, Cause: "because"}
	}
}

// assertRun compares output or error: want is JSON, or "!" and the name of the error.
func assertRun(t *testing.T, r testRun, want string) {
	t.Helper()
	if want[0] != '!' {
		require.NoError(t, r.err)
		assert.JSONEq(t, want, r.json(t))
		return
	}
	var e *Error
	require.ErrorAs(t, r.err, &e, "output %v", r.output)
	assert.Equal(t, want[1:], e.Name, e.Cause)
}

func TestPass(t *testing.T) {
	const in = `{"a": {"b": 1}, "list": [1, 2, 3], "big": 9007199254740993}`
	tests := []struct{ name, fields, want string }{
		{"input to output", ``, in},
		{"Result", `"Result": {"x": 1}`, `{"x": 1}`},
		{"Result is no template", `"Result": {"x.$": "$.a"}`, `{"x.$": "$.a"}`},
		{"Result of null", `"Result": null`, `null`},
		{"Parameters", `"Parameters": {"b.$": "$.a.b", "lit": "$.a.b"}`, `{"b": 1, "lit": "$.a.b"}`},
		{"Parameters in arrays", `"Parameters": {"l": [{"b.$": "$.a.b"}, "$.a"]}`, `{"l": [{"b": 1}, "$.a"]}`},
		{"Result wins over Parameters", `"Parameters": {"b": 1}, "Result": 2`, `2`},
		{"InputPath", `"InputPath": "$.a"`, `{"b": 1}`},
		{"InputPath null", `"InputPath": null`, `{}`},
		{"InputPath then Parameters", `"InputPath": "$.a", "Parameters": {"x.$": "$.b"}`, `{"x": 1}`},
		{"ResultPath joins the raw input", `"InputPath": "$.a", "Result": 7, "ResultPath": "$.new.deep"`, `{"a": {"b": 1}, "list": [1, 2, 3], "big": 9007199254740993, "new": {"deep": 7}}`},
		{"ResultPath replaces", `"Result": 7, "ResultPath": "$.a"`, `{"a": 7, "list": [1, 2, 3], "big": 9007199254740993}`},
		{"ResultPath $", `"Result": 7, "ResultPath": "$"`, `7`},
		{"ResultPath null", `"Result": 7, "ResultPath": null`, in},
		{"ResultPath over a number", `"Result": 7, "ResultPath": "$.big.x"`, "!States.ResultPathMatchFailure"},
		{"OutputPath", `"OutputPath": "$.a.b"`, `1`},
		{"OutputPath null", `"OutputPath": null`, `{}`},
		{"OutputPath after ResultPath", `"Result": 7, "ResultPath": "$.r", "OutputPath": "$.r"`, `7`},
		{"slice", `"OutputPath": "$.list[1:]"`, `[2, 3]`},
		{"wildcard", `"OutputPath": "$.list[*]"`, `[1, 2, 3]`},
		{"indexes", `"OutputPath": "$.list[0,2]"`, `[1, 3]`},
		{"slice of nothing", `"OutputPath": "$.list[7:]"`, `[]`},
		{"slice of an object", `"OutputPath": "$.a[0:1]"`, "!States.Runtime"},
		{"wildcard over an object", `"OutputPath": "$.a[*]"`, "!States.Runtime"},
		{"index out of range", `"OutputPath": "$.list[3]"`, "!States.Runtime"},
		{"InputPath to nothing", `"InputPath": "$.no"`, "!States.Runtime"},
		{"OutputPath to nothing", `"OutputPath": "$.no.such"`, "!States.Runtime"},
		{"Parameters to nothing", `"Parameters": {"x.$": "$.no"}`, "!States.Runtime"},
		{"intrinsic that fails", `"Parameters": {"x.$": "States.ArrayGetItem($.list, 5)"}`, "!States.IntrinsicFailure"},
		{"argument to nothing", `"Parameters": {"x.$": "States.ArrayGetItem($.no, 5)"}`, "!States.Runtime"},
		{"context", `"Parameters": {"n.$": "$$.Execution.Name", "s.$": "$$.State.Name", "m.$": "$$.StateMachine.Name", "i.$": "$$.Execution.Input.a.b"}`, `{"n": "run-1", "s": "S", "m": "local", "i": 1}`},
		{"time in the context", `"Parameters": {"t.$": "$$.Execution.StartTime"}`, `{"t": "2000-01-01T00:00:00.000Z"}`},
		{"no RetryCount in Pass", `"OutputPath": "$$.State.RetryCount"`, "!States.Runtime"},
		{"large integers survive", `"Parameters": {"x.$": "$.big"}`, `{"x": 9007199254740993}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields := tt.fields
			if fields != "" {
				fields += ","
			}
			assertRun(t, execute(t, one(`{"Type": "Pass", `+fields+` "End": true}`), in, none), tt.want)
		})
	}
}

func TestLargeIntegersKeepTheirDigits(t *testing.T) {
	r := execute(t, one(`{"Type": "Pass", "End": true}`), `{"n": 9007199254740993, "f": 1.0}`, none)
	assert.Equal(t, `{"f":1.0,"n":9007199254740993}`, r.json(t))
}

func TestSucceedAndFail(t *testing.T) {
	tests := []struct{ name, state, want, cause string }{
		{"Succeed", `{"Type": "Succeed"}`, `{"e": "Name", "n": 1}`, ""},
		{"Succeed with paths", `{"Type": "Succeed", "InputPath": "$.e"}`, `"Name"`, ""},
		{"Fail", `{"Type": "Fail", "Error": "E", "Cause": "c"}`, "!E", "c"},
		{"Fail with nothing", `{"Type": "Fail"}`, "!", ""},
		{"Fail by paths", `{"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.e"}`, "!Name", "Name"},
		{"Fail by a function", `{"Type": "Fail", "ErrorPath": "States.Format('{}.{}', $.e, $.n)", "Cause": "c"}`, "!Name.1", "c"},
		{"ErrorPath to nothing", `{"Type": "Fail", "ErrorPath": "$.no"}`, "!States.Runtime", "The JSONPath '$.no' specified for the field 'ErrorPath' could not be found in the input"},
		{"ErrorPath to a number", `{"Type": "Fail", "ErrorPath": "$.n"}`, "!States.Runtime", "The ErrorPath does not give a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := execute(t, one(tt.state), `{"e": "Name", "n": 1}`, none)
			assertRun(t, r, tt.want)
			if e := (*Error)(nil); errors.As(r.err, &e) {
				assert.Equal(t, tt.cause, e.Cause)
			}
		})
	}
}

func TestWait(t *testing.T) {
	const in = `{"s": 5, "neg": -1, "frac": 1.5, "text": "x", "huge": 100000000, "at": "2000-01-01T00:01:00Z", "past": "1999-01-01T00:00:00Z", "far": "2100-01-01T00:00:00Z", "odd": "2000-01-01 00:01:00Z"}`
	tests := []struct {
		name, field string
		pause       time.Duration
		want        string
	}{
		{"Seconds", `"Seconds": 90`, 90 * time.Second, ""},
		{"no seconds", `"Seconds": 0`, 0, ""},
		{"SecondsPath", `"SecondsPath": "$.s"`, 5 * time.Second, ""},
		{"SecondsPath after InputPath", `"InputPath": "$", "SecondsPath": "$['s']"`, 5 * time.Second, ""},
		{"negative", `"SecondsPath": "$.neg"`, 0, "!States.Runtime"},
		{"fraction", `"SecondsPath": "$.frac"`, 0, "!States.Runtime"},
		{"text", `"SecondsPath": "$.text"`, 0, "!States.Runtime"},
		{"too long", `"SecondsPath": "$.huge"`, 0, "!States.Runtime"},
		{"missing", `"SecondsPath": "$.no"`, 0, "!States.Runtime"},
		{"Timestamp", `"Timestamp": "2000-01-01T02:00:00+01:00"`, time.Hour, ""},
		{"Timestamp in the past", `"Timestamp": "1999-01-01T00:00:00Z"`, 0, ""},
		{"TimestampPath", `"TimestampPath": "$.at"`, time.Minute, ""},
		{"TimestampPath in the past", `"TimestampPath": "$.past"`, 0, ""},
		{"TimestampPath too far", `"TimestampPath": "$.far"`, 0, "!States.Runtime"},
		{"TimestampPath to no time", `"TimestampPath": "$.odd"`, 0, "!States.Runtime"},
		{"TimestampPath to nothing", `"TimestampPath": "$.no"`, 0, "!States.Runtime"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := execute(t, one(`{"Type": "Wait", `+tt.field+`, "End": true}`), in, none)
			if tt.want == "" {
				tt.want = in
			}
			assertRun(t, r, tt.want)
			assert.Equal(t, tt.pause, r.elapsed)
		})
	}
}

func TestSleepIsInjected(t *testing.T) {
	var slept []time.Duration
	m, err := Load([]byte(one(`{"Type": "Wait", "Seconds": 3600, "End": true}`)))
	require.NoError(t, err)
	_, err = m.Run(t.Context(), Options{Name: "a", Sleep: func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		return nil
	}})
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{time.Hour}, slept)
}

func TestRunRefuses(t *testing.T) {
	m, err := Load([]byte(one(`{"Type": "Task", "Resource": "` + workARN + `", "End": true}`)))
	require.NoError(t, err)
	ok := Options{Name: "a", Integrations: integrations(none)}
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no name", func(o *Options) { o.Name = "" }, "execution name"},
		{"name with a space", func(o *Options) { o.Name = "a b" }, "execution name"},
		{"name with a colon", func(o *Options) { o.Name = "a:b" }, "execution name"},
		{"long name", func(o *Options) { o.Name = string(slices.Repeat([]byte("a"), 81)) }, "execution name"},
		{"missing integration", func(o *Options) { o.Integrations = nil }, "no integration for " + workARN},
		{"input that is no JSON", func(o *Options) { o.Input = []byte("{") }, "not one JSON value"},
		{"input that is too large", func(o *Options) { o.Input = slices.Repeat([]byte(" "), maxDataBytes+1) }, "at most 262144"},
		{"machine that is no ARN", func(o *Options) { o.StateMachineARN = "x" }, "no ARN of a state machine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := ok
			o.OnEvent = func(e Event) { t.Errorf("event %s", e.Type) }
			tt.change(&o)
			_, err := m.Run(t.Context(), o)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestDataLimit(t *testing.T) {
	large := func(n int) string { return string(slices.Repeat([]byte("x"), n)) }
	task := func(rest string) string {
		return one(`{"Type": "Task", "Resource": "` + workARN + `", ` + rest + ` "End": true}`)
	}
	text := func(n int) IntegrationFunc { return func(context.Context, Call) (any, error) { return large(n), nil } }
	tests := []struct {
		name, definition string
		work             IntegrationFunc
		ok               bool
	}{
		{"result just fits", task(""), text(maxDataBytes - 2), true},
		{"result too large", task(""), text(maxDataBytes - 1), false},
		{"result cut down is too large all the same", task(`"ResultSelector": {"a": 1},`), text(maxDataBytes - 1), false},
		{"branches too large together, though dropped", one(`{"Type": "Parallel", "ResultPath": null, "End": true, "Branches": [
			{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}]}`), none, false},
		{"iterations too large together, though dropped", one(`{"Type": "Map", "ResultPath": null, "End": true, "ItemsPath": "$$.Execution.Input.two", "ItemSelector": {"x.$": "$.x"},
			"ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}}`), none, false},
		{"one branch that fits", one(`{"Type": "Parallel", "ResultPath": null, "End": true, "Branches": [
			{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}]}`), none, true},
		{"output too large", one(`{"Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "$.x"}, "End": true}`), none, false},
		{"output with the input too large", one(`{"Type": "Pass", "Result": "` + large(100) + `", "ResultPath": "$.r", "End": true}`), none, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := execute(t, tt.definition, `{"two":[1,2],"x":"`+large(maxDataBytes-50)+`"}`, tt.work)
			if tt.ok {
				require.NoError(t, r.err)
				return
			}
			assertRun(t, r, "!"+ErrDataLimitExceeded)
		})
	}
}

func TestHistoryLimit(t *testing.T) {
	r := execute(t, `{"StartAt": "A", "States": {
		"A": {"Type": "Pass", "Next": "B"},
		"B": {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": true, "Next": "C"}], "Default": "A"},
		"C": {"Type": "Succeed"}}}`, `{}`, none)
	assertRun(t, r, "!"+ErrRuntime)
	require.ErrorContains(t, r.err, "25000")
	assert.LessOrEqual(t, len(r.events), maxHistoryEvents)
	assert.Equal(t, ExecutionFailed, r.events[len(r.events)-1].Type)
}

func TestExecutionTimeoutCannotBeCaught(t *testing.T) {
	r := execute(t, `{"StartAt": "T", "TimeoutSeconds": 30, "States": {
		"T": {"Type": "Task", "Resource": "`+workARN+`", "Retry": [{"ErrorEquals": ["States.ALL"]}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}], "Next": "Caught"},
		"Caught": {"Type": "Pass", "End": true}}}`, `{}`,
		func(ctx context.Context, _ Call) (any, error) { <-ctx.Done(); return nil, ctx.Err() })
	assertRun(t, r, "!"+ErrTimeout)
	assert.Equal(t, 30*time.Second, r.elapsed)
	assert.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskStateAborted", "ExecutionTimedOut"}, r.types(""))
}

// TestAbort: an end of the caller's context stops everything, at any depth, and is no error that could be caught.
func TestAbort(t *testing.T) {
	const definition = `{"StartAt": "P", "States": {"P": {"Type": "Parallel", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}], "End": true, "Branches": [
		{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": true}}},
		{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "` + workARN + `", "Retry": [{"ErrorEquals": ["States.ALL"]}], "End": true}}},
		{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": true, "ItemProcessor": {
			"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "C", "States": {"C": {"Type": "Wait", "Seconds": 1000, "End": true}}}}}}
	]}, "Caught": {"Type": "Pass", "End": true}}}`
	m, err := Load([]byte(definition))
	require.NoError(t, err)
	var last []Event
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := fmt.Errorf("stopped by hand")
		time.AfterFunc(time.Minute, func() { cancel(stop) })
		stopped := false
		_, err := m.Run(ctx, Options{Name: "a", Input: []byte(`{"items": [1, 2]}`), OnEvent: func(e Event) { last = append(last, e) },
			Integrations: integrations(func(ctx context.Context, _ Call) (any, error) {
				<-ctx.Done()
				stopped = true
				return nil, &Error{Name: "X"}
			})})
		require.ErrorIs(t, err, stop)
		assert.True(t, stopped)
	})
	r := testRun{events: last}
	assert.Equal(t, []string{"ExecutionStarted", "ParallelStateEntered", "ParallelStateStarted", "ParallelStateAborted", "ExecutionAborted"}, r.types(""))
	assert.Equal(t, []string{"WaitStateEntered", "WaitStateAborted"}, r.types("P/0"))
	assert.Equal(t, []string{"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskStateAborted"}, r.types("P/1"))
	assert.Equal(t, []string{"MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunAborted", "MapStateAborted"}, r.types("P/2"))
	assert.Equal(t, []string{"ExecutionStarted", "WaitStateEntered", "WaitStateAborted", "ExecutionAborted"}, r.types("P/2/M[0]"))
	assert.Empty(t, r.types("P/2/M[1]"))
}

// TestEventsHoldNoData: what flows through an execution is in Detail only, which is not written.
func TestEventsHoldNoData(t *testing.T) {
	r := execute(t, `{"StartAt": "A", "States": {
		"A": {"Type": "Task", "Resource": "`+workARN+`", "Next": "B"},
		"B": {"Type": "Pass", "InputPath": "$.no", "End": true}}}`, `{"secret": "hunter2"}`, echo)
	require.Error(t, r.err)
	data, err := json.Marshal(r.events)
	require.NoError(t, err)
	assert.NotContains(t, string(data), "hunter2")
	assert.NotContains(t, r.err.Error(), "hunter2")
	assert.Equal(t, map[string]any{"secret": "hunter2"}, r.events[0].Detail.Input)
	for i, e := range r.events {
		assert.Equal(t, int64(i+1), e.ID)
		assert.Equal(t, "arn:aws:states:us-east-1:000000000000:execution:local:run-1", e.Execution)
	}
}
