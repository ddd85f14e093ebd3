package asl

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parallel is a Parallel state of tasks, whose parameters say which branch they are.
func parallel(branches int, fields string) string {
	list := ""
	for i := range branches {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprintf(`{"StartAt": "T%d", "States": {"T%d": {"Type": "Task", "Resource": "%s", "Parameters": {"i": %d, "in.$": "$"}, "End": true}}}`, i, i, workARN, i)
	}
	return `{"StartAt": "P", "States": {"P": {"Type": "Parallel", ` + fields + ` "Branches": [` + list + `], "Next": "Done"},
		"Done": {"Type": "Pass", "End": true}, "Caught": {"Type": "Pass", "End": true}}}`
}

// after is an integration whose branch i takes i seconds.
func after(then IntegrationFunc) IntegrationFunc {
	return func(ctx context.Context, c Call) (any, error) {
		if err := sleep(ctx, time.Duration(index(c))*time.Second); err != nil {
			return nil, err
		}
		return then(ctx, c)
	}
}

func index(c Call) int64 {
	i, err := integer(c.Parameters.(map[string]any)["i"])
	if err != nil {
		panic(err)
	}
	return i
}

func TestParallel(t *testing.T) {
	reply := func(_ context.Context, c Call) (any, error) { return index(c), nil }
	failAt := func(at int64, name string) IntegrationFunc {
		return func(_ context.Context, c Call) (any, error) {
			if index(c) == at {
				return nil, &Error{Name: name, Cause: "because"}
			}
			return index(c), nil
		}
	}
	tests := []struct {
		name, fields string
		work         IntegrationFunc
		elapsed      time.Duration
		want         string
	}{
		{"outputs in order", withCaught, reply, 2 * time.Second, `[0, 1, 2]`},
		{"every branch has the input", `"InputPath": "$.a", "Parameters": {"x.$": "$.b"}, "ResultSelector": {"first.$": "$[0]"}, "ResultPath": "$.r",` + withCaught,
			func(_ context.Context, c Call) (any, error) { return c.Parameters, nil }, 2 * time.Second, `{"a": {"b": 1}, "r": {"first": {"i": 0, "in": {"x": 1}}}}`},
		{"error of a branch", withCaught, failAt(1, "A"), 1 * time.Second, "!A"},
		{"first error in time wins", withCaught, func(_ context.Context, c Call) (any, error) { return nil, &Error{Name: fmt.Sprint("E", index(c))} }, 0, "!E0"},
		{"caught", `"Catch": [{"ErrorEquals": ["A"], "ResultPath": "$.e", "Next": "Caught"}],`, failAt(1, "A"), time.Second, `{"a": {"b": 1}, "e": {"Error": "A", "Cause": "because"}}`},
		{"States.Runtime of a branch is not caught", catchAll, failAt(1, ErrRuntime), time.Second, "!" + ErrRuntime},
		{"retried as a whole", `"Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 2}],` + withCaught, failing("A", "A"), 3*time.Second + 2*time.Second, `["ok", "ok", "ok"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := execute(t, parallel(3, tt.fields), `{"a": {"b": 1}}`, after(tt.work))
			assertRun(t, r, tt.want)
			assert.Equal(t, tt.elapsed, r.elapsed)
		})
	}
}

func TestParallelStopsTheOthers(t *testing.T) {
	var stopped sync.Map
	r := execute(t, parallel(3, catchAll), `{}`, func(ctx context.Context, c Call) (any, error) {
		if index(c) == 1 {
			_ = sleep(ctx, time.Second) // the others are under way by then
			return nil, &Error{Name: "A"}
		}
		<-ctx.Done()
		stopped.Store(index(c), true)
		return nil, &Error{Name: "Stopped"}
	})
	assertRun(t, r, `{"Error": "A"}`)
	for _, i := range []int64{0, 2} {
		_, ok := stopped.Load(i)
		assert.True(t, ok, "branch %d", i)
	}
	assert.Equal(t, []string{"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskStateAborted"}, r.types("P/0"))
	assert.Equal(t, []string{"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskFailed"}, r.types("P/1"))
	assert.Equal(t, []string{"ExecutionStarted", "ParallelStateEntered", "ParallelStateStarted", "ParallelStateFailed", "ParallelStateExited",
		"PassStateEntered", "PassStateExited", "ExecutionSucceeded"}, r.types(""))
}

// TestErrorOfASiblingIsNotCaughtByWhoItStops: a stopped branch has a Catch for everything; it must not run.
func TestErrorOfASiblingIsNotCaughtByWhoItStops(t *testing.T) {
	r := execute(t, `{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
		{"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "A"}}},
		{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "`+workARN+`", "Retry": [{"ErrorEquals": ["States.ALL"]}],
			"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}], "End": true}, "Caught": {"Type": "Pass", "End": true}}}]}}}`, `{}`,
		func(ctx context.Context, _ Call) (any, error) { <-ctx.Done(); return nil, context.Cause(ctx) })
	assertRun(t, r, "!A")
	assert.NotContains(t, r.visited(), "P/1/Caught")
}

// inline is an inline Map of one task.
func inline(fields string) string {
	return `{"StartAt": "M", "States": {"M": {"Type": "Map", ` + fields + ` "Next": "Done", "ItemProcessor": {"StartAt": "T", "States": {
		"T": {"Type": "Task", "Resource": "` + workARN + `", "End": true}}}},
		"Done": {"Type": "Pass", "End": true}, "Caught": {"Type": "Pass", "End": true}}}`
}

func TestInlineMap(t *testing.T) {
	const in = `{"items": [3, 1, 2], "k": "v", "two": 2, "neg": -1, "obj": {}, "none": []}`
	double := func(_ context.Context, c Call) (any, error) {
		if m, ok := c.Parameters.(map[string]any); ok {
			return m, nil
		}
		n, err := integer(c.Parameters)
		return 2 * n, err
	}
	tests := []struct {
		name, fields string
		work         IntegrationFunc
		want         string
	}{
		{"ItemsPath", `"ItemsPath": "$.items",`, double, `[6, 2, 4]`},
		{"InputPath to the array", `"InputPath": "$.items",`, double, `[6, 2, 4]`},
		{"ItemsPath after InputPath", `"InputPath": "$", "ItemsPath": "$.items",`, double, `[6, 2, 4]`},
		{"items of the context", `"ItemsPath": "$$.Execution.Input.items",`, double, `[6, 2, 4]`},
		{"no items", `"ItemsPath": "$.none",`, double, `[]`},
		{"ItemSelector", `"ItemsPath": "$.items", "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "k.$": "$.k"},`, double,
			`[{"i": 0, "v": 3, "k": "v"}, {"i": 1, "v": 1, "k": "v"}, {"i": 2, "v": 2, "k": "v"}]`},
		{"result fields", `"ItemsPath": "$.items", "ResultSelector": {"n.$": "States.ArrayLength($)"}, "ResultPath": "$.r", "OutputPath": "$.r",`, double, `{"n": 3}`},
		{"items that are no array", `"ItemsPath": "$.obj",`, double, "!States.Runtime"},
		{"items missing", `"ItemsPath": "$.no",` + catchAll, double, "!States.Runtime"},
		{"negative concurrency", `"ItemsPath": "$.items", "MaxConcurrencyPath": "$.neg",`, double, "!States.Runtime"},
		{"concurrency of no number", `"ItemsPath": "$.items", "MaxConcurrencyPath": "$.k",`, double, "!States.Runtime"},
		{"error of an iteration", `"ItemsPath": "$.items",`, failing("A"), "!A"},
		{"caught", `"ItemsPath": "$.items", "Catch": [{"ErrorEquals": ["A"], "ResultPath": "$.e", "Next": "Caught"}], "OutputPath": "$.e",`, failing("A"),
			`{"items": [3, 1, 2], "k": "v", "two": 2, "neg": -1, "obj": {}, "none": [], "e": {"Error": "A", "Cause": "because"}}`},
		{"retried as a whole", `"ItemsPath": "$.items", "MaxConcurrency": 1, "Retry": [{"ErrorEquals": ["A"]}],`, failing("A"), `["ok", "ok", "ok"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields := tt.fields
			if !strings.Contains(fields, `"Catch"`) {
				fields += withCaught
			}
			assertRun(t, execute(t, inline(fields), in, tt.work), tt.want)
		})
	}
}

func TestMapConcurrency(t *testing.T) {
	items := `{"two": 2, "items": [` + "0" + strings.Repeat(",0", 99) + `]}`
	distributed := `"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "T", "States": {"T": {"Type": "Wait", "Seconds": 10, "End": true}}}`
	inlined := `"ItemProcessor": {"StartAt": "T", "States": {"T": {"Type": "Wait", "Seconds": 10, "End": true}}}`
	tests := []struct {
		name, fields string
		elapsed      time.Duration
	}{
		{"inline, one at a time", inlined + `, "MaxConcurrency": 1`, 1000 * time.Second},
		{"inline, by path", inlined + `, "MaxConcurrencyPath": "$.two"`, 500 * time.Second},
		{"inline, as many as AWS runs", inlined, 30 * time.Second},
		{"inline, more than AWS runs", inlined + `, "MaxConcurrency": 100`, 30 * time.Second},
		{"distributed, all at once", distributed, 10 * time.Second},
		{"distributed, ten at a time", distributed + `, "MaxConcurrency": 10`, 100 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := execute(t, one(`{"Type": "Map", "ItemsPath": "$.items", "ResultPath": null, "End": true, `+tt.fields+`}`), items, none)
			require.NoError(t, r.err)
			assert.Equal(t, tt.elapsed, r.elapsed)
		})
	}
}

func TestInlineMapEvents(t *testing.T) {
	r := execute(t, inline(`"MaxConcurrency": 1,`+withCaught), `[7, 8]`, func(_ context.Context, c Call) (any, error) {
		if n, _ := integer(c.Parameters); n == 8 {
			return nil, &Error{Name: "A", Cause: "because"}
		}
		return "ok", nil
	})
	assertRun(t, r, "!A")
	assert.Equal(t, []string{"ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapIterationStarted", "MapIterationSucceeded",
		"MapIterationStarted", "MapIterationFailed", "MapStateFailed", "ExecutionFailed"}, r.types(""))
	assert.Equal(t, []string{"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"}, r.types("M[0]"))
	assert.Equal(t, 2, r.events[2].Items)
	assert.Equal(t, []string{"M", "M[0]/T", "M[1]/T"}, r.visited())
	last := r.events[len(r.events)-1]
	assert.Equal(t, "A", last.Error)
	assert.Equal(t, "because", last.Cause)
}

// TestNestedItems: inside nested Maps $$.Map.Item is the innermost, and a branch sees the item around it.
func TestNestedItems(t *testing.T) {
	r := execute(t, one(`{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": {
		"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
			{"StartAt": "Leaf", "States": {"Leaf": {"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}, "End": true}}}]}}}}}}}`),
		`[["a"], ["b", "c"]]`, none)
	assertRun(t, r, `[[[{"i": 0, "v": "a"}]], [[{"i": 0, "v": "b"}], [{"i": 1, "v": "c"}]]]`)
	assert.Contains(t, r.visited(), "S[1]/Inner[1]/P/0/Leaf")
}
