package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/telemetry"
)

// measured is the one line of metrics that a task wrote, and nothing else.
func (b *bench) measured() map[string]any {
	b.t.Helper()
	require.Equal(b.t, 1, strings.Count(b.stdout.String(), "\n"), b.stdout.String())
	var line map[string]any
	require.NoError(b.t, json.Unmarshal(b.stdout.Bytes(), &line))
	assert.Contains(b.t, line, "_aws")
	b.stdout.Reset()
	return line
}

// numbers are the metrics of a recorder, by way of what it writes.
func numbers(t *testing.T, measure func(*work)) map[string]float64 {
	t.Helper()
	var out strings.Builder
	w := &work{metrics: telemetry.NewRecorder(&out, "CleanReach"), started: time.Now(), folder: newBench(t, "").folder}
	measure(w)
	require.NoError(t, w.metrics.Write(time.Now(), "acme", "probe"))
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(out.String()), &line))
	found := map[string]float64{}
	for name, value := range line {
		if number, ok := value.(float64); ok {
			found[name] = number
		}
	}
	return found
}

func TestEveryStageIsMeasured(t *testing.T) {
	b := newBench(t, "")
	b.env[envMetrics] = "CleanReach"
	b.env[envChunk] = "00017"

	require.Zero(t, b.run(true, nothing))
	line := b.measured()
	for key, want := range map[string]any{"Tenant": "acme", "Stage": "probe", "run": "r1", "audience": "vip", "chunk": "00017", "StageFailures": 0.0} {
		assert.Equal(t, want, line[key], key)
	}
	assert.GreaterOrEqual(t, line["StageSeconds"], 0.0)
	assert.NotContains(t, line, "MetaCalls", "nobody asked Meta")
	assert.NotContains(t, line, "class")

	gate := audience.Failf(audience.Gate, "too few rows")
	require.Equal(t, 3, b.run(true, func(context.Context, *work) error { return gate }))
	line = b.measured()
	assert.Equal(t, 1.0, line["StageFailures"])
	assert.Equal(t, "gate", line["class"])

	require.Equal(t, 1, b.run(true, func(context.Context, *work) error { panic("ann@example.com") }))
	line = b.measured()
	assert.Equal(t, "transient", line["class"])
	assert.NotContains(t, line, "ann@example.com")

	require.NoError(t, storage.ReleaseLease(t.Context(), b.leases, "00000001.json", "r1"))
	b.hold(time.Hour) // a run that never came to its work is measured too
	require.Equal(t, 3, b.run(true, nothing))
	assert.Equal(t, "gate", b.measured()["class"])

	require.NoError(t, b.folder.Delete(t.Context(), audience.RunFile)) // nobody knows whose run it is
	require.NotZero(t, b.run(true, nothing))
	assert.Empty(t, b.stdout.String())
}

func TestMetricsThatCannotBeWrittenFailNothing(t *testing.T) {
	b := newBench(t, "")
	b.env[envMetrics] = "CleanReach"
	err := stage(stageFunc{"probe", true, nothing})(t.Context(), call{env: b.env, stdout: closed{}, stderr: &b.stderr})
	require.NoError(t, err)
	assert.Contains(t, b.stderr.String(), "the task's metrics are lost")
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPreflightIsMeasured(t *testing.T) {
	server, err := sandbox.New(sandbox.Config{Tokens: []string{secretToken}})
	require.NoError(t, err)
	asked, expires := 0, 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if expires != 0 && strings.HasSuffix(r.URL.Path, "/debug_token") {
			at := strconv.FormatInt(time.Now().AddDate(0, 0, expires).Unix(), 10)
			_, _ = io.WriteString(w, `{"data": {"app_id": "1", "type": "SYSTEM_USER", "is_valid": `+strconv.FormatBool(expires > 0)+`, "expires_at": `+at+`, "scopes": ["ads_management"]}}`)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { web.Close(); assert.NoError(t, server.Close()) })
	b := newBench(t, "")
	b.env[envMetaURL], b.env[envMetaToken], b.env[envMetrics] = web.URL, secretToken, "CleanReach"
	for _, c := range []struct{ expires, code int }{{0, 0}, {20, 0}, {-3, 4}} {
		asked, expires = 0, c.expires
		require.Equal(t, c.code, run(t.Context(), []string{"preflight"}, b.env, nil, &b.stdout, &b.stderr), b.stderr.String())
		line := b.measured()
		assert.EqualValues(t, asked, line["MetaCalls"])
		assert.Equal(t, 0.0, line["ThrottledSeconds"])
		if c.expires == 0 {
			assert.NotContains(t, line, "TokenDaysLeft", "it never ends")
		} else {
			assert.InDelta(t, c.expires, line["TokenDaysLeft"], 0.1)
		}
	}
	assert.NotContains(t, b.stderr.String(), secretToken)
}

// A run whose rows are bad is stopped by the gate of prepare: its ratio must be known all the more.
func TestPrepareIsMeasured(t *testing.T) {
	b := newBench(t, "")
	source := filepath.Join(b.bucket, "customers.csv")
	document := strings.Replace(string(runDocument(b.leases.URL(), "")), `"customers.csv"`, strconv.Quote(storage.FileURL(b.bucket)+"/customers.csv"), 1)
	document = strings.Replace(document, `"meta": {`, `"limits": {"max_invalid_ratio": 0.5, "min_rows": 1}, "meta": {`, 1)
	require.NoError(t, b.folder.Write(t.Context(), audience.RunFile, []byte(document)))
	b.env[envMetrics], b.env[envCatalog] = "CleanReach", storage.FileURL(t.TempDir())
	prepare := func() (int, map[string]any) {
		code := run(t.Context(), []string{"prepare"}, b.env, nil, &b.stdout, &b.stderr)
		return code, b.measured()
	}
	rows := func(line map[string]any) []any {
		return []any{line["RowsSource"], line["RowsNoConsent"], line["RowsSuppressed"], line["RowsQuarantined"], line["RowsPrepared"], line["InvalidRatio"]}
	}

	require.NoError(t, os.WriteFile(source, []byte("Email\nann@example.com\nnone\nnobody\nn/a\n"), 0o600))
	code, line := prepare()
	assert.Equal(t, 3, code, b.stderr.String())
	assert.Equal(t, []any{4.0, 0.0, 0.0, 3.0, 1.0, 0.75}, rows(line))

	optOut(t, b.bucket, "zed@example.com")
	require.NoError(t, os.WriteFile(source, []byte("Email\nann@example.com\nZed@example.com\nbob@example.com\nn/a\n"), 0o600))
	code, line = prepare()
	assert.Zero(t, code, b.stderr.String())
	assert.Equal(t, []any{4.0, 0.0, 1.0, 1.0, 2.0, 1.0 / 3}, rows(line))

	code, line = prepare()
	assert.Zero(t, code, b.stderr.String())
	assert.Equal(t, []any{nil, nil, nil, nil, nil, nil}, rows(line), "an earlier task counted them")
}

func TestPlanIsMeasured(t *testing.T) {
	plan := &audience.Plan{Rows: 30}
	assert.Empty(t, numbers(t, func(w *work) { w.measurePlan(t.Context(), nil, false) }), "it failed")
	assert.Equal(t, map[string]float64{"RowsMatched": 30}, numbers(t, func(w *work) { w.measurePlan(t.Context(), plan, false) }), "nobody knows of how many")
	assert.Equal(t, map[string]float64{"RowsMatched": 30, "MatchRate": 0.25}, numbers(t, func(w *work) {
		require.NoError(t, w.folder.WriteJSON(t.Context(), audience.PreparedFile, audience.Prepared{Prepared: 120}))
		w.measurePlan(t.Context(), plan, w.planned(t.Context()))
	}))
	assert.Equal(t, map[string]float64{"MatchRate": 0.25}, numbers(t, func(w *work) {
		require.NoError(t, w.folder.WriteJSON(t.Context(), audience.PreparedFile, audience.Prepared{Prepared: 120}))
		require.NoError(t, w.folder.WriteJSON(t.Context(), audience.PlanFile, plan))
		w.measurePlan(t.Context(), plan, w.planned(t.Context()))
	}), "an earlier task counted them")
}

func TestPlanOfAMirrorIsMeasuredByTheMatch(t *testing.T) {
	assert.Equal(t, map[string]float64{"RowsMatched": 90, "MatchRate": 0.75}, numbers(t, func(w *work) {
		require.NoError(t, w.folder.WriteJSON(t.Context(), audience.PreparedFile, audience.Prepared{Prepared: 120}))
		require.NoError(t, w.folder.WriteJSON(t.Context(), audience.ChangesFile, audience.Changes{Matched: 90, Joins: 2, Leaves: 1}))
		w.measurePlan(t.Context(), &audience.Plan{Mode: audience.ModeMirror, Rows: 3}, false)
	}), "and not by what has changed in it")
}

func TestUploadIsMeasured(t *testing.T) {
	begun := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	receipt := func(sent, unusable, refused int64, done bool) audience.Receipt {
		return audience.Receipt{File: "a", Rows: 100, Sent: sent, Unusable: unusable, Invalid: refused, Done: done, StartedAt: begun, FinishedAt: begun.Add(90 * time.Second)}
	}
	other := receipt(40, 4, 2, false)
	other.File = "b"
	optedOut := receipt(90, 5, 3, true)
	optedOut.Withheld = 5
	for _, c := range []struct {
		name   string
		before audience.Receipt
		after  audience.Receipt
		want   map[string]float64
	}{
		{"at once", audience.Receipt{}, receipt(95, 5, 1, true), map[string]float64{"RowsSent": 95, "RowsUnusable": 5, "RowsWithheld": 0, "RowsRefused": 1, "ChunkSeconds": 90}},
		{"half of it", audience.Receipt{}, receipt(40, 4, 2, false), map[string]float64{"RowsSent": 40, "RowsUnusable": 4, "RowsWithheld": 0, "RowsRefused": 2}},
		{"the other half", receipt(40, 4, 2, false), receipt(95, 5, 3, true), map[string]float64{"RowsSent": 55, "RowsUnusable": 1, "RowsWithheld": 0, "RowsRefused": 1, "ChunkSeconds": 90}},
		{"the other half, of which some opted out", receipt(40, 4, 2, false), optedOut, map[string]float64{"RowsSent": 50, "RowsUnusable": 1, "RowsWithheld": 5, "RowsRefused": 1, "ChunkSeconds": 90}},
		{"again", receipt(95, 5, 3, true), receipt(95, 5, 3, true), map[string]float64{"RowsSent": 0, "RowsUnusable": 0, "RowsWithheld": 0, "RowsRefused": 0}},
		{"of another match", other, receipt(95, 5, 1, true), map[string]float64{"RowsSent": 95, "RowsUnusable": 5, "RowsWithheld": 0, "RowsRefused": 1, "ChunkSeconds": 90}},
	} {
		assert.Equal(t, c.want, numbers(t, func(w *work) {
			w.env = env{envChunk: "00001"}
			if c.before.File != "" {
				require.NoError(t, w.folder.WriteJSON(t.Context(), audience.ReceiptFile("00001"), c.before))
			}
			w.measureUpload(w.receipt(t.Context()), &c.after)
		}), c.name)
	}
	assert.Empty(t, numbers(t, func(w *work) { w.measureUpload(audience.Receipt{}, nil) }), "it never came to the chunk")
}

func TestReportIsMeasured(t *testing.T) {
	for _, c := range []struct {
		outcome                       string
		err                           error
		completed, failed, unbalanced float64
	}{
		{audience.OutcomeSucceeded, nil, 1, 0, 0},
		{audience.OutcomePartial, nil, 1, 0, 0},
		{audience.OutcomeEmpty, nil, 1, 0, 0},
		{audience.OutcomeFailed, nil, 0, 1, 0},
		{audience.OutcomeFailed, errors.New("it does not balance"), 0, 1, 1},
	} {
		made := &audience.Report{Outcome: c.outcome, Rows: audience.Rows{Failed: 3}}
		assert.Equal(t, map[string]float64{"RowsFailed": 3, "RunsCompleted": c.completed, "RunsFailed": c.failed, "RunsUnbalanced": c.unbalanced},
			numbers(t, func(w *work) { w.measureReport(made, c.err) }), c.outcome)
	}
	assert.Empty(t, numbers(t, func(w *work) { w.measureReport(nil, errors.New("no plan")) }))
}

func TestReportOfAMirrorAndOfAReplaceIsMeasured(t *testing.T) {
	opened := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	mirrored := audience.Report{Rows: audience.Rows{Leaves: audience.Leaves{Failed: 2}}, People: &audience.Movement{Stayed: 90, Changed: 3, Joined: 5, Left: 4, Resent: 9}}
	for _, c := range []struct {
		name    string
		made    audience.Report
		outcome string
		want    map[string]float64
	}{
		{"a mirror", mirrored, audience.OutcomeSucceeded, map[string]float64{"RowsFailed": 2, "PeopleJoined": 5, "PeopleLeft": 4, "PeopleStayed": 93}},
		{"a mirror that failed", mirrored, audience.OutcomeFailed, map[string]float64{"RowsFailed": 2}},
		{"a replace", audience.Report{Replaced: &audience.Replaced{OpenedAt: opened, ClosedAt: opened.Add(time.Hour)}}, audience.OutcomeSucceeded,
			map[string]float64{"RowsFailed": 0, "ReplaceSeconds": 3600}},
		{"a replace that was not ended", audience.Report{Replaced: &audience.Replaced{OpenedAt: opened}}, audience.OutcomeFailed, map[string]float64{"RowsFailed": 0}},
	} {
		c.made.Outcome = c.outcome
		got := numbers(t, func(w *work) { w.measureReport(&c.made, nil) })
		for _, always := range []string{"RunsCompleted", "RunsFailed", "RunsUnbalanced"} {
			delete(got, always)
		}
		assert.Equal(t, c.want, got, c.name)
	}
}
