package statemachine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
)

var starterValues = StarterValues{
	WorkBucket:          "cleanreach-work-111122223333-eu-west-1",
	StateMachineARN:     "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach",
	UndeliveredQueueURL: "https://sqs.eu-west-1.amazonaws.com/111122223333/cleanreach-undelivered",
}

// doorway stands in for the services around the starter: the bucket knows one audience, and Step Functions knows the
// names of the executions that it started, and whether they still run.
type doorway struct {
	trail
	visited []string
	started []map[string]any          // parameters of startExecution
	names   map[string]map[string]any // of executions that still run: their input; nil for one that ended
	queue   []map[string]any
	fails   map[string][]string // by action: the errors of its next calls, "" for none
}

func newDoorway() *doorway {
	return &doorway{trail: newTrail(StarterDefinition), names: map[string]map[string]any{}, fails: map[string][]string{}}
}

func (d *doorway) call(_ context.Context, call asl.Call) (any, error) {
	p := call.Parameters.(map[string]any)
	action := call.Resource[strings.LastIndex(call.Resource, ":")+1:]
	if next := d.fails[action]; len(next) > 0 {
		d.fails[action] = next[1:]
		if next[0] != "" {
			return nil, &asl.Error{Name: next[0], Cause: "the API said no"}
		}
	}
	switch action {
	case "headObject":
		if p["Bucket"] != starterValues.WorkBucket || p["Key"] != "audiences/acme/vip.json" {
			return nil, &asl.Error{Name: "S3.NoSuchKeyException"}
		}
		return map[string]any{"ContentLength": 17}, nil
	case "startExecution":
		return d.start(p)
	case "sendMessage":
		d.queue = append(d.queue, p["MessageBody"].(map[string]any))
	}
	return map[string]any{}, nil
}

// start is StartExecution: idempotent while the execution runs, and for the same input only.
func (d *doorway) start(p map[string]any) (any, error) {
	name, input := p["Name"].(string), p["Input"].(map[string]any)
	running, known := d.names[name]
	if known && !maps.Equal(running, input) {
		return nil, &asl.Error{Name: "StepFunctions.ExecutionAlreadyExistsException"}
	}
	if !known {
		d.names[name] = input
		d.started = append(d.started, p)
	}
	return map[string]any{"ExecutionArn": "arn:aws:states:eu-west-1:111122223333:execution:cleanreach:" + name, "StartDate": 1}, nil
}

// end lets every execution end.
func (d *doorway) end() {
	for name := range d.names {
		d.names[name] = nil
	}
}

// receive runs the starter.
func (d *doorway) receive(t *testing.T, input string) error {
	t.Helper()
	rendered, err := RenderStarter(starterValues)
	require.NoError(t, err)
	machine, err := asl.Load(rendered)
	require.NoError(t, err)
	integrations := map[string]asl.Integration{}
	for _, arn := range machine.Resources() {
		integrations[arn] = asl.IntegrationFunc(d.call)
	}
	d.visited = nil
	synctest.Test(t, func(t *testing.T) {
		_, err = machine.Run(t.Context(), asl.Options{
			Name: "start-1", Input: []byte(input), Integrations: integrations,
			OnEvent: func(e asl.Event) {
				d.follow(e)
				if e.Entered() {
					d.visited = append(d.visited, e.State)
				}
			},
		})
	})
	return err
}

// marker is S3's event as EventBridge delivers it.
func marker(object string) string {
	return `{"version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "Object Created", "source": "aws.s3",
		"account": "111122223333", "time": "2026-11-24T05:00:00Z", "region": "eu-west-1", "resources": ["arn:aws:s3:::raw"],
		"detail": {"version": "0", "bucket": {"name": "raw"}, "object": ` + object + `, "reason": "PutObject"}}`
}

func versioned(key, version string) string {
	return marker(fmt.Sprintf(`{"key": %q, "size": 0, "etag": "e", "version-id": %q, "sequencer": "00617F08299329D189"}`, key, version))
}

func request(detail string) string { return requestWithID("e-1", detail) }

func requestWithID(id, detail string) string {
	return fmt.Sprintf(`{"version": "0", "id": %q, "detail-type": "Run Requested", "source": "com.example", "detail": %s}`, id, detail)
}

func schedule(tenant, name, at string) string {
	return fmt.Sprintf(`{"tenant": %q, "audience": %q, "scheduled_time": %q}`, tenant, name, at)
}

var vip = map[string]any{"tenant": "acme", "audience": "vip"}

// TestTheStarterStarts: every way in ends in one execution with the input that the state machine wants.
func TestTheStarterStarts(t *testing.T) {
	continued := map[string]any{"tenant": "acme", "audience": "vip", "run": "event-1"}
	cases := []struct {
		name, input, kind string
		want              map[string]any
	}{
		{"a marker", versioned("acme/vip/_SUCCESS", "v1"), "marker", vip},
		{"a marker below folders", versioned("acme/vip/2026/11/24/_SUCCESS", "v1"), "marker", vip},
		{"a marker in a folder with odd characters", versioned("acme/vip/dt=2026-11-24 a+b%20/_SUCCESS", "v1"), "marker", vip},
		{"a marker of a bucket without versioning", marker(`{"key": "acme/vip/_SUCCESS", "sequencer": "1"}`), "marker", vip},
		{"a marker whose version is null", marker(`{"key": "acme/vip/_SUCCESS", "version-id": null, "sequencer": "1"}`), "marker", vip},
		{"a request", request(`{"tenant": "acme", "audience": "vip"}`), "event", vip},
		{"a request with an id", request(`{"tenant": "acme", "audience": "vip", "id": "order 1/2"}`), "event", vip},
		{"a request with more than we know", request(`{"tenant": "acme", "audience": "vip", "by": {"a": 1}}`), "event", vip},
		{"a request to go on", request(`{"tenant": "acme", "audience": "vip", "run": "event-1"}`), "event", continued},
		{"a schedule", schedule("acme", "vip", "2026-11-24T05:00:00Z"), "schedule", vip},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDoorway()
			require.NoError(t, d.receive(t, c.input))
			require.Len(t, d.started, 1)
			assert.Equal(t, c.want, d.started[0]["Input"])
			assert.Equal(t, starterValues.StateMachineARN, d.started[0]["StateMachineArn"])
			name := d.started[0]["Name"].(string)
			assert.Regexp(t, "^"+c.kind+"-[0-9a-f]{64}$", name)
			assert.True(t, audience.ValidRunID(name), "it becomes the run's id: %s", name)
			assert.Empty(t, d.queue)
			assert.Equal(t, "Started", d.visited[len(d.visited)-1])
		})
	}
}

// TestTheStarterKnowsDuplicates: what is told twice runs once, and what is new runs.
func TestTheStarterKnowsDuplicates(t *testing.T) {
	const detail = `{"tenant": "acme", "audience": "vip"}`
	own := func(id string) string { return `{"tenant": "acme", "audience": "vip", "id": "` + id + `"}` }
	goOn := func(run string) string { return `{"tenant": "acme", "audience": "vip", "run": "` + run + `"}` }
	cases := []struct {
		name, first, second string
		runs                int
	}{
		{"the same marker", versioned("acme/vip/_SUCCESS", "v1"), versioned("acme/vip/_SUCCESS", "v1"), 1},
		{"a marker written again", versioned("acme/vip/_SUCCESS", "v1"), versioned("acme/vip/_SUCCESS", "v2"), 2},
		{"a marker written again without versioning", marker(`{"key": "acme/vip/_SUCCESS", "sequencer": "1"}`), marker(`{"key": "acme/vip/_SUCCESS", "sequencer": "2"}`), 2},
		{"markers of two folders", versioned("acme/vip/a/_SUCCESS", "v1"), versioned("acme/vip/b/_SUCCESS", "v1"), 2},
		{"the same event", requestWithID("e-1", detail), requestWithID("e-1", detail), 1},
		{"another event", requestWithID("e-1", detail), requestWithID("e-2", detail), 2},
		{"a request sent twice", requestWithID("e-1", own("r")), requestWithID("e-2", own("r")), 1},
		{"requests with two ids", requestWithID("e-1", own("r")), requestWithID("e-1", own("s")), 2},
		{"the same request to go on", requestWithID("e-1", goOn("r")), requestWithID("e-1", goOn("r")), 1},
		{"to go on once more", requestWithID("e-1", goOn("r")), requestWithID("e-2", goOn("r")), 2},
		{"to go on with another run", requestWithID("e-1", goOn("r")), requestWithID("e-1", goOn("s")), 2},
		{"an event, and one to go on", requestWithID("e-1", detail), requestWithID("e-1", goOn("r")), 2},
		{"the same time", schedule("acme", "vip", "2026-11-24T05:00:00Z"), schedule("acme", "vip", "2026-11-24T05:00:00Z"), 1},
		{"the next time", schedule("acme", "vip", "2026-11-24T05:00:00Z"), schedule("acme", "vip", "2026-11-25T05:00:00Z"), 2},
	}
	for _, c := range cases {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ended %t", c.name, ended), func(t *testing.T) {
				d := newDoorway()
				require.NoError(t, d.receive(t, c.first))
				if ended {
					d.end()
				}
				require.NoError(t, d.receive(t, c.second))
				assert.Len(t, d.started, c.runs)
				assert.Empty(t, d.queue)
				if c.runs == 1 && ended {
					assert.Equal(t, "AlreadyStarted", d.visited[len(d.visited)-1])
				}
			})
		}
	}
}

// TestTheStarterRefuses: whatever starts nothing is in the queue with the reason, and fails the execution, in every way
// in which it can be wrong.
func TestTheStarterRefuses(t *testing.T) {
	const noMarker, noRequest, noInput = "is not at <tenant>/<audience>/.../_SUCCESS", "the detail of the event is not", "no marker, no request and no schedule"
	cases := []struct{ name, input, want string }{
		{"an unknown audience", request(`{"tenant": "acme", "audience": "vpi"}`), "no audience definition at audiences/acme/vpi.json"},
		{"an unknown tenant", schedule("acmi", "vip", "2026-11-24T05:00:00Z"), "no audience definition at audiences/acmi/vip.json"},
		{"a marker for an unknown audience", versioned("acme/none/_SUCCESS", "v"), "no audience definition at audiences/acme/none.json"},
		{"a marker at the top", versioned("_SUCCESS", "v"), noMarker},
		{"a marker in a tenant's folder", versioned("acme/_SUCCESS", "v"), noMarker},
		{"a marker of another name", versioned("acme/vip/_SUCCESS.json", "v"), noMarker},
		{"a name that ends like a marker", versioned("acme/vip/my_SUCCESS", "v"), noMarker},
		{"a key that begins with a slash", versioned("/acme/vip/_SUCCESS", "v"), noMarker},
		{"a key with an empty folder", versioned("acme//_SUCCESS", "v"), noMarker},
		{"a key of slashes", versioned("//_SUCCESS", "v"), noMarker},
		{"a key that is a number", marker(`{"key": 3, "version-id": "v"}`), noInput},
		{"a marker without a key", marker(`{"version-id": "v"}`), noInput},
		{"a marker without version and sequencer", marker(`{"key": "acme/vip/_SUCCESS"}`), noInput},
		{"a marker whose object is text", marker(`"acme/vip/_SUCCESS"`), noInput},
		{"an event of S3 without detail", `{"source": "aws.s3"}`, noInput},
		{"a request without detail", `{"detail-type": "Run Requested", "id": "e"}`, noRequest},
		{"a request without an id", `{"detail-type": "Run Requested", "detail": {"tenant": "acme", "audience": "vip"}}`, noRequest},
		{"a request without a tenant", request(`{"audience": "vip"}`), noRequest},
		{"a request without an audience", request(`{"tenant": "acme"}`), noRequest},
		{"a tenant that is a number", request(`{"tenant": 1, "audience": "vip"}`), noRequest},
		{"an audience that is null", request(`{"tenant": "acme", "audience": null}`), noRequest},
		{"an audience with a slash", request(`{"tenant": "acme", "audience": "../vip"}`), noRequest},
		{"a tenant with a slash", request(`{"tenant": "acme/vip", "audience": "x"}`), noRequest},
		{"an empty tenant", request(`{"tenant": "", "audience": "vip"}`), noRequest},
		{"an empty audience", request(`{"tenant": "acme", "audience": ""}`), noRequest},
		{"a run with a slash", request(`{"tenant": "acme", "audience": "vip", "run": "a/b"}`), noRequest},
		{"an empty run", request(`{"tenant": "acme", "audience": "vip", "run": ""}`), noRequest},
		{"a run that is null", request(`{"tenant": "acme", "audience": "vip", "run": null}`), noRequest},
		{"an id that is a number", request(`{"tenant": "acme", "audience": "vip", "id": 7}`), noRequest},
		{"an empty id", request(`{"tenant": "acme", "audience": "vip", "id": ""}`), noRequest},
		{"a detail that is a list", request(`[]`), noRequest},
		{"a long id", request(`{"tenant": "acme", "audience": "vip", "id": "` + strings.Repeat("x", 10_000) + `"}`), "more than 10,000 characters"},
		{"a long tenant", request(`{"tenant": "` + strings.Repeat("x", 200) + `", "audience": "vip"}`), "no audience definition at"},
		{"a schedule without a tenant", `{"audience": "vip", "scheduled_time": "2026-11-24T05:00:00Z"}`, noInput},
		{"a schedule with a slash", schedule("acme", "a/b", "2026-11-24T05:00:00Z"), noInput},
		{"a time that is a number", `{"tenant": "acme", "audience": "vip", "scheduled_time": 5}`, noInput},
		{"the input of the other state machine", `{"tenant": "acme", "audience": "vip"}`, noInput},
		{"a list", `[]`, noInput},
		{"nothing", `null`, noInput},
		{"text", `"acme"`, noInput},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDoorway()
			require.ErrorContains(t, d.receive(t, c.input), "CleanReach.NotStarted")
			assert.Empty(t, d.started)
			require.Len(t, d.queue, 1)
			assert.Contains(t, d.queue[0]["reason"], c.want)
			assert.NotEmpty(t, d.queue[0]["next"])
			assert.Contains(t, d.queue[0]["execution"], "start-1")
		})
	}
}

// TestTheStarterInTrouble: what a service does not do at once is tried again, and what it never does is told.
func TestTheStarterInTrouble(t *testing.T) {
	const throttled = "StepFunctions.ThrottlingException"
	cases := []struct {
		name   string
		fails  map[string][]string
		runs   int
		reason string // in the queue
		err    string
	}{
		{"StartExecution is throttled", map[string][]string{"startExecution": slices.Repeat([]string{throttled}, 8)}, 1, "", ""},
		{"StartExecution stays throttled", map[string][]string{"startExecution": slices.Repeat([]string{throttled}, 9)}, 0, throttled, "NotStarted"},
		{"StartExecution is not allowed", map[string][]string{"startExecution": slices.Repeat([]string{"States.Permissions"}, 9)}, 0, "States.Permissions", "NotStarted"},
		{"S3 stumbles", map[string][]string{"headObject": {"S3.S3Exception", "States.Timeout"}}, 1, "", ""},
		{"S3 says no", map[string][]string{"headObject": slices.Repeat([]string{"S3.S3Exception"}, 6)}, 0, "S3.S3Exception", "NotStarted"},
		{"the queue stumbles", map[string][]string{"headObject": {"S3.NoSuchKeyException"}, "sendMessage": {"SQS.SqsException"}}, 0, "no audience definition", "NotStarted"},
		{"the queue is gone", map[string][]string{"headObject": {"S3.NoSuchKeyException"}, "sendMessage": slices.Repeat([]string{"SQS.QueueDoesNotExistException"}, 7)}, 0, "", "no audience definition"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDoorway()
			d.fails = c.fails
			err := d.receive(t, request(`{"tenant": "acme", "audience": "vip"}`))
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.err)
				assert.NotContains(t, err.Error(), "the API said no", "what may quote data stays in the history")
			}
			assert.Len(t, d.started, c.runs)
			text, err := json.Marshal(d.queue)
			require.NoError(t, err)
			assert.Contains(t, string(text), c.reason)
			assert.Equal(t, c.reason != "", len(d.queue) == 1)
		})
	}
}

// TestEveryWayOfTheStarter: no transition of the definition is left untried.
func TestEveryWayOfTheStarter(t *testing.T) {
	taken := map[transition]bool{}
	run := func(fails map[string][]string, inputs ...string) {
		d := newDoorway()
		d.fails = fails
		for _, input := range inputs {
			_ = d.receive(t, input) // how it ends is the other tests' matter
			d.end()
		}
		maps.Copy(taken, d.taken)
	}
	const good = `{"tenant": "acme", "audience": "vip"}`
	run(nil, versioned("acme/vip/_SUCCESS", "v"), marker(`{"key": "acme/vip/_SUCCESS", "sequencer": "1"}`), marker(`{"key": "acme/vip/_SUCCESS"}`), versioned("x", "v"), marker(`{}`))
	run(nil, request(good), request(good), request(`{}`), request(`{"tenant": "acme", "audience": "none"}`))
	run(nil, request(`{"tenant": "acme", "audience": "vip", "id": "1", "run": "r"}`), request(`{"tenant": "acme", "audience": "vip", "run": "r"}`))
	run(nil, request(`{"tenant": "acme", "audience": "vip", "id": "`+strings.Repeat("x", 10_000)+`"}`))
	run(nil, schedule("acme", "vip", "t"), schedule("a/b", "vip", "t"), `{}`)
	for _, action := range []string{"headObject", "startExecution"} {
		run(map[string][]string{action: slices.Repeat([]string{"States.Permissions"}, 9)}, request(good))
	}
	run(map[string][]string{"sendMessage": slices.Repeat([]string{"States.Permissions"}, 9)}, `{}`)
	for _, way := range transitions(readOutline(t, StarterDefinition)) {
		assert.True(t, taken[way], "no case goes from %s to %s", way.from, way.to)
	}
}

func TestRenderStarterRefuses(t *testing.T) {
	_, err := RenderStarter(StarterValues{WorkBucket: "work", StateMachineARN: "arn"})
	require.ErrorContains(t, err, "the value undelivered_queue_url is empty")
}

// TestTimeForTheStarter: its time limit cannot be caught, so that whatever its states may take must end before it.
func TestTimeForTheStarter(t *testing.T) {
	o, total := readOutline(t, StarterDefinition), 0.0
	o.each(func(s *state) {
		if s.Type != "Task" {
			return
		}
		assert.Positive(t, s.TimeoutSeconds, s.name)
		total += float64(s.TimeoutSeconds)
		for _, r := range s.Retry {
			for pause := r.IntervalSeconds; r.MaxAttempts > 0; r.MaxAttempts-- {
				total += float64(s.TimeoutSeconds) + pause
				pause *= r.BackoffRate
			}
		}
	})
	assert.Less(t, total, float64(o.TimeoutSeconds))
}
