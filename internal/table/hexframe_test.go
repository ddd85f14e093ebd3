package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hashPage has some bytes and hashes as Parquet stores them.
func hashPage(before []byte, hashes int) []byte {
	page := bytes.Clone(before)
	for i := range hashes {
		sum := sha256.Sum256([]byte(strconv.Itoa(i)))
		page = hex.AppendEncode(append(page, hexLength...), sum[:])
	}
	return page
}

func fromFrame(t *testing.T, frame []byte) []byte {
	t.Helper()
	decoder, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer decoder.Close()
	page, err := decoder.DecodeAll(frame, nil)
	require.NoError(t, err)
	return page
}

func TestHexFrame(t *testing.T) {
	for _, hashes := range []int{8, 9, 10, 11, 12, 13, 127, 128, 129, 130, 131, 1023, 1024, 1025, 1026, 2048, 2049, 5000} {
		for _, before := range []int{0, 1, 7, 300} {
			page := hashPage(make([]byte, before), hashes)
			frame, ok := appendHexFrame([]byte("x"), page, before)
			require.True(t, ok)
			require.Equal(t, page, fromFrame(t, frame[1:]), "%d hashes behind %d bytes", hashes, before)
			if hashes > 1000 {
				assert.Less(t, len(frame), 34*hashes+before+200)
			}
		}
	}
}

func TestHexFrameIsForHashesAlone(t *testing.T) {
	page := hashPage(nil, 9)
	for at := range page {
		for c := range 256 {
			spoiled := bytes.Clone(page)
			spoiled[at] = byte(c)
			_, ok := appendHexFrame(nil, spoiled, 0)
			isDigit := at%hexValue >= 4 && strings.ContainsRune("0123456789abcdef", rune(c))
			require.Equal(t, isDigit || page[at] == byte(c), ok, "%d at %d", c, at)
		}
	}
	for _, no := range [][]byte{nil, page[1:], page[:len(page)-1]} {
		_, ok := appendHexFrame(nil, no, 0)
		assert.False(t, ok)
	}
}

func FuzzHexFrame(f *testing.F) {
	f.Add(uint64(1), uint16(10), uint16(0), uint16(0))
	f.Add(uint64(2), uint16(3000), uint16(100), uint16(700))
	f.Fuzz(func(t *testing.T, seed uint64, hashes, before, spoil uint16) {
		r := rand.New(rand.NewPCG(seed, 1))
		head := make([]byte, before)
		for i := range head {
			head[i] = byte(r.Uint32())
		}
		page := hashPage(head, int(hashes)%4000)
		if at := int(before) + int(spoil); spoil > 0 && at < len(page) {
			page[at] = byte(r.Uint32())
		}
		if frame, ok := appendHexFrame(nil, page, int(before)); ok {
			require.Equal(t, page, fromFrame(t, frame))
		} else {
			require.False(t, spoil == 0 && hashes%4000 >= hexLeast)
		}
	})
}

func BenchmarkHexFrame(b *testing.B) {
	page := hashPage(nil, 1000)
	var frame []byte
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		frame, _ = appendHexFrame(frame[:0], page, 0)
	}
}

func BenchmarkHexFrameBySearch(b *testing.B) {
	page := hashPage(nil, 1000)
	var frame []byte
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		frame, _ = pages.Encode(frame, page)
	}
	b.ReportMetric(float64(len(frame))/1000, "bytes/hash")
}
