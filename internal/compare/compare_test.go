package compare_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/compare"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// TestWhatIsSent compares one match with the next.
func TestWhatIsSent(t *testing.T) {
	const crowd = " 11,k@x.org,k 12,l@x.org,l 13,m@x.org,m 14,n@x.org,n 15,o@x.org,o"
	for _, c := range []struct {
		name, before, after string
		leaves, joins       string
		people              audience.Movement // without the crowd
		unusable, duplicate int64
	}{
		{name: "nothing changed", before: "1,a@x.org,a", after: "1,a@x.org,a", people: audience.Movement{Stayed: 1}},
		{name: "somebody joins", after: "1,a@x.org,a", joins: "1,a@x.org,a", people: audience.Movement{Joined: 1}},
		{name: "somebody leaves", before: "1,a@x.org,a", leaves: "1,a@x.org,a", people: audience.Movement{Left: 1}},
		{name: "another name", before: "1,a@x.org,a", after: "1,a@x.org,b", leaves: "1,a@x.org,a", joins: "1,a@x.org,b", people: audience.Movement{Changed: 1}},
		{name: "the same person in another spelling", before: "1,a@x.org,a", after: "1,A@X.org,A", people: audience.Movement{Stayed: 1}},
		{
			name: "a second row joins", before: "1,a@x.org,a", after: "1,a@x.org,a 1,b@x.org,a", joins: "1,b@x.org,a", people: audience.Movement{Changed: 1},
		},
		{
			name: "one of two rows leaves, and the person would with it", before: "1,a@x.org,a 1,b@x.org,a", after: "1,a@x.org,a",
			leaves: "1,b@x.org,a", joins: "1,a@x.org,a", people: audience.Movement{Changed: 1},
		},
		{
			name: "one who leaves by an address that another has too", before: "1,a@x.org,a ,a@x.org,b", after: "1,a@x.org,a",
			leaves: ",a@x.org,b", joins: "1,a@x.org,a", people: audience.Movement{Stayed: 1, Resent: 1, Left: 1},
		},
		{
			name: "the same, who had an id", before: "1,a@x.org,a 2,a@x.org,b", after: "1,a@x.org,a",
			leaves: "2,a@x.org,b", joins: "1,a@x.org,a", people: audience.Movement{Stayed: 1, Resent: 1, Left: 1},
		},
		{name: "a name alone", before: ",,a ,,b", after: ",,b ,,c", leaves: ",,a", joins: ",,c", people: audience.Movement{Stayed: 1, Left: 1, Joined: 1}},
		{name: "rows that come twice", before: "1,a@x.org,a 1,a@x.org,a", after: "2,b@x.org,b 2,B@x.org,b 2,b@x.org,b", leaves: "1,a@x.org,a", joins: "2,b@x.org,b", people: audience.Movement{Left: 1, Joined: 1}, duplicate: 2},
		{name: "a kept row that comes twice", before: "1,a@x.org,a", after: "1,a@x.org,a 1,a@x.org,a", people: audience.Movement{Stayed: 1}, duplicate: 1},
		{name: "nobody", after: ",, ,nobody,", unusable: 2},
	} {
		for _, shards := range []int64{2, 1000} {
			t.Run(c.name, func(t *testing.T) {
				b := newBench(t)
				b.shardRows = shards
				b.succeed("r1", c.before+crowd)
				b.shardRows = 5 - min(shards, 4) // another number of them
				changes := b.compare("r2", c.after+crowd)
				assert.Equal(t, audience.ModeMirror, changes.Mode)
				assert.Equal(t, "r1", changes.Base)
				assert.Equal(t, c.leaves, b.rows(changes, "leaves"))
				assert.Equal(t, c.joins, b.rows(changes, "joins"))
				want := c.people
				want.Stayed += 5
				assert.Equal(t, want, changes.People)
				assert.Equal(t, c.unusable, changes.Unusable)
				assert.Equal(t, c.duplicate, changes.Duplicate)
				assert.Equal(t, changes.Matched, changes.Unusable+changes.Duplicate+changes.Kept+changes.Joins)
				b.begin("r2")
				require.NoError(t, snapshot.Commit(t.Context(), b.state, "r2"))
				changes = b.compare("r3", c.after+crowd)
				assert.Zero(t, changes.Joins+changes.Leaves, "the same match again changes nothing")
			})
		}
	}
}

// TestUnfinishedRuns takes whatever a run that did not finish may have sent for sent, and may not have sent for not sent.
func TestUnfinishedRuns(t *testing.T) {
	for _, c := range []struct {
		name, base, failed, match string
		leaves, joins             string
	}{
		{"the same again", "1,a@x.org,a 2,b@x.org,b", "2,b@x.org,b 3,c@x.org,c", "2,b@x.org,b 3,c@x.org,c", "1,a@x.org,a", "3,c@x.org,c"},
		{"back to what it was", "1,a@x.org,a 2,b@x.org,b", "2,b@x.org,b 3,c@x.org,c", "1,a@x.org,a 2,b@x.org,b", "3,c@x.org,c", "1,a@x.org,a"},
		{"somebody who shares an address with one whom it took out", "1,a@x.org,a ,a@x.org,b", "1,a@x.org,a", "1,a@x.org,a", ",a@x.org,b", "1,a@x.org,a"},
		{"and who stays as well", "1,a@x.org,a ,a@x.org,b", "1,a@x.org,a", "1,a@x.org,a ,a@x.org,b", "", ",a@x.org,b 1,a@x.org,a"},
		{"a name alone", ",,a", ",,b", ",,a", ",,b", ",,a"},
		{"it sent nothing new", "1,a@x.org,a", "1,a@x.org,a", "1,a@x.org,a", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.succeed("r1", c.base)
			for _, run := range []string{"r2", "r3"} { // a second one that fails is no different
				b.compare(run, c.failed)
				b.begin(run)
			}
			changes := b.compare("r4", c.match)
			assert.Equal(t, c.leaves, b.rows(changes, "leaves"))
			assert.Equal(t, c.joins, b.rows(changes, "joins"))
			b.begin("r4")
			require.NoError(t, snapshot.Commit(t.Context(), b.state, "r4"))
			changes = b.compare("r5", c.match)
			assert.Zero(t, changes.Joins+changes.Leaves)
		})
	}
}

// TestWithoutASnapshot sends everybody where nobody knows who is in the audience, and says why.
func TestWithoutASnapshot(t *testing.T) {
	const match = "1,a@x.org,a 2,b@x.org,b"
	for _, c := range []struct {
		name   string
		change func(b *bench)
		mode   string
		reason string
	}{
		{"the first run, of an audience with people in it", func(b *bench) { require.NoError(b.t, b.state.Delete(b.t.Context(), "mirror.json")) }, audience.ModeReplace, "no run of this audience has succeeded as a mirror yet"},
		{"the first run, of an audience that it made", func(b *bench) {
			require.NoError(b.t, b.state.Delete(b.t.Context(), "mirror.json"))
			b.preflight.Created = true
		}, audience.ModeAdd, "no run of this audience has succeeded as a mirror yet"},
		{"the first run, of an audience that nobody was sent to", func(b *bench) {
			require.NoError(b.t, b.state.Delete(b.t.Context(), "mirror.json"))
			b.preflight.Status = 410
		}, audience.ModeAdd, "no run of this audience has succeeded as a mirror yet"},
		{"a snapshot of an audience that Meta says nobody was sent to yet", func(b *bench) { b.preflight.Status = 410 }, audience.ModeMirror, ""},
		{"a replace that failed", func(b *bench) { b.preflight.Status = 415 }, audience.ModeReplace, "Meta says (status 415) that the last replace failed"},
		{"another audience", func(b *bench) { b.preflight.AudienceID = "78" }, audience.ModeReplace, "run r1 sent to another audience (77)"},
		{"other keys", func(b *bench) { b.columns = "phone,email,ln" }, audience.ModeReplace, "the keys of the match have changed from [EXTERN_ID EMAIL LN] to [EMAIL PHONE LN]"},
		{"a file is gone", func(b *bench) {
			objects, err := b.state.List(b.t.Context(), "mirror/r1/members/")
			require.NoError(b.t, err)
			require.NoError(b.t, b.state.Delete(b.t.Context(), objects[0].Key))
		}, audience.ModeReplace, "what was kept of run r1, of who is in the audience, lacks its file mirror/r1/members/shard-00000-00001.parquet"},
		{"a file is another", func(b *bench) {
			require.NoError(b.t, b.state.Write(b.t.Context(), "mirror/r1/members/shard-00000-00001.parquet", nil))
		}, audience.ModeReplace, "lacks its file"},
		{"all of it is gone", func(b *bench) { require.NoError(b.t, b.state.Delete(b.t.Context(), "mirror/r1/snapshot.json")) }, audience.ModeReplace, "what was kept of run r1, of who is in the audience, was deleted"},
		{"a run of another mode", func(b *bench) {
			require.NoError(b.t, snapshot.Touch(b.t.Context(), b.state, "x", audience.ModeAdd, b.now))
		}, audience.ModeReplace, "run x has sent to the audience since, in mode add"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			assert.Equal(t, audience.ModeReplace, b.succeed("r1", match).Mode)
			c.change(b)
			changes := b.compare("r2", match)
			assert.Equal(t, c.mode, changes.Mode)
			assert.Contains(t, changes.Reason, c.reason)
			assert.Equal(t, c.reason == "", changes.Reason == "")
			assert.Equal(t, int64(2), changes.Matched)
			if c.mode == audience.ModeMirror {
				return
			}
			assert.Empty(t, changes.Base)
			assert.Zero(t, changes.Joins+changes.Leaves+changes.Kept)
			b.begin("r2")
			assert.NotEmpty(t, b.compare("r3", match).Reason, "a run of everybody that fails leaves nothing to compare with")
			require.NoError(t, snapshot.Commit(t.Context(), b.state, "r2"))
			b.preflight.Status = 200
			assert.Equal(t, audience.ModeMirror, b.compare("r4", match).Mode)
		})
	}
}

// TestWhichReportsAreKept: of a replace that Meta took in part only, nobody knows whom it has left in the audience.
func TestWhichReportsAreKept(t *testing.T) {
	for _, c := range []struct {
		name   string
		report audience.Report
		next   string
	}{
		{"all was sent", audience.Report{Outcome: audience.OutcomeSucceeded, Mode: audience.ModeReplace, Replaced: &audience.Replaced{}}, audience.ModeMirror},
		{"Meta took it in part", audience.Report{Outcome: audience.OutcomeSucceeded, Mode: audience.ModeReplace, Replaced: &audience.Replaced{Partial: true}}, audience.ModeReplace},
		{"some failed", audience.Report{Outcome: audience.OutcomePartial, Mode: audience.ModeReplace}, audience.ModeReplace},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.compare("r1", "1,a@x.org,a")
			b.begin("r1")
			require.NoError(t, snapshot.Reported(t.Context(), b.state, b.deps("r1").Run, &c.report))
			assert.Equal(t, c.next, b.compare("r2", "1,a@x.org,a").Mode)
		})
	}
}

// TestUnfinishedSnapshotIsGone sends everybody when it is lost what a run may have sent.
func TestUnfinishedSnapshotIsGone(t *testing.T) {
	b := newBench(t)
	b.succeed("r1", "1,a@x.org,a")
	b.compare("r2", "2,b@x.org,b")
	b.begin("r2")
	require.NoError(t, b.state.Delete(t.Context(), "mirror/r2/changes/joins/part-00001.parquet"))
	changes := b.compare("r3", "1,a@x.org,a")
	assert.Equal(t, audience.ModeReplace, changes.Mode)
	assert.Contains(t, changes.Reason, "what was kept of run r2, of who is in the audience, lacks its file mirror/r2/changes/joins/part-00001.parquet")
}

// TestNobodyMatches takes everybody out where that is allowed.
func TestNobodyMatches(t *testing.T) {
	b := newBench(t)
	b.succeed("r1", "1,a@x.org,a 2,b@x.org,b")
	changes := b.succeed("r2", "")
	assert.Equal(t, "1,a@x.org,a 2,b@x.org,b", b.rows(changes, "leaves"))
	assert.Equal(t, audience.Movement{Left: 2}, changes.People)
	changes = b.succeed("r3", "2,b@x.org,b")
	assert.Equal(t, "2,b@x.org,b", b.rows(changes, "joins"))
}

// TestTooManyWouldLeave stops before anything is changed.
func TestTooManyWouldLeave(t *testing.T) {
	b := newBench(t)
	b.succeed("r1", "1,a@x.org,a 2,b@x.org,b 3,c@x.org,c")
	b.ratio = 0.5
	b.give("r2", "1,a@x.org,a")
	_, err := compare.Run(t.Context(), b.deps("r2"))
	require.ErrorContains(t, err, "2 of the 3 in it (by run r1) would be taken out")
	assert.Equal(t, audience.Gate, audience.ClassOf(err))
	_, err = b.folder("r2").Read(t.Context(), audience.ChangesFile)
	require.Error(t, err)
	changes := b.compare("r3", "1,d@x.org,d 2,e@x.org,e 3,f@x.org,f")
	assert.Equal(t, int64(3), changes.Leaves, "all rows, but nobody leaves")
	assert.Equal(t, audience.Movement{Changed: 3}, changes.People)
}

// TestWorth sends a person again whose worth has changed, and does not take them out for it.
func TestWorth(t *testing.T) {
	b := newBench(t)
	b.columns, b.mapped = "email,lookalike_value", `, "LOOKALIKE_VALUE": "ltv"`
	b.succeed("r1", "a@x.org,5 b@x.org,6")
	changes := b.compare("r2", "a@x.org,5 b@x.org,7 b@x.org,7")
	assert.Empty(t, b.rows(changes, "leaves"))
	assert.Equal(t, "b@x.org,7", b.rows(changes, "joins"))
	assert.Equal(t, audience.Movement{Stayed: 1, Changed: 1}, changes.People)
	assert.Equal(t, int64(1), changes.Duplicate)
}

// TestLimitedUse sends everybody again when the definition says something else of them.
func TestLimitedUse(t *testing.T) {
	b := newBench(t)
	b.succeed("r1", "1,a@x.org,a 2,b@x.org,b")
	b.meta = `, "data_processing_options": {"options": ["LDU"]}`
	changes := b.succeed("r2", "1,a@x.org,a 2,b@x.org,b")
	assert.Equal(t, audience.Movement{Stayed: 2, Resent: 2}, changes.People)
	assert.Zero(t, b.succeed("r3", "1,a@x.org,a 2,b@x.org,b").Joins)
}

// TestChangedTheirMind sends again who opted out and revoked it: they were taken out of the audience, but not of the snapshot.
func TestChangedTheirMind(t *testing.T) {
	const match = "1,a@x.org,a 2,b@x.org,b 3,c@x.org,c"
	b := newBench(t)
	list := b.deps("r1").Suppression
	entry := func(key audience.Key, value string) suppression.Entry {
		e := suppression.Entry{Key: key}
		copy(e.Hash[:], hashOf(value))
		return e
	}
	b.succeed("r1", match)
	b.now = b.now.Add(24 * time.Hour)
	for _, e := range []suppression.Entry{entry(audience.ExternID, "1"), entry(audience.Email, "b@x.org")} {
		for _, kind := range []suppression.Kind{suppression.Add, suppression.Revoke} {
			_, _, err := list.Append(t.Context(), kind, b.now, []suppression.Entry{e})
			require.NoError(t, err)
		}
	}
	b.now = b.now.Add(24 * time.Hour)
	changes := b.succeed("r2", match)
	assert.Equal(t, "1,a@x.org,a 2,b@x.org,b", b.rows(changes, "joins"))
	assert.Equal(t, audience.Movement{Stayed: 3, Resent: 2}, changes.People)
	b.now = b.now.Add(72 * time.Hour)
	b.succeed("r3", match)
	b.now = b.now.Add(24 * time.Hour)
	assert.Zero(t, b.compare("r4", match).Joins, "what is long over counts no more")
}

// TestChangedTheirMindLater: whoever was on the list when the base was sent was withheld, and is in the match all the same where
// the user's own job prepares.
func TestChangedTheirMindLater(t *testing.T) {
	const match = "1,a@x.org,a 2,b@x.org,b"
	b := newBench(t)
	list := b.deps("r1").Suppression
	e := suppression.Entry{Key: audience.ExternID}
	copy(e.Hash[:], hashOf("1"))
	_, _, err := list.Append(t.Context(), suppression.Add, b.now, []suppression.Entry{e})
	require.NoError(t, err)
	b.now = b.now.Add(72 * time.Hour)
	b.succeed("r1", match)
	b.now = b.now.Add(240 * time.Hour)
	assert.Zero(t, b.succeed("r2", match).Joins)
	b.now = b.now.Add(24 * time.Hour)
	_, _, err = list.Append(t.Context(), suppression.Revoke, b.now, []suppression.Entry{e})
	require.NoError(t, err)
	b.now = b.now.Add(24 * time.Hour)
	changes := b.succeed("r3", match)
	assert.Equal(t, "1,a@x.org,a", b.rows(changes, "joins"))
	b.now = b.now.Add(72 * time.Hour)
	b.succeed("r4", match)
	b.now = b.now.Add(24 * time.Hour)
	assert.Zero(t, b.compare("r5", match).Joins)
}

// TestGoingOn lets a run go on with what it was compared for, unless another has sent meanwhile.
func TestGoingOn(t *testing.T) {
	const match = "1,a@x.org,a 3,c@x.org,c"
	for _, c := range []struct {
		name string
		then func(b *bench)
		err  string
	}{
		{"nothing happened", func(*bench) {}, ""},
		{"it began", func(b *bench) { b.begin("r2") }, ""},
		{"it succeeded", func(b *bench) {
			b.begin("r2")
			require.NoError(b.t, snapshot.Commit(b.t.Context(), b.state, "r2"))
		}, ""},
		{"another was compared only", func(b *bench) { b.begin("r2"); b.compare("r3", "") }, ""},
		{"another began", func(b *bench) { b.begin("r2"); b.compare("r3", ""); b.begin("r3") }, "start a new run"},
		{"another succeeded", func(b *bench) { b.begin("r2"); b.succeed("r3", match) }, "start a new run"},
		{"another succeeded although it had not begun", func(b *bench) { b.succeed("r3", match) }, "start a new run"},
		{"one of another mode began", func(b *bench) {
			b.begin("r2")
			require.NoError(b.t, snapshot.Touch(b.t.Context(), b.state, "x", audience.ModeAdd, b.now))
		}, "start a new run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.succeed("r1", "1,a@x.org,a 2,b@x.org,b")
			first := b.compare("r2", match)
			c.then(b)
			again, err := compare.Run(t.Context(), b.deps("r2"))
			if c.err == "" {
				require.NoError(t, err)
				assert.Equal(t, first, again)
				return
			}
			require.ErrorContains(t, err, c.err)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
}

// TestTheSameAgain gives the same files for the same match: a task that was overtaken does no harm by what it still writes.
func TestTheSameAgain(t *testing.T) {
	b := newBench(t)
	b.succeed("r1", "1,a@x.org,a 2,b@x.org,b 3,c@x.org,c 4,d@x.org,d 5,e@x.org,e 6,f@x.org,f 7,g@x.org,g")
	read := func() map[string]string {
		b.compare("r2", "1,a@x.org,a 2,b@x.org,c 4,d@x.org,d 5,e@x.org,e 6,f@x.org,f 7,g@x.org,g 8,h@x.org,h 9,i@x.org,i")
		objects, err := b.state.List(t.Context(), "mirror/r2/")
		require.NoError(t, err)
		files := map[string]string{}
		for _, o := range objects {
			data, err := b.state.Read(t.Context(), o.Key)
			require.NoError(t, err)
			files[o.Key] = string(data)
		}
		require.NoError(t, b.folder("r2").Delete(t.Context(), audience.ChangesFile))
		return files
	}
	first := read()
	assert.Greater(t, len(first), 6)
	assert.Equal(t, first, read())
}
