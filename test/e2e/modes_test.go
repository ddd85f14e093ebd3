package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// as gives the bench for another run of the same audience.
func (b *bench) as(run string) *bench {
	other := *b
	other.run = run
	return &other
}

// TestModesAfterEachOther has one audience added to, replaced, mirrored and mirrored again, each time by other people, and then
// continues the first run, which would add again whom the others took out.
func TestModesAfterEachOther(t *testing.T) {
	t.Parallel()
	const (
		both = "id,mail,phone\nc-1,Ann@Example.com,\nc-2,bob@example.com,\n"
		bob  = "id,mail,phone\nc-2,bob@example.com,\n"
		ann  = "id,mail,phone\nc-1,Ann@Example.com,\n"
	)
	b := newBench(t, nil)
	for _, c := range []struct {
		run, mode, content string
		did                string
		members            int
		people             *audience.Movement
		leaves             int64
	}{
		{"add", audience.ModeAdd, both, audience.ModeAdd, 2, nil, 0},
		{"replace", audience.ModeReplace, bob, audience.ModeReplace, 1, nil, 0},
		{"first-mirror", audience.ModeMirror, both, audience.ModeReplace, 2, nil, 0},
		{"mirror", audience.ModeMirror, ann, audience.ModeMirror, 1, &audience.Movement{Stayed: 1, Left: 1}, 1},
	} {
		r := b.as(c.run)
		r.ok(r.start(r.own(setup{content: c.content, meta: map[string]any{"mode": c.mode}})...))
		require.Len(t, r.members(), c.members, c.run)
		made := r.report()
		assert.Equal(t, c.did, made.Mode, c.run)
		assert.Equal(t, c.did != c.mode, made.AskedMode == c.mode && made.ModeReason != "", c.run)
		assert.Equal(t, c.did == audience.ModeReplace, made.Replaced != nil && !made.Replaced.ClosedAt.IsZero(), c.run)
		if c.people != nil {
			c.people.Resent = made.People.Resent // who may have been taken out with somebody who left is sent again
		}
		assert.Equal(t, c.people, made.People, c.run)
		assert.Equal(t, c.leaves, made.Rows.Leaves.Sent, c.run)
		require.NoError(t, made.Rows.Balance())
		require.NotNil(t, made.Verification, c.run)
		assert.Zero(t, made.Verification.Missing+made.Verification.Awaited+made.Verification.More, c.run)
	}
	last := b.as("mirror")
	before := last.members()

	r := b.as("add")
	late := r.start(r.own(setup{content: both, meta: map[string]any{"mode": audience.ModeAdd}})...)
	assert.Equal(t, int(audience.Gate), late.code, late.stderr)
	assert.Contains(t, late.stderr, "go on with run add (mode add): run mirror, which was started later,")
	assert.Equal(t, before, last.members())

	last.ok(last.start(last.own(setup{content: ann, meta: map[string]any{"mode": audience.ModeMirror}})...))
	assert.Equal(t, before, last.members(), "the last run may be continued, and does nothing twice")
}
