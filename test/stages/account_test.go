// Package stages runs one stage after the other as the state machine does, and disturbs them as nothing in their own
// packages can: what one of them leaves behind is what the next one finds.
package stages

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/report"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/upload"
)

// TestNoRowIsLostOrCountedTwice prepares dirty files, takes some of the result for a match, and uploads that with every
// disturbance there is. Every row must be accounted for, and the members be those of an upload that nothing disturbed.
func TestNoRowIsLostOrCountedTwice(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			source, match := t.TempDir(), t.TempDir()
			b := newBench(t, r, source, match)
			raw := &customers{bench: b, rand: r}
			raw.write(source)
			b.prepare()
			assert.Equal(t, raw.rows, b.prepared.Source)
			matched := b.match(match)

			undisturbed := newBench(t, r, source, match)
			undisturbed.prepared = b.prepared
			undisturbed.begin()
			undisturbed.finish()
			b.begin()
			for range r.IntN(20) {
				b.disturb()
			}
			b.finish()
			for _, one := range []*bench{undisturbed, b} {
				rows := one.report().Rows
				assert.Equal(t, raw.rows, rows.Source)
				assert.Equal(t, matched, rows.Matched)
				assert.Zero(t, rows.Failed)
				assert.Equal(t, rows.Sent, rows.Received)
				assert.Zero(t, rows.Invalid)
				if v := one.report().Verification; assert.Equal(t, rows.Sent > 0, v != nil) && v != nil {
					assert.Equal(t, rows.Sent, v.Sent)
					assert.Equal(t, v.Sent+v.More, v.Received, "of what was acknowledged nothing is lost, and what was sent twice may be counted twice")
				}
			}
			assert.Equal(t, undisturbed.report().Rows, b.report().Rows)
			assert.Equal(t, undisturbed.members(), b.members())
			assert.Equal(t, matched > 0 && b.report().Rows.Sent > 0, len(b.members()) > 0)
		})
	}
}

// A bench is a run and a sandbox that its people go to.
type bench struct {
	t        *testing.T
	rand     *rand.Rand
	folder   *storage.Folder
	source   string
	results  string
	run      *audience.Run
	server   *sandbox.Server
	client   *meta.Client
	id       string // of the audience
	batch    int    // rows of a batch
	rowsIn   map[string]int64
	prepared *audience.Prepared
	log      *slog.Logger
	sleep    func(context.Context, time.Duration) error // of the report
}

func newBench(t *testing.T, r *rand.Rand, source, results string) *bench {
	t.Helper()
	return newBenchWith(t, r, source, results, sandbox.Config{})
}

func newBenchWith(t *testing.T, r *rand.Rand, source, results string, cfg sandbox.Config) *bench {
	t.Helper()
	b := &bench{t: t, rand: r, source: source, results: results, batch: 1 + r.IntN(30), rowsIn: map[string]int64{}, log: quiet}
	b.sleep = func(context.Context, time.Duration) error { assert.Fail(t, "the sandbox counts at once"); return nil }
	var err error
	b.folder, err = storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	b.server, err = sandbox.New(cfg)
	require.NoError(t, err)
	web := httptest.NewServer(b.server)
	b.client, err = meta.New(meta.Config{BaseURL: web.URL, Token: "token", HTTP: web.Client()})
	require.NoError(t, err)
	t.Cleanup(func() {
		b.client.Close()
		web.Close()
		require.NoError(t, b.server.Close())
		require.NoError(t, b.folder.Close())
	})
	b.id, err = b.client.CreateAudience(t.Context(), "act_1", meta.NewAudience{Name: "VIPs", Mark: "cleanreach:acme/vip", CustomerFileSource: "USER_PROVIDED_ONLY"})
	require.NoError(t, err)
	b.define()
	return b
}

// define makes the run's document, with chunks of some size.
func (b *bench) define() {
	b.t.Helper()
	var err error
	b.run, err = audience.ParseRun(fmt.Appendf(nil, `{"schema": 1, "run": "r1", "tenant": "acme", "audience": "vip", "definition": {
		"tenant": "acme", "name": "vip",
		"source": {"path": %q, "columns": {"EXTERN_ID": "Id", "EMAIL": "Email", "PHONE": "Phone", "COUNTRY": "Country"}, "default_country": "US", "consent": "ok"},
		"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
		"meta": {"ad_account": "act_1"},
		"limits": {"max_invalid_ratio": 1, "min_rows": 1, "chunk_rows": %d}}}`, storage.FileURL(b.source)+"/", 1+b.rand.IntN(60)))
	require.NoError(b.t, err)
}

// prepare prepares, now and then at the second try.
func (b *bench) prepare() {
	b.t.Helper()
	tables, err := storage.Open(b.t.Context(), storage.FileURL(b.t.TempDir()))
	require.NoError(b.t, err)
	defer func() { assert.NoError(b.t, tables.Close()) }()
	deps := prepare.Deps{Run: b.run, Folder: b.folder, Catalog: prepare.DocumentCatalog{Folder: tables}, Now: time.Now}
	if b.rand.IntN(2) == 0 {
		ctx, stop := context.WithCancel(b.t.Context())
		deps.Log = slog.New(stopAtLine{slog.DiscardHandler, stop})
		_, _ = prepare.Run(ctx, deps) // it was stopped, or was ready before
		stop()
	}
	deps.Log = quiet
	b.prepared, err = prepare.Run(b.t.Context(), deps)
	require.NoError(b.t, err)
}

// begin writes what a run has before its upload.
func (b *bench) begin() {
	b.t.Helper()
	require.NoError(b.t, b.folder.WriteJSON(b.t.Context(), audience.PreparedFile, b.prepared))
	require.NoError(b.t, b.folder.WriteJSON(b.t.Context(), audience.PreflightFile, audience.Preflight{Schema: 1, AudienceID: b.id}))
	require.NoError(b.t, b.folder.WriteJSON(b.t.Context(), audience.QueryFile,
		audience.QueryResult{Schema: 1, ID: "q1", Location: storage.FileURL(b.results) + "/"}))
	b.plan()
}

func (b *bench) plan() {
	b.t.Helper()
	_, err := plan.Run(b.t.Context(), plan.Deps{Run: b.run, Folder: b.folder, Now: time.Now, Log: quiet})
	require.NoError(b.t, err)
}

func (b *bench) chunks() []audience.Chunk {
	b.t.Helper()
	var chunks []audience.Chunk
	require.NoError(b.t, b.folder.ReadJSON(b.t.Context(), audience.ChunksFile, &chunks))
	return chunks
}

// finish uploads what is left, undisturbed.
func (b *bench) finish() {
	b.t.Helper()
	b.server.ClearFaults()
	for _, chunk := range b.chunks() {
		require.NoError(b.t, b.upload(b.t.Context(), chunk.ID, b.client))
	}
}

// upload is a task for a chunk. It is killed by a panic.
func (b *bench) upload(ctx context.Context, chunk string, client meta.API) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("killed: %v", p)
		}
	}()
	api := meta.Retrying(client, meta.Policy{
		Attempts: 3, Budget: meta.NewBudget(5*time.Second, nil), Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	_, err = upload.Run(ctx, upload.Deps{Run: b.run, Folder: b.folder, Chunk: chunk, Meta: api, Now: time.Now, Log: b.log, BatchRows: b.batch})
	return err
}

// disturb is one thing that goes wrong.
func (b *bench) disturb() {
	b.t.Helper()
	chunks := b.chunks()
	if len(chunks) == 0 {
		return
	}
	b.server.ClearFaults()
	if b.rand.IntN(3) > 0 {
		names := []string{"drop_response", "broken_response", "server_error", "rate_limit"}
		require.NoError(b.t, b.server.SetFault(sandbox.Fault{
			Fault: names[b.rand.IntN(len(names))], On: "users", After: b.rand.IntN(5), Count: 1 + b.rand.IntN(6), Seconds: 1,
		}))
	}
	chunk := chunks[b.rand.IntN(len(chunks))].ID
	ctx, stop := context.WithCancel(b.t.Context())
	defer stop()
	switch b.rand.IntN(8) {
	case 0: // the match is planned again, into other chunks
		b.define()
		b.plan()
	case 1:
		assert.NoError(b.t, b.report().Rows.Balance())
	case 2, 3: // another task of the same chunk goes on
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { _ = b.upload(ctx, chunk, b.client) })
		}
		both.Wait()
	case 4:
		_ = b.upload(ctx, chunk, &disturbed{API: b.client, after: b.rand.IntN(6), then: stop})
	case 5, 6:
		_ = b.upload(ctx, chunk, &disturbed{API: b.client, after: b.rand.IntN(6), then: func() { panic("SIGKILL") }})
	default:
		_ = b.upload(ctx, chunk, b.client)
	}
}

// A disturbed client does something when Meta has taken some batches, before the sender knows it of the last.
type disturbed struct {
	meta.API
	after int
	then  func()
}

func (d *disturbed) AddUsers(ctx context.Context, id string, batch meta.Batch) (meta.Ack, error) {
	ack, err := d.API.AddUsers(ctx, id, batch)
	if d.after--; d.after == 0 {
		d.then()
	}
	return ack, err
}

// report is the account as it is now; that it balances is the report's own affair.
func (b *bench) report() *audience.Report {
	b.t.Helper()
	r, err := report.Run(b.t.Context(), report.Deps{Run: b.run, Folder: b.folder, Meta: b.client, Now: time.Now, Sleep: b.sleep, Log: b.log})
	require.NoError(b.t, err)
	return r
}

func (b *bench) members() []string {
	b.t.Helper()
	people, err := b.server.Members(b.id)
	require.NoError(b.t, err)
	members := make([]string, len(people))
	for i, p := range people {
		members[i] = fmt.Sprint(p) // a map prints in the order of its keys
	}
	slices.Sort(members)
	return members
}

var quiet = slog.New(slog.DiscardHandler)

// stopAtLine is a log that calls stop at its first line.
type stopAtLine struct {
	slog.Handler
	stop func()
}

func (h stopAtLine) Handle(context.Context, slog.Record) error { h.stop(); return nil }

func (stopAtLine) Enabled(context.Context, slog.Level) bool { return true }
