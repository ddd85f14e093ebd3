package upload

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// An upload allocates for its chunk, for each page that it reads, and for each batch, whose receipt it writes: never for each
// row. Chunks of other lengths, in other batches, tell the three apart.
func TestRowsAllocateNothing(t *testing.T) {
	const rows = 10_000
	bench := newBench(t, []string{"email"}, [][]string{{"a@example.org"}})
	hotFile(t, filepath.Join(bench.match, "part.parquet"), &parquet.Zstd, 4*rows)
	bench.plan(hotColumns, audience.Chunk{ID: "few", File: "part.parquet", Rows: rows}, audience.Chunk{ID: "many", File: "part.parquet", Rows: 4 * rows})
	bench.deps.Meta, bench.deps.Now, bench.deps.Log = &sink{received: map[int64]int64{}}, time.Now, slog.New(slog.DiscardHandler)
	once := func(chunk string, batchRows int) float64 {
		bench.deps.Chunk, bench.deps.BatchRows = chunk, batchRows
		require.NoError(t, bench.deps.Folder.Delete(t.Context(), audience.ReceiptFile(chunk)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Run(t.Context(), bench.deps)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs - before.Mallocs)
	}
	// Some is made once in a process, when it is first needed or pays: the rules of countries' phone numbers.
	allocations := func(chunk string, batchRows int) float64 { return min(once(chunk, batchRows), once(chunk, batchRows)) }
	few, many, halves := allocations("few", 1000), allocations("many", 1000), allocations("many", 500)
	batch := (halves - many) / 40
	row := (many - few - 30*batch) / (3 * rows)
	t.Logf("%.0f allocations for a batch, %.4f for a row", batch, row)
	assert.Less(t, row, 0.01, "allocations for a row")
	assert.Less(t, batch, 300.0, "allocations for a batch: it is three calls of the storage")
}

func TestReceiptIsEncodedAsOtherDocuments(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC)
	folder, err := storage.Open(t.Context(), "mem://")
	require.NoError(t, err)
	for name, receipt := range map[string]audience.Receipt{
		"empty": {},
		"full": {
			Schema: 1, Run: "r<1>", Chunk: "00001", File: "s3://b/ä&\u2028.parquet", Rows: 1 << 60, Unusable: -1, Throttled: 1e-7,
			Reasons:  map[string]int64{"PHONE:TOO_SHORT": 2, "EMAIL:NO_AT": 1, "EMAIL:\"quoted\"": 3},
			Sessions: []audience.Session{{Group: "EMAIL,PHONE", ID: 7, Mode: audience.ModeAdd, FirstAt: at}},
			Batches:  []audience.Batch{{Group: "EMAIL,PHONE", Seq: 1, Owed: true, At: at}, {Group: "EMAIL", Seq: 2, At: at.Add(time.Hour)}},
			Pending:  []audience.Pending{{Group: "EMAIL", Seq: 3, At: at}},
			Refused:  []audience.RefusedRow{{File: "part.parquet", Keys: []audience.Key{audience.Email}}, {Reason: "a\tb"}},
			Failure:  &audience.FailureDoc{Message: "line one\nline two", ExitCode: 1}, Done: true, StartedAt: at,
		},
		"nothing in lists": {Reasons: map[string]int64{}, Batches: []audience.Batch{}, Refused: []audience.RefusedRow{{Keys: []audience.Key{}}}, Throttled: 1e21},
	} {
		require.NoError(t, folder.WriteJSON(t.Context(), "receipt.json", &receipt))
		want, err := folder.Read(t.Context(), "receipt.json")
		require.NoError(t, err)
		got, err := encode(&receipt)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), name)
	}
}
