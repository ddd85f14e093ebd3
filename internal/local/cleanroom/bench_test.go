package cleanroom

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var benchRows = flag.Int("cleanroom.rows", 200_000, "customers in BenchmarkJoin; the partner has as many, half of them shared")

// BenchmarkJoin runs a query of the usual shape: a match by hash that outputs a person's attributes. The engine's memory
// is reported as the growth of the whole process:
//
//	go test ./internal/local/cleanroom -run '^$' -bench Join -benchtime 1x -cleanroom.rows 10000000
func BenchmarkJoin(b *testing.B) {
	dir := b.TempDir()
	execute(b, fmt.Sprintf(`COPY (SELECT 'c' || i AS extern_id, 'person' || i || '@example.com' AS email, '4915' || (1000000000 + i) AS phone,
		sha256('person' || i) AS email_sha256, 'First' || i %% 5000 AS fn, 'Last' || i %% 90000 AS ln, 'City' || i %% 3000 AS ct, 'ca' AS st,
		(10000 + i %% 80000)::VARCHAR AS zip, 'us' AS country, (1940 + i %% 70)::VARCHAR AS doby, (1 + i %% 12)::VARCHAR AS dobm,
		(1 + i %% 28)::VARCHAR AS dobd, CASE WHEN i %% 2 = 0 THEN 'f' ELSE 'm' END AS gen
		FROM range(%d) t(i)) TO '%s/customers.parquet' (COMPRESSION zstd)`, *benchRows, dir))
	execute(b, fmt.Sprintf(`COPY (SELECT sha256('person' || (i + %d)) AS email_sha256, 'tier' || i %% 3 AS tier FROM range(%d) t(i))
		TO '%s/partner.parquet' (COMPRESSION zstd)`, *benchRows/2, *benchRows, dir))
	room := openRoom(b, `{"name": "customers", "owner": "acme", "path": "customers.parquet",
		"columns": ["extern_id", "email", "phone", "email_sha256", "fn", "ln", "ct", "st", "zip", "country", "doby", "dobm", "dobd", "gen"],
		"analysis_rule": {"type": "LIST", "join_columns": ["email_sha256"],
		"list_columns": ["extern_id", "email", "phone", "fn", "ln", "ct", "st", "zip", "country", "doby", "dobm", "dobd", "gen"]}},
		{"name": "partner", "owner": "globex", "path": "partner.parquet", "columns": ["email_sha256", "tier"],
		"analysis_rule": {"type": "LIST", "join_columns": ["email_sha256"], "list_columns": ["tier"]}}`, dir, Config{})
	in := startInput("SELECT DISTINCT c.extern_id, c.email, c.phone, c.fn, c.ln, c.ct, c.st, c.zip, c.country, c.doby, c.dobm, c.dobd, c.gen " +
		"FROM customers c INNER JOIN partner p ON c.email_sha256 = p.email_sha256")
	before := resident()
	peak, stop := watchMemory()
	defer stop()
	for b.Loop() {
		query := room.run(b, in)
		require.Equal(b, Success, query.Status, "%+v", query.Error)
		require.Equal(b, strconv.Itoa(*benchRows-*benchRows/2), ask(b, "SELECT count(*) FROM %s", room.parquet(b, query)))
	}
	b.ReportMetric(float64(peak.Load()-before)/(1<<20), "MiB-growth")
	b.ReportMetric(float64(*benchRows)*float64(b.N)/b.Elapsed().Seconds(), "customers/s")
}

// resident is the process's resident memory in bytes, or 0 where the system does not tell.
func resident() int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

func watchMemory() (*atomic.Int64, func()) {
	var peak atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				peak.Store(max(peak.Load(), resident()))
			}
		}
	}()
	return &peak, func() { close(done); <-ended }
}
