package redrive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/succession"
)

// mode makes a run one of a mode.
func (w *world) mode(run, mode string) {
	w.put(run, audience.RunFile, map[string]any{
		"schema": 1, "run": run, "started_at": w.now, "definition": map[string]any{"meta": map[string]any{"mode": mode}},
	})
}

// TestALaterRunIsNotUndone has a run that failed, and one that came after it.
func TestALaterRunIsNotUndone(t *testing.T) {
	for _, c := range []struct {
		name, early, late string
		later             time.Duration // that the other run was started
		refused           bool
	}{
		{"add, then a replace", audience.ModeAdd, audience.ModeReplace, time.Hour, true},
		{"remove, then add", audience.ModeRemove, audience.ModeAdd, time.Hour, true},
		{"a replace, then a replace", audience.ModeReplace, audience.ModeReplace, time.Hour, true},
		{"a replace, then a mirror", audience.ModeReplace, audience.ModeMirror, time.Hour, true},
		{"add, then add", audience.ModeAdd, audience.ModeAdd, time.Hour, false},
		{"a definition without a mode adds", "", audience.ModeAdd, time.Hour, false},
		{"a replace before", audience.ModeAdd, audience.ModeReplace, -time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.run("run-1", "00001")
			w.mode("run-1", c.early)
			l := w.chunkLetter("run-1", "00001")
			other := succession.Run{State: w.folder(l.stateURL()), Begun: audience.Begun{Run: "run-2", StartedAt: w.now.Add(c.later)}, Mode: c.late}
			require.NoError(t, other.Note(t.Context()))
			w.send(l)
			w.end("run-1-2", succeeded, "", func() { w.done("run-1", "00001") })

			said, err := w.redrive(t.Context(), Filter{})
			if !c.refused {
				require.NoError(t, err)
				assert.Len(t, w.started, 1)
				return
			}
			require.ErrorContains(t, err, "1 letter left")
			assert.Empty(t, w.started)
			assert.Contains(t, said, "acme/vip run-1: not sent again: go on with run run-1 (mode "+c.early+"): run run-2, which was started later, on 2026-11-24T13:00:00Z, has ")
			assert.Contains(t, said, "and this one would undo that: start a new run; or,")

			w.force = true
			said, err = w.redrive(t.Context(), Filter{})
			require.NoError(t, err)
			assert.Contains(t, said, "acme/vip run-1: sent all the same: go on with run run-1")
			require.Len(t, w.started, 1)
			early := succession.Run{State: other.State, Begun: audience.Begun{Run: "run-1", StartedAt: other.StartedAt.Add(-c.later)}, Mode: c.early}
			require.NoError(t, early.Check(t.Context()), "nor does the run's own preflight stop it")
		})
	}
}
