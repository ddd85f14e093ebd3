package report

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestFailedChunks(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*world)
		want  audience.FailedChunk
	}{
		{"no receipt", func(w *world) { w.lose("00002") },
			audience.FailedChunk{Chunk: "00002", Rows: 1000, Class: "transient", Message: "the chunk was never started"}},
		{"no receipt, but a failure", func(w *world) {
			w.lose("00002")
			w.failures["00002"] = &audience.FailureDoc{Class: "gate", Message: "hold the audience: another run holds it: wait", Next: "wait"}
		}, audience.FailedChunk{Chunk: "00002", Rows: 1000, Class: "gate", Message: "hold the audience: another run holds it", Next: "wait"}},
		{"a receipt with its failure", func(w *world) { w.fail("00002", 400, audience.Action, "act", "no") },
			audience.FailedChunk{Chunk: "00002", Rows: 600, Class: "action", Message: "upload chunk 00002: no", Next: "act"}},
		{"a later failure than the receipt's", func(w *world) {
			w.fail("00002", 400, audience.Transient, "", "no")
			w.failures["00002"] = &audience.FailureDoc{Class: "throttled", Message: "slow", At: at(5000)}
		}, audience.FailedChunk{Chunk: "00002", Rows: 600, Class: "throttled", Message: "slow"}},
		{"an earlier failure than the receipt's", func(w *world) {
			w.fail("00002", 400, audience.Transient, "", "no")
			w.failures["00002"] = &audience.FailureDoc{Class: "throttled", Message: "slow", At: at(1)}
		}, audience.FailedChunk{Chunk: "00002", Rows: 600, Class: "transient", Message: "upload chunk 00002: no"}},
		{"killed", func(w *world) { w.fail("00002", 400, audience.Transient, "", ""); w.receipts["00002"].Failure = nil },
			audience.FailedChunk{Chunk: "00002", Rows: 600, Class: "transient", Message: "the upload was stopped without a word: it was killed, or ran out of memory or time"}},
		{"a receipt of another match", func(w *world) { w.receipts["00002"].File = "s3://results/collaboration=c1/q0/a.parquet" },
			audience.FailedChunk{Chunk: "00002", Rows: 1000, Class: "transient", Message: "the chunk was never started"}},
		{"a receipt of another run", func(w *world) { w.receipts["00002"].Run = "x" },
			audience.FailedChunk{Chunk: "00002", Rows: 1000, Class: "transient", Message: "the chunk was never started"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(3, 1000)
			c.spoil(w)
			r := w.run(t)
			assert.Equal(t, []audience.FailedChunk{c.want}, r.Failed)
			assert.Equal(t, audience.ChunkCounts{Total: 3, Done: 2, Failed: 1}, r.Chunks)
			assert.Equal(t, c.want.Rows, r.Rows.Failed)
			assert.NoError(t, r.Rows.Balance())
		})
	}
}

func TestStaleFailureOfAChunkThatWasSent(t *testing.T) {
	w := newWorld(2, 1000)
	w.failures["00001"] = &audience.FailureDoc{Class: "action", Message: "old"}
	assert.Equal(t, audience.OutcomeSucceeded, w.run(t).Outcome)
}

func TestReceiptsOfNoPlannedChunkAreIgnored(t *testing.T) {
	w := newWorld(2, 1000)
	w.add("00009", 0, 500)
	w.chunks = w.chunks[:2]
	r := w.run(t)
	assert.Equal(t, int64(2000), r.Rows.Matched)
	assert.Equal(t, 2, r.Chunks.Total)
	assert.NoError(t, r.Rows.Balance())
}

func TestTenThousandReceipts(t *testing.T) {
	w := newWorld(10_000, 100)
	for i := 0; i < 10_000; i += 20 {
		w.lose(fmt.Sprintf("%05d", i+1))
	}
	r := w.run(t)
	assert.Equal(t, audience.ChunkCounts{Total: 10_000, Done: 9500, Failed: 500}, r.Chunks)
	assert.Equal(t, audience.OutcomePartial, r.Outcome, "5 % may fail")
	assert.Equal(t, int64(1_000_000), r.Rows.Matched)
	assert.Equal(t, int64(50_000), r.Rows.Failed)
	require.Len(t, r.Failed, 100)
	assert.Equal(t, "00001", r.Failed[0].Chunk)
	assert.Equal(t, "01981", r.Failed[99].Chunk)
	assert.Len(t, w.meta.asked, sessionsAsked)
	assert.InDelta(t, 0.625, *r.MatchRate, 2e-3)

	w.preflight.Tier, w.meta.asked = "full", nil
	assert.Equal(t, 2000, w.run(t).Verification.Told)
	assert.Len(t, w.meta.asked, 2000, "an account on the full tier has the room")
}
