package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestOneProcessARun(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lockRun(dir)
	require.NoError(t, err)
	_, err = lockRun(dir)
	require.ErrorContains(t, err, "another process is at work on the run")
	assert.Equal(t, audience.Gate, audience.ClassOf(err))
	require.NoError(t, unlock())
	unlock, err = lockRun(dir)
	require.NoError(t, err, "a run whose process ended goes on")
	require.NoError(t, unlock())
}
