package plan

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// replacing sets up a run that replaces people by a match of so many rows.
func replacing(t testing.TB, rows, chunkRows int, limits string, p audience.Preflight) Deps {
	t.Helper()
	deps, match := setUp(t, chunkRows)
	deps.Run = define(t, audience.ModeReplace, chunkRows, limits)
	p.Mode = audience.ModeReplace
	settle(t, deps.Folder, p)
	if rows > 0 {
		writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email"}, rows)
	}
	return deps
}

func readUpload(t testing.TB, deps Deps) audience.Upload {
	t.Helper()
	var upload audience.Upload
	require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.UploadFile, &upload))
	return upload
}

func TestReplaceIsLaidOut(t *testing.T) {
	deps := replacing(t, 25, 10, "", audience.Preflight{Status: 200, Tier: audience.TierFull})
	plan, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, audience.ModeReplace, plan.Mode)
	assert.Equal(t, &audience.ReplacePlan{Opener: "00001", Batches: 3, Rows: 25}, plan.Replace)
	var first []int
	for _, c := range readChunks(t, deps) {
		first = append(first, c.FirstBatch)
	}
	assert.Equal(t, []int{1, 2, 3}, first)
	upload := readUpload(t, deps)
	assert.Equal(t, audience.NextAdvance, upload.Next)
	assert.False(t, upload.More)
	again, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, plan, again)
}

// TestReplaceThatHasBegunKeepsItsNumbers: what the speed is known to be, or a guard, may be another when the run is continued.
func TestReplaceThatHasBegunKeepsItsNumbers(t *testing.T) {
	deps := replacing(t, 25, 10, "", audience.Preflight{Status: 200})
	plan, err := Run(t.Context(), deps)
	require.NoError(t, err)
	chunks := readChunks(t, deps)
	require.NoError(t, deps.Folder.WriteJSON(t.Context(), audience.ReplaceFile, audience.Replace{Schema: 1, Session: 9}))
	require.NoError(t, deps.Folder.WriteJSON(t.Context(), audience.UploadFile, audience.Upload{Schema: 1, Next: audience.NextWait}))
	last := audience.LastReplace{Schema: 1, Run: "r0", AudienceID: "7", Rows: 1000, BatchSeconds: 10_000}
	require.NoError(t, deps.State.WriteJSON(t.Context(), audience.LastReplaceFile, last))
	settle(t, deps.Folder, audience.Preflight{Mode: audience.ModeReplace, Status: 414})
	again, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, plan, again)
	assert.Equal(t, chunks, readChunks(t, deps))
	assert.Equal(t, audience.NextAdvance, readUpload(t, deps).Next)

	ended := audience.Replace{Schema: 1, Session: 9, Of: "r0"} // this run has only ended another's
	require.NoError(t, deps.Folder.WriteJSON(t.Context(), audience.ReplaceFile, ended))
	_, err = Run(t.Context(), deps)
	require.ErrorContains(t, err, "limits.max_removed_ratio")
}

// TestReplaceGuards: a plan that takes out too many, or that has no time, is none, and leaves nothing behind.
func TestReplaceGuards(t *testing.T) {
	last := func(rows int64, id string, seconds float64) audience.LastReplace {
		return audience.LastReplace{Schema: 1, Run: "r0", AudienceID: id, Rows: rows, BatchSeconds: seconds}
	}
	for _, c := range []struct {
		name   string
		rows   int
		limits string
		bound  int64
		last   audience.LastReplace
		says   string // nothing: it is planned
	}{
		{"nobody knows how many there are", 10, "", 0, last(0, "", 0), ""},
		{"a placeholder of Meta's", 10, "", 1000, last(0, "", 0), ""},
		{"Meta tells of more", 10, "", 1001, last(0, "", 0), "991 of the 1001 in it (by Meta's estimate) would be taken out"},
		{"so does the last run", 10, "", 0, last(21, "7", 0), "11 of the 21 in it (by run r0) would be taken out"},
		{"a placeholder of Meta's says nothing of more", 10, "", 1000, last(20, "7", 0), ""},
		{"the last run knows of more than Meta", 1000, "", 1001, last(2001, "7", 0), "1001 of the 2001 in it (by run r0) would be taken out"},
		{"others have added since", 10, "", 1001, last(20, "7", 0), "991 of the 1001 in it (by Meta's estimate) would be taken out"},
		{"a run of another audience", 10, "", 0, last(1000, "8", 0), ""},
		{"allowed", 10, `, "max_removed_ratio": 1`, 1001, last(0, "", 0), ""},
		{"too few", 10, `, "min_size": 11`, 0, last(0, "", 0), "the match has 10, and limits.min_size asks for 11"},
		{"nobody", 0, "", 0, last(0, "", 0), "the match has nobody"},
		{"nobody, though told to", 0, `, "min_size": 0, "max_removed_ratio": 1`, 0, last(0, "", 0), "mode mirror and limits.min_size 0"},
		{"no time for all, added afterwards", 10, "", 0, last(10, "7", 5000), ""},
		{"no time for all, refused", 10, `, "replace_overflow": "refuse"`, 0, last(10, "7", 5000), "10 of the match's 10 rows would not be sent within the 90 minutes that Meta gives (1h23m20s for a batch, 3 tasks at once, tier unknown"},
		{"time for all", 10, `, "replace_overflow": "refuse"`, 0, last(10, "7", 20), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			deps := replacing(t, c.rows, 10, c.limits, audience.Preflight{Status: 200, LowerBound: c.bound})
			require.NoError(t, deps.State.WriteJSON(t.Context(), audience.LastReplaceFile, c.last))
			_, err := Run(t.Context(), deps)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, audience.Gate, audience.ClassOf(err))
			for _, file := range []string{audience.PlanFile, audience.ChunksFile, audience.UploadFile} {
				_, err := deps.Folder.Read(t.Context(), file)
				require.Error(t, err, file)
			}
		})
	}
}

// TestWhereTheUploadBegins: a plain upload goes straight to its chunks, unless an earlier run's replace has to end first.
func TestWhereTheUploadBegins(t *testing.T) {
	for _, c := range []struct {
		mode   string
		status int
		rows   int
		want   string
	}{
		{audience.ModeAdd, 200, 5, audience.NextUpload},
		{audience.ModeAdd, 410, 5, audience.NextUpload},
		{audience.ModeAdd, meta.OperationReplacing, 5, audience.NextAdvance},
		{audience.ModeAdd, meta.OperationReplacing, 0, audience.NextReport},
		{audience.ModeRemove, 200, 5, audience.NextUpload},
		{audience.ModeRemove, meta.OperationReplacing, 5, audience.NextAdvance},
		{"", 200, 5, audience.NextUpload}, // preflight.json of an older version: the definition's mode holds
	} {
		deps, match := setUp(t, 10)
		settle(t, deps.Folder, audience.Preflight{Mode: c.mode, Status: c.status})
		if c.rows > 0 {
			writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email"}, c.rows)
		}
		plan, err := Run(t.Context(), deps)
		require.NoError(t, err)
		assert.Equal(t, c.want, readUpload(t, deps).Next, c)
		assert.Nil(t, plan.Replace)
		assert.NotEmpty(t, plan.Mode)
	}
}

func TestTheTierBoundsTheTasks(t *testing.T) {
	for _, c := range []struct {
		tier  string
		asked int
		want  int
	}{
		{audience.TierLimited, 40, 18}, {audience.TierLimited, 18, 18}, {audience.TierLimited, 3, 3},
		{audience.TierFull, 40, 40}, {"", 40, 40},
	} {
		p := planning{preflight: &audience.Preflight{Tier: c.tier}, limits: audience.Limits{Concurrency: c.asked}}
		assert.Equal(t, c.want, p.concurrency(), c)
	}
}

// TestMirrorIsPlannedByItsChanges reads what compare has left, or the match where there was nothing to compare with.
func TestMirrorIsPlannedByItsChanges(t *testing.T) {
	mirror := func(t *testing.T, changes audience.Changes) Deps {
		t.Helper()
		deps, match := setUp(t, 10)
		deps.Run = define(t, audience.ModeMirror, 10, "")
		settle(t, deps.Folder, audience.Preflight{Mode: audience.ModeMirror, Status: 200})
		writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email"}, 20)
		changes.Schema = 1
		require.NoError(t, deps.Folder.WriteJSON(t.Context(), audience.ChangesFile, changes))
		return deps
	}
	files := t.TempDir()
	writeMatch(t, filepath.Join(files, "joins", "part-00.parquet"), []string{"email_sha256"}, 3)
	writeMatch(t, filepath.Join(files, "leaves", "part-00.parquet"), []string{"email_sha256"}, 2)
	columns := []audience.PlanColumn{{Key: audience.Email, Column: "email_sha256", Hashed: true}}
	deps := mirror(t, audience.Changes{Mode: audience.ModeMirror, Location: "file://" + files, Columns: columns})
	plan, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, audience.ModeMirror, plan.Mode)
	assert.Equal(t, columns, plan.Columns)
	assert.Equal(t, []audience.Chunk{
		{ID: "00001", File: "joins/part-00.parquet", Rows: 3}, {ID: "00002", File: "leaves/part-00.parquet", Rows: 2, Remove: true},
	}, readChunks(t, deps))
	assert.Equal(t, audience.NextAdvance, readUpload(t, deps).Next)

	plan, err = Run(t.Context(), mirror(t, audience.Changes{Mode: audience.ModeReplace}))
	require.NoError(t, err)
	assert.Equal(t, audience.ModeReplace, plan.Mode)
	assert.Equal(t, int64(20), plan.Replace.Rows)
	deps = mirror(t, audience.Changes{Mode: audience.ModeReplace})
	settle(t, deps.Folder, audience.Preflight{Mode: audience.ModeMirror, Status: 411})
	_, err = Run(t.Context(), deps)
	require.ErrorContains(t, err, "preflight found 411")
	assert.Equal(t, audience.Action, audience.ClassOf(err))
	settle(t, deps.Folder, audience.Preflight{Mode: audience.ModeMirror, Status: 441})
	_, err = Run(t.Context(), deps)
	require.ErrorContains(t, err, "preflight found 441")
	assert.Equal(t, audience.Throttled, audience.ClassOf(err), "it passes by itself")
	plan, err = Run(t.Context(), mirror(t, audience.Changes{Mode: audience.ModeAdd}))
	require.NoError(t, err)
	assert.Equal(t, audience.ModeAdd, plan.Mode)

	deps = mirror(t, audience.Changes{})
	require.NoError(t, deps.Folder.Delete(t.Context(), audience.ChangesFile))
	_, err = Run(t.Context(), deps)
	require.ErrorContains(t, err, audience.ChangesFile)
}
