package asl

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// taskThen is a Task with the given fields, whose Catch may lead to Caught and whose success leads to Done.
func taskThen(fields string) string {
	return `{"StartAt": "T", "States": {
		"T": {"Type": "Task", "Resource": "` + workARN + `", ` + fields + ` "Next": "Done"},
		"Done": {"Type": "Pass", "End": true}, "Caught": {"Type": "Pass", "End": true}}}`
}

const catchAll = `"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],`

// withCaught adds an unused catcher, so that Caught can be reached in definitions that test retries only.
const withCaught = `"Catch": [{"ErrorEquals": ["Unused"], "Next": "Caught"}],`

func TestTaskDataFlow(t *testing.T) {
	tests := []struct{ name, fields, want string }{
		{"input as parameters", ``, `{"a": {"b": 1}, "n": 2}`},
		{"all five fields", `"InputPath": "$.a", "Parameters": {"p.$": "$.b"}, "ResultSelector": {"r.$": "$.p"}, "ResultPath": "$.out", "OutputPath": "$.out",`, `{"r": 1}`},
		{"ResultPath joins the raw input", `"InputPath": "$.a", "ResultPath": "$.out",`, `{"a": {"b": 1}, "n": 2, "out": {"b": 1}}`},
		{"result dropped", `"Parameters": {"x": 1}, "ResultPath": null,`, `{"a": {"b": 1}, "n": 2}`},
		{"RetryCount", `"Parameters": {"n.$": "$$.State.RetryCount"},`, `{"n": 0}`},
		{"selector to nothing", `"ResultSelector": {"x.$": "$.no"},` + catchAll, "!States.Runtime"},
		{"selector that fails, caught", `"ResultSelector": {"x.$": "States.StringToJson('{')"},` + strings.Replace(catchAll, `"Next"`, `"ResultPath": "$.e", "Next"`, 1),
			`{"a": {"b": 1}, "n": 2, "e": {"Error": "States.IntrinsicFailure", "Cause": "field 'x.$': States.StringToJson: not a JSON value"}}`},
		{"parameters to nothing are never caught", `"Parameters": {"x.$": "$.no"},` + catchAll, "!States.Runtime"},
		{"ResultPath that fails is caught", `"ResultPath": "$.n.x",` + `"Catch": [{"ErrorEquals": ["States.ResultPathMatchFailure"], "ResultPath": null, "Next": "Caught"}],`, `{"a": {"b": 1}, "n": 2}`},
		{"timeout path", `"TimeoutSecondsPath": "$.n",`, `{"a": {"b": 1}, "n": 2}`},
		{"timeout path to nothing", `"TimeoutSecondsPath": "$.no",` + catchAll, "!States.Runtime"},
		{"timeout path to an object", `"TimeoutSecondsPath": "$.a",`, "!States.Runtime"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields := tt.fields
			if !strings.Contains(fields, "Catch") {
				fields += withCaught
			}
			assertRun(t, execute(t, taskThen(fields), `{"a": {"b": 1}, "n": 2}`, echo), tt.want)
		})
	}
}

func TestRetry(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name, retry string
		fails       []string
		pause       time.Duration
		calls       int
		want        string
	}{
		{"defaults: 1, 2, 4 seconds", `[{"ErrorEquals": ["A"]}]`, []string{"A", "A", "A"}, 7 * s, 4, `"ok"`},
		{"defaults: three retries only", `[{"ErrorEquals": ["A"]}]`, []string{"A", "A", "A", "A"}, 7 * s, 4, "!A"},
		{"another error", `[{"ErrorEquals": ["A"]}]`, []string{"B"}, 0, 1, "!B"},
		{"names are exact", `[{"ErrorEquals": ["a"]}]`, []string{"A"}, 0, 1, "!A"},
		{"interval and backoff", `[{"ErrorEquals": ["A"], "IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 2}]`, []string{"A", "A"}, 7500 * time.Millisecond, 3, `"ok"`},
		{"longest delay", `[{"ErrorEquals": ["A"], "IntervalSeconds": 3, "BackoffRate": 10, "MaxDelaySeconds": 5, "MaxAttempts": 4}]`, []string{"A", "A", "A", "A"}, 18 * s, 5, `"ok"`},
		{"no attempts", `[{"ErrorEquals": ["A"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]`, []string{"A"}, 0, 1, "!A"},
		{"the first retrier that matches decides", `[{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"]}]`, []string{"A", "A"}, 1 * s, 2, "!A"},
		{"each retrier counts for itself", `[{"ErrorEquals": ["A", "B"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2}, {"ErrorEquals": ["C"], "IntervalSeconds": 5}]`,
			[]string{"A", "B", "C", "B"}, 8 * s, 4, "!B"},
		{"States.ALL", `[{"ErrorEquals": ["States.ALL"]}]`, []string{"X", "States.Timeout"}, 3 * s, 3, `"ok"`},
		{"States.TaskFailed is any error", `[{"ErrorEquals": ["States.TaskFailed"]}]`, []string{"X"}, 1 * s, 2, `"ok"`},
		{"States.TaskFailed is no timeout", `[{"ErrorEquals": ["States.TaskFailed"]}]`, []string{"States.Timeout"}, 0, 1, "!States.Timeout"},
		{"States.Runtime is not retried", `[{"ErrorEquals": ["States.ALL"]}]`, []string{"States.Runtime"}, 0, 1, "!States.Runtime"},
		{"too much data is not retried by States.ALL", `[{"ErrorEquals": ["States.ALL"]}]`, []string{"States.DataLimitExceeded"}, 0, 1, "!States.DataLimitExceeded"},
		{"too much data is retried by its name", `[{"ErrorEquals": ["States.DataLimitExceeded"]}]`, []string{"States.DataLimitExceeded"}, 1 * s, 2, `"ok"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			work, calls := failing(tt.fails...), 0
			var attempts []int
			r := execute(t, taskThen(`"Retry": `+tt.retry+`,`+withCaught), `{}`, func(ctx context.Context, c Call) (any, error) {
				calls++
				attempts = append(attempts, c.Attempt)
				return work(ctx, c)
			})
			assertRun(t, r, tt.want)
			assert.Equal(t, tt.pause, r.elapsed)
			assert.Equal(t, tt.calls, calls)
			for i, a := range attempts {
				assert.Equal(t, i, a)
			}
		})
	}
}

// TestRetryJitter: FULL draws each pause between nothing and the interval.
func TestRetryJitter(t *testing.T) {
	r := execute(t, taskThen(`"Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": 100, "MaxAttempts": 3, "JitterStrategy": "FULL"}],`+withCaught), `{}`, failing("A", "A", "A"))
	require.NoError(t, r.err)
	assert.Positive(t, r.elapsed)
	assert.Less(t, r.elapsed, 700*time.Second)
}

// TestRetryCountsAnew: a state that is visited again has all its attempts again.
func TestRetryCountsAnew(t *testing.T) {
	calls := 0
	r := execute(t, `{"StartAt": "T", "States": {
		"T": {"Type": "Task", "Resource": "`+workARN+`", "ResultPath": "$.n", "Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 1}], "Next": "Again"},
		"Again": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 4, "Next": "T"}], "Default": "Done"},
		"Done": {"Type": "Succeed"}}}`, `{}`, func(context.Context, Call) (any, error) {
		calls++
		if calls%2 == 1 {
			return nil, &Error{Name: "A"}
		}
		return calls, nil
	})
	assertRun(t, r, `{"n": 4}`)
	assert.Equal(t, []string{"T", "Again", "T", "Again", "Done"}, r.visited())
}

func TestCatch(t *testing.T) {
	const in = `{"a": 1}`
	tests := []struct{ name, catch, fails, want, visited string }{
		{"by name", `[{"ErrorEquals": ["A"], "Next": "Caught"}]`, "A", `{"Error": "A", "Cause": "because"}`, "T Caught"},
		{"not by another name", `[{"ErrorEquals": ["B"], "Next": "Caught"}]`, "A", "!A", "T"},
		{"first match wins", `[{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.first", "Next": "Caught"}, {"ErrorEquals": ["A"], "Next": "Caught"}]`, "A", `{"a": 1, "first": {"Error": "A", "Cause": "because"}}`, "T Caught"},
		{"beside the raw input", `[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]`, "A", `{"a": 1, "error": {"Error": "A", "Cause": "because"}}`, "T Caught"},
		{"error dropped", `[{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Caught"}]`, "A", in, "T Caught"},
		{"error where it cannot go", `[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.a.b", "Next": "Caught"}]`, "A", "!States.ResultPathMatchFailure", "T"},
		{"States.ALL catches timeouts", `[{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Caught"}]`, "States.Timeout", in, "T Caught"},
		{"States.TaskFailed catches no timeout", `[{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}]`, "States.Timeout", "!States.Timeout", "T"},
		{"States.ALL catches no States.Runtime", `[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]`, "States.Runtime", "!States.Runtime", "T"},
		{"States.ALL catches no States.DataLimitExceeded", `[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]`, "States.DataLimitExceeded", "!States.DataLimitExceeded", "T"},
		{"States.DataLimitExceeded by name", `[{"ErrorEquals": ["States.DataLimitExceeded"], "ResultPath": null, "Next": "Caught"}]`, "States.DataLimitExceeded", in, "T Caught"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := execute(t, taskThen(`"Catch": `+tt.catch+`,`), in, failing(tt.fails))
			assertRun(t, r, tt.want)
			assert.Equal(t, strings.Fields(tt.visited), r.visited())
		})
	}
}

// TestOutputPathDoesNotFilterErrors: what a catcher hands on goes past the state's OutputPath.
func TestOutputPathDoesNotFilterErrors(t *testing.T) {
	r := execute(t, taskThen(`"OutputPath": "$.nothing",`+catchAll), `{}`, failing("A"))
	assertRun(t, r, `{"Error": "A", "Cause": "because"}`)
}

func TestOtherErrorsAreTaskFailed(t *testing.T) {
	r := execute(t, taskThen(catchAll), `{}`, func(context.Context, Call) (any, error) { return nil, errors.New("disk is full") })
	assertRun(t, r, `{"Error": "States.TaskFailed", "Cause": "disk is full"}`)
}

func TestLongCausesAreCut(t *testing.T) {
	r := execute(t, taskThen(catchAll), `{}`, func(context.Context, Call) (any, error) {
		return nil, &Error{Name: "A", Cause: strings.Repeat("é", 20000)}
	})
	require.NoError(t, r.err)
	assert.Len(t, r.output.(map[string]any)["Cause"], maxCauseBytes)
}

func TestResultThatIsNoJSON(t *testing.T) {
	r := execute(t, taskThen(catchAll), `{}`, func(context.Context, Call) (any, error) { return make(chan int), nil })
	assertRun(t, r, "!"+ErrRuntime)
}

// TestParametersAreACopy: an integration that changes its parameters changes nothing else.
func TestParametersAreACopy(t *testing.T) {
	r := execute(t, taskThen(`"ResultPath": "$.r",`+withCaught), `{"a": {"b": 1}}`, func(_ context.Context, c Call) (any, error) {
		c.Parameters.(map[string]any)["a"].(map[string]any)["b"] = 2
		return c.State, nil
	})
	assertRun(t, r, `{"a": {"b": 1}, "r": "T"}`)
}

func TestTaskTimeout(t *testing.T) {
	stopped := 0
	hang := func(ctx context.Context, c Call) (any, error) {
		if c.Attempt == 2 {
			return "ok", nil
		}
		<-ctx.Done()
		stopped++
		return nil, &Error{Name: "Stopped"}
	}
	r := execute(t, taskThen(`"TimeoutSeconds": 10, "Retry": [{"ErrorEquals": ["States.Timeout"]}],`+withCaught), `{}`, hang)
	assertRun(t, r, `"ok"`)
	assert.Equal(t, 2, stopped)
	assert.Equal(t, 23*time.Second, r.elapsed)
	assert.Equal(t, []string{
		"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskTimedOut", "TaskScheduled", "TaskStarted", "TaskTimedOut",
		"TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
	}, r.types(""))

	r = execute(t, taskThen(`"TimeoutSecondsPath": "$.limit",`+catchAll), `{"limit": 7}`, hang)
	assertRun(t, r, `{"Error": "States.Timeout"}`)
	assert.Equal(t, 7*time.Second, r.elapsed)
}

func TestChoice(t *testing.T) {
	const in = `{"s": "abc", "n": 5, "f": 5.0, "b": true, "no": false, "null": null, "at": "2026-11-24T05:00:00Z", "same": "2026-11-24T06:00:00+01:00",
		"later": "2026-11-24T05:00:00.001Z", "list": [], "obj": {}, "big": 9007199254740993, "star": "a*c", "back": "a\\c", "day": "2026-11-24"}`
	tests := []struct{ rule, want string }{
		{`"Variable": "$.s", "StringEquals": "abc"`, "yes"},
		{`"Variable": "$.s", "StringEquals": "ABC"`, "no"},
		{`"Variable": "$.n", "StringEquals": "5"`, "no"},
		{`"Variable": "$.s", "StringEqualsPath": "$.s"`, "yes"},
		{`"Variable": "$.s", "StringEqualsPath": "$.n"`, "no"},
		{`"Variable": "$.s", "StringEqualsPath": "$.missing"`, ErrRuntime},
		{`"Variable": "$.s", "StringLessThan": "abd"`, "yes"},
		{`"Variable": "$.s", "StringLessThan": "abc"`, "no"},
		{`"Variable": "$.s", "StringLessThanEquals": "abc"`, "yes"},
		{`"Variable": "$.s", "StringGreaterThan": "ab"`, "yes"},
		{`"Variable": "$.s", "StringGreaterThanEquals": "abd"`, "no"},
		{`"Variable": "$.s", "StringGreaterThanEqualsPath": "$.s"`, "yes"},
		{`"Variable": "$.s", "StringMatches": "a*c"`, "yes"},
		{`"Variable": "$.s", "StringMatches": "*"`, "yes"},
		{`"Variable": "$.s", "StringMatches": "*b*"`, "yes"},
		{`"Variable": "$.s", "StringMatches": "*d*"`, "no"},
		{`"Variable": "$.s", "StringMatches": "ab"`, "no"},
		{`"Variable": "$.s", "StringMatches": "abc*c"`, "no"},
		{`"Variable": "$.s", "StringMatches": "a\\*c"`, "no"},
		{`"Variable": "$.star", "StringMatches": "a\\*c"`, "yes"},
		{`"Variable": "$.back", "StringMatches": "a\\\\c"`, "yes"},
		{`"Variable": "$.n", "StringMatches": "*"`, "no"},
		{`"Variable": "$.n", "NumericEquals": 5`, "yes"},
		{`"Variable": "$.n", "NumericEquals": 5.0`, "yes"},
		{`"Variable": "$.n", "NumericEqualsPath": "$.f"`, "yes"},
		{`"Variable": "$.big", "NumericEquals": 9007199254740992`, "no"},
		{`"Variable": "$.s", "NumericEquals": 5`, "no"},
		{`"Variable": "$.n", "NumericLessThan": 5`, "no"},
		{`"Variable": "$.n", "NumericLessThanEquals": 5`, "yes"},
		{`"Variable": "$.n", "NumericGreaterThan": 4.5`, "yes"},
		{`"Variable": "$.n", "NumericGreaterThanEquals": 6`, "no"},
		{`"Variable": "$.n", "NumericLessThanPath": "$.big"`, "yes"},
		{`"Variable": "$.b", "BooleanEquals": true`, "yes"},
		{`"Variable": "$.no", "BooleanEquals": true`, "no"},
		{`"Variable": "$.null", "BooleanEquals": false`, "no"},
		{`"Variable": "$.b", "BooleanEqualsPath": "$.no"`, "no"},
		{`"Variable": "$.at", "TimestampEquals": "2026-11-24T05:00:00Z"`, "yes"},
		{`"Variable": "$.at", "TimestampEqualsPath": "$.same"`, "yes"},
		{`"Variable": "$.at", "TimestampLessThanPath": "$.later"`, "yes"},
		{`"Variable": "$.at", "TimestampGreaterThanEquals": "2026-11-24T05:00:01Z"`, "no"},
		{`"Variable": "$.day", "TimestampGreaterThan": "2000-01-01T00:00:00Z"`, "no"},
		{`"Variable": "$.null", "IsNull": true`, "yes"},
		{`"Variable": "$.s", "IsNull": false`, "yes"},
		{`"Variable": "$.n", "IsNumeric": true`, "yes"},
		{`"Variable": "$.s", "IsNumeric": true`, "no"},
		{`"Variable": "$.s", "IsString": true`, "yes"},
		{`"Variable": "$.list", "IsString": false`, "yes"},
		{`"Variable": "$.no", "IsBoolean": true`, "yes"},
		{`"Variable": "$.at", "IsTimestamp": true`, "yes"},
		{`"Variable": "$.day", "IsTimestamp": true`, "no"},
		{`"Variable": "$.null", "IsPresent": true`, "yes"},
		{`"Variable": "$.missing", "IsPresent": true`, "no"},
		{`"Variable": "$.missing.deeper", "IsPresent": false`, "yes"},
		{`"Variable": "$.missing", "IsNull": true`, ErrRuntime},
		{`"Variable": "$.missing", "StringEquals": ""`, ErrRuntime},
		{`"Variable": "$$.Execution.Name", "StringEquals": "run-1"`, "yes"},
		{`"And": [{"Variable": "$.b", "BooleanEquals": true}, {"Variable": "$.n", "NumericEquals": 5}]`, "yes"},
		{`"And": [{"Variable": "$.b", "BooleanEquals": true}, {"Variable": "$.n", "NumericEquals": 6}]`, "no"},
		{`"And": [{"Variable": "$.missing", "IsPresent": true}, {"Variable": "$.missing", "IsNull": true}]`, "no"},
		{`"And": [{"Variable": "$.b", "BooleanEquals": true}, {"Variable": "$.missing", "IsNull": true}]`, ErrRuntime},
		{`"Or": [{"Variable": "$.n", "NumericEquals": 6}, {"Variable": "$.n", "NumericEquals": 5}]`, "yes"},
		{`"Or": [{"Variable": "$.n", "NumericEquals": 6}, {"Variable": "$.n", "NumericEquals": 7}]`, "no"},
		{`"Or": [{"Variable": "$.n", "NumericEquals": 5}, {"Variable": "$.missing", "IsNull": true}]`, "yes"},
		{`"Not": {"Variable": "$.n", "NumericEquals": 6}`, "yes"},
		{`"Not": {"Or": [{"Variable": "$.n", "NumericEquals": 5}, {"Variable": "$.b", "IsNull": true}]}`, "no"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			r := execute(t, `{"StartAt": "C", "States": {
				"C": {"Type": "Choice", "Choices": [{`+tt.rule+`, "Next": "Yes"}], "Default": "No"},
				"Yes": {"Type": "Pass", "Result": "yes", "End": true}, "No": {"Type": "Pass", "Result": "no", "End": true}}}`, in, none)
			if tt.want == ErrRuntime {
				assertRun(t, r, "!"+tt.want)
				return
			}
			assert.Equal(t, tt.want, r.output)
		})
	}
}

func TestChoiceFlow(t *testing.T) {
	const states = `"A": {"Type": "Pass", "End": true}, "B": {"Type": "Pass", "End": true}`
	tests := []struct{ name, choice, want, visited string }{
		{"first rule that matches", `"Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "A"}, {"Variable": "$.n", "NumericEquals": 5, "Next": "B"}]`, `{"n": 5, "in": {"n": 9}}`, "C A"},
		{"InputPath and OutputPath", `"InputPath": "$.in", "OutputPath": "$.n", "Choices": [{"Variable": "$.n", "NumericEquals": 9, "Next": "B"}], "Default": "A"`, `9`, "C B"},
		{"no rule matches", `"Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "A"}, {"Variable": "$.n", "NumericEquals": 2, "Next": "B"}]`, "!States.NoChoiceMatched", "C"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := execute(t, `{"StartAt": "C", "States": {"C": {"Type": "Choice", `+tt.choice+`}, `+states+`}}`, `{"n": 5, "in": {"n": 9}}`, none)
			assertRun(t, r, tt.want)
			assert.Equal(t, strings.Fields(tt.visited), r.visited())
		})
	}
}
