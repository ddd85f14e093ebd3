package statemachine

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// pass is what Advance writes for a pass over a list, with others to come.
func pass(list string, chunks int) audience.Upload {
	return audience.Upload{Next: audience.NextUpload, List: list, Chunks: chunks, More: true}
}

func waiting(seconds int) audience.Upload {
	return audience.Upload{Next: audience.NextWait, Wait: seconds}
}

// Stretches of an upload in several passes.
var (
	advance = audience.Upload{Next: audience.NextAdvance}
	report  = audience.Upload{Next: audience.NextReport}

	toPlan   = way(begin, prechecks, checked, query, planned)
	advanced = one("Advance", "CountTurn", "ReadPlan", "ChooseStep")
	waited   = way(one("HoldLeaseForWait", "WaitForAudience"), advanced)
	sent     = way(one("UseList", "Upload", "0:UploadChunk", "NeedsAdvance"), advanced) // a list of one
	toldTask = one("ReadCause", "ParseCause", "JudgeTask", "ReadFailure", "DescribeTask")
)

// leads sets what Plan writes, and then Advance. The lists are of the chunk 00002, and of a replace's end.
func leads(steps ...audience.Upload) func(*world) {
	return func(w *world) {
		w.next = steps
		w.put("chunks-2.json", []audience.Chunk{{ID: "00002"}})
		w.put("chunks-close.json", []audience.Chunk{{ID: audience.CloseChunk}})
	}
}

// but sets something more.
func but(set func(*world), more func(*world)) func(*world) {
	return func(w *world) {
		set(w)
		more(w)
	}
}

// turns are the ways of an upload that Advance leads, and of a mirror.
func turns() []branch {
	one2 := pass("chunks-2.json", 1)
	closing := pass("chunks-close.json", 1)
	bad := func(u audience.Upload) branch {
		return branch{"", start, leads(u), way(toPlan, one("StepUnknown"), told), "CleanReach.invalid"}
	}
	named := func(name string, b branch) branch {
		b.name = name
		return b
	}
	return []branch{
		{"a mirror", start, func(w *world) { w.mode = audience.ModeMirror },
			way(begin, prechecks, checked, query, planned[:2], one("Compare"), uploaded[2:], finished), ""},
		{"a preflight.json without a mode", start, func(w *world) { w.mode = "" }, way(begin, prechecks, checked, query, uploaded, finished), ""},
		{"comparing is killed", start, func(w *world) { w.mode, w.exits["compare"] = audience.ModeMirror, []string{"137"} },
			way(begin, prechecks, checked, query, planned[:2], one("Compare"), retried, one("Compare"), uploaded[2:], finished), ""},
		{"comparing is stopped by a gate", start, func(w *world) { w.mode, w.exits["compare"] = audience.ModeMirror, []string{"3"} },
			way(begin, prechecks, checked, query, planned[:2], one("Compare"), toldTask, told), "CleanReach.transient"},
		{"a replace, all passes", start, leads(advance, one2, pass("chunks.json", 2), closing, waiting(30), waiting(600), one2, report),
			way(toPlan, advanced, sent, one("UseList", "Upload", "0:UploadChunk", "1:UploadChunk", "NeedsAdvance"), advanced, sent, waited, waited, sent, reported), ""},
		{"nothing to advance to", start, leads(advance, report), way(toPlan, advanced, reported), ""},
		{"advance says to come again", start, leads(advance, advance), way(toPlan, advanced, advanced, reported), ""},
		{"a redrive of a replace: its list is not read", again, but(leads(advance, one2), func(w *world) { w.goesOn() }),
			way(listed[:len(listed)-2], advanced, sent, reported), ""},
		{"advance fails for the moment, and is throttled", start, but(leads(advance), func(w *world) { w.exits["advance"] = []string{"1", "5", "SpotInterruption"} }),
			way(toPlan, repeat(3, way(one("Advance"), retried)), advanced, reported), ""},
		{"advance is refused by Meta", start, but(leads(advance), func(w *world) {
			w.exits["advance"] = []string{"4"}
			w.put("failures/advance.json", audience.FailureDoc{Stage: "advance", Class: "action", Message: "token"})
		}), way(toPlan, one("Advance", "ReadCause", "ParseCause", "JudgeTask", "ReadFailure", "UseFailure"), told), "CleanReach.action"},
		{"a pass in which too much fails", start, but(leads(advance, one2), func(w *world) { w.exits["upload:00002"] = []string{"2"} }),
			way(toPlan, advanced, one("UseList", "Upload", "0:UploadChunk"), ofChunk(0, way(chunkBad, one("NameChunkExit", "SendChunkToDeadLetterQueue", "ChunkFailed"))...),
				one("NeedsAdvance"), advanced, reported), ""},
		{"a replace's end fails", start, but(leads(advance, closing), func(w *world) { w.exits["upload:close"] = []string{"4"} }),
			way(toPlan, advanced, one("UseList", "Upload", "0:UploadChunk"), ofChunk(0, way(chunkBad, one("NameChunkExit", "SendChunkToDeadLetterQueue", "ChunkFailed"))...),
				one("NeedsAdvance"), advanced, reported), ""},
		{"a pass whose list is not there", start, leads(advance, pass("chunks-gone.json", 1)), way(toPlan, advanced, one("UseList", "Upload", "ChunksUnreadable"), told), "CleanReach.invalid"},
		{"no room for advance after the longest wait", start, but(leads(waiting(600)), func(w *world) {
			w.exits["advance"] = slices.Repeat([]string{"ECS.AmazonECSException"}, 8)
		}), way(toPlan, waited, reported), ""},
		named("a step of another version", bad(audience.Upload{Next: "pause"})),
		named("no step", bad(audience.Upload{})),
		named("a wait that is longer than the lease is held for", bad(waiting(601))),
		named("a wait that is none", bad(waiting(-1))),
		named("a list that is none of the run's", bad(pass("../other/chunks-2.json", 1))),
		named("a list by a wrong name", bad(pass("run.json", 1))),
		{"an upload.json that is empty", start, func(w *world) { w.answers["getObject"] = append(make([]any, 5), map[string]any{"Body": "{}"}) },
			way(toPlan, one("StepUnknown"), told), "CleanReach.invalid"},
		{"round in circles", start, leads(slices.Repeat([]audience.Upload{advance}, 301)...), way(toPlan, repeat(300, advanced), one("TooManyTurns"), told), "CleanReach.transient"},
	}
}

// TestADayOfWaits: so long may Meta take for a replace. The lease is held all the while.
func TestADayOfWaits(t *testing.T) {
	w := newWorld()
	leads(slices.Repeat([]audience.Upload{waiting(600)}, 144)...)(w)
	require.NoError(t, w.execute(t, start))
	assert.Equal(t, 24*time.Hour, w.entered["Report"].Sub(w.entered["Plan"]))
	assert.Empty(t, w.lost, "the lease expired")
}

// TestALostLeaseIsNoticed: without the state that holds it the lease would not last.
func TestALostLeaseIsNoticed(t *testing.T) {
	w := newWorld()
	w.definition = bytes.Replace(Definition, []byte(`"ttl_seconds": 3600`), []byte(`"ttl_seconds": 300`), 1)
	require.NotEqual(t, string(Definition), string(w.definition))
	leads(waiting(600))(w)
	require.NoError(t, w.execute(t, start))
	assert.Contains(t, w.lost, "advance")
}

// TestTheHistoryHasRoom: Step Functions ends an execution at 25,000 events, and nothing can catch that. Here are as many as
// a run can have of queries, polls and turns; retries, three events each, get a fifth of the room.
func TestTheHistoryHasRoom(t *testing.T) {
	w := newWorld()
	for range 2 {
		w.answers["getProtectedQuery"] = slices.Concat(w.answers["getProtectedQuery"], slices.Repeat([]any{queryIs("STARTED")}, 181), []any{queryIs("CANCELLED")})
	}
	w.answers["getProtectedQuery"] = append(w.answers["getProtectedQuery"], slices.Repeat([]any{queryIs("STARTED")}, 181)...)
	w.mode = audience.ModeMirror
	leads(append(slices.Repeat([]audience.Upload{pass("chunks-2.json", 1)}, 300), report)...)(w)
	require.NoError(t, w.execute(t, start))
	polls, passes := 0, 0
	for _, state := range w.visited {
		polls += map[bool]int{true: 1}[state == "GetQuery"]
		passes += map[bool]int{true: 1}[state == "UseList"]
	}
	assert.Equal(t, []int{3 * 182, 300}, []int{polls, passes})
	assert.Less(t, w.history, 20_000)
	t.Logf("%d events", w.history)
}

// TestEventsOfATurn: what the definition says of them.
func TestEventsOfATurn(t *testing.T) {
	count := func(turns int, u audience.Upload) int {
		w := newWorld()
		leads(append(slices.Repeat([]audience.Upload{u}, turns), report)...)(w)
		require.NoError(t, w.execute(t, start))
		return w.history
	}
	for _, u := range []audience.Upload{advance, waiting(1), pass("chunks-2.json", 1)} {
		assert.LessOrEqual(t, count(2, u)-count(1, u), 25, u.Next)
	}
}
