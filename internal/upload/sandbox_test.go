package upload

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// connect lets the bench send to a sandbox over HTTP, by the real client.
func connect(t *testing.T, b *bench) (*sandbox.Server, *meta.Budget) {
	t.Helper()
	return connectTo(t, b, sandbox.Config{})
}

func connectTo(t *testing.T, b *bench, cfg sandbox.Config) (*sandbox.Server, *meta.Budget) {
	t.Helper()
	cfg.Now = b.now
	server, err := sandbox.New(cfg)
	require.NoError(t, err)
	web := httptest.NewServer(server)
	t.Cleanup(func() { web.Close(); assert.NoError(t, server.Close()) })
	client, err := meta.New(meta.Config{BaseURL: web.URL, Token: "token", Log: b.deps.Log, HTTP: web.Client()})
	require.NoError(t, err)
	budget := meta.NewBudget(3*time.Hour, b.deps.Now)
	b.deps.Waited = budget.Throttled
	b.deps.Meta = meta.Retrying(client, meta.Policy{
		Budget: budget, Log: b.deps.Log, Sleep: func(_ context.Context, d time.Duration) error { b.wait(d); return nil },
	})
	id, err := client.CreateAudience(t.Context(), "act_1", meta.NewAudience{Name: "VIPs", Mark: "cleanreach:acme/vip", CustomerFileSource: "USER_PROVIDED_ONLY"})
	require.NoError(t, err)
	require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), audience.PreflightFile, audience.Preflight{Schema: 1, AudienceID: id}))
	return server, budget
}

func audienceOf(t *testing.T, b *bench) string {
	t.Helper()
	var preflight audience.Preflight
	require.NoError(t, b.deps.Folder.ReadJSON(t.Context(), audience.PreflightFile, &preflight))
	return preflight.AudienceID
}

// membersOf gives the sandbox's members in the fake's spelling.
func membersOf(t *testing.T, b *bench, server *sandbox.Server) map[string]bool {
	t.Helper()
	people, err := server.Members(audienceOf(t, b))
	require.NoError(t, err)
	members := map[string]bool{}
	for _, p := range people {
		schema, row := make([]string, 0, len(audience.Keys)), make([]string, 0, len(audience.Keys))
		for _, key := range audience.Keys {
			schema, row = append(schema, string(key)), append(row, p[string(key)])
		}
		members[member(schema, row)] = true
	}
	return members
}

func TestAgainstTheSandbox(t *testing.T) {
	rows := mixed(100)
	want, unusable := expected(rows)
	for _, c := range []struct {
		name     string
		fault    *sandbox.Fault
		attempts int
	}{
		{"undisturbed", nil, 1},
		{"answers lost", &sandbox.Fault{Fault: "drop_response", On: "users", After: 3, Count: 2}, 1},
		{"answers cut off", &sandbox.Fault{Fault: "broken_response", On: "users", After: 1, Count: 3}, 1},
		{"throttled", &sandbox.Fault{Fault: "rate_limit", On: "users", After: 2, Count: 2, Seconds: 20}, 1},
		{"server errors, too many for one task", &sandbox.Fault{Fault: "server_error", On: "users", After: 4, Count: 8}, 2},
		{"token expired and renewed", &sandbox.Fault{Fault: "expired_token", On: "users", After: 5, Count: 1}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, mixedColumns, rows)
			server, budget := connect(t, b)
			if c.fault != nil {
				require.NoError(t, server.SetFault(*c.fault))
			}
			var err error
			for range c.attempts {
				err = b.run()
			}
			require.NoError(t, err)
			assert.Equal(t, c.attempts, b.receipt.Attempts)
			assert.Equal(t, want, membersOf(t, b, server))
			assert.Equal(t, unusable, b.receipt.Unusable)
			assert.Equal(t, b.receipt.Sent, b.receipt.Received)
			assert.Zero(t, b.receipt.Invalid)
			assert.InDelta(t, budget.Throttled().Seconds(), b.receipt.Throttled, 0.001)
			checkPrivate(t, b, withoutTier(rows))
		})
	}
}

// TestSandboxClosesSessions has Meta ask for a wait that is longer than a session lives.
func TestSandboxClosesSessions(t *testing.T) {
	rows := mixed(100)
	b := newBench(t, mixedColumns, rows)
	server, _ := connect(t, b)
	require.NoError(t, server.SetFault(sandbox.Fault{Fault: "rate_limit", On: "users", After: 4, Count: 1, Seconds: 95 * 60}))
	require.NoError(t, b.run())
	want, _ := expected(rows)
	assert.Equal(t, want, membersOf(t, b, server))
	assert.Equal(t, b.receipt.Sent, b.receipt.Received)
	assert.Equal(t, 1, b.receipt.Attempts)
	assert.Len(t, b.receipt.Sessions, 4, "each group's first session was too old")
}

func TestRemoveFromTheSandbox(t *testing.T) {
	rows := mixed(60)
	b := newBench(t, mixedColumns, rows)
	server, _ := connect(t, b)
	require.NoError(t, b.run())
	require.NotEmpty(t, membersOf(t, b, server))
	require.NoError(t, b.deps.Folder.Delete(t.Context(), audience.ReceiptFile("00001")))
	b.mode(audience.ModeRemove)
	b.match = t.TempDir() // of another query, as always in another run
	b.write(mixedColumns, rows)
	b.plan(mixedColumns, audience.Chunk{ID: "00001", File: "part.parquet", Rows: 60})
	require.NoError(t, b.run())
	assert.Empty(t, membersOf(t, b, server))
	assert.Equal(t, b.receipt.Sent, b.receipt.Received)
}

// TestSandboxRefusesRows finds in the match whom the sandbox refuses, and checks it by who is missing from its members.
func TestSandboxRefusesRows(t *testing.T) {
	rows := emails(200)
	b := newBench(t, []string{"email"}, rows)
	server, _ := connectTo(t, b, sandbox.Config{RefuseRate: 0.06})
	require.NoError(t, b.run())
	members := membersOf(t, b, server)
	var missing []audience.RefusedRow
	for i, row := range rows {
		if !members[member([]string{"EMAIL"}, []string{sha(row[0])})] {
			missing = append(missing, audience.RefusedRow{File: "part.parquet", RowGroup: i/32 + 1, Row: int64(i) + 1, Keys: []audience.Key{audience.Email}, Reason: "invalid EMAIL"})
		}
	}
	require.NotEmpty(t, missing)
	require.LessOrEqual(t, len(missing), refusedKept)
	assert.Equal(t, missing, b.receipt.Refused)
	assert.Equal(t, int64(len(missing)), b.receipt.Invalid)
	assert.Equal(t, b.receipt.Sent, b.receipt.Received)
	checkPrivate(t, b, rows)
}

func withoutTier(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		out[i] = row[:3]
	}
	return out
}
