package asl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spread is a distributed Map; its children run a task that sleeps as many seconds as item "s" says and fails with
// "fail" when that is given.
func spread(fields string) string {
	return `{"StartAt": "M", "States": {"M": {"Type": "Map", ` + fields + ` "Next": "Done", "Label": "chunks",
		"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "T", "States": {
			"T": {"Type": "Task", "Resource": "` + workARN + `", "End": true}}}},
		"Done": {"Type": "Pass", "End": true}, "Caught": {"Type": "Pass", "End": true}}}`
}

// bucket is the S3 of a test, and the work of the children.
type bucket struct {
	mu      sync.Mutex
	objects map[string]string
	calls   []Call
	refuse  string // ARN whose calls fail
}

func (b *bucket) Call(ctx context.Context, c Call) (any, error) {
	b.mu.Lock()
	b.calls = append(b.calls, c)
	b.mu.Unlock()
	p := c.Parameters.(map[string]any)
	switch c.Resource {
	case b.refuse:
		return nil, &Error{Name: "S3.AccessDenied", Cause: "no"}
	case readARN:
		body, ok := b.objects[fmt.Sprint(p["Bucket"], "/", p["Key"])]
		if !ok {
			return nil, &Error{Name: "S3.NoSuchKey"}
		}
		return map[string]any{"Body": body}, nil
	case putARN:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.objects[fmt.Sprint(p["Bucket"], "/", p["Key"])] = p["Body"].(string)
		return map[string]any{"ETag": "e"}, nil
	}
	if s, ok := p["s"]; ok {
		n, _ := integer(s)
		if err := sleep(ctx, time.Duration(n)*time.Second); err != nil {
			return nil, err
		}
	}
	if name, ok := p["fail"].(string); ok {
		return nil, &Error{Name: name, Cause: "because"}
	}
	return p["id"], nil
}

func executeSpread(t *testing.T, fields, input string, b *bucket) testRun {
	t.Helper()
	if !strings.Contains(fields, `"Catch"`) {
		fields += withCaught
	}
	if b.objects == nil {
		b.objects = map[string]string{}
	}
	return executeWith(t, spread(fields), Options{Input: []byte(input), Integrations: map[string]Integration{workARN: b, readARN: b, putARN: b}})
}

const reader = `"ItemReader": {"Resource": "` + readARN + `", "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "b", "Key.$": "$.key"}},`

func TestDistributedMap(t *testing.T) {
	objects := map[string]string{
		"b/chunks.json": `[{"id": 1}, {"id": 2}, {"id": 3}]`, "b/empty.json": `[]`, "b/object.json": `{"a": []}`, "b/broken.json": `[{"id"`,
		"b/ids.json": `[{"id": 9007199254740993}]`,
	}
	limited := func(config string) string {
		return strings.Replace(reader, `"InputType": "JSON"`, `"InputType": "JSON", `+config, 1)
	}
	tests := []struct{ name, fields, input, want string }{
		{"items of the input", `"ItemsPath": "$.items",`, `{"items": [{"id": "a"}, {"id": "b"}]}`, `["a", "b"]`},
		{"outputs in the order of the items", `"ItemsPath": "$.items",`, `{"items": [{"id": "slow", "s": 9}, {"id": "fast"}]}`, `["slow", "fast"]`},
		{"no items", `"ItemsPath": "$.items",`, `{"items": []}`, `[]`},
		{"ItemReader", reader, `{"key": "chunks.json"}`, `[1, 2, 3]`},
		{"ItemReader keeps digits", reader, `{"key": "ids.json"}`, `[9007199254740993]`},
		{"ItemReader of nothing", reader, `{"key": "empty.json"}`, `[]`},
		{"MaxItems", limited(`"MaxItems": 2`), `{"key": "chunks.json"}`, `[1, 2]`},
		{"MaxItemsPath", limited(`"MaxItemsPath": "$.max"`), `{"key": "chunks.json", "max": 1}`, `[1]`},
		{"MaxItems of more", limited(`"MaxItems": 99`), `{"key": "chunks.json"}`, `[1, 2, 3]`},
		{"negative MaxItems", limited(`"MaxItemsPath": "$.max"`), `{"key": "chunks.json", "max": -1}`, "!States.ItemReaderFailed"},
		{"fractional MaxItems", limited(`"MaxItemsPath": "$.max"`), `{"key": "chunks.json", "max": 1.5}`, "!States.Runtime"},
		{"ItemSelector sees the input", reader + `"ItemSelector": {"id": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value.id", "k.$": "$.key"}},`, `{"key": "ids.json"}`,
			`[{"i": 0, "v": 9007199254740993, "k": "ids.json"}]`},
		{"object that is no array", reader, `{"key": "object.json"}`, "!States.ItemReaderFailed"},
		{"object that is no JSON", reader, `{"key": "broken.json"}`, "!States.ItemReaderFailed"},
		{"object that is not there", reader, `{"key": "no.json"}`, "!States.ItemReaderFailed"},
		{"key that is not there", reader, `{}`, "!States.Runtime"},
		{"selector to nothing", reader + `"ItemSelector": {"id.$": "$$.Map.Item.Value.no"},` + catchAll, `{"key": "ids.json"}`, "!States.Runtime"},
		{"caught", reader + catchAll, `{"key": "no.json"}`, `{"Error": "States.ItemReaderFailed", "Cause": "S3.NoSuchKey"}`},
		{"one failure fails it", `"ItemsPath": "$.items",`, `{"items": [{"fail": "A"}]}`, "!States.ExceedToleratedFailureThreshold"},
		{"ResultPath", `"ItemsPath": "$.items", "ResultSelector": {"first.$": "$[0]"}, "ResultPath": "$.r", "OutputPath": "$.r",`, `{"items": [{"id": "a"}]}`, `{"first": "a"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assertRun(t, executeSpread(t, tt.fields, tt.input, &bucket{objects: objects}), tt.want)
		})
	}
}

func TestToleratedFailures(t *testing.T) {
	// Four items in turn, of which two fail.
	const input = `{"items": [{"id": 1}, {"fail": "A"}, {"fail": "B"}, {"id": 4}], "one": 1, "two": 2, "half": 50, "less": 49.9, "neg": -1, "over": 100.5, "text": "x"}`
	const exceeded = "!States.ExceedToleratedFailureThreshold"
	tests := []struct{ name, fields, want string }{
		{"none by default", ``, exceeded},
		{"count of two", `"ToleratedFailureCount": 2,`, "ok"},
		{"count of one", `"ToleratedFailureCount": 1,`, exceeded},
		{"half", `"ToleratedFailurePercentage": 50,`, "ok"},
		{"less than half", `"ToleratedFailurePercentage": 49,`, exceeded},
		{"all", `"ToleratedFailurePercentage": 100,`, "ok"},
		{"percentage of zero", `"ToleratedFailurePercentage": 0,`, exceeded},
		{"count is exceeded first", `"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 100,`, exceeded},
		{"percentage is exceeded first", `"ToleratedFailureCount": 4, "ToleratedFailurePercentage": 10,`, exceeded},
		{"count by path", `"ToleratedFailureCountPath": "$.two",`, "ok"},
		{"small count by path", `"ToleratedFailureCountPath": "$.one",`, exceeded},
		{"percentage by path", `"ToleratedFailurePercentagePath": "$.half",`, "ok"},
		{"small percentage by path", `"ToleratedFailurePercentagePath": "$.less",`, exceeded},
		{"negative count", `"ToleratedFailureCountPath": "$.neg",`, "!States.Runtime"},
		{"percentage over 100", `"ToleratedFailurePercentagePath": "$.over",`, "!States.Runtime"},
		{"percentage of text", `"ToleratedFailurePercentagePath": "$.text",`, "!States.Runtime"},
		{"count of text", `"ToleratedFailureCountPath": "$.text",`, "!States.Runtime"},
		{"percentage missing", `"ToleratedFailurePercentagePath": "$.no",`, "!States.Runtime"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := executeSpread(t, `"ItemsPath": "$.items", "MaxConcurrency": 1, `+tt.fields, input, &bucket{})
			if tt.want != "ok" {
				assertRun(t, r, tt.want)
				return
			}
			require.NoError(t, r.err)
			out := r.output.([]any)
			assert.Equal(t, []any{number(1), number(4)}, []any{out[0], out[3]})
			failed := out[1].(map[string]any)
			assert.Equal(t, []any{"FAILED", "A", "because", `{"fail":"A"}`}, []any{failed["Status"], failed["Error"], failed["Cause"], failed["Input"]})
		})
	}
}

// TestThresholdAbortsWhatRuns: at the first failure too many, running children stop and waiting ones never start.
func TestThresholdAbortsWhatRuns(t *testing.T) {
	b := &bucket{}
	r := executeSpread(t, `"ItemsPath": "$.items", "MaxConcurrency": 2, `,
		`{"items": [{"s": 1000}, {"fail": "A", "s": 5}, {"id": 3}]}`, b)
	assertRun(t, r, "!"+ErrExceedToleratedFailures)
	assert.Equal(t, 5*time.Second, r.elapsed)
	assert.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskStateAborted", "ExecutionAborted"}, r.types("M[0]"))
	assert.Equal(t, []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskFailed", "ExecutionFailed"}, r.types("M[1]"))
	assert.Empty(t, r.types("M[2]"))
	assert.Equal(t, []string{"ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"}, r.types(""))
}

// TestChildExecutions: a child has names, input, context and history of its own.
func TestChildExecutions(t *testing.T) {
	r := executeWith(t, `{"StartAt": "M", "States": {"M": {"Type": "Map", "Label": "chunks", "ItemsPath": "$.items", "End": true,
		"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "C", "States": {
			"C": {"Type": "Pass", "Parameters": {"c.$": "$$"}, "OutputPath": "$.c", "End": true}}}}}}`,
		Options{Input: []byte(`{"items": ["a", "b"]}`), StateMachineARN: "arn:aws:states:eu-west-1:123456789012:stateMachine:audience"})
	require.NoError(t, r.err)
	names := map[any]bool{}
	for i, v := range r.output.([]any) {
		c := v.(map[string]any)
		ex := c["Execution"].(map[string]any)
		name := ex["Name"].(string)
		names[name] = true
		assert.Equal(t, "arn:aws:states:eu-west-1:123456789012:execution:audience/chunks:"+name, ex["Id"])
		assert.Equal(t, []any{"a", "b"}[i], ex["Input"])
		assert.Equal(t, map[string]any{"Id": "arn:aws:states:eu-west-1:123456789012:stateMachine:audience/chunks", "Name": "audience/chunks"}, c["StateMachine"])
		assert.NotContains(t, c, "Map")
	}
	assert.Len(t, names, 2)
	for _, e := range r.events {
		if e.Path != "M[1]" {
			continue
		}
		assert.Equal(t, 1, *e.Index)
		assert.Regexp(t, `^arn:aws:states:eu-west-1:123456789012:mapRun:audience/chunks:[0-9a-f-]{36}$`, e.MapRun)
	}
	child := slices.DeleteFunc(slices.Clone(r.events), func(e Event) bool { return e.Path != "M[1]" })
	for i, e := range child {
		assert.Equal(t, int64(i+1), e.ID)
	}
	run := slices.IndexFunc(r.events, func(e Event) bool { return e.Type == MapRunStarted })
	assert.Equal(t, 2, r.events[run].Items)
}

const writer = `"ResultWriter": {"Resource": "` + putARN + `", "Parameters": {"Bucket": "out", "Prefix.$": "$.prefix"}},`

func TestResultWriter(t *testing.T) {
	b := &bucket{}
	r := executeSpread(t, `"ItemsPath": "$.items", "MaxConcurrency": 2,`+writer, `{"prefix": "runs/1/map", "items": [{"id": "a"}, {"s": 100}, {"fail": "A", "s": 1}, {"id": "d"}]}`, b)
	assertRun(t, r, "!"+ErrExceedToleratedFailures)
	keys := sortedKeys(b.objects)
	require.Len(t, keys, 4)
	folder := strings.TrimSuffix(keys[0], "FAILED_0.json")
	assert.Regexp(t, `^out/runs/1/map/[0-9a-f-]{36}/$`, folder)
	assert.Equal(t, []string{folder + "FAILED_0.json", folder + "PENDING_0.json", folder + "SUCCEEDED_0.json", folder + "manifest.json"}, keys)

	read := func(name string) any {
		v, err := decode([]byte(b.objects[folder+name]))
		require.NoError(t, err)
		return v
	}
	succeeded := read("SUCCEEDED_0.json").([]any)
	require.Len(t, succeeded, 1)
	entry := succeeded[0].(map[string]any)
	name := entry["Name"].(string)
	assert.Equal(t, map[string]any{
		"ExecutionArn": "arn:aws:states:us-east-1:000000000000:execution:local/chunks:" + name, "Name": name,
		"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:local/chunks", "Status": "SUCCEEDED",
		"Input": `{"id":"a"}`, "InputDetails": map[string]any{"Included": true}, "Output": `"a"`, "OutputDetails": map[string]any{"Included": true},
		"StartDate": "2000-01-01T00:00:00.000Z", "StopDate": "2000-01-01T00:00:00.000Z",
	}, entry)
	statuses := func(v any) (out []any) {
		for _, e := range v.([]any) {
			m := e.(map[string]any)
			out = append(out, fmt.Sprint(m["Status"], m["Error"]))
		}
		return out
	}
	assert.Equal(t, []any{"ABORTED<nil>", "FAILEDA"}, statuses(read("FAILED_0.json")))
	assert.Equal(t, []any{"PENDING<nil>"}, statuses(read("PENDING_0.json")))
	runID := strings.Split(folder, "/")[4]
	size := func(file string) any { return number(len(b.objects[folder+file])) }
	key := strings.TrimPrefix(folder, "out/")
	assert.Equal(t, map[string]any{
		"DestinationBucket": "out", "MapRunArn": "arn:aws:states:us-east-1:000000000000:mapRun:local/chunks:" + runID,
		"ResultFiles": map[string]any{
			"FAILED":    []any{map[string]any{"Key": key + "FAILED_0.json", "Size": size("FAILED_0.json")}},
			"PENDING":   []any{map[string]any{"Key": key + "PENDING_0.json", "Size": size("PENDING_0.json")}},
			"SUCCEEDED": []any{map[string]any{"Key": key + "SUCCEEDED_0.json", "Size": size("SUCCEEDED_0.json")}},
		},
	}, read("manifest.json"))
}

func TestResultWriterOutput(t *testing.T) {
	b := &bucket{}
	r := executeSpread(t, `"ItemsPath": "$.items", "ToleratedFailurePercentage": 100,`+writer, `{"prefix": "p/", "items": [{"id": "a"}]}`, b)
	require.NoError(t, r.err)
	out := r.output.(map[string]any)
	details := out["ResultWriterDetails"].(map[string]any)
	assert.Equal(t, "out", details["Bucket"])
	assert.Regexp(t, `^p/[0-9a-f-]{36}/manifest.json$`, details["Key"])
	assert.Contains(t, b.objects, fmt.Sprint("out/", details["Key"]))
	manifest, err := decode([]byte(b.objects[fmt.Sprint("out/", details["Key"])]))
	require.NoError(t, err)
	assert.Equal(t, out["MapRunArn"], manifest.(map[string]any)["MapRunArn"])
	assert.Empty(t, manifest.(map[string]any)["ResultFiles"].(map[string]any)["FAILED"])
	assert.Len(t, b.objects, 2)
}

func TestResultsTooLarge(t *testing.T) {
	big := strings.Repeat("x", 100000)
	items := fmt.Sprintf(`{"prefix": "p", "items": [{"id": %q}, {"id": "b"}]}`, big)
	three := func(context.Context, Call) (any, error) { return strings.Repeat("x", 200000), nil }
	tests := []struct{ name, fields, want string }{
		{"without a writer", ``, "!States.DataLimitExceeded"},
		{"without a writer, not caught", catchAll, "!States.DataLimitExceeded"},
		{"with a writer", writer + `"ResultSelector": {"b.$": "$.ResultWriterDetails.Bucket"},`, `{"b": "out"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &bucket{objects: map[string]string{}}
			fields := tt.fields
			if !strings.Contains(fields, "Catch") {
				fields += withCaught
			}
			r := executeWith(t, spread(`"ItemsPath": "$.items",`+fields), Options{Input: []byte(items), Integrations: map[string]Integration{workARN: IntegrationFunc(three), putARN: b}})
			assertRun(t, r, tt.want)
		})
	}
}

func TestResultWriterFails(t *testing.T) {
	r := executeSpread(t, `"ItemsPath": "$.items",`+writer+catchAll, `{"prefix": "p", "items": [{"id": "a"}]}`, &bucket{refuse: putARN})
	assertRun(t, r, `{"Error": "States.ResultWriterFailed", "Cause": "S3.AccessDenied: no"}`)
	r = executeSpread(t, `"ItemsPath": "$.items",`+writer, `{"prefix": 1, "items": [{"id": "a"}]}`, &bucket{})
	assertRun(t, r, "!"+ErrResultWriterFailed)
}

// TestRetryOfAMapStartsANewRun: as on AWS, all children run again, under another Map Run.
func TestRetryOfAMapStartsANewRun(t *testing.T) {
	b := &bucket{objects: map[string]string{}}
	work := failing("A")
	r := executeWith(t, spread(`"ItemsPath": "$.items", "MaxConcurrency": 1, "Retry": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"]}],`+withCaught),
		Options{Input: []byte(`{"items": [1, 2]}`), Integrations: map[string]Integration{workARN: work, putARN: b}})
	assertRun(t, r, `["ok", "ok"]`)
	runs := map[string]bool{}
	for _, e := range r.events {
		if e.Type == MapRunStarted {
			runs[e.MapRun] = true
		}
	}
	assert.Len(t, runs, 2)
}

func TestLabelFromTheStatesName(t *testing.T) {
	assert.Equal(t, "Uploadchunks", (&mapSpec{}).runLabel("Upload: chunks"))
	assert.Equal(t, strings.Repeat("a", 40), (&mapSpec{}).runLabel(strings.Repeat("a", 80)))
	assert.Equal(t, "l", (&mapSpec{label: "l"}).runLabel("Upload"))
}
