package marks

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// one byte after the other
func plain(text []byte, three [3]byte) (places []uint32, ascii bool) {
	ascii = true
	for i, c := range text {
		if c == three[0] || c == three[1] || c == three[2] {
			places = append(places, uint32(i))
		}
		ascii = ascii && c < 0x80
	}
	return places, ascii
}

func check(t *testing.T, text []byte, three [3]byte) {
	t.Helper()
	want, ascii := plain(text, three)
	got, gotASCII := Find(nil, text, three)
	require.Equal(t, ascii, gotASCII)
	require.Len(t, got, len(want))
	if len(want) > 0 {
		require.Equal(t, want, got)
	}
	masks, portable := make([]uint64, len(text)/word), make([]uint64, len(text)/word)
	require.Equal(t, markPlain(portable, text, three) == 0, mark(masks, text, three) == 0)
	require.Equal(t, portable, masks)
}

func TestFind(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 3 * word {
		for _, three := range [][3]byte{{',', '"', '\n'}, {0, 0x7f, 0x80}, {0xff, 0xff, 0x01}, {'a', 'a', 'a'}} {
			text := make([]byte, n)
			for i := range text {
				if text[i] = byte(r.Uint32()); r.IntN(2) == 0 {
					text[i] = three[r.IntN(3)] ^ byte(r.IntN(20)/19)
				}
			}
			check(t, text, three)
			for i := range text {
				text[i] &= 0x7f
			}
			check(t, text, three)
		}
	}
	check(t, []byte(strings.Repeat(`"a,b",`+"\n", 10_000)), [3]byte{',', '"', '\n'})
}

// Places are added to those that are there, and a slice that has room for them is kept.
func TestFindAppends(t *testing.T) {
	places := append(make([]uint32, 0, 200), 7)
	got, ascii := Find(places, []byte("a,b\n"), [3]byte{',', '"', '\n'})
	assert.True(t, ascii)
	assert.Equal(t, []uint32{7, 1, 3}, got)
	assert.Same(t, &places[0], &got[0])
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(strings.Repeat("a,\"b\"\n", 100)), byte(','), byte('"'), byte('\n'))
	f.Fuzz(func(t *testing.T, text []byte, a, b, c byte) { check(t, text, [3]byte{a, b, c}) })
}

func BenchmarkFind(b *testing.B) {
	text := []byte(strings.Repeat("C-000000007, Lillian.gross7@example.com,(475) 555-6205,m,06/27/1959,gross,lillian,\"nashvilledavidson\",OK,15776-1234,15e2ffbe-b13e-4ac3-ac58-6371f6599d5f,US,yes,7.50\n", 200))
	masks := make([]uint64, len(text)/word)
	b.Run("masks", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			mark(masks, text, [3]byte{',', '"', '\n'})
		}
	})
	var places []uint32
	b.Run("places", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			places, _ = Find(places[:0], text, [3]byte{',', '"', '\n'})
		}
	})
}
