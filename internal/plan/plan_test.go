package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/match"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const runDocument = `{"schema": 1, "run": "r1", "tenant": "acme", "audience": "vip", "definition": {
	"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "secret": "acme/meta", "mode": "%s"},
	"limits": {"chunk_rows": %d, "concurrency": 3, "max_failed_chunks_percent": 7%s}}}`

var today = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// setUp makes a run whose query result lies in the returned folder.
func setUp(t testing.TB, chunkRows int) (Deps, string) {
	t.Helper()
	match := filepath.Join(t.TempDir(), "collaboration=c1", "q1")
	require.NoError(t, os.MkdirAll(match, 0o750))
	folder, err := storage.Open(t.Context(), "file://"+t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	require.NoError(t, folder.WriteJSON(t.Context(), audience.QueryFile,
		audience.QueryResult{Schema: 1, ID: "q1", Location: storage.FileURL(match) + "/"}))
	settle(t, folder, audience.Preflight{Mode: audience.ModeAdd})
	return Deps{
		Run: define(t, audience.ModeAdd, chunkRows, ""), Folder: folder, State: folder.Sub("state"),
		Now: func() time.Time { return today }, Log: slog.New(slog.DiscardHandler),
	}, match
}

// define makes a run of a definition. limits is more of them, as JSON, each behind a comma.
func define(t testing.TB, mode string, chunkRows int, limits string) *audience.Run {
	t.Helper()
	run, err := audience.ParseRun(fmt.Appendf(nil, runDocument, mode, chunkRows, limits))
	require.NoError(t, err)
	return run
}

// settle is what preflight would do.
func settle(t testing.TB, folder *storage.Folder, p audience.Preflight) {
	t.Helper()
	p.Schema, p.AudienceID = 1, "7"
	require.NoError(t, folder.WriteJSON(t.Context(), audience.PreflightFile, p))
}

// writeMatch writes a Parquet file of text columns with row groups of these sizes.
func writeMatch(t testing.TB, name string, columns []string, groups ...int) {
	t.Helper()
	group := parquet.Group{}
	for _, c := range columns {
		group[c] = parquet.Optional(parquet.String())
	}
	writeParquet(t, name, group, groups...)
}

func writeParquet(t testing.TB, name string, group parquet.Group, groups ...int) {
	t.Helper()
	schema := parquet.NewSchema("match", group)
	var b bytes.Buffer
	w := parquet.NewGenericWriter[any](&b, schema)
	for _, rows := range groups {
		for range rows {
			row := make(parquet.Row, len(schema.Columns()))
			for c := range row {
				row[c] = parquet.ValueOf("x").Level(0, 1, c)
			}
			_, err := w.WriteRows([]parquet.Row{row})
			require.NoError(t, err)
		}
		require.NoError(t, w.Flush())
	}
	require.NoError(t, w.Close())
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o750))
	require.NoError(t, os.WriteFile(name, b.Bytes(), 0o600))
}

func readChunks(t testing.TB, deps Deps) []audience.Chunk {
	t.Helper()
	var chunks []audience.Chunk
	require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.ChunksFile, &chunks))
	return chunks
}

func TestRun(t *testing.T) {
	deps, match := setUp(t, 10)
	writeMatch(t, filepath.Join(match, "b.parquet"), []string{"email", "phone_sha256", "tier"}, 25)
	writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email", "phone_sha256", "tier"}, 4, 4)
	writeMatch(t, filepath.Join(match, "c.parquet"), []string{}) // what some engines write when a part is empty
	for _, marker := range []string{"_SUCCESS", ".crc", "_temporary/x.parquet", "folder_$folder$"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(match, marker)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(match, marker), nil, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(match, "_metadata"), []byte("not Parquet"), 0o600))

	plan, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, []audience.PlanColumn{{Key: "EMAIL", Column: "email"}, {Key: "PHONE", Column: "phone_sha256", Hashed: true}}, plan.Columns)
	assert.Equal(t, []string{"tier"}, plan.Ignored)
	assert.Equal(t, int64(33), plan.Rows)
	assert.Equal(t, 3, plan.Concurrency)
	assert.InDelta(t, 7, plan.ToleratedPercent, 0)
	assert.Equal(t, 4, plan.Chunks)
	assert.Equal(t, "a.parquet", plan.Files[0].Name)
	assert.Equal(t, 2, plan.Files[0].RowGroups)
	assert.Positive(t, plan.Files[0].Bytes)
	assert.Equal(t, []audience.Chunk{
		{ID: "00001", File: "a.parquet", FirstRow: 0, Rows: 8},
		{ID: "00002", File: "b.parquet", FirstRow: 0, Rows: 9},
		{ID: "00003", File: "b.parquet", FirstRow: 9, Rows: 8},
		{ID: "00004", File: "b.parquet", FirstRow: 17, Rows: 8},
	}, readChunks(t, deps))

	var written audience.Plan
	require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.PlanFile, &written))
	assert.Equal(t, *plan, written)
	var upload audience.Upload
	require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.UploadFile, &upload))
	assert.Equal(t, audience.Upload{Schema: 1, Next: audience.NextUpload, List: audience.ChunksFile, Chunks: 4, Concurrency: 3, ToleratedPercent: 7}, upload)
	again, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Equal(t, plan, again)
}

// TestDeletedMatchIsNoEmptyMatch: a run that goes on after a lifecycle rule removed its match must not report that nobody matched.
func TestDeletedMatchIsNoEmptyMatch(t *testing.T) {
	for name, remove := range map[string]func(match string) error{
		"one file": func(match string) error { return os.Remove(filepath.Join(match, "b.parquet")) },
		"all":      os.RemoveAll,
	} {
		t.Run(name, func(t *testing.T) {
			deps, match := setUp(t, 10)
			writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email"}, 4)
			writeMatch(t, filepath.Join(match, "b.parquet"), []string{"email"}, 5)
			before, err := Run(t.Context(), deps)
			require.NoError(t, err)
			chunks := readChunks(t, deps)
			require.NoError(t, remove(match))
			_, err = Run(t.Context(), deps)
			require.ErrorContains(t, err, "had 9 rows")
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			var kept audience.Plan
			require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.PlanFile, &kept))
			assert.Equal(t, *before, kept)
			assert.Equal(t, chunks, readChunks(t, deps))
		})
	}
}

// TestUploadFitsIntoAState: the state machine carries 256 KiB, and a match may have any number of files.
func TestUploadFitsIntoAState(t *testing.T) {
	files := make([]match.File, 20000)
	for i := range files {
		files[i] = match.File{Name: fmt.Sprintf("part-%05d-3f1c.snappy.parquet", i), Bytes: 1 << 27, Groups: []int64{1 << 20}}
	}
	plan := audience.Plan{Schema: 1, Files: matchedFiles(files), Chunks: len(files), Concurrency: 8, ToleratedPercent: 5}
	whole, err := json.Marshal(plan)
	require.NoError(t, err)
	assert.Greater(t, len(whole), 256<<10)
	small, err := json.Marshal(plan.Upload(audience.NextUpload))
	require.NoError(t, err)
	assert.Less(t, len(small), 1<<10)
}

func TestEmptyMatchIsNoError(t *testing.T) {
	for name, fill := range map[string]func(t *testing.T, match string){
		"no object":           func(*testing.T, string) {},
		"no folder":           func(t *testing.T, match string) { require.NoError(t, os.Remove(match)) },
		"a file without rows": func(t *testing.T, match string) { writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email"}) },
		"no rows and no key":  func(t *testing.T, match string) { writeMatch(t, filepath.Join(match, "a.parquet"), []string{"tier"}) },
		"an object of no byte": func(t *testing.T, match string) {
			require.NoError(t, os.WriteFile(filepath.Join(match, "a"), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			deps, match := setUp(t, 10)
			fill(t, match)
			plan, err := Run(t.Context(), deps)
			require.NoError(t, err)
			assert.Zero(t, plan.Chunks)
			assert.Zero(t, plan.Rows)
			data, err := deps.Folder.Read(t.Context(), audience.ChunksFile)
			require.NoError(t, err)
			assert.JSONEq(t, "[]", string(data))
		})
	}
}

func TestBadMatch(t *testing.T) {
	file := func(columns ...string) func(testing.TB, string) {
		return func(t testing.TB, name string) { writeMatch(t, name, columns, 1) }
	}
	for _, c := range []struct {
		name string
		a, b func(testing.TB, string)
		says []string
	}{
		{"other columns", file("email", "phone"), file("email", "zip"), []string{"a.parquet", "b.parquet", `has "phone"`, `has "zip"`}},
		{"one more column", file("email"), file("email", "zip"), []string{"a.parquet", "b.parquet", `only b.parquet has "zip"`}},
		{"no key", file("tier"), file("tier"), []string{"a.parquet", `"tier"`, `"email"`, `"ln"`, `"email_sha256"`}},
		{"only describing keys", file("country", "gen"), file("country", "gen"), []string{"a.parquet", `"country"`, `"extern_id"`}},
		{"twice the same key", file("Email", "email"), file("Email", "email"), []string{"a.parquet", `"Email"`, `"email"`, "EMAIL"}},
		{"a nested key", nested, nested, []string{"a.parquet", `"email"`, "nested"}},
		{"no Parquet", file("email"), func(t testing.TB, name string) {
			require.NoError(t, os.WriteFile(name, []byte("email\nann@example.com\n"), 0o600))
		}, []string{"b.parquet"}},
		{"cut off", file("email"), func(t testing.TB, name string) {
			writeMatch(t, name, []string{"email"}, 1)
			require.NoError(t, os.Truncate(name, 40))
		}, []string{"b.parquet"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			deps, match := setUp(t, 10)
			c.a(t, filepath.Join(match, "a.parquet"))
			c.b(t, filepath.Join(match, "b.parquet"))
			_, err := Run(t.Context(), deps)
			require.Error(t, err)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err), err.Error())
			for _, part := range c.says {
				require.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "ann@example.com")
			_, err = deps.Folder.Read(t.Context(), audience.PlanFile)
			assert.Error(t, err, "a plan was left behind")
		})
	}
}

func nested(t testing.TB, name string) {
	writeParquet(t, name, parquet.Group{"email": parquet.Group{"x": parquet.Optional(parquet.String())}}, 1)
}

func TestCanonicalColumnIsPreferred(t *testing.T) {
	columns, ignored, err := match.ColumnsOf(&audience.Definition{}, []match.File{{Name: "a", Groups: []int64{1}, Columns: []string{"EMAIL_SHA256", "Email", "madid_sha256", "MADID"}}})
	require.NoError(t, err)
	assert.Equal(t, []audience.PlanColumn{{Key: "EMAIL", Column: "Email"}, {Key: "MADID", Column: "MADID"}}, columns)
	assert.Equal(t, []string{"EMAIL_SHA256", "madid_sha256"}, ignored)
}

// The plan says what Meta is told of limited data use, as uploads and a replace's session need to know.
func TestProcessing(t *testing.T) {
	limited := &audience.Processing{Options: []string{"LDU"}, Country: 1, State: 1000}
	for _, c := range []struct {
		name    string
		mode    string
		columns []string
		meta    *audience.Processing
		want    *audience.Processing
		group   string
	}{
		{"not spoken of", audience.ModeAdd, []string{"email", "ln"}, nil, nil, "EMAIL,LN"},
		{"a column", audience.ModeAdd, []string{"email", "data_processing_options"}, nil, &audience.Processing{Options: []string{}}, `EMAIL,DATA_PROCESSING_OPTIONS=[]`},
		{"everybody", audience.ModeReplace, []string{"email"}, limited, limited, `EMAIL,DATA_PROCESSING_OPTIONS=["LDU"],DATA_PROCESSING_OPTIONS_COUNTRY=1,DATA_PROCESSING_OPTIONS_STATE=1000`},
		{"nobody", audience.ModeMirror, []string{"email"}, &audience.Processing{Options: []string{}}, &audience.Processing{Options: []string{}}, `EMAIL,DATA_PROCESSING_OPTIONS=[]`},
		{"a column, and the others", audience.ModeAdd, []string{"extern_id", "data_processing_options"}, &audience.Processing{Options: []string{"LDU"}}, &audience.Processing{Options: []string{"LDU"}}, `EXTERN_ID,DATA_PROCESSING_OPTIONS=["LDU"]`},
		{"removal", audience.ModeRemove, []string{"email", "data_processing_options"}, limited, nil, "EMAIL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			deps, folder := setUp(t, 10)
			deps.Run.Def().Meta.Mode, deps.Run.Def().Meta.DataProcessing = c.mode, c.meta
			writeMatch(t, filepath.Join(folder, "a.parquet"), c.columns, 1)
			plan, err := Run(t.Context(), deps)
			require.NoError(t, err)
			assert.Equal(t, c.want, plan.Processing)
			assert.Equal(t, c.group, plan.Group())
		})
	}
}

func TestQueryWithoutResult(t *testing.T) {
	for name, query := range map[string]any{
		"not ended":     audience.QueryResult{Schema: 1, ID: "q1"},
		"other version": audience.QueryResult{Schema: 2, ID: "q1", Location: "file:///x/"},
	} {
		t.Run(name, func(t *testing.T) {
			deps, _ := setUp(t, 10)
			require.NoError(t, deps.Folder.WriteJSON(t.Context(), audience.QueryFile, query))
			_, err := Run(t.Context(), deps)
			require.ErrorContains(t, err, audience.QueryFile)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
	deps, _ := setUp(t, 10)
	require.NoError(t, deps.Folder.Delete(t.Context(), audience.QueryFile))
	_, err := Run(t.Context(), deps)
	require.ErrorContains(t, err, audience.QueryFile)
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
}

func TestStopped(t *testing.T) {
	deps, match := setUp(t, 10)
	writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email"}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, deps)
	require.Error(t, err)
	assert.Equal(t, audience.Transient, audience.ClassOf(err), err.Error())
}

func TestChunksFileHasOneLineAChunk(t *testing.T) {
	deps, match := setUp(t, 1)
	writeMatch(t, filepath.Join(match, "a.parquet"), []string{"email"}, 3)
	_, err := Run(t.Context(), deps)
	require.NoError(t, err)
	data, err := deps.Folder.Read(t.Context(), audience.ChunksFile)
	require.NoError(t, err)
	assert.Equal(t, 5, bytes.Count(data, []byte("\n")))
	assert.True(t, json.Valid(data))
}

func BenchmarkThousandFiles(b *testing.B) {
	deps, match := setUp(b, 250_000)
	writeMatch(b, filepath.Join(match, "0000.parquet"), []string{"email", "phone"}, 100)
	first, err := os.ReadFile(filepath.Join(match, "0000.parquet"))
	require.NoError(b, err)
	for i := 1; i < 1000; i++ {
		require.NoError(b, os.WriteFile(filepath.Join(match, fmt.Sprintf("%04d.parquet", i)), first, 0o600))
	}
	for b.Loop() {
		plan, err := Run(b.Context(), deps)
		require.NoError(b, err)
		require.Equal(b, 1000, plan.Chunks)
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}
