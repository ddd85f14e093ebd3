package table

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkReadCSV reads customers of 14 columns: without quotes, with one quoted column as many exports have it, and with
// quotes around everything.
func BenchmarkReadCSV(b *testing.B) {
	header := "customer_id,e-mail,phone,gender,birthday,last name,first name,city,state,zip,device,country,opt in,lifetime value"
	row := "C-%09d, Keegan.clayton%d@example.com,(714) 555-2241,f,03/22/1997,clayton,keegan,%sjacksonville%[3]s,MA,23805-1234,593fe913-c3cb-4117-a272-2141c65ef325,US,yes,6.50"
	for _, c := range []struct{ name, row string }{
		{"plain", fmt.Sprintf(row, 7, 7, "")},
		{"a column in quotes", fmt.Sprintf(row, 7, 7, `"`)},
		{"all in quotes", `"` + strings.ReplaceAll(fmt.Sprintf(row, 7, 7, ""), ",", `","`) + `"`},
		{"umlauts", strings.Replace(fmt.Sprintf(row, 7, 7, ""), "jacksonville", "Düsseldorf", 1)},
	} {
		b.Run(c.name, func(b *testing.B) {
			const rows = 100_000
			data := []byte(header + "\n" + strings.Repeat(c.row+"\n", rows))
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				r, err := OpenReader(b.Context(), inMemory("a.csv", data), ReadOptions{Columns: strings.Split(header, ","), BatchRows: 4096})
				require.NoError(b, err)
				n := 0
				var batch Batch
				for err = r.Read(&batch); err == nil; err = r.Read(&batch) {
					n += len(batch.Rows)
				}
				require.ErrorIs(b, err, io.EOF)
				require.Equal(b, rows, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
