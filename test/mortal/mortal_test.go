package mortal_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/test/mortal"
)

func open(t *testing.T, life *mortal.Countdown) *storage.Folder {
	t.Helper()
	mortal.Make("b", func(context.Context) mortal.Life { return life })
	t.Cleanup(func() { mortal.Forget("b") })
	folder, err := storage.Open(t.Context(), mortal.Scheme+"://b/")
	require.NoError(t, err)
	t.Cleanup(func() { _ = folder.Close() })
	return folder
}

func TestDeath(t *testing.T) {
	for _, c := range []struct {
		left   int
		before bool
		there  int // of three objects that are written
		dies   bool
	}{
		{-1, true, 3, false}, {-1, false, 3, false}, {0, true, 0, true}, {0, false, 1, true}, {2, true, 2, true}, {2, false, 3, true}, {3, true, 3, false},
	} {
		t.Run(fmt.Sprintf("%d left, before %t", c.left, c.before), func(t *testing.T) {
			var life mortal.Countdown
			life.Revive(c.left, c.before)
			folder := open(t, &life)
			var last error
			for i := range 3 {
				last = folder.Write(t.Context(), fmt.Sprint("k", i), []byte("v"))
			}
			_, listed := folder.List(t.Context(), "")
			if c.dies {
				require.ErrorIs(t, life.Alive(), mortal.ErrDead)
				require.ErrorContains(t, last, mortal.ErrDead.Error())
				require.ErrorContains(t, listed, mortal.ErrDead.Error())
				_, err := folder.Read(t.Context(), "k0")
				require.ErrorContains(t, err, mortal.ErrDead.Error())
			} else {
				require.NoError(t, last)
				require.NoError(t, life.Alive())
			}
			life.Revive(-1, false)
			objects, err := folder.List(t.Context(), "")
			require.NoError(t, err)
			assert.Len(t, objects, c.there)
		})
	}
}

func TestObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var life mortal.Countdown
		life.Revive(-1, false)
		folder := open(t, &life)
		time.Sleep(time.Hour) //nolint:forbidigo // of the bubble
		require.NoError(t, folder.Write(t.Context(), "k", []byte("value")))
		require.ErrorIs(t, folder.Create(t.Context(), "k", []byte("another")), fs.ErrExist)
		objects, err := folder.List(t.Context(), "")
		require.NoError(t, err)
		require.Len(t, objects, 1)
		assert.Equal(t, time.Now(), objects[0].Modified)
		read, err := folder.Read(t.Context(), "k")
		require.NoError(t, err)
		assert.Equal(t, "value", string(read))
		require.NoError(t, folder.Delete(t.Context(), "k"))
		_, err = folder.Read(t.Context(), "k")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

func TestNoBucketOfThatName(t *testing.T) {
	_, err := storage.Open(t.Context(), mortal.Scheme+"://nobody-made-it/")
	require.ErrorContains(t, err, "make it first")
}
