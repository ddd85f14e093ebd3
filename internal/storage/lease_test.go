package storage_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const ttl = time.Minute

func TestOneRunHoldsAnAudience(t *testing.T) {
	everyFolder(t, func(t *testing.T, f *storage.Folder) {
		ctx := t.Context()
		later := func() time.Time { return time.Now().Add(2 * ttl) }

		nobody, err := storage.LastHolder(ctx, f)
		require.NoError(t, err)
		assert.Nil(t, nobody)
		key, err := storage.TakeLease(ctx, f, "one", ttl, time.Now)
		require.NoError(t, err)
		one, err := storage.LastHolder(ctx, f)
		require.NoError(t, err)
		assert.Equal(t, "one", one.Run)
		assert.WithinRange(t, one.Until, time.Now(), time.Now().Add(2*ttl))
		again, err := storage.TakeLease(ctx, f, "one", ttl, time.Now)
		require.NoError(t, err, "the holder may take it again")
		assert.Equal(t, key, again)

		_, err = storage.TakeLease(ctx, f, "two", ttl, time.Now)
		var held *storage.HeldError
		require.ErrorAs(t, err, &held)
		assert.Equal(t, "one", held.Run)
		assert.Equal(t, audience.Gate, audience.ClassOf(err))

		second, err := storage.TakeLease(ctx, f, "two", ttl, later)
		require.NoError(t, err, "an expired lease may be taken")
		assert.NotEqual(t, key, second)
		err = storage.RenewLease(ctx, f, key, "one", ttl)
		require.ErrorAs(t, err, &held, "who lost it learns so")
		assert.Equal(t, "two", held.Run)
		require.NoError(t, storage.ReleaseLease(ctx, f, key, "one"), "who lost it gives nothing back")
		require.NoError(t, storage.RenewLease(ctx, f, second, "two", ttl))

		require.NoError(t, storage.ReleaseLease(ctx, f, second, "two"))
		last, err := storage.LastHolder(ctx, f)
		require.NoError(t, err)
		assert.Equal(t, &storage.HeldError{Run: "two"}, last, "it was given back")
		third, err := storage.TakeLease(ctx, f, "three", ttl, time.Now)
		require.NoError(t, err, "a lease given back is free")
		assert.Equal(t, "00000003.json", third)
		left, err := f.List(ctx, "")
		require.NoError(t, err)
		assert.Len(t, left, 1, "old generations are removed")
	})
}

func TestOfManyRunsOneGetsTheLease(t *testing.T) {
	everyFolder(t, func(t *testing.T, f *storage.Folder) {
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				_, err := storage.TakeLease(t.Context(), f, string(rune('a'+i)), ttl, time.Now)
				if err == nil {
					won.Add(1)
					return
				}
				assert.Equal(t, audience.Gate, audience.ClassOf(err), "%v", err)
			})
		}
		all.Wait()
		assert.Equal(t, int32(1), won.Load())
	})
}
