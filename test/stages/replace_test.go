package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/advance"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/preflight"
	"github.com/cleanreach/cleanreach/internal/report"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/upload"
)

// A turnover is an audience in the sandbox whose people runs replace. Its clock goes only when somebody waits: for an answer,
// by the retries, or in the state machine.
type turnover struct {
	t      *testing.T
	clock  *sandbox.Clock
	server *sandbox.Server
	api    meta.API
	id     string // of the audience
	work   *storage.Folder
	match  string // URL of the folder with 30 people's rows

	run    *audience.Run
	folder *storage.Folder
	turns  []string // what the state machine was told to do
}

// newTurnover makes an audience. Every answer to it takes some time, and Meta is done with a replace a while after its session.
func newTurnover(t *testing.T, answer, replacing time.Duration) *turnover {
	t.Helper()
	o := &turnover{t: t, clock: sandbox.NewClock(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))}
	sleep := func(_ context.Context, d time.Duration) error { o.clock.Advance(d); return nil }
	var err error
	o.server, err = sandbox.New(sandbox.Config{Clock: o.clock, Latency: answer, Replacing: replacing, Sleep: sleep})
	require.NoError(t, err)
	web := httptest.NewServer(o.server)
	client, err := meta.New(meta.Config{BaseURL: web.URL, Token: "token", HTTP: web.Client(), Now: o.clock.Now})
	require.NoError(t, err)
	o.api = meta.Retrying(client, meta.Policy{Attempts: 3, Budget: meta.NewBudget(time.Hour, o.clock.Now), Sleep: sleep})
	o.work, err = storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() {
		client.Close()
		web.Close()
		require.NoError(t, o.server.Close())
		require.NoError(t, o.work.Close())
	})
	o.id, err = client.CreateAudience(t.Context(), "act_1", meta.NewAudience{Name: "VIPs", Mark: "cleanreach:acme/vip", CustomerFileSource: "USER_PROVIDED_ONLY"})
	require.NoError(t, err)
	dir := t.TempDir()
	rows := make([][]string, 30)
	for i := range rows {
		rows[i] = []string{person(i), fmt.Sprint("id", i)}
		if i%5 == 4 { // of another schema, in every chunk
			rows[i][1] = ""
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part.parquet"), parquetOf(t, []string{"email", "extern_id"}, rows, 10), 0o600))
	o.match = storage.FileURL(dir) + "/"
	return o
}

func person(i int) string { return fmt.Sprintf("person%d@example.org", i) }

// fill puts two people into the audience who are in no match.
func (o *turnover) fill() {
	o.t.Helper()
	_, err := o.api.AddUsers(o.t.Context(), o.id, payload("old", "older").Batch(meta.Session{ID: 1, Seq: 1, Last: true}))
	require.NoError(o.t, err)
}

func payload(ids ...string) *meta.Payload {
	p := meta.NewPayload([]audience.Key{audience.ExternID})
	for _, id := range ids {
		p.BeginRow()
		p.Value([]byte(id))
		p.EndRow()
	}
	return p
}

// starts begins a run: from here on it is the one that is driven.
func (o *turnover) starts(id, mode string) {
	o.t.Helper()
	var err error
	o.run, err = audience.ParseRun(fmt.Appendf(nil, `{"schema": 1, "run": %q, "tenant": "acme", "audience": "vip", "definition": {
		"tenant": "acme", "name": "vip", "source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}},
		"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
		"meta": {"ad_account": "act_1", "mode": %q}, "limits": {"chunk_rows": 10}}}`, id, mode))
	require.NoError(o.t, err)
	o.folder, o.turns = o.work.Sub("runs/acme/vip/"+id), nil
	require.NoError(o.t, o.folder.WriteJSON(o.t.Context(), audience.PreparedFile, audience.Prepared{Schema: 1, Source: 30, Prepared: 30}))
	require.NoError(o.t, o.folder.WriteJSON(o.t.Context(), audience.QueryFile, audience.QueryResult{Schema: 1, ID: "q1", Location: o.match}))
}

// drive does what the state machine does, until the report, the first failure of a stage, or as many turns.
func (o *turnover) drive(turns int) error {
	o.t.Helper()
	ctx, state := o.t.Context(), o.work.Sub(audience.StateDir("acme", "vip"))
	if _, err := preflight.Run(ctx, preflight.Deps{Run: o.run, Folder: o.folder, State: state, Meta: o.api, Now: o.clock.Now, Log: quiet}); err != nil {
		return err
	}
	if _, err := plan.Run(ctx, plan.Deps{Run: o.run, Folder: o.folder, State: state, Now: o.clock.Now, Log: quiet}); err != nil {
		return err
	}
	for range turns {
		var next audience.Upload
		require.NoError(o.t, o.folder.ReadJSON(ctx, audience.UploadFile, &next))
		o.turns = append(o.turns, wordOf(next))
		switch next.Next {
		case audience.NextReport:
			return nil
		case audience.NextWait:
			o.clock.Advance(time.Duration(next.Wait) * time.Second)
		case audience.NextUpload:
			o.uploads(next.List)
			if !next.More {
				return nil
			}
		}
		if _, err := advance.Run(ctx, advance.Deps{Run: o.run, Folder: o.folder, State: state, Meta: o.api, Now: o.clock.Now, Log: quiet}); err != nil {
			return err
		}
	}
	return nil
}

// wordOf is a short word for what comes next.
func wordOf(next audience.Upload) string {
	switch next.Next {
	case audience.NextUpload:
		return strings.TrimSuffix(strings.TrimPrefix(next.List, "chunks-"), ".json")
	case audience.NextWait:
		return fmt.Sprint("wait ", next.Wait)
	}
	return next.Next
}

// uploads is a Map: each item is tried twice.
func (o *turnover) uploads(list string) {
	o.t.Helper()
	var items []audience.Chunk
	require.NoError(o.t, o.folder.ReadJSON(o.t.Context(), list, &items))
	for _, c := range items {
		deps := upload.Deps{Run: o.run, Folder: o.folder, Chunk: c.ID, Meta: o.api, Now: o.clock.Now, Log: quiet}
		if _, err := upload.Run(o.t.Context(), deps); err != nil {
			_, _ = upload.Run(o.t.Context(), deps) // its receipt says how it went
		}
	}
}

// members are the people in the audience as the tests call them.
func (o *turnover) members() []string {
	o.t.Helper()
	names := map[string]string{}
	for i := range 30 {
		sum := sha256.Sum256([]byte(person(i)))
		names[hex.EncodeToString(sum[:])] = person(i)
	}
	people, err := o.server.Members(o.id)
	require.NoError(o.t, err)
	var list []string
	for _, p := range people {
		name := names[p["EMAIL"]]
		if name == "" {
			name = p["EXTERN_ID"]
		}
		list = append(list, name)
	}
	return list
}

func matched() (list []string) {
	for i := range 30 {
		list = append(list, person(i))
	}
	return list
}

// status sets the audience's operation status, by the sandbox's controls.
func (o *turnover) status(code int) {
	o.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(o.t.Context(), "POST", "/sandbox/audiences/"+o.id, strings.NewReader(fmt.Sprintf(`{"operation_status": %d}`, code)))
	r.Header.Set("Content-Type", "application/json")
	o.server.ServeHTTP(w, r)
	require.Equal(o.t, 200, w.Code, w.Body.String())
}

// exchanged checks that exactly the match is in the audience, that every row is accounted for, and that Meta acknowledged no
// batch twice.
func (o *turnover) exchanged() {
	o.t.Helper()
	assert.ElementsMatch(o.t, matched(), o.members())
	sleep := func(_ context.Context, d time.Duration) error { o.clock.Advance(d); return nil }
	r, err := report.Run(o.t.Context(), report.Deps{Run: o.run, Folder: o.folder, Meta: o.api, Now: o.clock.Now, Sleep: sleep, Log: quiet})
	require.NoError(o.t, err)
	assert.Equal(o.t, int64(30), r.Rows.Sent)
	assert.Zero(o.t, r.Rows.Failed)
	w := httptest.NewRecorder()
	o.server.ServeHTTP(w, httptest.NewRequestWithContext(o.t.Context(), "GET", "/sandbox/audiences", nil))
	assert.Contains(o.t, w.Body.String(), `"again":0`)
}

// TestReplaceByAllStages has one line for each thing that can happen to a replace that comes to its end.
func TestReplaceByAllStages(t *testing.T) {
	fault := func(name string, count int) *sandbox.Fault {
		return &sandbox.Fault{Fault: name, On: "usersreplace", Count: count}
	}
	for _, c := range []struct {
		name      string
		answer    time.Duration
		replacing time.Duration
		fault     *sandbox.Fault
		turns     string
	}{
		{"undisturbed", time.Second, 0, nil, "advance, replace-open-00001, replace-fill, replace-close, replace-rest, report"},
		{"Meta works on it for 20 minutes", time.Second, 20 * time.Minute, nil,
			"advance, replace-open-00001, replace-fill, replace-close, wait 30, wait 60, wait 120, wait 240, wait 480, wait 600, replace-rest, report"},
		{"the opener's answer is lost", time.Second, 0, fault("drop_response", 1), "advance, replace-open-00001, replace-fill, replace-close, replace-rest, report"},
		{"all answers to its first task are lost", time.Second, 0, fault("drop_response", 3), "advance, replace-open-00001, replace-fill, replace-close, replace-rest, report"},
		{"Meta is so slow that the session times out", 50 * time.Minute, 0, nil, "advance, replace-open-00001, replace-fill, replace-rest, report"},
		{"Meta fails for a while", time.Second, 0, fault("server_error", 4), "advance, replace-open-00001, replace-fill, replace-close, replace-rest, report"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newTurnover(t, c.answer, c.replacing)
			o.fill()
			if c.fault != nil {
				require.NoError(t, o.server.SetFault(*c.fault))
			}
			o.starts("r1", audience.ModeReplace)
			require.NoError(t, o.drive(300))
			assert.Equal(t, c.turns, strings.Join(o.turns, ", "))
			o.exchanged()
		})
	}
}

// TestReplaceOfAnAudienceInEachState has one line for what Meta says of the audience before the run.
func TestReplaceOfAnAudienceInEachState(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(o *turnover)
		class  audience.Class // 0: it comes to its end
	}{
		{"200", func(o *turnover) { o.fill() }, 0},
		{"410: nobody was ever in it", func(*turnover) {}, 0},
		{"414, by somebody else", func(o *turnover) {
			o.fill()
			_, err := o.api.ReplaceUsers(o.t.Context(), o.id, payload("theirs").Batch(meta.Session{ID: 5, Seq: 1}))
			require.NoError(o.t, err)
		}, audience.Throttled},
		{"415", func(o *turnover) { o.fill(); o.status(415) }, audience.Action},
		{"471", func(o *turnover) { o.fill(); o.status(471) }, audience.Action},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newTurnover(t, time.Second, 0)
			c.before(o)
			before := o.members()
			o.starts("r1", audience.ModeReplace)
			err := o.drive(300)
			if c.class == 0 {
				require.NoError(t, err)
				o.exchanged()
				return
			}
			require.Error(t, err)
			assert.Equal(t, c.class, audience.ClassOf(err), err)
			assert.Equal(t, before, o.members(), "nobody has come or gone")
		})
	}
}

// TestStuckReplaceOfAnEarlierRun: the run that began it was given up, and Meta does not end it by itself.
func TestStuckReplaceOfAnEarlierRun(t *testing.T) {
	for _, mode := range []string{audience.ModeReplace, audience.ModeAdd} {
		t.Run(mode, func(t *testing.T) {
			o := newTurnover(t, time.Second, 10*time.Minute)
			o.fill()
			require.NoError(t, o.server.SetFault(sandbox.Fault{Fault: "stuck_replace", On: "usersreplace", Count: 1}))
			o.starts("r0", audience.ModeReplace)
			require.NoError(t, o.drive(2), "no further than the opener")
			o.clock.Advance(5 * time.Hour)
			require.Len(t, o.members(), 8)

			o.starts("r1", mode)
			require.NoError(t, o.drive(300))
			assert.Equal(t, []string{"advance", "replace-end", "wait 30", "wait 60"}, o.turns[:4])
			o.exchanged()
			_, err := o.work.Read(t.Context(), audience.StateDir("acme", "vip")+audience.OpenReplaceFile)
			require.Error(t, err, "nothing is open any more")
		})
	}
}
