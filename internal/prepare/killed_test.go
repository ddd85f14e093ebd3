package prepare

import (
	"bufio"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// TestKilled kills a process in the middle of its work, with SIGKILL: the next one must end as if nothing had happened.
func TestKilled(t *testing.T) {
	if flag := slices.Index(os.Args, "killed-child"); flag >= 0 {
		prepareUntilKilled(t, os.Args[flag+1], os.Args[flag+2])
		return
	}
	b := newBench(t)
	for _, name := range []string{"a.csv", "b.csv", "c.csv"} {
		b.put(name, csvOf(3000)+",nobody,\n")
	}
	runDir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$", "killed-child", b.source, runDir)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	_, err = bufio.NewReader(out).ReadString('\n') // it has read one file of three and goes no further
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait() // it was killed

	b.deps.Folder, err = storage.Open(t.Context(), storage.FileURL(runDir))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.deps.Folder.Close()) })
	left := b.keys(b.deps.Folder, audience.PreparedDir)
	assert.NotEmpty(t, left, "nothing was written before the kill: the test proves nothing")
	assert.Empty(t, b.keys(b.deps.Folder, audience.PreparedFile))

	doc := b.prepared()
	assert.Equal(t, int64(9000), doc.Prepared)
	assert.Equal(t, int64(3), doc.Quarantined)
	for _, key := range b.keys(b.deps.Folder, audience.PreparedDir) {
		assert.NotContains(t, left, key)
	}
	temporary, err := filepath.Glob(filepath.Join(runDir, "*", "*.tmp"))
	require.NoError(t, err)
	assert.Empty(t, temporary, "the killed process's files are still there")
}

// prepareUntilKilled prepares, and stands still when the first file has been read.
func prepareUntilKilled(t *testing.T, source, runDir string) {
	b := newBench(t)
	b.source = source
	b.define(nil)
	folder, err := storage.Open(t.Context(), storage.FileURL(runDir))
	require.NoError(t, err)
	b.deps.Folder = folder
	b.sizes.readers = 1
	b.deps.Log = slog.New(standStill{slog.DiscardHandler})
	_, err = b.run()
	require.NoError(t, err)
}

type standStill struct{ slog.Handler }

func (standStill) Enabled(context.Context, slog.Level) bool { return true }

func (standStill) Handle(context.Context, slog.Record) error {
	_, _ = os.Stdout.WriteString("now\n") // the parent reads it
	select {}
}
