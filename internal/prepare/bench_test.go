package prepare

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkPrepare prepares 200,000 customers in one CSV file: eleven keys, consent and two kept columns.
func BenchmarkPrepare(b *testing.B) {
	const n = 200_000
	var text strings.Builder
	text.WriteString(everyHeader[:len(everyHeader)-1] + ",ok,spent,seen\n")
	for i := range n {
		fmt.Fprintf(&text, "C-%d,Person%d@Example.com,(415) 555-%04d,f,%d/%d/19%02d,Lee%d,Ann%d,A,City %d,CA,%05d,,US,,,yes,%d.50,2026-01-%02d\n",
			i, i, i%10_000, i%12+1, i%28+1, i%70+30, i%40_000, i%3000, i%2000, i%90_000+10_000, i%1000, i%28+1)
	}
	change := map[string]any{"source.consent": "ok", "source.keep": []any{
		map[string]string{"column": "spent", "type": "double"}, map[string]string{"column": "seen", "type": "date"},
	}}
	for key, value := range everyKey {
		change[key] = value
	}
	bench := newBench(b).define(change).put("customers.csv", text.String())
	bench.sizes = usualSizes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		require.NoError(b, bench.deps.Folder.Delete(b.Context(), "prepared.json"))
		doc, err := bench.run()
		require.NoError(b, err)
		require.Equal(b, int64(n), doc.Prepared)
	}
	runtime.ReadMemStats(&after)
	rows := float64(n) * float64(b.N)
	b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/rows, "allocs/row")
	b.ReportMetric(float64(after.Sys)/(1<<20), "MiB")
}
