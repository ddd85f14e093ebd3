package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAheadGivesWhatItsSourceGives(t *testing.T) {
	broken := errors.New("broken")
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		data := []byte(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", r.IntN(40)))
		want := error(nil)
		source := []io.Reader{bytes.NewReader(data)}
		if r.IntN(2) == 0 {
			want = broken
			source = append(source, iotest.ErrReader(broken))
		}
		reader := io.MultiReader(source...)
		if r.IntN(2) == 0 {
			reader = iotest.HalfReader(reader)
		}
		a := newAhead(iotest.DataErrReader(reader))
		a.size, a.left = 1+r.IntN(300), 1+r.IntN(200)
		got, err := io.ReadAll(iotest.HalfReader(a))
		require.Equal(t, want, err)
		assert.Equal(t, string(data), string(got))
		_, err = a.Read(make([]byte, 1))
		require.Error(t, err, "again")
		a.close()
	}
}

type panics struct{ io.Reader }

func (p panics) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err != nil {
		panic("out of range")
	}
	return n, nil
}

func TestAheadPassesOnAPanic(t *testing.T) {
	a := newAhead(panics{strings.NewReader("0123456789")})
	a.size, a.left = 3, 1
	assert.PanicsWithValue(t, "out of range", func() { _, _ = io.ReadAll(iotest.OneByteReader(a)) })
	a.close()
}

// A reader that is left in the middle leaves no goroutine behind that reads a closed file.
func TestAheadIsClosedInTheMiddle(t *testing.T) {
	for _, read := range []int{0, 1, 5, 500, 5000} {
		a := newAhead(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 10_000))))
		a.size, a.left = 10, 3
		_, err := io.ReadFull(a, make([]byte, read))
		require.NoError(t, err)
		a.close()
		a.close()
	}
}

// Files of several members or frames, whole and cut off anywhere, through all layers.
func TestCompressedFilesOfManyParts(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b\n")
	for i := range 200_000 {
		fmt.Fprintf(&text, "%d,\"value %d\"\n", i, i*7)
	}
	members, frames := []byte(nil), []byte(nil)
	for part := []byte(text.String()); len(part) > 0; {
		n := min(len(part), 300_001)
		members, frames = append(members, gzipped(string(part[:n]))...), append(frames, zstandard(t, string(part[:n]))...)
		part = part[n:]
	}
	opts := ReadOptions{Columns: []string{"b", "a"}}
	want, err := contents(inMemory("a.csv", []byte(text.String())), opts)
	require.NoError(t, err)
	require.Len(t, want, 200_000)
	for name, data := range map[string][]byte{"gzip": members, "zstd": frames} {
		got, err := contents(inMemory("a.csv", data), opts)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		got, err = contents(inMemory("a.csv", data[:len(data)-100]), opts)
		require.ErrorContains(t, err, "a.csv is truncated "+name)
		assert.Equal(t, want[:len(got)], got)
		damaged := bytes.Clone(data)
		for i := range 64 {
			damaged[len(damaged)*3/4+i] ^= 0x55
		}
		_, err = contents(inMemory("a.csv", damaged), opts)
		require.ErrorContains(t, err, "a.csv is damaged "+name)
	}
}
