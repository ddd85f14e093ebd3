package sha

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reference is the hash as the standard library has it.
func reference(message []byte) string {
	sum := sha256.Sum256(message)
	return hex.EncodeToString(sum[:])
}

// requireHashes hashes messages together and compares each hash with the standard library's.
func requireHashes(t *testing.T, b *Batch, messages ...[]byte) {
	t.Helper()
	b.Reset()
	for _, m := range messages {
		b.Add(m)
	}
	require.Equal(t, len(messages), b.Len())
	b.Hash()
	for i, m := range messages {
		require.Equal(t, reference(m), string(b.Hex(i)[:]), "message %d of %d, of %d bytes", i, len(messages), len(m))
	}
}

func TestEveryLength(t *testing.T) {
	var all [][]byte
	for n := range 200 {
		all = append(all, bytes.Repeat([]byte{byte(n), 0x80, 0xff}, n)[:n])
	}
	var b Batch
	requireHashes(t, &b, all...)
	for i := range all {
		requireHashes(t, &b, all[i]) // alone
		assert.Equal(t, reference(all[i]), fmt.Sprintf("%s", Sum(all[i])))
	}
}

func TestEveryNumberOfMessages(t *testing.T) {
	var b Batch
	var all [][]byte
	for i := range 300 {
		requireHashes(t, &b, all...)
		all = append(all, fmt.Appendf(nil, "person%d@example.org", i))
	}
}

// What the batch held before must not show: neither in the padding nor in the hashes of long messages.
func TestBatchIsReused(t *testing.T) {
	var b Batch
	long := bytes.Repeat([]byte("x"), 1000)
	requireHashes(t, &b, long, []byte("a"), long)
	requireHashes(t, &b, []byte("a"), nil, []byte("b"))
	allocations := testing.AllocsPerRun(10, func() {
		b.Reset()
		b.Add([]byte("ann"))
		b.Add(long)
		b.Hash()
	})
	assert.Zero(t, allocations)
}

// Hashes of what was added later, and those that were there before, take their places between the others.
func TestHashInParts(t *testing.T) {
	var b Batch
	for i := range 300 {
		message := fmt.Appendf(nil, "person%d", i)
		require.Equal(t, i, b.Len())
		if i%7 == 0 {
			b.AddHex(Sum(message))
		} else {
			b.Add(message)
		}
		if i%11 == 0 {
			b.Hash()
		}
		if i == 200 {
			b.Hash()
			b.Add([]byte("dropped"))
			b.Truncate(201)
		}
	}
	b.Hash()
	for i := range 300 {
		require.Equal(t, reference(fmt.Appendf(nil, "person%d", i)), string(b.Hex(i)[:]), i)
	}
}

// The processor's own way and the plain one give the same; on a processor without the instructions both are the plain one.
func TestPlainAgrees(t *testing.T) {
	cells := make([]Hex, 57)
	for i := range cells {
		pad(&cells[i], bytes.Repeat([]byte{byte(i)}, min(i, LongestShort)))
	}
	plain := append([]Hex(nil), cells...)
	hashPlain(plain)
	hashCells(cells)
	assert.Equal(t, plain, cells)
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte("john_smith@gmail.com|16505551212|m|"), byte('|'))
	f.Add(bytes.Repeat([]byte("0123456789"), 30), byte('0'))
	var b Batch
	f.Fuzz(func(t *testing.T, text []byte, separator byte) {
		requireHashes(t, &b, bytes.Split(text, []byte{separator})...)
	})
}

func BenchmarkBatch(b *testing.B) {
	message := []byte("person1234567@example.org")
	const n = 256
	for _, c := range []struct {
		name string
		hash func([]Hex)
	}{{"cells", hashCells}, {"plain", hashPlain}} {
		b.Run(c.name, func(b *testing.B) {
			var batch Batch
			for b.Loop() {
				batch.Reset()
				for range n {
					batch.Add(message)
				}
				c.hash(batch.cells)
				batch.done = n
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/hash")
		})
	}
	b.Run("instructions", func(b *testing.B) { // without Add
		cells := make([]Hex, n)
		for b.Loop() {
			hashCells(cells)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/hash")
	})
}
