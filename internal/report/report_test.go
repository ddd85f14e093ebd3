package report

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGoldens(t *testing.T) {
	for name, w := range scenes() {
		t.Run(name, func(t *testing.T) {
			deps := w.deps(t)
			_, err := Run(t.Context(), deps)
			if name == "unbalanced" {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
			for _, document := range []string{audience.ReportFile, audience.ReportPage} {
				got, err := deps.Folder.Read(t.Context(), document)
				require.NoError(t, err)
				if document == audience.ReportPage {
					got = linkStyle(t, got)
				}
				golden := filepath.Join("testdata", name+filepath.Ext(document))
				if *update {
					require.NoError(t, os.WriteFile(golden, got, 0o600))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				assert.Equal(t, string(want), string(got), "run the test with -update after looking at the difference")
			}
		})
	}
}

// linkStyle takes the styles out of a page, which has them all in itself, so that goldens do not repeat them, and allows it to
// read them from a file.
func linkStyle(t *testing.T, page []byte) []byte {
	t.Helper()
	css, err := os.ReadFile("page.css")
	require.NoError(t, err)
	inline := slices.Concat([]byte("<style>\n"), css, []byte("</style>"))
	require.Equal(t, 1, bytes.Count(page, inline), "the page must not need another file")
	page = bytes.Replace(page, inline, []byte(`<link rel="stylesheet" href="../page.css">`), 1)
	return bytes.Replace(page, []byte("style-src 'unsafe-inline'"), []byte("style-src 'unsafe-inline' file:"), 1)
}

func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		name          string
		matched       int64
		failed, total int
		tolerated     float64
		want          string
	}{
		{"all sent", 10, 0, 4, 0, audience.OutcomeSucceeded},
		{"nobody matched", 0, 0, 0, 5, audience.OutcomeEmpty},
		{"nothing is tolerated", 10, 1, 4, 0, audience.OutcomeFailed},
		{"exactly what is tolerated", 10, 1, 4, 25, audience.OutcomePartial},
		{"just above it", 10, 1, 4, 24.9, audience.OutcomeFailed},
		{"5 of 100 at 5 %", 10, 5, 100, 5, audience.OutcomePartial},
		{"6 of 100 at 5 %", 10, 6, 100, 5, audience.OutcomeFailed},
		{"a third, tolerated as a decimal", 10, 1, 3, 33.333, audience.OutcomeFailed},
		{"all failed, all tolerated", 10, 3, 3, 100, audience.OutcomePartial},
		{"fraction of a percent", 10, 1, 10_000, 0.01, audience.OutcomePartial},
	} {
		t.Run(c.name, func(t *testing.T) {
			chunks := audience.ChunkCounts{Total: c.total, Failed: c.failed, Done: c.total - c.failed}
			assert.Equal(t, c.want, outcomeOf(c.matched, chunks, c.tolerated))
		})
	}
}

func TestOutcomeDocumentIsTheReportInBrief(t *testing.T) {
	w := newWorld(20, 1000)
	w.lose("00007")
	deps := w.deps(t)
	report, err := Run(t.Context(), deps)
	require.NoError(t, err)
	var got audience.Outcome
	require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.OutcomeFile, &got))
	assert.Equal(t, audience.Outcome{Schema: 1, Outcome: audience.OutcomePartial, Rows: report.Rows, Chunks: audience.ChunkCounts{Total: 20, Done: 19, Failed: 1}}, got)
	assert.Equal(t, audience.Rows{
		Source: 50_000, NoConsent: 2000, Quarantined: 2000, Prepared: 46_000, Matched: 20_000, Unusable: 190, Sent: 18_810, Failed: 1000, Received: 18_810,
	}, got.Rows)
}

func TestOutcomeDocumentNamesTheCauseThatWaitsForAPerson(t *testing.T) {
	w := newWorld(3, 1000)
	w.lose("00001")
	const onlyAgain = "continue the run by its id: what was sent is not sent again"
	for _, c := range []struct {
		add  func()
		want audience.Cause
	}{
		{func() {}, audience.Cause{Class: "transient", ExitCode: 1, Next: onlyAgain}},
		{func() { w.fail("00002", 0, audience.Throttled, "", "slow down") }, audience.Cause{Class: "throttled", ExitCode: 5, Next: "wait an hour; then " + onlyAgain}},
		{func() { w.fail("00003", 0, audience.Action, "make a new token", "refused") }, audience.Cause{Class: "action", ExitCode: 4, Next: "make a new token; then " + onlyAgain}},
	} {
		c.add()
		deps := w.deps(t)
		report, err := Run(t.Context(), deps)
		require.NoError(t, err)
		require.Equal(t, audience.OutcomeFailed, report.Outcome)
		var got audience.Outcome
		require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.OutcomeFile, &got))
		assert.Equal(t, &c.want, got.Failure)
	}
}

func TestRunningAgainGivesTheSame(t *testing.T) {
	w := newWorld(30, 1000)
	w.fail("00003", 500, audience.Action, "make a new token", "the token has expired")
	deps := w.deps(t)
	documents := []string{audience.ReportFile, audience.ReportPage, audience.OutcomeFile}
	var first [][]byte
	for round := range 2 {
		_, err := Run(t.Context(), deps)
		require.NoError(t, err)
		for i, name := range documents {
			data, err := deps.Folder.Read(t.Context(), name)
			require.NoError(t, err)
			if round == 0 {
				first = append(first, data)
			} else {
				assert.Equal(t, string(first[i]), string(data), name)
			}
		}
	}
}

func TestContinuedRunIsReportedAnew(t *testing.T) {
	w := newWorld(4, 1000)
	good := *w.receipts["00002"]
	w.fail("00002", 100, audience.Transient, "", "the connection broke")
	deps := w.deps(t)
	before, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, audience.OutcomeFailed, before.Outcome)
	require.NoError(t, deps.Folder.WriteJSON(t.Context(), audience.ReceiptFile("00002"), good))
	w.meta.rows[good.Sessions[0].ID] = good.Sent
	after, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, audience.OutcomeSucceeded, after.Outcome)
	assert.Empty(t, after.Failed)
}

func TestUnbalancedRunFailsWithItsReport(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*world)
		want  string
	}{
		{"source", func(w *world) { w.prepared.Quarantined++ }, "source has 10000 rows but no_consent 400 + suppressed 0 + quarantined 401 + prepared 9200 = 10001"},
		{"match", func(w *world) { w.plan.Rows++ }, "matched has 4001 rows but unusable 40 + duplicate 0 + kept 0 + withheld 0 + sent 3960 + failed 0 = 4000"},
		{"a receipt", func(w *world) { w.receipts["00002"].Sent-- }, "the receipt of chunk 00002 has 1000 rows but unusable 10 + withheld 0 + sent 989 + failed 0 = 999"},
		{"two receipts that make up for each other", func(w *world) { w.receipts["00002"].Sent--; w.receipts["00003"].Sent++ }, "chunk 00003 has 1000 rows but unusable 10 + withheld 0 + sent 991"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(4, 1000)
			c.spoil(w)
			deps := w.deps(t)
			require.NoError(t, deps.Folder.Write(t.Context(), audience.OutcomeFile, []byte(`{"outcome": "succeeded"}`)))
			report, err := Run(t.Context(), deps)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			assert.NotEmpty(t, audience.NextOf(err))
			assert.Equal(t, audience.OutcomeFailed, report.Outcome)
			assert.Contains(t, report.Next[0], c.want)
			page, err := deps.Folder.Read(t.Context(), audience.ReportPage)
			require.NoError(t, err)
			assert.Contains(t, string(page), "does not balance")
			var written audience.Report
			require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.ReportFile, &written))
			assert.Equal(t, report.Rows, written.Rows)
			_, err = deps.Folder.Read(t.Context(), audience.OutcomeFile)
			assert.ErrorIs(t, err, fs.ErrNotExist, "an earlier report's outcome must not be taken for this one's")
		})
	}
}

func TestMissingDocuments(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{audience.PreflightFile, "find the audience that was sent to"},
		{audience.PreparedFile, "find the account of the source's rows"},
		{audience.QueryFile, "find the match of this run"},
		{audience.PlanFile, "find the plan of this run"},
		{audience.ChunksFile, "find the chunks of this run"},
	} {
		t.Run(c.file, func(t *testing.T) {
			deps := newWorld(2, 1000).deps(t)
			require.NoError(t, deps.Folder.Delete(t.Context(), c.file))
			_, err := Run(t.Context(), deps)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, c.file)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			_, err = deps.Folder.Read(t.Context(), audience.OutcomeFile)
			require.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

func TestUnreadableDocuments(t *testing.T) {
	for _, c := range []struct{ file, content, want string }{
		{audience.PlanFile, `{"schema": 2}`, "read plan.json: its schema version is 2"},
		{audience.PreparedFile, `{"source": 5}`, "read prepared.json: its schema version is 0"},
		{audience.ChunksFile, `{}`, "chunks.json: it is not the JSON document"},
		{audience.ReceiptFile("00001"), `{"schema": 1,`, "find out what became of chunk 00001"},
		{audience.ReceiptFile("00001"), `{"schema": 3}`, "read receipts/00001.json: its schema version is 3"},
	} {
		t.Run(c.file, func(t *testing.T) {
			deps := newWorld(2, 1000).deps(t)
			require.NoError(t, deps.Folder.Write(t.Context(), c.file, []byte(c.content)))
			_, err := Run(t.Context(), deps)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
}

func TestGlueJobLeavesTheSourceUnknown(t *testing.T) {
	w := newWorld(2, 1000)
	w.source, w.prepared = `, "glue_job": "acme-prepare"`, nil
	r := w.run(t)
	assert.False(t, r.SourceKnown)
	assert.Equal(t, audience.Rows{Matched: 2000, Unusable: 20, Sent: 1980, Received: 1980}, r.Rows)
	assert.Contains(t, next(r), "The Glue job acme-prepare prepared the data")
	w.prepared = prepared(2000) // a job may leave the account itself
	assert.True(t, w.run(t).SourceKnown)
}

func TestReportStopsWhenItIsTold(t *testing.T) {
	deps := newWorld(2, 1000).deps(t)
	ctx, cancel := context.WithCancel(t.Context())
	deps.Meta = &stopping{stop: cancel}
	_, err := Run(ctx, deps)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	_, err = deps.Folder.Read(t.Context(), audience.ReportFile)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestDocumentsHoldNoNull(t *testing.T) {
	w := newWorld(0, 1000)
	w.prepared.Keys, w.prepared.RowReasons = nil, nil
	data, err := json.Marshal(w.run(t))
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(data, &fields))
	for name, value := range fields {
		if name != "match_rate" {
			assert.NotNil(t, value, name)
		}
	}
	assert.Nil(t, fields["match_rate"])
}

// People who opted out have a place in both accounts: what Prepare left out, and what Upload found since.
func TestPeopleWhoOptedOutAreAccountedFor(t *testing.T) {
	w := newWorld(2, 1000)
	w.prepared.Suppressed, w.prepared.Source = 30, w.prepared.Source+30
	r := w.receipts["00001"]
	r.Withheld, r.Sent, r.Received = 5, r.Sent-5, r.Received-5
	r.Batches = append(r.Batches, audience.Batch{Withheld: 5})
	deps := w.deps(t)
	made, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, audience.OutcomeSucceeded, made.Outcome)
	assert.Equal(t, int64(30), made.Rows.Suppressed)
	assert.Equal(t, int64(5), made.Rows.Withheld)
	assert.Equal(t, 2, made.Batches, "nothing was sent in the third")
	page, err := deps.Folder.Read(t.Context(), audience.ReportPage)
	require.NoError(t, err)
	assert.Contains(t, string(page), "30 opted out")
	assert.Contains(t, string(page), "5 opted out since")
	var outcome audience.Outcome
	require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.OutcomeFile, &outcome))
	assert.Equal(t, made.Rows, outcome.Rows)

	r.Withheld++
	_, err = Run(t.Context(), w.deps(t))
	require.ErrorContains(t, err, "the receipt of chunk 00001 has 1000 rows but unusable 10 + withheld 6 + sent 985 + failed 0 = 1001")
}
