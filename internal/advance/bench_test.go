package advance

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const runDocument = `{"schema": 1, "run": "r1", "tenant": "acme", "audience": "vip", "definition": {
	"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "secret": "acme/meta"}}}`

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// fakeMeta is a Meta whose answers a test changes.
type fakeMeta struct {
	status   int
	sessions map[int64]*meta.SessionStatus
	err      error // of every call
	calls    int
}

func (f *fakeMeta) Audience(_ context.Context, id string) (meta.CustomAudience, error) {
	f.calls++
	return meta.CustomAudience{ID: id, OperationStatus: meta.Status{Code: f.status}}, f.err
}

func (f *fakeMeta) SessionStatus(_ context.Context, _ string, id int64) (*meta.SessionStatus, error) {
	f.calls++
	return f.sessions[id], f.err
}

// A bench is a run of three chunks, of which the last does not fit into the session of a replace.
type bench struct {
	t    *testing.T
	dir  string // of the run's folder, with the audience's state in it
	deps Deps
	meta *fakeMeta
	now  time.Time
	log  bytes.Buffer
}

func newBench(t *testing.T, mode string) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), meta: &fakeMeta{status: 200, sessions: map[int64]*meta.SessionStatus{}}, now: noon}
	folder, err := storage.Open(t.Context(), storage.FileURL(b.dir))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	run, err := audience.ParseRun([]byte(runDocument))
	require.NoError(t, err)
	b.deps = Deps{
		Run: run, Folder: folder, State: folder.Sub("state"), Meta: b.meta,
		Now: func() time.Time { return b.now }, Log: slog.New(slog.NewTextHandler(&b.log, nil)),
	}
	plan := audience.Plan{
		Schema: 1, Location: "file:///match/", Rows: 30, Chunks: 3, Concurrency: 4, ToleratedPercent: 5, Mode: mode,
		Columns: []audience.PlanColumn{{Key: audience.Email, Column: "email"}},
	}
	chunks := []audience.Chunk{{ID: "00001", File: "a", Rows: 10}, {ID: "00002", File: "a", FirstRow: 10, Rows: 10}, {ID: "00003", File: "b", Rows: 10}}
	if mode == audience.ModeReplace {
		chunks[0].FirstBatch, chunks[1].FirstBatch = 1, 2
		plan.Replace = &audience.ReplacePlan{Opener: "00001", Batches: 2, Rows: 20, Later: 10}
	}
	b.put(audience.PlanFile, plan)
	b.put(audience.ChunksFile, chunks)
	b.put(audience.PreflightFile, audience.Preflight{Schema: 1, AudienceID: "7"})
	b.planned()
	return b
}

// planned is what Plan writes when the run is started, and when it is continued.
func (b *bench) planned() {
	b.t.Helper()
	plan := get[audience.Plan](b, audience.PlanFile)
	b.put(audience.UploadFile, plan.Upload(audience.NextAdvance))
}

func (b *bench) put(name string, document any) {
	b.t.Helper()
	require.NoError(b.t, b.deps.Folder.WriteJSON(b.t.Context(), name, document))
}

func get[T any](b *bench, name string) (document T) {
	b.t.Helper()
	require.NoError(b.t, b.deps.Folder.ReadJSON(b.t.Context(), name, &document))
	return document
}

func (b *bench) has(name string) bool {
	b.t.Helper()
	_, err := b.deps.Folder.Read(b.t.Context(), name)
	return err == nil
}

// The state lies in the run's folder, where each document is found by one name.
const (
	stateOpen = "state/" + audience.OpenReplaceFile
	stateLast = "state/" + audience.LastReplaceFile
)

// receipt writes one of a chunk after so many tasks.
func (b *bench) receipt(chunk string, attempts int, change func(*audience.Receipt)) {
	b.t.Helper()
	for _, c := range get[[]audience.Chunk](b, audience.ChunksFile) {
		if c.ID != chunk {
			continue
		}
		r := audience.Receipt{Schema: 1, Run: "r1", Chunk: c.ID, File: "file:///match/" + c.File, FirstRow: c.FirstRow, Rows: c.Rows, Failed: c.Rows, Attempts: attempts, FinishedAt: b.now}
		change(&r)
		b.put(audience.ReceiptFile(c.ID), r)
		return
	}
	b.t.Fatalf("there is no chunk %s", chunk)
}

// What receipts say.
func done(r *audience.Receipt)    { r.Done, r.Sent, r.Failed = true, r.Rows, 0 }
func failed(r *audience.Receipt)  { r.Failure = &audience.FailureDoc{Class: "action"} }
func nothing(*audience.Receipt)   {}
func killed(r *audience.Receipt)  { r.FinishedAt = time.Time{} }
func partial(r *audience.Receipt) { r.Partial = true }

// carried says that the session of the replace carried batches of the chunk.
func (b *bench) carried(batches int) func(*audience.Receipt) {
	return func(r *audience.Receipt) {
		r.Sessions = []audience.Session{{ID: b.session(), Mode: audience.ModeReplace, FirstAt: b.now}}
		for i := range batches {
			r.Batches = append(r.Batches, audience.Batch{Session: b.session(), Seq: i + 1, Rows: 1, At: b.now.Add(time.Duration(i+1) * 6 * time.Second)})
		}
	}
}

// underway says that the first batch of the session was sent, and that nobody knows what became of it.
func (b *bench) underway(r *audience.Receipt) {
	r.Sessions = []audience.Session{{ID: b.session(), Mode: audience.ModeReplace, FirstAt: b.now}}
	r.Pending = []audience.Pending{{Session: b.session(), Number: 1}}
}

func both(one, two func(*audience.Receipt)) func(*audience.Receipt) {
	return func(r *audience.Receipt) { one(r); two(r) }
}

func (b *bench) replaceDoc() audience.Replace { return get[audience.Replace](b, audience.ReplaceFile) }
func (b *bench) session() int64               { return b.replaceDoc().Session }

// ordered is a short word for what comes next: the list's name with its items, or what else.
func (b *bench) ordered(next *audience.Upload) string {
	b.t.Helper()
	assert.Equal(b.t, *next, get[audience.Upload](b, audience.UploadFile))
	assert.Equal(b.t, []any{1, 4, 5.0}, []any{next.Schema, next.Concurrency, next.ToleratedPercent})
	switch next.Next {
	case audience.NextWait:
		assert.LessOrEqual(b.t, next.Wait, 600)
		return fmt.Sprintf("wait %d", next.Wait)
	case audience.NextUpload:
		word := next.List
		assert.Regexp(b.t, `^chunks[A-Za-z0-9-]*\.json$`, next.List, "the state machine takes no others")
		items := get[[]audience.Chunk](b, next.List)
		assert.Len(b.t, items, next.Chunks)
		for _, c := range items {
			word += " " + c.ID
		}
		assert.Equal(b.t, next.List != audience.ChunksFile, next.More)
		return word
	}
	return next.Next
}

// next runs Advance, and checks that it comes to the same when it is killed after any of its writes and started again.
func (b *bench) next() string {
	b.t.Helper()
	before := b.files()
	next, err := Run(b.t.Context(), b.deps)
	require.NoError(b.t, err)
	word, after := b.ordered(next), b.files()
	for n, half := range halves(before, after) {
		b.restore(half)
		again, err := Run(b.t.Context(), b.deps)
		require.NoError(b.t, err)
		assert.Equal(b.t, word, b.ordered(again), "killed after %d of its writes", n)
	}
	b.restore(after)
	return word
}

// fails runs Advance and gives its error.
func (b *bench) fails(class audience.Class) error {
	b.t.Helper()
	before := get[audience.Upload](b, audience.UploadFile)
	_, err := Run(b.t.Context(), b.deps)
	require.Error(b.t, err)
	assert.Equal(b.t, class, audience.ClassOf(err), err)
	assert.Equal(b.t, before, get[audience.Upload](b, audience.UploadFile), "what comes next is as before")
	return err
}
