package demo_test

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
	"github.com/cleanreach/cleanreach/internal/local/demo"
)

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	sums := map[uint64][32]byte{}
	for i, seed := range []uint64{7, 7, 8} {
		files, err := demo.Write(t.Context(), t.TempDir(), demo.Options{Rows: 500, Seed: seed})
		require.NoError(t, err)
		dir := filepath.Dir(files.Audience)
		var all []byte
		for _, name := range []string{"customers/shop-us.csv", "customers/shop-eu.csv.gz", "customers/app.jsonl", "partner/members.parquet"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.NotEmpty(t, data)
			all = append(all, data...)
		}
		sum := sha256.Sum256(all)
		if i == 1 {
			assert.Equal(t, sums[seed], sum)
		}
		sums[seed] = sum
	}
	assert.NotEqual(t, sums[7], sums[8])
}

func TestItsDocumentsAreValid(t *testing.T) {
	files, err := demo.Write(t.Context(), t.TempDir(), demo.Options{Rows: 10})
	require.NoError(t, err)
	data, err := os.ReadFile(files.Audience)
	require.NoError(t, err)
	_, err = audience.ParseDefinition(data)
	require.NoError(t, err)
	_, err = cleanroom.LoadRoom(files.Room)
	require.NoError(t, err)
}

func TestStops(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	_, err := demo.Write(stopped, dir, demo.Options{Rows: 10})
	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestWhatIsThereStays(t *testing.T) {
	dir := t.TempDir()
	first, err := demo.Write(t.Context(), dir, demo.Options{Rows: 10})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(first.Room, []byte("being read"), 0o600))
	again, err := demo.Write(t.Context(), dir, demo.Options{Rows: 10})
	require.NoError(t, err)
	assert.Equal(t, first, again)
	room, err := os.ReadFile(first.Room)
	require.NoError(t, err)
	assert.Equal(t, "being read", string(room))
	other, err := demo.Write(t.Context(), dir, demo.Options{Rows: 11})
	require.NoError(t, err)
	assert.NotEqual(t, first, other)
}

func TestTooManyRows(t *testing.T) {
	_, err := demo.Write(t.Context(), t.TempDir(), demo.Options{Rows: demo.MaxRows + 1})
	require.ErrorContains(t, err, "from 1 to 10000000")
}
