package statemachine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
)

// world stands in for all services: a bucket in memory, tasks that write the documents that the state machine reads, and
// answers that a case may change.
type world struct {
	trail
	definition []byte

	mu      sync.Mutex
	bucket  map[string]string
	queue   []map[string]any
	events  []map[string]any
	room    map[string][]string // by command and chunk: the capacity providers that its tasks asked for
	visited []string            // top-level states, and chunk states as chunk:State
	exits   map[string][]string // by command (and :chunk): what the next tasks do: an exit code, a stop code, or "" for success
	answers map[string][]any    // by API action: errors and results to give before the default
	broken  map[string]string   // by state: the error that its every call fails with
	entered map[string]time.Time
	held    time.Time // until when the lease is
	lost    string    // who found it expired
	history int       // events of the execution, as AWS counts them
	chunks  []string
	mode    string            // that preflight finds
	next    []audience.Upload // what plan writes, and then advance each time; what is left out is an upload in one pass
	outcome string
}

const (
	runDir   = "runs/acme/vip/run-1/"
	leaseKey = "leases/acme/vip/00000001.json"
)

func newWorld() *world {
	return &world{
		bucket: map[string]string{"audiences/acme/vip.json": `{"source": {}}`},
		exits:  map[string][]string{}, room: map[string][]string{}, answers: map[string][]any{}, broken: map[string]string{}, entered: map[string]time.Time{},
		definition: Definition, trail: newTrail(Definition), chunks: []string{"00001", "00002"}, mode: audience.ModeAdd, outcome: "succeeded",
	}
}

func (w *world) integrations(m *asl.Machine) map[string]asl.Integration {
	all := map[string]asl.Integration{}
	for _, arn := range m.Resources() {
		all[arn] = asl.IntegrationFunc(func(_ context.Context, call asl.Call) (any, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			action := call.Resource[strings.LastIndex(call.Resource, ":")+1:]
			if action == "sync" || strings.HasSuffix(call.Resource, ".sync") {
				action = strings.TrimPrefix(call.Resource, "arn:aws:states:::")
			}
			if name := w.broken[call.State]; name != "" {
				return nil, &asl.Error{Name: name, Cause: "the API said no"}
			}
			if next := w.answers[action]; len(next) > 0 {
				w.answers[action] = next[1:]
				if err, bad := next[0].(*asl.Error); bad {
					return nil, err
				}
				if next[0] != nil {
					return next[0], nil
				}
			}
			return w.answer(action, call.Parameters.(map[string]any))
		})
	}
	return all
}

func (w *world) answer(action string, p map[string]any) (any, error) {
	text := func(name string) string { s, _ := p[name].(string); return s }
	switch action {
	case "getObject":
		body, ok := w.bucket[text("Key")]
		if !ok {
			return nil, &asl.Error{Name: "S3.NoSuchKeyException", Cause: "no such key"}
		}
		return map[string]any{"Body": body}, nil
	case "putObject":
		body, isText := p["Body"].(string)
		if !isText {
			data, _ := json.Marshal(p["Body"])
			body = string(data)
		}
		w.bucket[text("Key")] = body
		if lease, ok := p["Body"].(map[string]any); ok && text("Key") == leaseKey {
			ttl, _ := lease["ttl_seconds"].(json.Number).Int64()
			w.hold(body, time.Duration(ttl)*time.Second)
		}
		return map[string]any{}, nil
	case "startProtectedQuery":
		return map[string]any{"ProtectedQuery": map[string]any{"Id": "query-1", "Status": "SUBMITTED"}}, nil
	case "getProtectedQuery":
		return success(), nil
	case "sendMessage":
		w.queue = append(w.queue, p["MessageBody"].(map[string]any))
		return map[string]any{}, nil
	case "putEvents":
		w.events = append(w.events, p["Entries"].([]any)[0].(map[string]any))
		return map[string]any{}, nil
	case "ecs:runTask.sync":
		return w.task(p)
	}
	return map[string]any{}, nil
}

func queryIs(status string, fields ...string) map[string]any {
	q := map[string]any{"Id": "query-1", "Status": status}
	if len(fields) > 0 {
		q["Error"] = map[string]any{"Code": fields[0], "Message": fields[len(fields)-1]}
	}
	return map[string]any{"ProtectedQuery": q}
}

func success() map[string]any {
	return map[string]any{"ProtectedQuery": map[string]any{"Id": "query-1", "Status": "SUCCESS",
		"Result": map[string]any{"Output": map[string]any{"S3": map[string]any{"Location": "s3://results/x/"}}}}}
}

// task does what a stage leaves behind, or fails as ECS does.
func (w *world) task(p map[string]any) (any, error) {
	override := p["Overrides"].(map[string]any)["ContainerOverrides"].([]any)[0].(map[string]any)
	stage := override["Command"].([]any)[0].(string)
	key := stage
	for _, v := range override["Environment"].([]any) {
		if v := v.(map[string]any); v["Name"] == "CLEANREACH_CHUNK" {
			key += ":" + v["Value"].(string)
		}
	}
	if strategy, ok := p["CapacityProviderStrategy"].([]any); ok {
		w.room[key] = append(w.room[key], strategy[0].(map[string]any)["CapacityProvider"].(string))
	}
	w.hold(key, 15*time.Minute) // every task renews it when it starts
	if next := w.exits[key]; len(next) > 0 {
		w.exits[key] = next[1:]
		if next[0] != "" {
			return nil, taskFailed(p, next[0])
		}
	}
	switch stage {
	case "preflight":
		w.put("lease.json", audience.HeldLease{Schema: 1, Key: leaseKey})
		w.put("preflight.json", audience.Preflight{Schema: 1, Mode: w.mode, Query: audience.QueryOf(&audience.Definition{Match: audience.Match{MembershipID: "m", SQL: "SELECT"}})})
	case "plan":
		items := []audience.Chunk{}
		for _, c := range w.chunks {
			items = append(items, audience.Chunk{ID: c})
		}
		w.put("chunks.json", items)
		w.step(audience.Upload{Next: audience.NextUpload, Chunks: len(items), List: audience.ChunksFile})
	case "advance":
		w.step(audience.Upload{Next: audience.NextReport})
	case "report":
		w.put("outcome.json", audience.Outcome{Schema: 1, Outcome: w.outcome, Chunks: audience.ChunkCounts{Total: 2, Failed: 1},
			Failure: &audience.Cause{Class: "invalid", ExitCode: 2, Next: "mend the data"}})
	}
	return map[string]any{"LastStatus": "STOPPED"}, nil
}

// step writes the next of the steps that a case lists, or else this one.
func (w *world) step(u audience.Upload) {
	if len(w.next) > 0 {
		u, w.next = w.next[0], w.next[1:]
	}
	u.Schema, u.Concurrency, u.ToleratedPercent = 1, 1, 50
	if u.Next == audience.NextUpload && u.Chunks == 0 {
		u.Next = audience.NextReport
	}
	w.put("upload.json", u)
}

// hold renews the lease, and notes when it is too late for that: another run could have taken it.
func (w *world) hold(who string, ttl time.Duration) {
	now := time.Now() // of the bubble
	if !w.held.IsZero() && now.After(w.held) && w.lost == "" {
		w.lost = fmt.Sprintf("%s, %s too late", who, now.Sub(w.held))
	}
	w.held = now.Add(ttl)
}

// count adds up the history. That of a task has an event more on AWS: TaskSubmitted.
func (w *world) count(e asl.Event) {
	if e.Index != nil {
		return // in a history of its own
	}
	w.history++
	if e.Type == asl.TaskScheduled && strings.HasSuffix(e.Resource, ".sync") {
		w.history++
	}
}

// put writes a document of the run as the binary writes it, so that a path of the definition that is in none of them is
// found out.
func (w *world) put(name string, document any) {
	data, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	w.bucket[runDir+name] = string(data)
}

func taskFailed(p map[string]any, how string) *asl.Error {
	if strings.Contains(how, ".") { // of the API: no task ran
		return &asl.Error{Name: how, Cause: "the API said no"}
	}
	container := map[string]any{"Name": "cleanreach"}
	stop := how
	if code := json.Number(how); strings.Trim(how, "0123456789") == "" {
		container["ExitCode"], stop = code, "EssentialContainerExited"
	}
	cause, _ := json.Marshal(map[string]any{"Containers": []any{container}, "StopCode": stop, "Overrides": p["Overrides"]})
	return &asl.Error{Name: "States.TaskFailed", Cause: string(cause)}
}

// execute runs the definition in a bubble whose clock needs no time.
func (w *world) execute(t *testing.T, input string) error {
	t.Helper()
	rendered, err := render(w.definition, someValues())
	require.NoError(t, err)
	machine, err := asl.Load(rendered)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		_, err = machine.Run(t.Context(), asl.Options{
			Name: "run-1", Input: []byte(input), Integrations: w.integrations(machine),
			OnEvent: func(e asl.Event) {
				w.follow(e)
				w.count(e)
				if e.Entered() {
					w.entered[e.State] = e.Time
					name := e.State
					if e.Index != nil {
						name = fmt.Sprintf("%d:%s", *e.Index, name)
					}
					w.visited = append(w.visited, name)
				}
			},
		})
	})
	return err
}

// Stretches of the way that most cases share.
var (
	begin     = []string{"CheckInput", "ChooseRun", "NameRun", "LocateRun", "FindRun", "LoadAudience", "FreezeRun", "ChoosePreparation", "UsePrepare"}
	checked   = []string{"ReadLease", "ReadSettings", "HoldLease", "NeedsGlueJob"}
	query     = []string{"FindQuery", "StartQuery", "RecordQuery", "BeginPolling", "WaitForQuery", "RenewLease", "GetQuery", "JudgeQuery"}
	planned   = []string{"RecordResult", "NeedsCompare", "Plan", "ReadPlan", "ChooseStep"}
	uploaded  = way(planned, one("UseChunks", "Upload", "0:UploadChunk", "1:UploadChunk"))
	reported  = []string{"Report", "ReadOutcome", "ReturnLease", "JudgeOutcome", "PublishCompleted", "Completed"}
	finished  = way(one("NeedsAdvance"), reported)
	retried   = []string{"ReadCause", "ParseCause", "JudgeTask", "WaitToRetry", "CountRetry", "RepeatStage"}
	told      = []string{"SendRunToDeadLetterQueue", "FindLease", "ReturnLeaseAfterFailure", "PublishFailed", "Failed"}
	toldBare  = []string{"SendRunToDeadLetterQueue", "FindLease", "PublishFailed", "Failed"}
	poll      = []string{"WaitForQuery", "RenewLease", "GetQuery", "JudgeQuery"}
	chunkBad  = []string{"ReadChunkCause", "ParseChunkCause", "JudgeChunk"}
	prechecks = []string{"Prechecks", "Preflight", "NeedsPrepare", "Prepare"}
)

func way(parts ...[]string) []string { return slices.Concat(parts...) }

func one(states ...string) []string { return states }

func ofChunk(i int, states ...string) []string {
	named := make([]string, len(states))
	for k, s := range states {
		named[k] = fmt.Sprintf("%d:%s", i, s)
	}
	return named
}

// listed is the way of a run that goes on, with a list of chunks, to its upload.
var listed = way(one("CheckInput", "ChooseRun", "ChooseChunks", "ContinueChunks", "LocateRun", "FindRun", "ChoosePreparation", "UsePrepare"), prechecks, checked,
	one("FindQuery", "HasResult"), planned[1:], one("UseChunks", "Upload"))

// goesOn is what a run has left behind whose query has a result.
func (w *world) goesOn() {
	w.bucket[runDir+"run.json"] = `{"definition": {"source": {}}}`
	w.put("query.json", audience.QueryResult{Schema: 1, ID: "q", Location: "s3://results/x/"})
}

func repeat(n int, states []string) []string { return slices.Repeat(states, n) }

const (
	start = `{"tenant": "acme", "audience": "vip"}`
	again = `{"tenant": "acme", "audience": "vip", "run": "run-1", "chunks": "chunks-again.json"}`
)

// A branch is a way through the definition.
type branch struct {
	name  string
	input string
	set   func(w *world)
	want  []string // the states visited
	fails string   // the execution's error; empty when it succeeds
}

func TestEveryBranch(t *testing.T) {
	throttled := &asl.Error{Name: "CleanRooms.ThrottlingException"}
	maintenance := queryIs("FAILED", "SERVICE", "stopped for maintenance")
	cases := []branch{
		{"the good way", start, nil, way(begin, prechecks, checked, query, uploaded, finished), ""},
		{"no input", `{}`, nil, way(one("CheckInput", "RefuseInput"), toldBare), "CleanReach.invalid"},
		{"a slash in a name", `{"tenant": "acme", "audience": "../x"}`, nil, way(one("CheckInput", "RefuseInput"), toldBare), "CleanReach.invalid"},
		{"a run that is no name", `{"tenant": "acme", "audience": "vip", "run": "a/b"}`, nil, way(one("CheckInput", "ChooseRun", "RefuseInput"), toldBare), "CleanReach.invalid"},
		{"no such audience", `{"tenant": "acme", "audience": "none"}`, nil, way(begin[:6], one("NoSuchAudience"), toldBare), "CleanReach.invalid"},
		{"an audience that is no JSON", start, func(w *world) { w.bucket["audiences/acme/vip.json"] = "{" }, way(begin[:6], one("ReadCause", "DescribeError"), toldBare), "CleanReach.invalid"},
		{"a run goes on from its query's result", `{"tenant": "acme", "audience": "vip", "run": "run-1"}`, func(w *world) {
			w.bucket[runDir+"run.json"] = `{"definition": {"source": {}}}`
			w.put("query.json", audience.QueryResult{Schema: 1, ID: "q", Location: "s3://results/x/"})
		}, way(one("CheckInput", "ChooseRun", "ChooseChunks", "ContinueRun", "LocateRun", "FindRun", "ChoosePreparation", "UsePrepare"), prechecks, checked, one("FindQuery", "HasResult"), uploaded[1:], finished), ""},
		{"a chunk of a run is sent again", again, func(w *world) {
			w.goesOn()
			w.put("chunks-again.json", []audience.Chunk{{ID: "00002"}})
		}, way(listed, one("0:UploadChunk"), finished), ""},
		{"a list of chunks by a wrong name", `{"tenant": "acme", "audience": "vip", "run": "run-1", "chunks": "run.json"}`, nil,
			way(one("CheckInput", "ChooseRun", "ChooseChunks", "RefuseInput"), toldBare), "CleanReach.invalid"},
		{"the Map's results cannot be written", again, func(w *world) {
			w.goesOn()
			w.put("chunks-again.json", []audience.Chunk{{ID: "00002"}})
			w.answers["putObject"] = []any{nil, &asl.Error{Name: "S3.S3Exception", Cause: "no"}} // the lease's first
		}, way(listed, one("0:UploadChunk", "ReadCause", "DescribeError"), told), "CleanReach.invalid"},
		{"a list of chunks that is not there", again, (*world).goesOn, way(listed, one("ChunksUnreadable"), told), "CleanReach.invalid"},
		{"a list of chunks that is none", again, func(w *world) {
			w.goesOn()
			w.bucket[runDir+"chunks-again.json"] = `{"id": "00002"}`
		}, way(listed, one("ChunksUnreadable"), told), "CleanReach.invalid"},
		{"a run goes on waiting for its query", start, func(w *world) {
			w.bucket[runDir+"run.json"] = `{"definition": {"source": {}}}`
			w.put("query.json", audience.QueryResult{Schema: 1, ID: "q"})
		}, way(begin[:5], begin[7:], prechecks, checked, one("FindQuery", "HasResult", "BeginPolling"), poll, uploaded, finished), ""},
		{"a run goes on whose query was taken away", start, func(w *world) {
			w.bucket[runDir+"run.json"] = `{"definition": {"source": {}}}`
			w.bucket[runDir+"query.json"] = `{}`
		}, way(begin[:5], begin[7:], prechecks, checked, one("FindQuery", "HasResult"), query[1:], uploaded, finished), ""},
		{"the user's Glue job", start, func(w *world) { w.bucket["audiences/acme/vip.json"] = `{"source": {"glue_job": "mine"}}` },
			way(begin[:8], one("UseGlueJob", "Prechecks", "Preflight", "NeedsPrepare", "LeaveToGlue"), checked, one("RunGlueJob"), query, uploaded, finished), ""},
		{"a Glue job without a name", start, func(w *world) { w.bucket["audiences/acme/vip.json"] = `{"source": {"glue_job": ""}}` },
			way(begin, prechecks, checked, query, uploaded, finished), ""},
		{"an audience of the size that a state takes, but not twice", start, func(w *world) {
			w.bucket["audiences/acme/vip.json"] = `{"match": {"sql": "` + strings.Repeat("x", 200_000) + `"}}`
		}, way(begin, prechecks, checked, query, uploaded, finished), ""},
		{"an audience that is too large", start, func(w *world) {
			w.bucket["audiences/acme/vip.json"] = `{"match": {"sql": "` + strings.Repeat("x", 262_144) + `"}}`
		}, way(begin[:6], one("DefinitionTooLarge"), toldBare), "CleanReach.invalid"},
		{"the user's Glue job fails", start, func(w *world) {
			w.bucket["audiences/acme/vip.json"] = `{"source": {"glue_job": "mine"}}`
			w.answers["glue:startJobRun.sync"] = []any{&asl.Error{Name: "States.TaskFailed", Cause: `{"ErrorMessage": "secret"}`}}
		}, way(begin[:8], one("UseGlueJob", "Prechecks", "Preflight", "NeedsPrepare", "LeaveToGlue"), checked, one("RunGlueJob", "GlueJobFailed"), told), "CleanReach.invalid"},

		{"preflight is refused by Meta", start, func(w *world) {
			w.exits["preflight"] = []string{"4"}
			w.put("failures/preflight.json", audience.FailureDoc{Stage: "preflight", Class: "action", Message: "token"})
		}, way(begin, prechecks, one("ReadCause", "ParseCause", "JudgeTask", "ReadFailure", "UseFailure"), toldBare), "CleanReach.action"},
		{"another run holds the lease", start, func(w *world) {
			w.exits["preflight"] = []string{"3"}
			w.put("failures/preflight.json", audience.FailureDoc{Stage: "preflight", Class: "gate", Message: "held", Next: "wait"})
		}, way(begin, prechecks, one("ReadCause", "ParseCause", "JudgeTask", "ReadFailure", "UseFailure"), toldBare), "CleanReach.gate"},
		{"a task ends without a word", start, func(w *world) { w.exits["plan"] = []string{"2"} },
			way(begin, prechecks, checked, query, planned[:3], one("ReadCause", "ParseCause", "JudgeTask", "ReadFailure", "DescribeTask"), told), "CleanReach.transient"},
		{"preparation fails for the moment", start, func(w *world) { w.exits["prepare"] = []string{"1"} },
			way(begin, prechecks, retried, prechecks, checked, query, uploaded, finished), ""},
		{"planning is killed and throttled", start, func(w *world) { w.exits["plan"] = []string{"137", "5", "SpotInterruption"} },
			way(begin, prechecks, checked, query, planned[:2], repeat(3, way(planned[2:3], retried)), uploaded[2:], finished), ""},
		{"the report fails for the moment", start, func(w *world) { w.exits["report"] = []string{"1"} },
			way(begin, prechecks, checked, query, uploaded, finished[:2], retried, reported), ""},
		{"the report fails for good", start, func(w *world) { w.exits["report"] = slices.Repeat([]string{"1"}, 6) },
			way(begin, prechecks, checked, query, uploaded, finished[:1], repeat(5, way(one("Report"), retried)), one("Report", "ReadCause", "ParseCause", "JudgeTask", "ReadFailure", "DescribeTask"), told), "CleanReach.transient"},
		{"planning takes too long", start, func(w *world) { w.exits["plan"] = slices.Repeat([]string{"States.Timeout"}, 3) },
			way(begin, prechecks, checked, query, planned[:3], one("ReadCause", "DescribeTimeout"), told), "CleanReach.transient"},
		{"an error without a cause", start, func(w *world) {
			w.answers["ecs:runTask.sync"] = []any{nil, nil, &asl.Error{Name: "ECS.ClientException"}}
		},
			way(begin, prechecks, checked, query, planned[:3], one("ReadCause", "DescribeTimeout"), told), "CleanReach.transient"},
		{"a chunk's error without a cause", start, func(w *world) {
			w.answers["ecs:runTask.sync"] = []any{nil, nil, nil, &asl.Error{Name: "ECS.ClientException"}}
		}, way(begin, prechecks, checked, query, uploaded[:8], ofChunk(0, "ReadChunkCause", "NameChunkError", "SendChunkToDeadLetterQueue", "ChunkFailed"), one("1:UploadChunk"), finished), ""},
		{"a task that does not say what it was", start, func(w *world) {
			w.answers["ecs:runTask.sync"] = []any{nil, nil, &asl.Error{Name: "States.TaskFailed", Cause: `{"Containers": [{"Name": "an agent"}, {"ExitCode": 1}], "Overrides": {"ContainerOverrides": [{"Name": "an agent"}]}}`}}
		}, way(begin, prechecks, checked, query, planned[:3], one("ReadCause", "ParseCause", "JudgeTask", "DescribeError"), told), "CleanReach.invalid"},
		{"no capacity at first", start, func(w *world) { w.exits["plan"] = []string{"ECS.AmazonECSException", "ECS.InvalidParameterException"} },
			way(begin, prechecks, checked, query, uploaded, finished), ""},

		{"a long query", start, func(w *world) { w.answers["getProtectedQuery"] = []any{queryIs("SUBMITTED"), queryIs("STARTED")} },
			way(begin, prechecks, checked, query, repeat(2, way(one("WaitLonger"), poll)), uploaded, finished), ""},
		{"the query is throttled and over quota", start, func(w *world) {
			w.answers["startProtectedQuery"] = []any{throttled, &asl.Error{Name: "CleanRooms.ServiceQuotaExceededException"}}
		}, way(begin, prechecks, checked, query, uploaded, finished), ""},
		{"Clean Rooms has no room for two hours", start, func(w *world) {
			w.answers["startProtectedQuery"] = slices.Repeat([]any{&asl.Error{Name: "CleanRooms.ServiceQuotaExceededException"}}, 12)
		}, way(begin, prechecks, checked, query, uploaded, finished), ""},
		{"a server error may have started it: no retry", start, func(w *world) {
			w.answers["startProtectedQuery"] = []any{&asl.Error{Name: "CleanRooms.InternalServerException", Cause: "it broke"}}
		}, way(begin, prechecks, checked, query[:2], one("ReadCause", "DescribeError"), told), "CleanReach.invalid"},
		{"maintenance, twice", start, func(w *world) { w.answers["getProtectedQuery"] = []any{maintenance, maintenance} },
			way(begin, prechecks, checked, query, repeat(2, way(one("CountRestart"), query[1:])), uploaded, finished), ""},
		{"maintenance, three times", start, func(w *world) { w.answers["getProtectedQuery"] = []any{maintenance, maintenance, maintenance} },
			way(begin, prechecks, checked, query, repeat(2, way(one("CountRestart"), query[1:])), one("HasErrorCode", "QueryFailed"), told), "CleanReach.invalid"},
		{"somebody cancelled it", start, func(w *world) { w.answers["getProtectedQuery"] = []any{queryIs("CANCELLED")} },
			way(begin, prechecks, checked, query, one("CountRestart"), query[1:], uploaded, finished), ""},
		{"the query fails", start, func(w *world) { w.answers["getProtectedQuery"] = []any{queryIs("FAILED", "INVALID", "a secret")} },
			way(begin, prechecks, checked, query, one("HasErrorCode", "QueryFailed"), told), "CleanReach.invalid"},
		{"a result without a place", start, func(w *world) { w.answers["getProtectedQuery"] = []any{queryIs("SUCCESS")} },
			way(begin, prechecks, checked, query, one("HasErrorCode", "QueryEnded"), told), "CleanReach.invalid"},
		{"the query times out without a code", start, func(w *world) { w.answers["getProtectedQuery"] = []any{queryIs("TIMED_OUT")} },
			way(begin, prechecks, checked, query, one("HasErrorCode", "QueryEnded"), told), "CleanReach.invalid"},

		{"nobody matched", start, func(w *world) { w.chunks, w.outcome = nil, "empty" },
			way(begin, prechecks, checked, query, planned, reported), ""},
		{"a chunk fails for the moment", start, func(w *world) { w.exits["upload:00001"] = []string{"1"} },
			way(begin, prechecks, checked, query, uploaded[:8], ofChunk(0, way(chunkBad, one("WaitToRetryChunk", "CountChunkAttempt", "UploadChunk"))...), one("1:UploadChunk"), finished), ""},
		{"a chunk is throttled, killed and interrupted", start, func(w *world) { w.exits["upload:00002"] = []string{"5", "137", "SpotInterruption"} },
			way(begin, prechecks, checked, query, uploaded, ofChunk(1, chunkBad...), ofChunk(1, "WaitForMeta", "CountChunkAttempt", "UploadChunk"),
				repeat(2, ofChunk(1, way(chunkBad, one("WaitToRetryChunk", "CountChunkAttempt", "UploadChunk"))...)), finished), ""},
		{"a chunk finds no room on Spot, nor on Fargate at first", start, func(w *world) { w.exits["upload:00002"] = []string{"AmazonECS.Unknown", "AmazonECS.Unknown"} },
			way(begin, prechecks, checked, query, uploaded, ofChunk(1, "JudgeCapacity", "UseOnDemand", "UploadChunk", "JudgeCapacity", "WaitForCapacity", "CountChunkAttempt", "UploadChunk"), finished), ""},
		{"a chunk finds no room for twenty minutes", start, func(w *world) { w.exits["upload:00002"] = slices.Repeat([]string{"AmazonECS.Unknown"}, 6) },
			way(begin, prechecks, checked, query, uploaded, ofChunk(1, "JudgeCapacity", "UseOnDemand", "UploadChunk"),
				repeat(4, ofChunk(1, "JudgeCapacity", "WaitForCapacity", "CountChunkAttempt", "UploadChunk")),
				ofChunk(1, "JudgeCapacity", "NameChunkDelay", "SendChunkToDeadLetterQueue", "ChunkFailed"), finished), ""},
		{"a chunk takes too long, three times", start, func(w *world) { w.exits["upload:00002"] = slices.Repeat([]string{"States.Timeout"}, 3) },
			way(begin, prechecks, checked, query, uploaded, ofChunk(1, "ReadChunkCause", "NameChunkDelay", "SendChunkToDeadLetterQueue", "ChunkFailed"), finished), ""},
		{"a chunk is killed five times", start, func(w *world) { w.exits["upload:00002"] = slices.Repeat([]string{"137"}, 5) },
			way(begin, prechecks, checked, query, uploaded, repeat(4, ofChunk(1, way(chunkBad, one("WaitToRetryChunk", "CountChunkAttempt", "UploadChunk"))...)),
				ofChunk(1, way(chunkBad, one("NameChunkDeath", "SendChunkToDeadLetterQueue", "ChunkFailed"))...), finished), ""},
		{"a chunk is refused: dead-letter queue, and the run goes on", start, func(w *world) { w.exits["upload:00001"] = []string{"4"} },
			way(begin, prechecks, checked, query, uploaded[:8], ofChunk(0, way(chunkBad, one("NameChunkExit", "SendChunkToDeadLetterQueue", "ChunkFailed"))...), one("1:UploadChunk"), finished), ""},
		{"a chunk's task cannot be started", start, func(w *world) { w.exits["upload:00001"] = []string{"ECS.ClientException"} },
			way(begin, prechecks, checked, query, uploaded[:8], ofChunk(0, "ReadChunkCause", "NameChunkError", "SendChunkToDeadLetterQueue", "ChunkFailed"), one("1:UploadChunk"), finished), ""},
		{"a chunk's task is stopped by a person", start, func(w *world) { w.exits["upload:00001"] = []string{"UserInitiated"} },
			way(begin, prechecks, checked, query, uploaded[:8], ofChunk(0, way(chunkBad, one("NameChunkStop", "SendChunkToDeadLetterQueue", "ChunkFailed"))...), one("1:UploadChunk"), finished), ""},
		{"a chunk fails five times", start, func(w *world) { w.exits["upload:00002"] = slices.Repeat([]string{"1"}, 5) },
			way(begin, prechecks, checked, query, uploaded, repeat(4, ofChunk(1, way(chunkBad, one("WaitToRetryChunk", "CountChunkAttempt", "UploadChunk"))...)),
				ofChunk(1, way(chunkBad, one("NameChunkExit", "SendChunkToDeadLetterQueue", "ChunkFailed"))...), finished), ""},
		{"a chunk is throttled five times", start, func(w *world) { w.exits["upload:00002"] = slices.Repeat([]string{"5"}, 5) },
			way(begin, prechecks, checked, query, uploaded, repeat(4, ofChunk(1, way(chunkBad, one("WaitForMeta", "CountChunkAttempt", "UploadChunk"))...)),
				ofChunk(1, way(chunkBad, one("NameChunkExit", "SendChunkToDeadLetterQueue", "ChunkFailed"))...), finished), ""},
		{"too many chunks fail", start, func(w *world) {
			w.exits["upload:00001"], w.exits["upload:00002"], w.outcome = []string{"2"}, []string{"2"}, "failed"
		}, way(begin, prechecks, checked, query, uploaded[:8], ofChunk(0, way(chunkBad, one("NameChunkExit", "SendChunkToDeadLetterQueue", "ChunkFailed"))...),
			one("1:UploadChunk"), ofChunk(1, way(chunkBad, one("NameChunkExit", "SendChunkToDeadLetterQueue", "ChunkFailed"))...),
			finished[:5], one("TooManyChunksFailed"), told), "CleanReach.invalid"},

		{"the queue is gone", start, func(w *world) {
			w.exits["plan"] = []string{"2"}
			w.answers["sendMessage"] = slices.Repeat([]any{&asl.Error{Name: "SQS.SqsException"}}, 7)
		}, way(begin, prechecks, checked, query, planned[:3], one("ReadCause", "ParseCause", "JudgeTask", "ReadFailure", "DescribeTask"), told), "CleanReach.transient"},
		{"the bus is gone", start, func(w *world) {
			w.answers["putEvents"] = slices.Repeat([]any{&asl.Error{Name: "EventBridge.FailedEntry", Cause: "gone"}}, 14)
		}, way(begin, prechecks, checked, query, uploaded, finished[:6], one("ReadCause", "DescribeError"), told), "CleanReach.invalid"},
		{"S3 stumbles", start, func(w *world) { w.answers["putObject"] = []any{&asl.Error{Name: "S3.S3Exception", Cause: "SlowDown"}} },
			way(begin, prechecks, checked, query, uploaded, finished), ""},
	}
	taken := map[transition]bool{}
	for _, c := range append(cases, turns()...) {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			if c.set != nil {
				c.set(w)
			}
			err := w.execute(t, c.input)
			assert.Equal(t, sequential(c.want), sequential(w.visited))
			require.Len(t, w.events, map[bool]int{true: 1, false: 0}[c.name != "the bus is gone"], "every end is one event")
			if c.fails == "" {
				require.NoError(t, err)
				assert.Equal(t, "Run Completed", w.events[0]["DetailType"])
				assert.Contains(t, w.bucket["leases/acme/vip/00000001.json"], `"released":true`)
			} else {
				var failed *asl.Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, c.fails, failed.Name)
			}
			text, _ := json.Marshal([]any{w.queue, w.events, fmt.Sprint(err)})
			assert.NotContains(t, string(text), "secret", "what may quote data stays where it is")
			assert.Empty(t, w.lost, "the lease expired")
			maps.Copy(taken, w.taken)
		})
	}
	t.Run("a query over 12 hours", func(t *testing.T) {
		w := newWorld()
		w.answers["getProtectedQuery"] = slices.Repeat([]any{queryIs("STARTED")}, 200)
		err := w.execute(t, start)
		require.ErrorContains(t, err, "12 hours")
		took := w.entered["CancelQuery"].Sub(w.entered["BeginPolling"])
		assert.Greater(t, took, 12*time.Hour)
		assert.Less(t, took, 13*time.Hour)
		assert.Empty(t, w.lost, "the lease expired")
		maps.Copy(taken, w.taken)
	})
	t.Run("a query that ends when it is cancelled", func(t *testing.T) {
		w := newWorld()
		w.answers["getProtectedQuery"] = slices.Repeat([]any{queryIs("STARTED")}, 182)
		w.answers["updateProtectedQuery"] = []any{&asl.Error{Name: "CleanRooms.ConflictException", Cause: "it has ended"}}
		require.NoError(t, w.execute(t, start), "twelve hours of work are not thrown away")
		assert.Contains(t, w.visited, "CancelQuery")
		maps.Copy(taken, w.taken)
	})
	for state, errors := range catches(readOutline(t, Definition)) {
		for _, name := range errors {
			t.Run(state+" fails with "+name, func(t *testing.T) { maps.Copy(taken, failFor(t, state, name).taken) })
		}
	}
	for _, way := range transitions(readOutline(t, Definition)) {
		assert.True(t, taken[way], "no case goes from %s to %s", way.from, way.to)
	}
}

// TestOnlyAChunksFirstTaskIsOnSpot: a task that was interrupted, or found no room, must not be again.
func TestOnlyAChunksFirstTaskIsOnSpot(t *testing.T) {
	const spot, demand = "FARGATE_SPOT", "FARGATE"
	cases := []struct {
		name  string
		exits []string
		want  []string
	}{
		{"undisturbed", nil, []string{spot}},
		{"interrupted", []string{"SpotInterruption"}, []string{spot, demand}},
		{"killed by the interruption", []string{"137", "137"}, []string{spot, demand, demand}},
		{"throttled by Meta", []string{"5"}, []string{spot, demand}},
		{"no room", []string{"AmazonECS.Unknown"}, []string{spot, demand}},
		{"no room anywhere", []string{"AmazonECS.Unknown", "AmazonECS.Unknown"}, []string{spot, demand, demand}},
		{"a call that ECS throttles", []string{"ECS.ThrottlingException"}, []string{spot, spot}}, // no task was asked for
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.exits["upload:00002"] = c.exits
			require.NoError(t, w.execute(t, `{"tenant": "acme", "audience": "vip"}`))
			assert.Equal(t, c.want, w.room["upload:00002"])
			assert.Equal(t, []string{spot}, w.room["upload:00001"], "another chunk's trouble is not this one's")
			assert.Len(t, w.room, 2, "the other stages are never on Spot")
		})
	}
}

// TestChunkLetters: a letter says run, chunk, class and attempt, and nothing of the data.
func TestChunkLetters(t *testing.T) {
	cases := []struct {
		name     string
		exits    []string
		class    string
		reason   string
		attempts int64
	}{
		{"transient", slices.Repeat([]string{"1"}, 5), "transient", "exit code 1", 5},
		{"invalid", []string{"2"}, "invalid", "exit code 2", 1},
		{"gate", []string{"1", "3"}, "gate", "exit code 3", 2},
		{"action", []string{"4"}, "action", "exit code 4", 1},
		{"throttled", slices.Repeat([]string{"5"}, 5), "throttled", "exit code 5", 5},
		{"an exit code that is none of ours", []string{"127"}, "transient", "exit code 127", 1},
		{"killed", slices.Repeat([]string{"137"}, 5), "transient", "exit code 137", 5},
		{"stopped by a person", []string{"UserInitiated"}, "transient", "the task did not start or was stopped", 1},
		{"no room", slices.Repeat([]string{"AmazonECS.Unknown"}, 6), "transient", "AmazonECS.Unknown", 5},
		{"too slow", slices.Repeat([]string{"States.Timeout"}, 3), "transient", "States.Timeout", 1},
		{"refused by ECS", []string{"ECS.AccessDeniedException"}, "invalid", "ECS.AccessDeniedException", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.exits["upload:00002"] = c.exits
			require.NoError(t, w.execute(t, `{"tenant": "acme", "audience": "vip"}`))
			require.Len(t, w.queue, 1)
			text, err := json.Marshal(w.queue[0])
			require.NoError(t, err)
			assert.JSONEq(t, fmt.Sprintf(`{"schema": 1, "kind": "chunk", "tenant": "acme", "audience": "vip", "run": "run-1", "url": %q,
				"chunk": "00002", "attempts": %d, "class": %q, "reason": %q}`, someValues().WorkURL+"/"+runDir, c.attempts, c.class, c.reason), string(text))
		})
	}
}

// TestListsOfChunks: only a list of this run's folder is read, and who names it wrong is told what to do.
func TestListsOfChunks(t *testing.T) {
	for _, field := range []string{`"chunks": "chunks-a.json"`, `"run": "run-1", "chunks": "run.json"`, `"run": "run-1", "chunks": "chunks.json"`,
		`"run": "run-1", "chunks": "chunks-/../../b/chunks-a.json"`, `"run": "run-1", "chunks": ""`, `"run": "run-1", "chunks": 3`, `"run": "run-1", "chunks": null`,
		`"run": "run-1", "chunks": ["00001"]`, `"run": null, "chunks": "chunks-a.json"`} {
		w := newWorld()
		err := w.execute(t, `{"tenant": "acme", "audience": "vip", `+field+`}`)
		require.ErrorContains(t, err, "CleanReach.invalid", field)
		require.ErrorContains(t, err, "chunks-*.json", field)
		assert.Len(t, w.queue, 1, field)
		assert.Len(t, w.events, 1, field)
		assert.Contains(t, w.visited, "RefuseInput", field)
	}
	t.Run("a list that is gone", func(t *testing.T) {
		w := newWorld()
		w.goesOn()
		require.Error(t, w.execute(t, `{"tenant": "acme", "audience": "vip", "run": "run-1", "chunks": "chunks-a.json"}`))
		require.Len(t, w.queue, 1)
		assert.Equal(t, []any{"run", "upload", "invalid"}, []any{w.queue[0]["kind"], w.queue[0]["stage"], w.queue[0]["class"]})
		require.Len(t, w.events, 1)
		detail := w.events[0]["Detail"].(map[string]any)
		assert.Contains(t, detail["message"], "the list of chunks runs/acme/vip/run-1/chunks-a.json is not there")
		assert.Contains(t, detail["next"], "cleanreach redrive")
		assert.Contains(t, w.bucket[leaseKey], `"released":true`)
	})
}

// TestOddDocuments: what people wrote, and may have written wrong, never ends an execution without a word.
func TestOddDocuments(t *testing.T) {
	for _, input := range []string{`[]`, `"acme"`, `null`, `{"tenant": 1, "audience": "vip"}`, `{"tenant": "acme", "audience": null}`,
		`{"tenant": "", "audience": "vip"}`, `{"tenant": "acme", "audience": "vip", "run": null}`, `{"tenant": "acme", "audience": "vip", "run": ""}`} {
		w := newWorld()
		err := w.execute(t, input)
		require.ErrorContains(t, err, "CleanReach.invalid", input)
		assert.Len(t, w.events, 1, input)
	}
	for _, text := range []string{``, `null`, `3`, `[]`, `"x"`, `{`, `{"definition": null}`, `{"definition": {"source": null}}`, `{"source": []}`,
		`{"source": {"glue_job": null}}`, `{"source": {"glue_job": 3}}`, `{"definition": {"source": {"glue_job": []}}}`} {
		for _, key := range []string{"audiences/acme/vip.json", runDir + "run.json"} {
			w := newWorld()
			w.bucket[key] = text
			w.exits["preflight"] = []string{"2"} // whose reading is stricter
			w.put("failures/preflight.json", audience.FailureDoc{Stage: "preflight", Class: "invalid", Message: "it is wrong"})
			err := w.execute(t, `{"tenant": "acme", "audience": "vip"}`)
			require.ErrorContains(t, err, "CleanReach.invalid", "%s: %s", key, text)
			assert.Len(t, w.events, 1, "%s: %s", key, text)
		}
	}
}

// sequential sorts what runs side by side: the branches of Prechecks, of which one may end the other early.
func sequential(states []string) []string {
	var kept []string
	for _, s := range states {
		if !slices.Contains(prechecks[1:], s) && s != "LeaveToGlue" {
			kept = append(kept, s)
		}
	}
	return kept
}
