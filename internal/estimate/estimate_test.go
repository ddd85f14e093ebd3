package estimate

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

func define(t *testing.T, mode, extra string) *audience.Definition {
	t.Helper()
	def, err := audience.ParseDefinition(fmt.Appendf(nil, `{"tenant": "acme", "name": "vip", "source": {"path": "a.csv", "columns": {"EMAIL": "e", "PHONE": "p", "DOB": "d", "EXTERN_ID": "x"}},
		"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"}, "meta": {"ad_account": "act_1", "secret": "acme/meta", "mode": %q}%s}`, mode, extra))
	require.NoError(t, err)
	return &def
}

func ask(def *audience.Definition, tier meta.Tier) Question {
	return Question{Definition: def, Rows: 10_000_000, Match: 0.5, Churn: 0.01, Tier: tier, Answer: 5 * time.Second, Query: 2 * time.Minute, Spot: true}
}

func step(t *testing.T, a Answer, name string) Step {
	t.Helper()
	for _, s := range a.Steps {
		if s.Name == name {
			return s
		}
	}
	require.Fail(t, "no such step", name)
	return Step{}
}

func TestUploadIsBoundByMetasLimitOrItsAnswers(t *testing.T) {
	def := define(t, audience.ModeAdd, "")
	limited := Of(ask(def, meta.TierLimited))
	assert.Equal(t, int64(5_000_000), limited.Matched)
	assert.Equal(t, int64(500), limited.Batches)
	assert.Equal(t, int64(20), limited.Chunks)
	assert.Equal(t, 500*15*time.Second+3*start, step(t, limited, "upload").Time, "20 writes in 300 seconds, and eight tasks start three times")
	assert.Contains(t, step(t, limited, "upload").Bound, "limit")

	full := Of(ask(def, meta.TierFull))
	assert.Equal(t, 500*5*time.Second/8+3*start, step(t, full, "upload").Time)
	assert.Contains(t, step(t, full, "upload").Bound, "answers")
	assert.Less(t, full.Cost.Fargate, limited.Cost.Fargate, "tasks that wait cost")
	assert.InDelta(t, full.Cost.Network, limited.Cost.Network, 0)
}

// Were a task slower than Meta's limit, the estimate would have to reckon with it.
func TestTasksAreFasterThanMetaTakesBatches(t *testing.T) {
	assert.Less(t, small.takes(meta.BatchRows, UploadRate), meta.TierFull.Every())
}

func TestMirrorSendsWhatChanges(t *testing.T) {
	a := Of(ask(define(t, audience.ModeMirror, ""), meta.TierFull))
	assert.Equal(t, int64(100_000), a.Sent, "1 % leave and 1 % join")
	assert.Equal(t, int64(10), a.Batches)
	assert.Equal(t, int64(1), step(t, a, "compare").Tasks)
}

func TestWhatAReplaceHasTheTimeFor(t *testing.T) {
	long := Of(ask(define(t, audience.ModeReplace, ""), meta.TierLimited))
	assert.InDelta(t, 5_000_000*80.0/step(t, long, "upload").Time.Minutes(), float64(long.Fits), 1, "500 batches take two hours, and 80 minutes are planned")

	short := ask(define(t, audience.ModeReplace, ""), meta.TierLimited)
	short.Rows = 100_000
	assert.Equal(t, Of(short).Sent, Of(short).Fits)
	add := Of(ask(define(t, audience.ModeAdd, ""), meta.TierLimited))
	assert.Equal(t, add.Sent, add.Fits, "only a replace ends")
}

// The default of limits.chunk_rows is what is advised for an account of the limited tier, as new ones are.
func TestDefaultChunkIsTheAdvice(t *testing.T) {
	def := define(t, audience.ModeAdd, "")
	assert.Equal(t, def.Limits.ChunkRows, Of(ask(def, meta.TierLimited)).Advice.ChunkRows)
}

func TestAdvice(t *testing.T) {
	def := define(t, audience.ModeAdd, "")
	for _, c := range []struct {
		tier   meta.Tier
		answer time.Duration
		tasks  int
		rows   int64
	}{
		{meta.TierLimited, 5 * time.Second, 1, 250_000},
		{meta.TierLimited, time.Minute, 4, 50_000},
		{meta.TierFull, time.Second, 10, 4_000_000},
		{meta.TierFull, 100 * time.Millisecond, 1, 5_000_000},
		{meta.TierFull, 20 * time.Second, mostTasks, 200_000},
	} {
		q := ask(def, c.tier)
		q.Answer = c.answer
		got := Of(q).Advice
		assert.Equal(t, c.tasks, got.Concurrency, c)
		assert.Equal(t, c.rows, got.ChunkRows, c)
	}
}

func TestCost(t *testing.T) {
	q := ask(define(t, audience.ModeAdd, ""), meta.TierFull)
	q.Rows, q.Match = 1_000_000, 1
	a := Of(q)
	// EMAIL, PHONE and the three parts of DOB are 67 bytes each, EXTERN_ID is 40.
	assert.Equal(t, int64(375_000_000), a.Bytes)
	assert.InDelta(t, 0.375*0.135, a.Cost.Network, 1e-9)
	assert.InDelta(t, 32*2.0/60*2, a.Cost.CleanRooms, 1e-9, "32 CRPU for two minutes")
	assert.InDelta(t, 76*0.000025, a.Cost.StepFunctions, 1e-9)

	q.Definition = define(t, audience.ModeAdd, `, "limits": {"concurrency": 1}`)
	q.Query = time.Second
	q.Definition.Match.Worker = &audience.Worker{Type: "CR.1X", Number: 4}
	assert.InDelta(t, 8*2.0/60, Of(q).Cost.CleanRooms, 1e-9, "a minute at least")
	assert.InDelta(t, Of(q).Cost.Total(), func() float64 { c := Of(q).Cost; return c.Fargate + c.CleanRooms + c.Network + c.StepFunctions }(), 1e-12)
}

func TestNobodyMatches(t *testing.T) {
	q := ask(define(t, audience.ModeAdd, ""), meta.TierLimited)
	q.Match = 0
	a := Of(q)
	assert.Zero(t, a.Batches)
	assert.Zero(t, step(t, a, "upload").Compute.CPU)
	assert.Equal(t, time.Duration(0), step(t, a, "upload").Time)
}
