package redrive

import (
	"context"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const (
	succeeded = sfntypes.ExecutionStatusSucceeded
	failed    = sfntypes.ExecutionStatusFailed
)

func TestChunksAreSentAgain(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001", "00002", "00003", "00004")
	w.send(w.chunkLetter("run-1", "00003"), w.chunkLetter("run-1", "00001"), w.chunkLetter("run-1", "00003"))
	w.queue.put("a stranger")
	w.end("run-1-2", succeeded, "", func() { w.done("run-1", "00001", "00003") })

	said, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	require.Len(t, w.started, 1, "an execution for the run")
	in := w.started[0]
	assert.Equal(t, input{Tenant: "acme", Audience: "vip", Run: "run-1", Chunks: in.Chunks}, in)
	matched, err := path.Match("chunks-*.json", in.Chunks)
	require.NoError(t, err)
	assert.True(t, matched, "the state machine takes no list of another name: %s", in.Chunks)
	var items []audience.Chunk
	require.NoError(t, w.folder(w.url("run-1")).ReadJSON(t.Context(), in.Chunks, &items))
	assert.Equal(t, []audience.Chunk{{ID: "00001", File: "part-0", Rows: 7}, {ID: "00003", File: "part-0", Rows: 7}}, items, "whole items, and of no other chunk")
	require.Len(t, w.queue.messages, 1, "only the stranger's is left")
	assert.Equal(t, 1, w.queue.visible())
	assert.Contains(t, said, "acme/vip run-1: 2 chunks sent again, as execution run-1-2")
	assert.Contains(t, said, "3 letters removed, 0 left")
}

func TestLettersLeaveOnlyAfterSuccess(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001", "00002")
	w.send(w.chunkLetter("run-1", "00001"), w.chunkLetter("run-1", "00002"))
	w.during = func(slept int) {
		assert.Len(t, w.queue.messages, 2, "nothing leaves while it runs")
		assert.Zero(t, w.queue.visible(), "and nobody else gets it")
		if slept == 20 { // after a quarter of an hour, three times the hold
			w.executions["run-1-2"].status, w.executions["run-1-2"].cause = failed, "1 of 2 chunks failed"
			w.done("run-1", "00001")
		}
	}
	said, err := w.redrive(t.Context(), Filter{})
	require.ErrorContains(t, err, "1 letter left in the queue")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Contains(t, said, "execution run-1-2: failed: CleanReach.action: 1 of 2 chunks failed")
	assert.Contains(t, said, "done, 1 letter removed; still failed: 00002")
	require.Len(t, w.queue.messages, 1)
	assert.Contains(t, w.queue.messages[0].body, "00002")
	assert.Equal(t, 1, w.queue.visible(), "it is given back")
	assert.NotZero(t, w.queue.kept)

	w.end("run-1-3", succeeded, "", func() { w.done("run-1", "00002") })
	_, err = w.redrive(t.Context(), Filter{})
	require.NoError(t, err, "a second time, under the next name")
	assert.Empty(t, w.queue.messages)
	assert.NotEqual(t, w.started[0].Chunks, w.started[1].Chunks)
}

func TestWholeRunsContinue(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001", "00002")
	w.send(w.chunkLetter("run-1", "00001"), w.runLetter("run-1", "report"))
	w.end("run-1-2", succeeded, "", func() { w.done("run-1", "00001") })
	said, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Equal(t, []input{{Tenant: "acme", Audience: "vip", Run: "run-1"}}, w.started, "it sends its chunks too")
	assert.Contains(t, said, "the whole run continues")
	assert.Empty(t, w.queue.messages)

	w.send(w.runLetter("run-1", "report"))
	w.end("run-1-3", failed, "again", nil)
	_, err = w.redrive(t.Context(), Filter{})
	require.Error(t, err)
	assert.Len(t, w.queue.messages, 1, "a run that failed again keeps its letter")
}

// TestAReplaceIsEnded: what ends it is no chunk and has no receipt.
func TestAReplaceIsEnded(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001", "00002")
	w.send(w.chunkLetter("run-1", audience.CloseChunk), w.chunkLetter("run-1", "00002"))
	folder := w.folder(w.url("run-1"))
	require.NoError(t, folder.WriteJSON(t.Context(), audience.ReplaceFile, audience.Replace{Session: 7}))
	w.end("run-1-2", succeeded, "", func() { w.done("run-1", "00002") })
	said, err := w.redrive(t.Context(), Filter{})
	require.ErrorContains(t, err, "1 letter left in the queue")
	assert.Equal(t, []input{{Tenant: "acme", Audience: "vip", Run: "run-1"}}, w.started, "the run continues, as a list would not have it")
	assert.Contains(t, said, "still failed: "+audience.CloseChunk)

	w.end("run-1-3", succeeded, "", func() {
		require.NoError(t, folder.WriteJSON(t.Context(), audience.ReplaceFile, audience.Replace{Session: 7, ClosedAt: time.Now()}))
	})
	_, err = w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Empty(t, w.queue.messages)
}

// TestAnotherRunsReplaceIsEnded: the run that has ended it, and that adds or removes, has no replace of its own.
func TestAnotherRunsReplaceIsEnded(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001")
	folder := w.folder(w.url("run-1"))
	require.NoError(t, folder.WriteJSON(t.Context(), audience.ReplaceFile, audience.Replace{Session: 7, Of: "run-0"}))
	w.send(w.chunkLetter("run-1", audience.CloseChunk))
	w.end("run-1-2", succeeded, "", func() { require.NoError(t, folder.Delete(t.Context(), audience.ReplaceFile)) })
	_, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Empty(t, w.queue.messages)

	w.send(w.chunkLetter("run-9", audience.CloseChunk))
	_, err = w.redrive(t.Context(), Filter{})
	require.Error(t, err, "of a run that is gone nobody can tell")
	assert.Len(t, w.queue.messages, 1)
}

func TestFilterOfSending(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001", "00002")
	slow := w.chunkLetter("run-1", "00002")
	slow.Class, slow.Reason = "throttled", "exit code 5"
	w.send(w.chunkLetter("run-1", "00001"), slow)
	w.during = func(int) {
		assert.Equal(t, 1, w.queue.visible(), "what is not chosen is given back at once")
		w.executions["run-1-2"].status = succeeded
		w.done("run-1", "00002")
	}
	_, err := w.redrive(t.Context(), Filter{Cause: "throttled"})
	require.NoError(t, err)
	require.Len(t, w.queue.messages, 1)
	assert.Contains(t, w.queue.messages[0].body, "00001")

	said, err := w.redrive(t.Context(), Filter{Tenant: "nobody"})
	require.NoError(t, err)
	assert.Equal(t, "no letter of the queue is chosen", said)
}

// Runs of one audience follow each other, by the age of their letters; another audience's run is at work meanwhile.
func TestOneRunOfAnAudienceAtATime(t *testing.T) {
	w := newWorld(t)
	w.run("run-b", "00001")
	w.run("run-a", "00001")
	other := w.chunkLetter("run-c", "00001")
	other.Audience, other.URL = "lapsed", strings.Replace(w.url("run-c"), "/vip/", "/lapsed/", 1)
	lapsed := w.folder(other.URL)
	require.NoError(t, lapsed.WriteJSON(t.Context(), audience.RunFile, map[string]int{}))
	require.NoError(t, lapsed.WriteJSON(t.Context(), audience.ChunksFile, []audience.Chunk{{ID: "00001"}}))
	w.send(w.chunkLetter("run-b", "00001"), w.chunkLetter("run-a", "00001"), other)
	w.during = func(slept int) {
		switch slept {
		case 1:
			require.Len(t, w.started, 2)
			assert.Equal(t, "run-b", w.started[0].Run, "the oldest first")
			assert.Equal(t, "run-c", w.started[1].Run)
			w.executions["run-b-2"].status = succeeded
			w.done("run-b", "00001")
		case 2:
			require.Len(t, w.started, 3)
			assert.Equal(t, "run-a", w.started[2].Run)
			w.executions["run-a-2"].status, w.executions["run-c-2"].status = succeeded, succeeded
			w.done("run-a", "00001")
			require.NoError(t, lapsed.WriteJSON(t.Context(), audience.ReceiptFile("00001"), audience.Receipt{Done: true}))
		}
	}
	_, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Empty(t, w.queue.messages)
}

// What cannot be sent says why, starts nothing and stays.
func TestWhatCannotBeSent(t *testing.T) {
	lease := func(w *world, run string, released bool) {
		leases := storage.FileURL(filepath.Join(w.dir, "leases", "acme", "vip")) + "/"
		require.NoError(t, w.folder(leases).WriteJSON(t.Context(), "00000001.json", storage.Lease{Schema: 1, Run: run, TTLSeconds: 900, Released: released}))
		w.now = time.Now() // a lease counts from when its file was written
	}
	cases := []struct {
		name string
		set  func(*world)
		want string
	}{
		{"another run has the audience", func(w *world) { lease(w, "run-9", false) }, "run run-9 holds this audience until"},
		{"the run itself still has it", func(w *world) { lease(w, "run-1", false) }, "the run is under way, or was stopped and has its audience until"},
		{"the run's first execution is not through", func(w *world) { w.executions["run-1"].status = sfntypes.ExecutionStatusRunning }, "still under way"},
		{"the run is gone", func(w *world) { require.NoError(t, w.folder(w.url("run-1")).Delete(t.Context(), audience.RunFile)) }, "nothing is left to send again: start a new run"},
		{"its chunks are gone", func(w *world) { require.NoError(t, w.folder(w.url("run-1")).Delete(t.Context(), audience.ChunksFile)) }, "chunks.json is not there any more"},
		{"it has no such chunk", func(w *world) { w.put("run-1", audience.ChunksFile, []audience.Chunk{{ID: "00009"}}) }, "has none of these chunks"},
		{"its chunks cannot be read", func(w *world) { w.put("run-1", audience.ChunksFile, "?") }, "not the JSON document that it should be"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.run("run-1", "00001")
			w.send(w.chunkLetter("run-1", "00001"))
			c.set(w)
			said, err := w.redrive(t.Context(), Filter{})
			require.ErrorContains(t, err, "1 letter left")
			assert.Contains(t, said, c.want)
			assert.Empty(t, w.started)
			assert.Len(t, w.queue.messages, 1)
			assert.Equal(t, 1, w.queue.visible(), "others may have it")
		})
	}
	for name, holder := range map[string]string{"a newer run has been there": "run-9", "a lease of its own that it gave back": "run-1"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.run("run-1", "00001")
			w.send(w.chunkLetter("run-1", "00001"))
			lease(w, holder, true)
			w.end("run-1-2", succeeded, "", func() { w.done("run-1", "00001") })
			_, err := w.redrive(t.Context(), Filter{})
			require.NoError(t, err)
		})
	}
	t.Run("an input that named no audience", func(t *testing.T) {
		w := newWorld(t)
		w.send(Letter{Schema: 1, Kind: kindRun, Class: "invalid", Stage: "start", Run: "by-hand"})
		said, err := w.redrive(t.Context(), Filter{})
		require.Error(t, err)
		assert.Contains(t, said, "its input named no audience")
		assert.Empty(t, w.started)
	})
}

// A run that found no definition was never frozen, and its id is as good as new.
func TestARunThatNeverBegan(t *testing.T) {
	w := newWorld(t)
	w.send(w.runLetter("run-1", "load"))
	w.end("run-1-2", succeeded, "", nil)
	_, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Equal(t, []input{{Tenant: "acme", Audience: "vip", Run: "run-1"}}, w.started)
	assert.Empty(t, w.queue.messages)
}

// What somebody continued by hand needs no execution of ours.
func TestWhatIsDoneAlready(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001")
	w.send(w.chunkLetter("run-1", "00001"), w.runLetter("run-1", "upload"))
	w.done("run-1", "00001")
	w.put("run-1", audience.OutcomeFile, audience.Outcome{Schema: 1, Outcome: audience.OutcomeSucceeded})
	said, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Empty(t, w.started, said)
	assert.Empty(t, w.queue.messages)

	w.now = time.Now().Add(time.Hour) // a letter that is newer than the outcome
	w.send(w.runLetter("run-1", "report"))
	w.end("run-1-2", succeeded, "", nil)
	_, err = w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Len(t, w.started, 1)

	w.put("run-1", audience.OutcomeFile, audience.Outcome{Schema: 1, Outcome: audience.OutcomeFailed})
	w.now = time.Now().Add(-time.Hour) // older than an outcome that is none
	w.send(w.runLetter("run-1", "upload"))
	w.end("run-1-3", succeeded, "", nil)
	_, err = w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Len(t, w.started, 2)
}

func TestInterruption(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001")
	w.run("run-2", "00001") // waits for the audience
	w.send(w.chunkLetter("run-1", "00001"), w.chunkLetter("run-2", "00001"))
	ctx, cancel := context.WithCancel(t.Context())
	w.during = func(slept int) {
		if slept == 3 {
			cancel()
		}
	}
	_, err := w.redrive(ctx, Filter{})
	require.ErrorContains(t, err, "what was started goes on")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Len(t, w.queue.messages, 2)
	assert.Equal(t, 2, w.queue.visible(), "at once, and not when the hold ends")
	require.Len(t, w.started, 1)

	w.slept = 0
	w.during = func(slept int) {
		switch slept {
		case 1:
			w.executions["run-1-2"].status = succeeded
			w.done("run-1", "00001")
		case 2:
			w.executions["run-2-2"].status = succeeded
			w.done("run-2", "00001")
		}
	}
	said, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Contains(t, said, "the execution run-1-2 is under way already: waiting for it")
	assert.Len(t, w.started, 2, "run-1 was not started twice")
	assert.Empty(t, w.queue.messages)
}

func TestAWSThatStumbles(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001")
	w.send(w.chunkLetter("run-1", "00001"))
	w.during = func(slept int) {
		if slept == 1 {
			w.executions["run-1-2"].broken = misses - 1
		}
		if slept == 6 {
			w.executions["run-1-2"].status = succeeded
			w.done("run-1", "00001")
		}
	}
	_, err := w.redrive(t.Context(), Filter{})
	require.NoError(t, err)

	w = newWorld(t)
	w.run("run-1", "00001")
	w.send(w.chunkLetter("run-1", "00001"))
	w.during = func(int) { w.executions["run-1-2"].broken = 1 }
	said, err := w.redrive(t.Context(), Filter{})
	require.Error(t, err)
	assert.Contains(t, said, "no route to host: it is left to itself")
	assert.Len(t, w.queue.messages, 1)

	w = newWorld(t)
	w.run("run-1", "00001")
	w.done("run-1", "00001")
	w.send(w.chunkLetter("run-1", "00001"))
	w.queue.refuse = "delete"
	said, err = w.redrive(t.Context(), Filter{})
	require.ErrorContains(t, err, "1 letter left")
	assert.Contains(t, said, "delete letters from the queue https://queue: 1 were not")

	w.queue.refuse = "receive"
	_, err = w.redrive(t.Context(), Filter{})
	require.ErrorContains(t, err, "read the queue https://queue: access denied")
}

func TestNames(t *testing.T) {
	long := strings.Repeat("r", 80)
	assert.Equal(t, "run-1", nameOf("run-1", 1))
	assert.Equal(t, "run-1-2", nameOf("run-1", 2))
	assert.Equal(t, long, nameOf(long, 1))
	for _, n := range []int{2, 10, 9999} {
		name := nameOf(long, n)
		assert.LessOrEqual(t, len(name), nameLength)
		assert.NotEqual(t, name, nameOf(long[:79]+"x", n), "what is cut off still tells them apart")
		assert.NotEqual(t, name, nameOf(long, n+1))
	}
	_, err := NewMachine(nil, "cleanreach")
	require.ErrorContains(t, err, "no ARN of a state machine")
}
