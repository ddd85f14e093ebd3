package preflight_test

import (
	"context"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/preflight"
)

// sessions are what a fake Meta knows of upload sessions.
type sessions struct {
	*fakeMeta
	known map[int64]*meta.SessionStatus
}

func (s sessions) SessionStatus(_ context.Context, _ string, id int64) (*meta.SessionStatus, error) {
	return s.known[id], s.called("session")
}

// TestReplace has one line for what an audience, and what is known of replaces, makes of a definition that replaces.
func TestReplace(t *testing.T) {
	const add, replace = audience.ModeAdd, audience.ModeReplace
	const none, action, invalid, throttled = audience.Class(0), audience.Action, audience.Invalid, audience.Throttled
	open := func(run, id string) *audience.OpenReplace {
		return &audience.OpenReplace{Schema: 1, Run: run, AudienceID: id, Session: 9, OpenedAt: days(-1)}
	}
	uploading := &meta.SessionStatus{ID: 9, Stage: "uploading", Start: days(-1)}
	over := func(ago time.Duration) *meta.SessionStatus { return &meta.SessionStatus{ID: 9, End: now.Add(-ago)} }
	for _, c := range []struct {
		name    string
		status  int
		q       preflight.Question
		session *meta.SessionStatus
		mode    string
		class   audience.Class
		check   string
		says    string
	}{
		{"normal", 200, preflight.Question{}, nil, replace, none, "replace", "whoever is in the audience is taken out"},
		{"never uploaded to", 410, preflight.Question{}, nil, add, none, "replace", "the run adds"},
		{"created by this run", 200, preflight.Question{Created: true}, nil, add, none, "replace", "the run adds"},
		{"added to by this run", 200, preflight.Question{Mode: add}, nil, add, none, "replace", "the run adds"},
		{"planned by this run", 200, preflight.Question{Mode: replace}, nil, replace, none, "replace", "whoever is in"},
		{"no status", 0, preflight.Question{}, nil, replace, none, "replace", "does not say"},
		{"a low match rate", 411, preflight.Question{}, nil, replace, action, "replace", "is 411"},
		{"a replace that failed", 415, preflight.Question{}, nil, replace, action, "replace", "is 415"},
		{"still being filled", 441, preflight.Question{}, nil, replace, throttled, "replace", "is 441"},
		{"blocked", 471, preflight.Question{}, nil, replace, action, "audience status", "status 471"},
		{"somebody else's replace", 414, preflight.Question{}, nil, replace, throttled, "audience status", "status 414"},
		{"one whose session Meta does not know", 414, preflight.Question{Open: open("r0", "7")}, nil, replace, throttled, "audience status", "status 414"},
		{"one of another audience", 414, preflight.Question{Open: open("r0", "6")}, uploading, replace, throttled, "audience status", "status 414"},
		{"one after ours was over", 414, preflight.Question{Open: open("r0", "7")}, over(25 * time.Hour), replace, throttled, "audience status", "status 414"},
		{"ours, stuck", 414, preflight.Question{Open: open("r0", "7")}, uploading, replace, none, "replace", "begins when Meta is done"},
		{"ours, told by the status", 414, preflight.Question{Open: open("r0", "7")}, uploading, replace, none, "audience status", "run r0 began on 2026-11-23 12:00:00"},
		{"ours, which Meta works on", 414, preflight.Question{Open: open("r0", "7")}, over(time.Hour), replace, none, "audience status", "run r0 began"},
		{"this run's own", 414, preflight.Question{Open: open("r1", "7"), Began: true}, uploading, replace, none, "audience status", "this run has begun"},
		{"this run's own, at another status", 411, preflight.Question{Open: open("r1", "7"), Began: true}, over(time.Hour), replace, none, "replace", "goes on with it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake()
			f.audience.OperationStatus = meta.Status{Code: c.status}
			q := c.q
			q.Definition, q.Meta, q.Now, q.Run = newRun(t, replace, "").Def(), sessions{f, map[int64]*meta.SessionStatus{9: c.session}}, now, "r1"
			found := preflight.Check(t.Context(), q)
			assert.Equal(t, c.mode, found.Mode)
			assert.Equal(t, c.status, found.Status)
			assert.Contains(t, named(t, found.Checks, c.check).Detail, c.says)
			if c.class == none {
				require.NoError(t, found.Err())
				return
			}
			require.Error(t, found.Err())
			assert.Equal(t, c.class, audience.ClassOf(found.Err()), found.Err())
			assert.NotEqual(t, invalid, c.class)
		})
	}
}

func TestReplaceOfManyPeople(t *testing.T) {
	f := newFake()
	f.audience.LowerBound = 100_000_000
	found := preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, audience.ModeReplace, "").Def(), Meta: f, Now: now})
	require.ErrorContains(t, found.Err(), "write mode mirror")
	assert.Equal(t, audience.Invalid, audience.ClassOf(found.Err()))
	found = preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, audience.ModeAdd, "").Def(), Meta: f, Now: now})
	require.NoError(t, found.Err(), "adding has no such limit")
}

// TestOtherModesEndAStuckReplaceToo: an add must not fail for hours because an earlier run was killed.
func TestOtherModesEndAStuckReplaceToo(t *testing.T) {
	for _, mode := range []string{audience.ModeAdd, audience.ModeRemove, audience.ModeMirror} {
		f := newFake()
		f.audience.OperationStatus = meta.Status{Code: 414}
		api := sessions{f, map[int64]*meta.SessionStatus{9: {ID: 9, Stage: "uploading"}}}
		q := preflight.Question{Definition: newRun(t, mode, "7").Def(), Meta: api, Now: now, Run: "r1"}
		q.Open = &audience.OpenReplace{Run: "r0", AudienceID: "7", Session: 9}
		found := preflight.Check(t.Context(), q)
		require.NoError(t, found.Err())
		assert.Equal(t, warn, named(t, found.Checks, "audience status").Status)
		assert.Equal(t, mode, found.Mode)
		f.errs["session"] = refusal(2, 0)
		assert.Equal(t, audience.Transient, audience.ClassOf(preflight.Check(t.Context(), q).Err()))
	}
}

// TestRunReadsWhatReplacesLeft: by documents of this run and of the audience's state, against the sandbox.
func TestRunReadsWhatReplacesLeft(t *testing.T) {
	b := newBench(t)
	b.define(audience.ModeReplace, "")
	require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), audience.StopFile, audience.FailureDoc{Schema: 1}))
	first, err := b.run()
	require.NoError(t, err)
	assert.Equal(t, audience.ModeAdd, first.Mode, "it was created just now")
	_, err = b.deps.Folder.Read(t.Context(), audience.StopFile)
	require.ErrorIs(t, err, fs.ErrNotExist, "an earlier attempt was stopped, this one is not")

	p := meta.NewPayload([]audience.Key{audience.ExternID})
	p.BeginRow()
	p.Value([]byte("1"))
	p.EndRow()
	_, err = b.client.AddUsers(t.Context(), first.AudienceID, p.Batch(meta.Session{ID: 1, Seq: 1, Last: true}))
	require.NoError(t, err)
	again, err := b.run()
	require.NoError(t, err)
	assert.Equal(t, audience.ModeAdd, again.Mode, "it must not replace whom it has added")
	assert.Equal(t, 200, again.Status)

	require.NoError(t, b.deps.Folder.Delete(t.Context(), audience.PreflightFile)) // as of another run
	stale := audience.OpenReplace{Schema: 1, Run: "r0", AudienceID: first.AudienceID, Session: 9}
	require.NoError(t, b.deps.State.WriteJSON(t.Context(), audience.OpenReplaceFile, stale))
	other, err := b.run()
	require.NoError(t, err)
	assert.Equal(t, audience.ModeReplace, other.Mode)
	_, err = b.deps.State.Read(t.Context(), audience.OpenReplaceFile)
	require.NoError(t, err, "its replace is over, but r0 may still go on and add the rest, as no later run has sent anything")
	sent := audience.Latest{Schema: 1}
	sent.Note(audience.ModeAdd, audience.Begun{Run: "r2", StartedAt: now})
	require.NoError(t, b.deps.State.WriteJSON(t.Context(), audience.LatestFile, sent))
	_, err = b.run()
	require.NoError(t, err)
	_, err = b.deps.State.Read(t.Context(), audience.OpenReplaceFile)
	require.ErrorIs(t, err, fs.ErrNotExist, "it is over for good")

	own := audience.OpenReplace{Schema: 1, Run: "r1", AudienceID: first.AudienceID, Session: 9}
	require.NoError(t, b.deps.State.WriteJSON(t.Context(), audience.OpenReplaceFile, own))
	require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), audience.ReplaceFile, audience.Replace{Schema: 1, Session: 9}))
	other, err = b.run()
	require.NoError(t, err)
	assert.Contains(t, named(t, other.Checks, "replace").Detail, "goes on with it")
	_, err = b.deps.State.Read(t.Context(), audience.OpenReplaceFile)
	require.NoError(t, err, "it is Advance's to settle")
}
