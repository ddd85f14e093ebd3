package succession_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/succession"
)

func stateOf(t *testing.T) *storage.Folder {
	t.Helper()
	state, err := storage.Open(t.Context(), "mem://")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, state.Close()) })
	return state
}

// run is a run that was started on a day of November.
func run(state *storage.Folder, id, mode string, day int) succession.Run {
	return succession.Run{State: state, Begun: audience.Begun{Run: id, StartedAt: time.Date(2026, 11, day, 5, 0, 0, 0, time.UTC)}, Mode: mode}
}

// TestWhoMayGoOn tries every mode behind every other.
func TestWhoMayGoOn(t *testing.T) {
	modes := []string{audience.ModeAdd, audience.ModeRemove, audience.ModeReplace, audience.ModeMirror}
	for _, early := range modes {
		for _, late := range modes {
			t.Run(early+" before "+late, func(t *testing.T) {
				state := stateOf(t)
				first, second := run(state, "a", early, 1), run(state, "b", late, 2)
				require.NoError(t, first.Check(t.Context()))
				require.NoError(t, first.Note(t.Context()))
				require.NoError(t, second.Check(t.Context()), "the later run may send")
				require.NoError(t, first.Check(t.Context()), "nor has it yet")
				require.NoError(t, second.Note(t.Context()))
				require.NoError(t, second.Check(t.Context()), "and it may go on")
				err := first.Check(t.Context())
				if early == late && (early == audience.ModeAdd || early == audience.ModeRemove) {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, "go on with run a (mode "+early+"): run b, which was started later, on 2026-11-02T05:00:00Z, has ")
				assert.Equal(t, audience.Gate, audience.ClassOf(err))
				require.NoError(t, first.Allow(t.Context()))
				require.NoError(t, first.Check(t.Context()), "somebody wants it")
			})
		}
	}
}

// A replace between two runs that add is not forgotten, and an early run that goes on does not hide a later one.
func TestTheLatestOfEachModeCounts(t *testing.T) {
	state := stateOf(t)
	first, replace, last := run(state, "a", audience.ModeAdd, 1), run(state, "b", audience.ModeReplace, 2), run(state, "c", audience.ModeAdd, 3)
	for _, r := range []succession.Run{first, replace, last, first} {
		require.NoError(t, r.Note(t.Context()))
	}
	require.ErrorContains(t, first.Check(t.Context()), "run b")
	require.ErrorContains(t, replace.Check(t.Context()), "run c")
	require.NoError(t, last.Check(t.Context()))

	require.NoError(t, replace.Allow(t.Context()))
	require.NoError(t, replace.Check(t.Context()))
	require.Error(t, first.Check(t.Context()), "what one may undo the other still may not")
}

func TestStateThatCannotBeRead(t *testing.T) {
	state := stateOf(t)
	r := run(state, "a", audience.ModeAdd, 1)
	require.NoError(t, state.WriteJSON(t.Context(), audience.LatestFile, map[string]int{"schema": 2}))
	require.ErrorContains(t, r.Check(t.Context()), "its schema version is 2")
	require.NoError(t, state.Write(t.Context(), audience.LatestFile, []byte("?")))
	require.ErrorContains(t, r.Note(t.Context()), "see which runs of the audience were the last")
}

func TestOf(t *testing.T) {
	parsed, err := audience.ParseRun([]byte(`{"schema": 1, "run": "r-1", "tenant": "acme", "audience": "vip", "started_at": "2026-11-24T05:00:00Z", "definition":
		{"tenant": "acme", "name": "vip", "source": {"path": "s3://raw/", "columns": {"EMAIL": "email"}},
		 "match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"}, "meta": {"ad_account": "act_1", "mode": "mirror"}}}`))
	require.NoError(t, err)
	state := stateOf(t)
	assert.Equal(t, run(state, "r-1", audience.ModeMirror, 24), succession.Of(parsed, state))
}
