package advance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// stuck is the replace that run r0 has left open.
var stuck = audience.OpenReplace{Schema: 1, Run: "r0", AudienceID: "7", Session: 99, Group: "EMAIL", Closing: 41, OpenedAt: noon.Add(-6 * time.Hour)}

const ending = "chunks-replace-end.json close"

// TestRecovery has one line for what a run finds of a replace that an earlier one has left open, and does first.
func TestRecovery(t *testing.T) {
	uploading := &meta.SessionStatus{ID: 99, Stage: "uploading", Start: stuck.OpenedAt}
	over := &meta.SessionStatus{ID: 99, Stage: "finished", Start: stuck.OpenedAt, End: noon}
	change := func(how func(*audience.OpenReplace)) audience.OpenReplace {
		open := stuck
		how(&open)
		return open
	}
	const plain = "chunks.json 00001 00002 00003"
	for _, c := range []struct {
		name    string
		mode    string
		open    audience.OpenReplace
		status  int
		session *meta.SessionStatus
		want    string
	}{
		{"add: the session is ended", audience.ModeAdd, stuck, 414, uploading, ending},
		{"replace: the session is ended first", audience.ModeReplace, stuck, 414, uploading, ending},
		{"mirror: the session is ended first", audience.ModeMirror, stuck, 414, uploading, ending},
		{"remove: nobody of the run may be sent to end it", audience.ModeRemove, stuck, 414, uploading, "wait 30"},
		{"another schema", audience.ModeAdd, change(func(o *audience.OpenReplace) { o.Group = "PHONE" }), 414, uploading, "wait 30"},
		{"it has ended, and Meta works on it", audience.ModeAdd, stuck, 414, over, "wait 30"},
		{"Meta does not show it any more", audience.ModeAdd, stuck, 414, nil, "wait 30"},
		{"it is over", audience.ModeAdd, stuck, 200, over, plain},
		{"it has failed, and people can be added", audience.ModeAdd, stuck, 415, over, plain},
		{"it is over: this run's own begins", audience.ModeReplace, stuck, 200, over, opener},
		{"of another audience", audience.ModeAdd, change(func(o *audience.OpenReplace) { o.AudienceID = "8" }), 414, uploading, plain},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.mode)
			b.put(stateOpen, c.open)
			b.meta.status, b.meta.sessions[99] = c.status, c.session
			require.Equal(t, c.want, b.next())
			if c.want == ending {
				assert.Equal(t, audience.Replace{
					Schema: 1, Session: 99, Group: "EMAIL", Of: "r0", Closer: "00001", Closing: 41, OpenedAt: stuck.OpenedAt,
				}, b.replaceDoc())
			}
			if c.status != 414 && c.mode != audience.ModeReplace {
				assert.False(t, b.has(stateOpen), "it is over, and somebody else's must not be taken for it")
			}
		})
	}
}

// TestRecoveryToItsEnd ends r0's session, waits until Meta is done, and goes on to this run's own replace.
func TestRecoveryToItsEnd(t *testing.T) {
	b := newBench(t, audience.ModeReplace)
	b.put(stateOpen, stuck)
	b.meta.status, b.meta.sessions[99] = 414, &meta.SessionStatus{ID: 99, Stage: "uploading", Start: stuck.OpenedAt}
	require.Equal(t, ending, b.next())
	require.Equal(t, ending, b.next(), "the order was lost")
	b.ended(audience.ClosedByBatch)
	b.meta.sessions[99] = &meta.SessionStatus{ID: 99, Stage: "finished", Start: stuck.OpenedAt, End: noon}
	require.Equal(t, "wait 30", b.next())
	require.Equal(t, "wait 60", b.next())
	b.meta.status = 200
	require.Equal(t, opener, b.next())
	doc := b.replaceDoc()
	assert.Empty(t, doc.Of)
	assert.NotEqual(t, int64(99), doc.Session)
	assert.Equal(t, "r1", get[audience.OpenReplace](b, stateOpen).Run)
	assert.Equal(t, doc.Session, get[audience.OpenReplace](b, stateOpen).Session)

	b.receipt("00001", 1, both(b.carried(1), done))
	b.receipt("00002", 1, both(b.carried(1), done))
	require.Equal(t, closer, b.next(), "it is this run's session now, which nobody has tried to end")
}

// TestStuckSessionIsEndedAgain: a closing batch that did nothing is sent again every hour.
func TestStuckSessionIsEndedAgain(t *testing.T) {
	b := newBench(t, audience.ModeAdd)
	b.put(stateOpen, stuck)
	b.meta.status, b.meta.sessions[99] = 414, &meta.SessionStatus{ID: 99, Stage: "uploading", Start: stuck.OpenedAt}
	require.Equal(t, ending, b.next())
	b.ended(audience.ClosedByNobody)
	require.Equal(t, "wait 30", b.next())
	b.now = b.now.Add(time.Hour)
	require.Equal(t, ending, b.next())
}

// TestRecoveryWithNobodyToSend leaves the replace to a run that has somebody.
func TestRecoveryWithNobodyToSend(t *testing.T) {
	b := newBench(t, audience.ModeAdd)
	b.put(audience.ChunksFile, []audience.Chunk{})
	b.put(stateOpen, stuck)
	b.meta.status = 414
	assert.Equal(t, "report", b.next())
	assert.True(t, b.has(stateOpen))
}

// TestMirrorAfterAReplaceThatFailed: it was compared with people whom that replace should have left in the audience.
func TestMirrorAfterAReplaceThatFailed(t *testing.T) {
	b := newBench(t, audience.ModeMirror)
	b.put(stateOpen, stuck)
	b.meta.status = 415
	require.ErrorContains(t, b.fails(audience.Action), "status 415")
}

func TestBlockedAudience(t *testing.T) {
	b := newBench(t, audience.ModeAdd)
	b.put(stateOpen, stuck)
	b.meta.status = 471
	require.ErrorContains(t, b.fails(audience.Action), "status 471")
}

// TestMetaIsGivenADay: the waits grow, none is longer than a lease can outlast, and when nothing helps a person must look.
func TestMetaIsGivenADay(t *testing.T) {
	b := closed(t)
	var waited, turns int
	for {
		before := b.now
		next, err := Run(t.Context(), b.deps)
		if err != nil {
			assert.Equal(t, audience.Action, audience.ClassOf(err))
			require.ErrorContains(t, err, "wait for Meta to be done with audience 7")
			require.ErrorContains(t, err, noon.Format(time.RFC3339))
			break
		}
		require.Equal(t, audience.NextWait, next.Next)
		require.Positive(t, next.Wait)
		require.LessOrEqual(t, next.Wait, 600)
		waited, turns = waited+next.Wait, turns+1
		b.now = before.Add(time.Duration(next.Wait) * time.Second)
	}
	assert.LessOrEqual(t, waited, 24*60*60)
	assert.Greater(t, waited, 24*60*60-600)
	assert.Less(t, turns, 290, "the state machine turns 300 times")

	b.planned() // the run is continued the next day
	assert.Equal(t, "wait 30", b.next())
	b.meta.status = 200
	assert.Equal(t, adding, b.next())
}
