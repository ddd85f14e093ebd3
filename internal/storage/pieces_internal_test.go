package storage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func object(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	return data
}

// inPieces reads data in pieces of 100 bytes.
func inPieces(ctx context.Context, data []byte, fetch func(ctx context.Context, p []byte, off int64) error) *pieces {
	p := &pieces{
		first: io.NopCloser(iotest.HalfReader(bytes.NewReader(data))), left: 100, cutOff: errors.New("cut off"), fetch: fetch,
		size: int64(len(data)), length: 100, ahead: 3, after: 30, asked: 100,
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// Answers come in any order and after any time.
func TestPiecesComeInOrder(t *testing.T) {
	for _, size := range []int{100, 101, 199, 200, 950, 1000} {
		synctest.Test(t, func(t *testing.T) {
			data := object(size)
			var most, now atomic.Int32
			p := inPieces(t.Context(), data, func(_ context.Context, b []byte, off int64) error {
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
				<-time.After(time.Duration(rand.IntN(1000)) * time.Millisecond)
				copy(b, data[off:])
				return nil
			})
			got, err := io.ReadAll(iotest.OneByteReader(p))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, got))
			assert.LessOrEqual(t, most.Load(), int32(3))
			assert.LessOrEqual(t, len(p.spare), 4, "buffers are used again")
			n, err := p.Read(make([]byte, 1))
			assert.Zero(t, n)
			assert.Equal(t, io.EOF, err)
			require.NoError(t, p.Close())
		})
	}
}

// What came before a piece that cannot be had is read, then there is an error, and never an end.
func TestPieceThatFails(t *testing.T) {
	data := object(1000)
	broken := errors.New("broken")
	for bad := int64(100); bad < 1000; bad += 100 {
		p := inPieces(t.Context(), data, func(_ context.Context, b []byte, off int64) error {
			if off == bad {
				return broken
			}
			copy(b, data[off:])
			return nil
		})
		got, err := io.ReadAll(p)
		require.ErrorIs(t, err, broken)
		assert.True(t, bytes.Equal(data[:bad], got))
		_, err = p.Read(make([]byte, 1))
		require.ErrorIs(t, err, broken, "again")
		require.NoError(t, p.Close())
	}
	p := inPieces(t.Context(), data, nil)
	p.after = 100
	p.first = io.NopCloser(bytes.NewReader(data[:99]))
	p.asked = p.size
	_, err := io.ReadAll(p)
	require.EqualError(t, err, "cut off")
}

func TestWhoLooksAtTheBeginningGetsNoMore(t *testing.T) {
	p := inPieces(t.Context(), object(1000), func(context.Context, []byte, int64) error {
		t.Error("a piece was asked for")
		return nil
	})
	_, err := io.ReadFull(p, make([]byte, 29))
	require.NoError(t, err)
	require.NoError(t, p.Close())
}

// Close does not wait for answers that nobody wants any more, and leaves no goroutine behind.
func TestClosedBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked sync.WaitGroup
		asked.Add(3)
		p := inPieces(t.Context(), object(1000), func(ctx context.Context, _ []byte, _ int64) error {
			asked.Done()
			<-ctx.Done()
			return ctx.Err()
		})
		_, err := io.ReadFull(p, make([]byte, 100))
		require.NoError(t, err)
		asked.Wait()
		require.NoError(t, p.Close())
		_, err = p.Read(make([]byte, 1))
		require.ErrorIs(t, err, context.Canceled)
	})
}
