package ascii

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of every byte, in every place of texts that are otherwise good or end in chance, a word says what the byte alone says.
func TestWordsSayWhatBytesSay(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, bounds := range []struct{ low, high byte }{{'0', '9'}, {'a', 'z'}, {'!', '~'}, {0, 0x7f}} {
		for length := range 20 {
			for place := range length {
				for c := range 256 {
					v := bytes.Repeat([]byte{bounds.low}, length)
					if c%2 == 0 {
						v = bytes.Repeat([]byte{bounds.high}, length)
					}
					v[place] = byte(c)
					requireWithin(t, bounds.low, bounds.high, v)
					v[r.IntN(length)] = byte(r.IntN(256))
					requireWithin(t, bounds.low, bounds.high, v)
				}
			}
			requireWithin(t, bounds.low, bounds.high, make([]byte, length))
		}
	}
	for place := range wordSize {
		for c := range 256 {
			v := []byte("09afbc12")
			v[place] = byte(c)
			requireHex(t, v)
			v[r.IntN(wordSize)] = byte(r.IntN(256))
			requireHex(t, v)
		}
	}
}

func requireWithin(t testing.TB, low, high byte, v []byte) {
	want := true
	for _, c := range v {
		want = want && low <= c && c <= high
	}
	require.Equal(t, want, Within(low, high, v), "%q from %q to %q", v, low, high)
}

func requireHex(t testing.TB, v []byte) {
	want := true
	for _, c := range v {
		want = want && ('0' <= c && c <= '9' || 'a' <= c && c <= 'f')
	}
	require.Equal(t, want, AreHex(binary.LittleEndian.Uint64(v)), "%q", v)
}

func FuzzWords(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), byte('0'), byte('9'))
	f.Fuzz(func(t *testing.T, v []byte, low, high byte) {
		requireWithin(t, low&0x7f, high&0x7f, v)
		if len(v) >= wordSize {
			requireHex(t, v[:wordSize])
		}
	})
}

// Of every byte, in every place, the look at eight bytes at once says what the byte says.
func TestNeedsNoEscape(t *testing.T) {
	for length := range 20 {
		for place := range length {
			for c := range 256 {
				v := bytes.Repeat([]byte{' ', '~', '!', '#', '[', ']'}, length)[:length]
				v[place] = byte(c)
				require.Equal(t, ' ' <= c && c <= '~' && c != '"' && c != '\\', NeedsNoEscape(v), "%q", v)
			}
		}
	}
}
