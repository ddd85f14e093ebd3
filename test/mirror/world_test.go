package mirror

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/advance"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/compare"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/report"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
	"github.com/cleanreach/cleanreach/internal/upload"
	"github.com/cleanreach/cleanreach/test/mortal"
)

const document = `{"schema": 1, "run": %q, "tenant": "acme", "audience": "vip", "started_at": "2026-11-24T05:00:00Z", "lease_url": "mortal://w/leases/acme/vip/", "definition": {
	"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "mode": %q%s},
	"limits": {"chunk_rows": 5, "max_removed_ratio": 1, "min_size": 0, "max_failed_chunks_percent": 100}}}`

const batchRows = 2

var quiet = slog.New(slog.DiscardHandler)

// A row of a match; a value that is empty is missing.
type row struct{ extern, email, name string }

// member is what a sandbox's member of this row is like.
func (r row) member() string {
	m := map[string]string{}
	for key, value := range map[string]string{"EMAIL": r.email, "LN": r.name} {
		if value != "" {
			sum := sha256.Sum256([]byte(value))
			m[key] = hex.EncodeToString(sum[:])
		}
	}
	if r.extern != "" {
		m["EXTERN_ID"] = r.extern
	}
	text, _ := json.Marshal(m) // maps of strings always can be
	return string(text)
}

// A world is an audience at Meta, and a bucket. Tasks die in it, and requests get lost.
type world struct {
	t      *testing.T
	now    time.Time
	server *sandbox.Server
	life   mortal.Countdown // of whichever task is at work
	work   *storage.Folder
	id     string // of the audience
	made   bool   // by the run at hand
	keeps  int    // retention_days; 0: for ever

	requests int // until one is lost; below zero: none is
	taken    bool
	down     bool // from then on
}

func newWorld(t *testing.T, keeps int) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC), keeps: keeps, requests: -1}
	w.life.Revive(-1, false)
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	mortal.Make(name, func(context.Context) mortal.Life { return &w.life })
	t.Cleanup(func() { mortal.Forget(name) })
	var err error
	w.server, err = sandbox.New(sandbox.Config{Now: func() time.Time { return w.now }})
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.server.Close() })
	w.work, err = storage.Open(t.Context(), mortal.Scheme+"://"+name+"/")
	require.NoError(t, err)
	w.id, err = w.client().CreateAudience(t.Context(), "act_1", meta.NewAudience{Name: "vip", Mark: "cleanreach:acme/vip", CustomerFileSource: "USER_PROVIDED_ONLY", RetentionDays: keeps})
	require.NoError(t, err)
	w.made = true
	return w
}

// client calls the sandbox without a network, and tries once.
func (w *world) client() *meta.Client {
	w.t.Helper()
	client, err := meta.New(meta.Config{Token: "token", HTTP: &http.Client{Transport: w}, Log: quiet, Now: func() time.Time { return w.now }})
	require.NoError(w.t, err)
	return client
}

var errConnection = errors.New("the connection broke")

// RoundTrip makes a request. The one that is lost is so before Meta has it or behind that; then nothing comes through any more.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	lost := w.requests == 0
	w.requests--
	if w.down || lost && !w.taken {
		w.down = true
		return nil, errConnection
	}
	recorder := httptest.NewRecorder()
	w.server.ServeHTTP(recorder, r)
	if lost {
		w.down = true
		return nil, errConnection
	}
	return recorder.Result(), nil
}

// heal lets everything go well, but for what trouble is drawn.
func (w *world) heal() {
	w.down, w.requests = false, -1
	w.life.Revive(-1, false)
}

func (w *world) folder(run string) *storage.Folder { return w.work.Sub("runs/acme/vip/" + run) }
func (w *world) state() *storage.Folder            { return w.work.Sub(audience.StateDir("acme", "vip")) }

func (w *world) run(id, mode string) *audience.Run {
	w.t.Helper()
	retention := ""
	if w.keeps > 0 {
		retention = fmt.Sprintf(`, "retention_days": %d`, w.keeps)
	}
	run, err := audience.ParseRun(fmt.Appendf(nil, document, id, mode, retention))
	require.NoError(w.t, err)
	return run
}

// give puts a run's match and what preflight finds where they are looked for.
func (w *world) give(id, mode string, match []row) {
	w.t.Helper()
	fields := []table.Field{{Name: "extern_id", Type: table.String}, {Name: "email", Type: table.String}, {Name: "ln", Type: table.String}}
	for i, part := range slices.Collect(slices.Chunk(match, 7)) {
		columns := make([]table.Column, len(fields))
		for _, r := range part {
			for c, value := range []string{r.extern, r.email, r.name} {
				columns[c].AppendString(value)
			}
		}
		var file bytes.Buffer
		out, err := table.NewWriter(&file, fields, table.WriteOptions{})
		require.NoError(w.t, err)
		require.NoError(w.t, out.WriteBatch(columns, nil))
		require.NoError(w.t, out.Close())
		require.NoError(w.t, w.work.Write(w.t.Context(), fmt.Sprintf("results/%s/part-%d.parquet", id, i), file.Bytes()))
	}
	folder := w.folder(id)
	require.NoError(w.t, folder.WriteJSON(w.t.Context(), audience.QueryFile, audience.QueryResult{Schema: 1, ID: id, Location: w.work.URL() + "results/" + id + "/"}))
	rows := int64(len(match))
	require.NoError(w.t, folder.WriteJSON(w.t.Context(), audience.PreparedFile, audience.Prepared{Schema: 1, Source: rows, Prepared: rows}))
	found, err := w.client().Audience(w.t.Context(), w.id)
	require.NoError(w.t, err)
	require.NoError(w.t, folder.WriteJSON(w.t.Context(), audience.PreflightFile, audience.Preflight{
		Schema: 1, AudienceID: w.id, Mode: mode, Created: w.made, Status: found.OperationStatus.Code, FinishedAt: w.now,
	}))
	w.made = false
}

// send does the stages of a run one after the other, as the state machine does. It reports whether the run succeeded.
func (w *world) send(id, mode string) (*audience.Report, error) {
	ctx, run, folder, state := w.t.Context(), w.run(id, mode), w.folder(id), w.state()
	now := func() time.Time { return w.now }
	if mode == audience.ModeMirror {
		if _, err := compare.Run(ctx, compare.Deps{Run: run, Folder: folder, State: state, Now: now, Log: quiet, ShardRows: 6, BufferBytes: 500}); err != nil {
			return nil, err
		}
	}
	planned, err := plan.Run(ctx, plan.Deps{Run: run, Folder: folder, State: state, Now: now, Log: quiet, BatchRows: batchRows})
	if err != nil {
		return nil, err
	}
	if planned.Chunks > 0 {
		if err := snapshot.Planned(ctx, state, run, planned.Mode, w.now); err != nil {
			return nil, err
		}
	}
	if err := w.passes(run, folder, state); err != nil {
		return nil, err
	}
	made, err := report.Run(ctx, report.Deps{
		Run: run, Folder: folder, Meta: w.client(), Now: now, Log: quiet, Sleep: func(_ context.Context, d time.Duration) error { w.now = w.now.Add(d); return nil },
	})
	if err != nil {
		return nil, err
	}
	return made, snapshot.Reported(ctx, state, run, made)
}

// passes sends what the plan and each turn of advance ask for. What becomes of a chunk is in its receipt.
func (w *world) passes(run *audience.Run, folder, state *storage.Folder) error {
	ctx, now := w.t.Context(), func() time.Time { return w.now }
	for range 100 {
		var next audience.Upload
		if err := folder.ReadJSON(ctx, audience.UploadFile, &next); err != nil {
			return err
		}
		switch next.Next {
		case audience.NextReport:
			return nil
		case audience.NextWait:
			w.now = w.now.Add(time.Duration(next.Wait) * time.Second)
		case audience.NextUpload:
			var chunks []audience.Chunk
			if err := folder.ReadJSON(ctx, next.List, &chunks); err != nil {
				return err
			}
			for _, c := range chunks {
				_, _ = upload.Run(ctx, upload.Deps{Run: run, Folder: folder, Chunk: c.ID, Meta: w.client(), Now: now, Log: quiet, BatchRows: batchRows})
			}
			if !next.More {
				return nil
			}
		}
		if _, err := advance.Run(ctx, advance.Deps{Run: run, Folder: folder, State: state, Meta: w.client(), Now: now, Log: quiet}); err != nil {
			return err
		}
	}
	return errors.New("the run does not come to an end")
}

// members are who is in the audience.
func (w *world) members() []string {
	w.t.Helper()
	people, err := w.server.Members(w.id)
	require.NoError(w.t, err)
	var list []string
	for _, p := range people {
		text, err := json.Marshal(p)
		require.NoError(w.t, err)
		list = append(list, string(text))
	}
	slices.Sort(list)
	return list
}

// expected are the members that a match makes.
func expected(match []row) []string {
	set := map[string]bool{}
	for _, r := range match {
		if r != (row{}) {
			set[r.member()] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// matchOf draws a match of few people who share addresses, with rows that come twice and rows that name nobody.
func matchOf(r *rand.Rand, rows int) []row {
	pick := func(from string) string { return strings.Split(from, ",")[r.IntN(strings.Count(from, ",")+1)] }
	match := make([]row, rows)
	for i := range match {
		match[i] = row{extern: pick(",,1,2,3,4,5,6,7,8"), email: pick(",a@x.org,b@x.org,c@x.org,d@x.org,e@x.org"), name: pick(",ann,bob")}
	}
	return match
}
