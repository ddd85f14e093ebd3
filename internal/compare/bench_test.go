package compare_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/compare"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

const definition = `{"schema": 1, "run": %q, "tenant": "acme", "audience": "vip", "started_at": "2026-11-24T05:00:00Z", "definition": {
	"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"%s}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "mode": "mirror"%s},
	"limits": {"chunk_rows": 3, "max_removed_ratio": %v, "min_size": 0}}}`

// A bench is an audience, whose runs differ in what they match.
type bench struct {
	t     *testing.T
	work  *storage.Folder
	state *storage.Folder
	now   time.Time

	columns   string // of the match
	mapped    string // more of the definition's columns
	meta      string // more of the definition's part about Meta
	ratio     float64
	preflight audience.Preflight
	shardRows int64
	clear     map[string]string // by hash
}

func newBench(t *testing.T) *bench {
	t.Helper()
	work, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, work.Close()) })
	return &bench{
		t: t, work: work, state: work.Sub(audience.StateDir("acme", "vip")), now: time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC),
		columns: "extern_id,email,ln", ratio: 1, shardRows: 3, clear: map[string]string{},
		preflight: audience.Preflight{Schema: 1, AudienceID: "77", Mode: audience.ModeMirror, Status: 200},
	}
}

func (b *bench) folder(run string) *storage.Folder { return b.work.Sub("runs/acme/vip/" + run) }

func (b *bench) deps(run string) compare.Deps {
	b.t.Helper()
	parsed, err := audience.ParseRun(fmt.Appendf(nil, definition, run, b.mapped, b.meta, b.ratio))
	require.NoError(b.t, err)
	return compare.Deps{
		Run: parsed, Folder: b.folder(run), State: b.state, Suppression: suppression.Open(b.work, "acme"),
		Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler), ShardRows: b.shardRows, BufferBytes: 300,
	}
}

// give has the clean room match rows for a run: a word for each, of values joined by commas.
func (b *bench) give(run, rows string) {
	b.t.Helper()
	var fields []table.Field
	for name := range strings.SplitSeq(b.columns, ",") {
		fields = append(fields, table.Field{Name: name, Type: table.String})
	}
	folder := b.work.Sub("results/" + run)
	for i, part := range slices.Collect(slices.Chunk(strings.Fields(rows), 4)) {
		columns := make([]table.Column, len(fields))
		for _, row := range part {
			for c, value := range strings.Split(row, ",") {
				columns[c].AppendString(value)
				b.clear[hashOf(value)] = value
			}
		}
		var file bytes.Buffer
		w, err := table.NewWriter(&file, fields, table.WriteOptions{RowGroupRows: 2})
		require.NoError(b.t, err)
		require.NoError(b.t, w.WriteBatch(columns, nil))
		require.NoError(b.t, w.Close())
		require.NoError(b.t, folder.Write(b.t.Context(), fmt.Sprintf("part-%d.parquet", i), file.Bytes()))
	}
	require.NoError(b.t, b.folder(run).WriteJSON(b.t.Context(), audience.QueryFile, audience.QueryResult{Schema: 1, ID: run, Location: folder.URL()}))
	require.NoError(b.t, b.folder(run).WriteJSON(b.t.Context(), audience.PreflightFile, b.preflight))
}

// compare compares a match.
func (b *bench) compare(run, rows string) *audience.Changes {
	b.t.Helper()
	b.give(run, rows)
	changes, err := compare.Run(b.t.Context(), b.deps(run))
	require.NoError(b.t, err)
	return changes
}

// begin notes that a run sends what it was compared for.
func (b *bench) begin(run string) {
	b.t.Helper()
	deps := b.deps(run)
	var changes audience.Changes
	require.NoError(b.t, deps.Folder.ReadJSON(b.t.Context(), audience.ChangesFile, &changes))
	require.NoError(b.t, snapshot.Planned(b.t.Context(), b.state, deps.Run, changes.Mode, b.now))
}

// succeed has a run compare a match and send all of it.
func (b *bench) succeed(run, rows string) *audience.Changes {
	b.t.Helper()
	changes := b.compare(run, rows)
	b.begin(run)
	require.NoError(b.t, snapshot.Commit(b.t.Context(), b.state, run))
	return changes
}

// rows gives the rows of a run's joins or leaves, in clear and sorted.
func (b *bench) rows(changes *audience.Changes, name string) string {
	b.t.Helper()
	folder, err := storage.Open(b.t.Context(), changes.Location)
	require.NoError(b.t, err)
	defer func() { _ = folder.Close() }()
	objects, err := folder.List(b.t.Context(), name+"/")
	require.NoError(b.t, err)
	var rows []string
	for _, o := range objects {
		data, err := folder.Read(b.t.Context(), o.Key)
		require.NoError(b.t, err)
		names := make([]string, len(changes.Columns))
		for i, c := range changes.Columns {
			names[i] = c.Column
		}
		reader, err := table.OpenColumns(o.Key, bytes.NewReader(data), int64(len(data)), names)
		require.NoError(b.t, err)
		assert.LessOrEqual(b.t, reader.Rows(), int64(3), "no file has more rows than a chunk")
		var batch table.Batch
		for {
			err := reader.Read(&batch, 100)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(b.t, err)
			for i := range batch.Rows {
				rows = append(rows, b.inClear(batch.Columns, i))
			}
		}
	}
	slices.Sort(rows)
	return strings.Join(rows, " ")
}

func (b *bench) inClear(columns []table.Column, row int) string {
	var values []string
	for c := range columns {
		value := string(columns[c].Value(row))
		if plain, is := b.clear[value]; is {
			value = plain
		}
		values = append(values, value)
	}
	return strings.Join(values, ",")
}

func hashOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}
