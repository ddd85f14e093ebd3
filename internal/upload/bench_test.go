package upload

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// sink acknowledges everything that is added or removed at once.
type sink struct {
	Meta
	received map[int64]int64
}

func (s *sink) AddUsers(_ context.Context, audience string, b meta.Batch) (meta.Ack, error) {
	s.received[b.Session.ID] += int64(b.Rows)
	return meta.Ack{AudienceID: audience, SessionID: b.Session.ID, Received: s.received[b.Session.ID]}, nil
}

func (s *sink) RemoveUsers(ctx context.Context, audience string, b meta.Batch) (meta.Ack, error) {
	return s.AddUsers(ctx, audience, b)
}

// BenchmarkUpload sends 100,000 rows of seven keys to a Meta that takes no time.
func BenchmarkUpload(b *testing.B) {
	const n = 100_000
	columns := []string{"email", "phone", "extern_id", "fn", "ln", "zip", "country"}
	rows := make([][]string, n)
	for i := range rows {
		id := fmt.Sprintf("cust-%d", i)
		if i%5 == 0 {
			id = "\x00"
		}
		rows[i] = []string{
			fmt.Sprintf("person%d@example.org", i), fmt.Sprintf("1415555%04d", i%10000), id, "ann", "lee", fmt.Sprintf("%05d", i), "us",
		}
	}
	bench := newBench(b, columns, rows)
	bench.groupRows = 0
	bench.write(columns, rows)
	bench.plan(columns, audience.Chunk{ID: "00001", File: "part.parquet", Rows: n})
	bench.deps.BatchRows, bench.deps.Meta = 0, &sink{received: map[int64]int64{}}
	bench.deps.Log = slog.New(slog.DiscardHandler)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		require.NoError(b, bench.deps.Folder.Delete(b.Context(), audience.ReceiptFile("00001")))
		receipt, err := Run(b.Context(), bench.deps)
		require.NoError(b, err)
		require.Equal(b, int64(n), receipt.Sent)
	}
	runtime.ReadMemStats(&after)
	total := float64(n) * float64(b.N)
	b.ReportMetric(total/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/total, "allocs/row")
	b.ReportMetric(float64(after.Sys)/(1<<20), "MiB")
}
