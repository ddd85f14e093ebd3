package advance

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// TestPlainUploads go back to the list that the state machine chooses: a redrive may have named one.
func TestPlainUploads(t *testing.T) {
	for _, mode := range []string{audience.ModeAdd, audience.ModeRemove} {
		b := newBench(t, mode)
		assert.Equal(t, "chunks.json 00001 00002 00003", b.next())
		assert.False(t, get[audience.Upload](b, audience.UploadFile).More)
		assert.Zero(t, b.meta.calls)
	}
}

func TestMirrorPasses(t *testing.T) {
	b := newBench(t, audience.ModeMirror)
	chunks := get[[]audience.Chunk](b, audience.ChunksFile)
	chunks[1].Remove = true
	b.put(audience.ChunksFile, chunks)
	require.Equal(t, "chunks-leaves.json 00002", b.next())
	b.receipt("00002", 1, failed)
	require.Equal(t, "report", b.next(), "nobody joins before everybody has left who leaves")
	b.planned() // the run is continued
	require.Equal(t, "chunks-leaves.json 00002", b.next())
	b.receipt("00002", 2, done)
	b.receipt("00001", 1, done)
	require.Equal(t, "chunks-joins.json 00003", b.next())
	b.receipt("00003", 1, done)
	require.Equal(t, "report", b.next())
}

// TestStoppedRun: Meta's abuse prevention has stopped a task, and every further one would make it worse.
func TestStoppedRun(t *testing.T) {
	for _, mode := range []string{audience.ModeAdd, audience.ModeReplace, audience.ModeMirror} {
		b := newBench(t, mode)
		b.put(audience.StopFile, audience.FailureDoc{Schema: 1})
		assert.Equal(t, "report", b.next())
		assert.Zero(t, b.meta.calls)
	}
}

// TestReceiptsOfOtherRows are none: the match was made again.
func TestReceiptsOfOtherRows(t *testing.T) {
	for _, change := range []func(*audience.Receipt){
		func(r *audience.Receipt) { r.File = "file:///other/a" }, func(r *audience.Receipt) { r.FirstRow = 1 },
		func(r *audience.Receipt) { r.Rows = 9 }, func(r *audience.Receipt) { r.Run = "r0" },
	} {
		b := newBench(t, audience.ModeMirror)
		b.receipt("00001", 1, both(done, change))
		b.receipt("00002", 1, done)
		assert.Equal(t, "chunks-joins.json 00001 00003", b.next())
	}
}

func TestWrongDocuments(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(b *bench)
		says  string
	}{
		{"no plan", func(b *bench) { b.drop(audience.PlanFile) }, audience.PlanFile},
		{"no chunks", func(b *bench) { b.drop(audience.ChunksFile) }, audience.ChunksFile},
		{"no audience", func(b *bench) { b.put(audience.PreflightFile, audience.Preflight{Schema: 1}) }, "it names no audience"},
		{"a mode of another version", func(b *bench) { b.mode("swap") }, `mode "swap"`},
		{"a replace without a layout", func(b *bench) { b.mode(audience.ModeReplace) }, "no layout for a replace"},
		{"a plan of another version", func(b *bench) { b.put(audience.PlanFile, audience.Plan{Schema: 2}) }, "schema version is 2"},
		{"a receipt of another version", func(b *bench) { b.receipt("00001", 1, func(r *audience.Receipt) { r.Schema = 2 }) }, "schema version is 2"},
		{"a replace of another version", func(b *bench) { b.put(stateOpen, audience.OpenReplace{Schema: 2}) }, "schema version is 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, audience.ModeAdd)
			c.spoil(b)
			require.ErrorContains(t, b.fails(audience.Invalid), c.says)
		})
	}
}

func (b *bench) drop(name string) { require.NoError(b.t, b.deps.Folder.Delete(b.t.Context(), name)) }

func (b *bench) mode(mode string) {
	plan := get[audience.Plan](b, audience.PlanFile)
	plan.Mode = mode
	b.put(audience.PlanFile, plan)
}
