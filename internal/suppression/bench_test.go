package suppression

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

var suppressed = flag.Int("suppressed", 100_000, "people on the list of BenchmarkLoad")

// BenchmarkLoad tells what a list of so many people, with an address and a phone number each, takes:
//
//	go test -run - -bench Load -benchtime 1x ./internal/suppression -suppressed 10000000
func BenchmarkLoad(b *testing.B) {
	people := *suppressed
	l, _ := open(b)
	var entries []Entry
	for i := range people {
		for _, key := range []audience.Key{audience.Email, audience.Phone} {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(key), uint64(i)))
			e := Entry{Key: key}
			hex.Encode(e.Hash[:], sum[:])
			entries = append(entries, e)
		}
		if len(entries) == FileEntries || i == people-1 {
			l.must(b, Add, entries)
			entries = entries[:0]
		}
	}
	for b.Loop() {
		set, err := l.Load(b.Context())
		require.NoError(b, err)
		require.Equal(b, people, set.Counts()[audience.Phone])
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB-live")
		runtime.KeepAlive(set)
	}
}

func BenchmarkHas(b *testing.B) {
	l, _ := open(b)
	var entries []Entry
	for i := range FileEntries {
		entries = append(entries, entry(audience.Email, strconv.Itoa(i)))
	}
	l.must(b, Add, entries)
	set, err := l.Load(b.Context())
	require.NoError(b, err)
	mark := MarkOf([]byte("nobody"), false)
	for b.Loop() {
		mark = mark*6364136223846793005 + 1
		set.Has(audience.Email, mark)
	}
}
