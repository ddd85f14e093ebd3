package upload

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/table"
)

// hotRows is how many rows the benchmarks below go through at a time.
const hotRows = 300_000

// A hotPerson is a row of a match with all keys, twelve of which Meta wants hashed.
type hotPerson struct {
	ExternID string  `parquet:"extern_id,dict"`
	Email    string  `parquet:"email,dict"`
	Phone    *string `parquet:"phone,optional,dict"`
	Gender   string  `parquet:"gen,dict"`
	Year     *string `parquet:"doby,optional,dict"`
	Month    *string `parquet:"dobm,optional,dict"`
	Day      *string `parquet:"dobd,optional,dict"`
	LastName string  `parquet:"ln,dict"`
	First    string  `parquet:"fn,dict"`
	City     string  `parquet:"ct,dict"`
	State    string  `parquet:"st,dict"`
	Zip      string  `parquet:"zip,dict"`
	MADID    *string `parquet:"madid,optional,dict"`
	Country  string  `parquet:"country,dict"`
}

var hotColumns = []string{"extern_id", "email", "phone", "gen", "doby", "dobm", "dobd", "ln", "fn", "ct", "st", "zip", "madid", "country"}

var hotKeys = []audience.Key{
	audience.ExternID, audience.Email, audience.Phone, audience.Gender, audience.DOBYear, audience.DOBMonth, audience.DOBDay,
	audience.LastName, audience.First, audience.City, audience.State, audience.Zip, audience.MADID, audience.Country,
}

// hotFile writes a match as Spark does: with dictionaries, each given up at a megabyte, and few large row groups. There are as
// many different names, places and dates as there are among customers; every fifth has no phone number, device or birthday.
func hotFile(t testing.TB, name string, codec compress.Codec, rows int) {
	f, err := os.Create(name)
	require.NoError(t, err)
	w := parquet.NewGenericWriter[hotPerson](f, parquet.Compression(codec), parquet.DictionaryMaxBytes(1<<20))
	r := rand.New(rand.NewPCG(1, 2))
	word := func(kinds, least int) string {
		n := int(float64(kinds) * r.Float64() * r.Float64()) // a few are frequent
		letters := rand.New(rand.NewPCG(uint64(n), uint64(kinds)))
		text := make([]byte, least+letters.IntN(6))
		for i := range text {
			text[i] = byte('a' + letters.IntN(26))
		}
		if n%25 == 24 {
			return string(text) + "é"
		}
		return string(text)
	}
	some := func(s string) *string {
		if r.IntN(5) == 0 {
			return nil
		}
		return &s
	}
	people := make([]hotPerson, 0, rows)
	for i := range rows {
		first, last := word(5000, 3), word(60_000, 4)
		people = append(people, hotPerson{
			ExternID: fmt.Sprintf("cust-%09d", i*7), Email: fmt.Sprintf("%.3s.%.6s%d@example.com", first, last, i),
			Phone:  some(fmt.Sprintf("1%03d5%06d", 201+r.IntN(700), r.IntN(1_000_000))),
			Gender: []string{"m", "f", "f", ""}[r.IntN(4)], Year: some(fmt.Sprint(1940 + r.IntN(66))),
			Month: some(fmt.Sprintf("%02d", 1+r.IntN(12))), Day: some(fmt.Sprintf("%02d", 1+r.IntN(28))),
			LastName: last, First: first, City: word(15_000, 5), State: []string{"ca", "tx", "ny", "fl", "il", "oh", "wa"}[r.IntN(7)],
			Zip: fmt.Sprintf("%05d", 10_000+r.IntN(30_000)), Country: "us",
			MADID: some(fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()&(1<<48-1))),
		})
	}
	_, err = w.Write(people)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
}

var hotCodecs = []struct {
	name  string
	codec compress.Codec
}{{"zstd", &parquet.Zstd}, {"snappy", &parquet.Snappy}}

// perRow measures what a row takes, of time and of the process's processors: where others use the machine the second is the
// one to compare.
func perRow(b *testing.B, rows int) (end func()) {
	used := func() int64 {
		var u syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	return func() {
		total := float64(rows) * float64(b.N)
		b.ReportMetric(float64(used()-before)/total, "cpu-ns/row")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/total, "ns/row")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkHotPath sends a matched file of fourteen keys to a Meta that takes no time. Where the time goes:
//
//	taskset -c 1 go test ./internal/upload -run '^$' -bench HotPath -cpu 1 -count 5 -cpuprofile cpu.out
func BenchmarkHotPath(b *testing.B) {
	for _, c := range hotCodecs {
		b.Run(c.name, func(b *testing.B) {
			bench := newBench(b, []string{"email"}, [][]string{{"a@example.org"}})
			hotFile(b, filepath.Join(bench.match, "part.parquet"), c.codec, hotRows)
			bench.plan(hotColumns, audience.Chunk{ID: "00001", File: "part.parquet", Rows: hotRows})
			bench.deps.BatchRows, bench.deps.Meta = 0, &sink{received: map[int64]int64{}}
			bench.deps.Log = slog.New(slog.DiscardHandler)
			b.ReportAllocs()
			end := perRow(b, hotRows)
			for b.Loop() {
				require.NoError(b, bench.deps.Folder.Delete(b.Context(), audience.ReceiptFile("00001")))
				receipt, err := Run(b.Context(), bench.deps)
				require.NoError(b, err)
				require.Equal(b, int64(hotRows), receipt.Sent)
			}
			end()
		})
	}
}

// BenchmarkSteps takes the parts of the hot path one by one, value by value, as they would be without any cache.
func BenchmarkSteps(b *testing.B) {
	name := filepath.Join(b.TempDir(), "part.parquet")
	hotFile(b, name, &parquet.Zstd, hotRows)
	data, err := os.ReadFile(name)
	require.NoError(b, err)
	read := func() {
		reader, err := table.OpenColumns(name, bytes.NewReader(data), int64(len(data)), hotColumns)
		require.NoError(b, err)
		var batch table.Batch
		for err == nil {
			err = reader.Read(&batch, readRows)
		}
		require.ErrorIs(b, err, io.EOF)
	}
	b.Run("decode", func(b *testing.B) {
		end := perRow(b, hotRows)
		for b.Loop() {
			read()
		}
		end()
	})
	reader, err := table.OpenColumns(name, bytes.NewReader(data), int64(len(data)), hotColumns)
	require.NoError(b, err)
	require.NoError(b, reader.SeekRow(hotRows/2))
	var raw table.Batch
	require.NoError(b, reader.Read(&raw, readRows))
	n := identity.NewNormalizer("us", nil)
	canonical, hashed := make([]table.Column, len(hotKeys)), make([]table.Column, len(hotKeys))
	var buffer []byte
	normalise := func() {
		for i, key := range hotKeys {
			canonical[i].Reset()
			for row := range raw.Columns[i].Len() {
				buffer, _ = n.AppendCanonical(buffer[:0], key, raw.Columns[i].Value(row), []byte("us"))
				canonical[i].Append(buffer)
			}
		}
	}
	hash := func() {
		for i, key := range hotKeys {
			hashed[i].Reset()
			for row := range canonical[i].Len() {
				value := canonical[i].Value(row)
				if len(value) > 0 && key.Hashed() {
					buffer = identity.AppendHash(buffer[:0], value)
					value = buffer
				}
				hashed[i].Append(value)
			}
		}
	}
	payload := meta.NewPayload(hotKeys)
	body := func() {
		payload.Reset()
		for row := range len(raw.Rows) {
			payload.BeginRow()
			for i := range hashed {
				payload.Value(hashed[i].Value(row))
			}
			payload.EndRow()
		}
	}
	for _, step := range []struct {
		name string
		run  func()
	}{{"normalise", normalise}, {"hash", hash}, {"body", body}} {
		b.Run(step.name, func(b *testing.B) {
			end := perRow(b, len(raw.Rows))
			for b.Loop() {
				step.run()
			}
			end()
		})
	}
}
