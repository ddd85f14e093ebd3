package sha

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reference is the hash as the standard library has it.
func reference(message []byte) string {
	sum := sha256.Sum256(message)
	return hex.EncodeToString(sum[:])
}

// hex is the digest of the i-th message as the reference writes it.
func (b *Batch) hex(i int) string { return string(b.Digests()[i].AppendHex(nil)) }

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
		require.Equal(t, reference(m), b.hex(i), "message %d of %d, of %d bytes", i, len(messages), len(m))
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
			b.AddDigest(sha256.Sum256(message))
		} else {
			b.Add(message)
		}
		if i%11 == 0 {
			b.Hash()
		}
	}
	b.Hash()
	for i := range 300 {
		require.Equal(t, reference(fmt.Appendf(nil, "person%d", i)), b.hex(i), i)
	}
}

// The processor's own way and the plain one give the same; on a processor without the instructions both are the plain one.
func TestPlainAgrees(t *testing.T) {
	blocks := make([]block, 57)
	for i := range blocks {
		pad(&blocks[i], bytes.Repeat([]byte{byte(i)}, min(i, LongestShort)))
	}
	plain, digests := make([]Digest, len(blocks)), make([]Digest, len(blocks))
	hashPlain(plain, blocks)
	hashBlocks(digests, blocks)
	assert.Equal(t, plain, digests)
}

func TestFromHex(t *testing.T) {
	digest := Digest(sha256.Sum256([]byte("ann")))
	for digits, want := range map[string]bool{
		reference([]byte("ann")): true, strings.ToUpper(reference([]byte("ann"))): true, reference([]byte("ann"))[1:]: false, strings.Repeat("g", HexLength): false, "": false,
	} {
		got, ok := FromHex([]byte(digits))
		assert.Equal(t, want, ok, digits)
		if want {
			assert.Equal(t, digest, got)
		}
	}
}

// requireQuoted writes rows by chance, by the processor's own way and the plain one.
func requireQuoted(t *testing.T, seed uint64, rows int) {
	r := rand.New(rand.NewPCG(seed, 1))
	column := Rows{Places: make([]int32, 1+r.IntN(50)), Digests: make([]Digest, 1+r.IntN(20))}
	for i := range column.Digests {
		column.Digests[i] = sha256.Sum256([]byte{byte(i)})
	}
	for i := range column.Places {
		column.Places[i] = int32(r.IntN(len(column.Digests)+3) - 3)
	}
	picked, at := make([]int32, rows), make([]int, rows)
	size := 0
	for i := range picked {
		picked[i], at[i] = int32(r.IntN(len(column.Places))), size+r.IntN(3)
		size = at[i] + BlankSize
		if column.Places[picked[i]] >= 0 {
			size = at[i] + QuotedSize
		}
	}
	own, plain := bytes.Repeat([]byte{'.'}, size), bytes.Repeat([]byte{'.'}, size) // the last one ends where the room does
	atPlain := slices.Clone(at)
	column.PutQuoted(own, at, picked, '[')
	column.putPlain(plain, atPlain, picked, '[')
	require.Equal(t, string(plain), string(own))
	require.Equal(t, atPlain, at)
}

func TestPutQuoted(t *testing.T) {
	for seed := range uint64(300) {
		requireQuoted(t, seed, int(seed%70))
	}
	column := Rows{Places: []int32{0, -1, -7}, Digests: []Digest{sha256.Sum256([]byte("ann"))}}
	dst, at := make([]byte, QuotedSize+2*BlankSize), []int{0, QuotedSize, QuotedSize + BlankSize}
	column.PutQuoted(dst, at, []int32{0, 1, 2}, ',')
	assert.Equal(t, `,"`+reference([]byte("ann"))+`","",""`, string(dst))
	assert.Equal(t, []int{QuotedSize, QuotedSize + BlankSize, len(dst)}, at)
}

// What would be written or read elsewhere stops the program, as a slice's bounds would.
func TestPutQuotedStaysInBounds(t *testing.T) {
	for name, c := range map[string]struct {
		room, at   int
		row, place int32
	}{
		"row": {100, 0, 1, 0}, "row before": {100, 0, -1, 0}, "digest": {100, 0, 0, 1}, "room": {66, 0, 0, 0}, "room behind": {100, 34, 0, 0},
		"room for nothing": {2, 0, 0, -1}, "before the room": {100, -1, 0, -1}, "far before": {100, -200, 0, 0}, "far behind": {100, math.MaxInt, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			whole := bytes.Repeat([]byte{'.'}, 1000)
			column := Rows{Places: []int32{c.place}, Digests: make([]Digest, 1)}
			assert.Panics(t, func() { column.PutQuoted(whole[400:400+c.room:400+c.room], []int{c.at}, []int32{c.row}, ',') })
			assert.Equal(t, bytes.Repeat([]byte{'.'}, 400), whole[:400])
			assert.Equal(t, bytes.Repeat([]byte{'.'}, 600-c.room), whole[400+c.room:])
		})
	}
	column := Rows{Places: []int32{0}, Digests: make([]Digest, 1)}
	for _, at := range [][]int{nil, make([]int, 0, 1)} {
		assert.Panics(t, func() { column.PutQuoted(make([]byte, 100), at, []int32{0}, ',') })
	}
}

func FuzzPutQuoted(f *testing.F) {
	f.Add(uint64(1), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, rows uint8) { requireQuoted(t, seed, int(rows)) })
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
	perHash := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/waitMost, "ns/hash")
	}
	b.Run("batch", func(b *testing.B) {
		var batch Batch
		for b.Loop() {
			batch.Reset()
			for range waitMost {
				batch.Add(message)
			}
			batch.Hash()
		}
		perHash(b)
	})
	digests, blocks := make([]Digest, waitMost), make([]block, waitMost)
	for name, hash := range map[string]func([]Digest, []block){"blocks": hashBlocks, "plain": hashPlain} { // without Add
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				hash(digests, blocks)
			}
			perHash(b)
		})
	}
	rows := Rows{Places: make([]int32, waitMost), Digests: digests}
	picked, at, dst := make([]int32, waitMost), make([]int, waitMost), make([]byte, 1000*waitMost)
	for i := range picked {
		rows.Places[i], picked[i] = int32(i), int32(i)
	}
	for name, put := range map[string]func([]byte, []int, []int32, byte){"put": rows.PutQuoted, "put plain": rows.putPlain} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for i := range at {
					at[i] = 1000 * i
				}
				put(dst, at, picked, ',')
			}
			perHash(b)
		})
	}
}
