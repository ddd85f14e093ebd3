package advance

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

const (
	opener  = "chunks-replace-open-00001.json 00001"
	filling = "chunks-replace-fill.json 00002"
	closer  = "chunks-replace-close.json close"
	adding  = "chunks-replace-rest.json 00003"
)

// begun is a bench whose replace has begun: the opener was sent as a whole.
func begun(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, audience.ModeReplace)
	require.Equal(t, opener, b.next())
	b.receipt("00001", 1, both(b.carried(3), done))
	return b
}

// filled is one in which everything was sent that its session carries.
func filled(t *testing.T) *bench {
	t.Helper()
	b := begun(t)
	require.Equal(t, filling, b.next())
	b.receipt("00002", 1, both(b.carried(1), done))
	return b
}

// closed is one whose closing batch Meta has taken.
func closed(t *testing.T) *bench {
	t.Helper()
	b := filled(t)
	require.Equal(t, closer, b.next())
	b.ended(audience.ClosedByBatch)
	b.meta.status = 414
	return b
}

func (b *bench) ended(how string) {
	b.t.Helper()
	b.put(audience.ClosingFile, audience.Closing{Schema: 1, Session: b.session(), How: how, At: b.now})
}

func TestReplaceGoesThroughItsPasses(t *testing.T) {
	b := newBench(t, audience.ModeReplace)
	require.Equal(t, opener, b.next())
	doc := b.replaceDoc()
	assert.Equal(t, "EMAIL", doc.Group)
	assert.Equal(t, 3, doc.Closing)
	assert.Zero(t, doc.OpenedAt)
	open := get[audience.OpenReplace](b, stateOpen)
	assert.Equal(t, audience.OpenReplace{Schema: 1, Run: "r1", AudienceID: "7", Session: doc.Session, Group: "EMAIL", Closing: 3, OpenedAt: noon}, open)
	assert.Zero(t, b.meta.calls, "nothing was begun that Meta could know of")

	b.receipt("00001", 1, both(b.carried(3), done))
	b.now = b.now.Add(time.Minute)
	require.Equal(t, filling, b.next())
	assert.Equal(t, noon, b.replaceDoc().OpenedAt, "the receipt tells when")
	assert.Equal(t, "00001", b.replaceDoc().Closer)

	b.receipt("00002", 1, both(b.carried(1), done))
	require.Equal(t, closer, b.next())
	b.ended(audience.ClosedByBatch)
	b.meta.status = 414
	require.Equal(t, "wait 30", b.next(), "chunk 00003 is left")
	assert.Equal(t, b.now, b.replaceDoc().ClosedAt)
	require.Equal(t, "wait 60", b.next())
	assert.Equal(t, 2, b.replaceDoc().Waits)
	assert.True(t, b.has(stateOpen))

	b.meta.status = 200
	require.Equal(t, adding, b.next())
	assert.False(t, b.has(stateOpen), "it is over")
	assert.False(t, b.has(stateLast))
	b.receipt("00003", 1, done)
	require.Equal(t, "report", b.next())
	last := get[audience.LastReplace](b, stateLast)
	assert.Equal(t, audience.LastReplace{Schema: 1, Run: "r1", AudienceID: "7", Rows: 30, BatchSeconds: 6, At: b.now}, last)
	require.Equal(t, "report", b.next())
}

// TestHowAReplaceBegins has one line for each thing that can have become of the opener.
func TestHowAReplaceBegins(t *testing.T) {
	const unknown, known = false, true
	for _, c := range []struct {
		name    string
		receipt func(b *bench) func(*audience.Receipt)
		known   bool // by Meta
		want    string
	}{
		{"it was sent", func(b *bench) func(*audience.Receipt) { return both(b.carried(1), done) }, unknown, filling},
		{"it failed before anything was taken", func(*bench) func(*audience.Receipt) { return failed }, unknown, "report"},
		{"it failed after the first batch, and is sent again", func(b *bench) func(*audience.Receipt) { return both(b.carried(1), failed) }, unknown,
			"chunks-replace-fill.json 00001 00002"},
		{"its answer was lost, and Meta has it", func(b *bench) func(*audience.Receipt) { return both(b.underway, failed) }, known,
			"chunks-replace-fill.json 00001 00002"},
		{"its answer was lost, and Meta does not have it", func(b *bench) func(*audience.Receipt) { return both(b.underway, failed) }, unknown, "report"},
		{"it was killed, and Meta has it: what it lacks is for later", func(b *bench) func(*audience.Receipt) { return b.underway }, known, filling},
		{"it was killed, and Meta does not have it", func(b *bench) func(*audience.Receipt) { return b.underway }, unknown, "report"},
		{"it was killed before it sent anything: nobody knows whom it has", func(*bench) func(*audience.Receipt) { return killed }, unknown, "report"},
		{"everybody in it opted out", func(*bench) func(*audience.Receipt) { return done }, unknown, "chunks-replace-open-00002.json 00002"},
		{"all of it is of another schema", func(*bench) func(*audience.Receipt) { return nothing }, unknown, "chunks-replace-open-00002.json 00002"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, audience.ModeReplace)
			require.Equal(t, opener, b.next())
			if c.known {
				b.meta.sessions[b.session()] = &meta.SessionStatus{ID: b.session(), Stage: "uploading", Received: 1, Start: b.now}
			}
			b.receipt("00001", 1, c.receipt(b))
			assert.Equal(t, c.want, b.next())
			if c.want == "report" {
				assert.Zero(t, b.replaceDoc().OpenedAt, "the audience is as it was")
				b.planned() // the run is continued
				assert.Equal(t, opener, b.next())
			}
		})
	}
}

func TestNobodyToBeginWith(t *testing.T) {
	b := newBench(t, audience.ModeReplace)
	require.Equal(t, opener, b.next())
	b.receipt("00001", 1, nothing)
	require.Equal(t, "chunks-replace-open-00002.json 00002", b.next())
	b.receipt("00002", 1, nothing)
	require.ErrorContains(t, b.fails(audience.Gate), "none of the match's 30 rows that may be sent has values for all of EMAIL")
}

// TestLostOrdersAreGivenAgain: the task that gave them was killed before the state machine read them. A Map whose tasks never
// start is no reason to go on for ever.
func TestLostOrdersAreGivenAgain(t *testing.T) {
	b := newBench(t, audience.ModeReplace)
	assert.Equal(t, opener, b.next())
	assert.Equal(t, opener, b.next())
	assert.Equal(t, "report", b.next())

	b = begun(t)
	assert.Equal(t, filling, b.next())
	assert.Equal(t, filling, b.next())
	assert.Equal(t, closer, b.next(), "what is left is added later")
	assert.Equal(t, closer, b.next())
	assert.Equal(t, "wait 30", b.next())
}

// TestWhatIsSentInTheSession has one line for what may have become of chunk 00002.
func TestWhatIsSentInTheSession(t *testing.T) {
	for _, c := range []struct {
		name    string
		receipt func(*audience.Receipt)
		age     time.Duration
		want    string
	}{
		{"not begun", nil, 0, filling},
		{"failed before", failed, 0, filling},
		{"done", done, 0, closer},
		{"what it lacks is for later", nothing, 0, closer},
		{"just in time", nil, 80*time.Minute - 1, filling},
		{"too late", nil, 80 * time.Minute, closer},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := begun(t)
			if c.receipt != nil {
				b.receipt("00002", 1, c.receipt)
			}
			b.now = b.now.Add(c.age)
			assert.Equal(t, c.want, b.next())
		})
	}
}

// TestFailuresInTheSessionAreTriedOnce: then the session is ended, and the rest is added.
func TestFailuresInTheSessionAreTriedOnce(t *testing.T) {
	b := begun(t)
	require.Equal(t, filling, b.next())
	b.receipt("00002", 1, failed)
	require.Equal(t, closer, b.next())
	b.ended(audience.ClosedByBatch)
	require.Equal(t, "chunks-replace-rest.json 00002 00003", b.next())
	b.receipt("00002", 2, failed)
	b.receipt("00003", 1, done)
	require.Equal(t, "report", b.next())
	assert.False(t, b.has(stateLast), "not all of it was sent")
	b.planned() // the run is continued
	require.Equal(t, "chunks-replace-rest.json 00002", b.next())
	b.receipt("00002", 3, done)
	require.Equal(t, "report", b.next())
	assert.True(t, b.has(stateLast))
}

// TestHowASessionEnds has one line for what the closing task has left and what Meta says.
func TestHowASessionEnds(t *testing.T) {
	uploading := &meta.SessionStatus{Stage: "uploading", Start: noon}
	finished := &meta.SessionStatus{Stage: "finished", Start: noon, End: noon.Add(time.Minute)}
	timedOut := &meta.SessionStatus{Stage: "timed_out", Start: noon, End: noon.Add(90 * time.Minute)}
	for _, c := range []struct {
		name     string
		how      string // nothing: the task left no word
		session  *meta.SessionStatus
		status   int
		after    time.Duration
		want     string
		timedOut bool
		partial  bool
	}{
		{"by its last batch", audience.ClosedByBatch, nil, 200, 0, adding, false, false},
		{"by Meta's clock, as Meta told the task", audience.ClosedByTime, nil, 200, 0, adding, true, false},
		{"in part", audience.ClosedPartly, nil, 200, 0, "chunks-replace-rest.json 00001 00002 00003", false, true},
		{"the task was killed, Meta has ended it", "", finished, 200, 0, adding, false, false},
		{"the task was killed, Meta's clock has ended it", "", timedOut, 200, 2 * time.Hour, adding, true, false},
		{"the task was killed, nothing came of it", "", uploading, 414, 0, closer, false, false},
		{"the task was killed, Meta does not show it yet", "", nil, 200, 0, closer, false, false},
		{"nobody may be sent to end it", audience.ClosedByNobody, uploading, 414, 0, "wait 30", false, false},
		{"nobody may be sent, and it has ended", audience.ClosedByNobody, timedOut, 414, 2 * time.Hour, "wait 30", true, false},
		{"Meta does not know it, and works on it", audience.ClosedUnknown, nil, 414, 0, "wait 30", false, false},
		{"Meta does not know it, and is done", audience.ClosedUnknown, nil, 200, 0, adding, false, false},
		{"Meta does not know it after 90 minutes, and is done", audience.ClosedUnknown, nil, 200, 90 * time.Minute, adding, true, false},
		{"stuck: it is closed again after an hour", audience.ClosedByNobody, uploading, 414, time.Hour, closer, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := filled(t)
			require.Equal(t, closer, b.next())
			if c.how != "" {
				b.ended(c.how)
			}
			b.meta.sessions[b.session()], b.meta.status = c.session, c.status
			b.now = b.now.Add(c.after)
			assert.Equal(t, c.want, b.next())
			doc := b.replaceDoc()
			assert.Equal(t, c.timedOut, doc.TimedOut)
			assert.Equal(t, c.partial, doc.Partial)
			assert.Equal(t, c.want == adding || c.partial || c.timedOut, !doc.ClosedAt.IsZero())
		})
	}
}

// TestSessionThatTimedOutBeforeItWasClosed is a run that was continued hours later.
func TestSessionThatTimedOutBeforeItWasClosed(t *testing.T) {
	b := begun(t)
	require.Equal(t, filling, b.next())
	b.now = b.now.Add(5 * time.Hour)
	b.planned()
	b.meta.sessions[b.session()] = &meta.SessionStatus{Stage: "timed_out", Start: noon, End: noon.Add(90 * time.Minute)}
	require.Equal(t, "chunks-replace-rest.json 00002 00003", b.next(), "no last batch is sent to what is over")
	assert.True(t, b.replaceDoc().TimedOut)
}

// TestPartialReplace: a task that was told so left word in its receipt.
func TestPartialReplace(t *testing.T) {
	b := begun(t)
	require.Equal(t, filling, b.next())
	b.receipt("00002", 1, both(b.carried(1), partial))
	require.Equal(t, closer, b.next())
	b.ended(audience.ClosedByBatch)
	require.Equal(t, "chunks-replace-rest.json 00001 00002 00003", b.next(), "all that it carried is added again")
	assert.True(t, b.replaceDoc().Partial)
	for _, id := range []string{"00001", "00002", "00003"} {
		b.receipt(id, 2, done)
	}
	require.Equal(t, "report", b.next())
}

// TestWhatTheStatusMeansForTheRest has one line for each status that Meta can give when the session is over.
func TestWhatTheStatusMeansForTheRest(t *testing.T) {
	for _, c := range []struct {
		status int
		left   bool
		want   string // nothing: it fails
	}{
		{200, true, adding}, {200, false, "report"},
		{414, true, "wait 30"}, {414, false, "report"},
		{411, true, adding}, {441, true, adding}, {0, true, adding},
		{415, true, ""}, {471, true, ""},
	} {
		b := closed(t)
		b.meta.status = c.status
		if !c.left {
			b.receipt("00003", 1, done)
		}
		if c.want == "" {
			require.ErrorContains(t, b.fails(audience.Action), "status")
			continue
		}
		assert.Equal(t, c.want, b.next(), c.status)
		assert.Equal(t, c.status == 414, b.has(stateOpen), "the next run must know whose replace it is, until it is over")
	}
}

func TestMetaThatDoesNotAnswer(t *testing.T) {
	b := closed(t)
	b.meta.err = audience.Fail(audience.Transient, "", errors.New("the connection broke"))
	require.ErrorContains(t, b.fails(audience.Transient), "the connection broke")
	b.meta.err = nil
	assert.Equal(t, "wait 30", b.next())
}

// TestReplaceThatALaterRunHasEnded must not put its people on top of that run's.
func TestReplaceThatALaterRunHasEnded(t *testing.T) {
	for name, b := range map[string]*bench{"before this one heard of its opener": begun(t), "before it settled": closed(t)} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, b.deps.State.Delete(t.Context(), audience.OpenReplaceFile))
			b.meta.status = 200
			require.ErrorContains(t, b.fails(audience.Invalid), "a later run has ended it")
			other := audience.OpenReplace{Schema: 1, Run: "r2", AudienceID: "7", Session: 9}
			b.put(stateOpen, other)
			if !b.replaceDoc().OpenedAt.IsZero() {
				require.ErrorContains(t, b.fails(audience.Invalid), "a later run has ended it")
				assert.Equal(t, other, get[audience.OpenReplace](b, stateOpen))
			}
		})
	}
}

func TestMatchThatWasMadeAgain(t *testing.T) {
	b := closed(t)
	b.meta.status = 200
	require.Equal(t, adding, b.next())
	plan := get[audience.Plan](b, audience.PlanFile)
	plan.Location = "file:///another/"
	b.put(audience.PlanFile, plan)
	require.ErrorContains(t, b.fails(audience.Invalid), "its match was made again")
}

// TestHowFastMetaIs is measured where nothing else was sent, and a pause between two tasks is no measure.
func TestHowFastMetaIs(t *testing.T) {
	after := func(seconds ...int) (batches []audience.Batch) {
		for _, s := range seconds {
			batches = append(batches, audience.Batch{At: noon.Add(time.Duration(s) * time.Second)})
		}
		return batches
	}
	for _, c := range []struct {
		batches []audience.Batch
		want    time.Duration
	}{
		{nil, 0},
		{after(5), 0},
		{after(5, 12), 7 * time.Second},
		{after(5, 10, 15, 4000, 4005), 5 * time.Second},
	} {
		assert.Equal(t, c.want, gapOf(c.batches))
	}
}
