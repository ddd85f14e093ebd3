package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestWhichModeRanAndWhy(t *testing.T) {
	for _, c := range []struct {
		name, asked, did string
		change           func(*world)
		reason, next     string
	}{
		{"add", audience.ModeAdd, audience.ModeAdd, func(*world) {}, "", "All is well"},
		{"a plan of an older version", audience.ModeRemove, audience.ModeRemove, func(w *world) { w.plan.Mode, w.preflight.Mode = "", "" }, "", "All is well"},
		{"a replace of an audience that the run made", audience.ModeReplace, audience.ModeAdd, func(w *world) { w.preflight.Created = true },
			"this run made the audience, so that nobody was in it", "All is well: every row"},
		{"a replace of an audience that was never used", audience.ModeReplace, audience.ModeAdd, func(w *world) { w.preflight.Created, w.preflight.Status = false, 410 },
			"nobody had been sent to the audience before, so that nobody was in it",
			"The definition says replace, and this run added the whole match: nobody had been sent to the audience before, so that nobody was in it."},
		{"a mirror that has nothing to compare with", audience.ModeMirror, audience.ModeAdd, func(w *world) {
			w.changes = &audience.Changes{Schema: 1, Mode: audience.ModeAdd, Reason: "no run of this audience has succeeded as a mirror yet"}
		}, "no run of this audience has succeeded as a mirror yet", "The definition says mirror, and this run added the whole match: no run of this audience"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := allWell()
			w.mode, w.preflight.Mode, w.plan.Mode = c.asked, c.did, c.did
			c.change(w)
			r := w.run(t)
			assert.Equal(t, c.did, r.Mode)
			assert.Equal(t, c.reason, r.ModeReason)
			assert.Equal(t, c.reason != "", r.AskedMode == c.asked)
			assert.Contains(t, next(r), c.next)
			assert.Equal(t, audience.OutcomeSucceeded, r.Outcome)
		})
	}
}

func TestEveryModeHasWords(t *testing.T) {
	for _, mode := range []string{audience.ModeAdd, audience.ModeRemove, audience.ModeReplace, audience.ModeMirror} {
		for _, text := range []string{modeTexts[mode].does, modeTexts[mode].full, modeTexts[mode].aim, modeTexts[mode].again, modeTexts[mode].fills} {
			assert.NotEmpty(t, text, mode)
		}
	}
}

// What Meta is told of limited data use is a fact of the run, but not of one that removes people: Meta is told nothing then.
func TestLimitedDataUseIsOnThePage(t *testing.T) {
	for _, c := range []struct {
		name, mode, want string
		processing       *audience.Processing
	}{
		{"nothing is said", audience.ModeAdd, "", nil},
		{"everybody", audience.ModeMirror, "for everybody of whom no column says otherwise", &audience.Processing{Options: []string{"LDU"}}},
		{"by column", audience.ModeAdd, "for nobody but those of whom a column says so", &audience.Processing{Options: []string{}}},
		{"a removal", audience.ModeRemove, "", &audience.Processing{Options: []string{"LDU"}}},
	} {
		assert.Equal(t, c.want, limited(c.processing, c.mode), c.name)
	}
}

// A run that matched nobody did nothing, so that nothing is said of what it did in the place of what it was asked to.
func TestNobodyIsNotTheWholeMatch(t *testing.T) {
	r := audience.Report{Mode: audience.ModeAdd, AskedMode: audience.ModeMirror, ModeReason: "it is the first", Outcome: audience.OutcomeSucceeded}
	assert.Equal(t, []string{"The definition says mirror, and this run added the whole match: it is the first."}, adviseMode(&r))
	r.Outcome = audience.OutcomeEmpty
	assert.Empty(t, adviseMode(&r))
}

func TestAdviceOfAReplace(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    func(*world)
		want, not string
	}{
		{"as planned", func(*world) {}, "Every row that could be sent was sent.", "replace"},
		{"Meta goes on with it", func(w *world) { w.meta.busy, w.replace.SettledAt = 100, time.Time{} },
			"Meta is still at work on the replace. It began on 4 March 2026, 05:01 UTC, and Meta may take up to 24 hours, until 5 March 2026, 05:01 UTC.", "wait until the status is 200"},
		{"somebody else's goes on", func(w *world) { w.meta.busy, w.replace = 100, nil }, "Meta's status of the audience: a replace is in progress", "still at work"},
		{"not begun", func(w *world) {
			w.replace = nil
			w.fail("00001", 0, audience.Action, "act", "no")
			w.lose("00002")
		}, "Meta took nothing of the replace: the audience is as it was.", "passing fault"},
		{"in part", func(w *world) { w.fail("00002", 10_000, audience.Action, "act", "no"); w.inSession("00002") },
			"Whoever was in the audience before this run is out of it, and of the match it has only the 69,400 rows that were sent: it is too small until the rest, 20,000 rows, is sent too.", "as it was"},
		{"not ended", func(w *world) { w.replace.ClosedAt = time.Time{} },
			"The upload session of the replace was not ended. Meta ends it by itself on 4 March 2026, 06:31 UTC, and what was sent stays.", "as it was"},
		{"not ended, for a reason", func(w *world) {
			w.replace.ClosedAt = time.Time{}
			w.failures[audience.CloseChunk] = &audience.FailureDoc{Schema: 1, Message: "end the replace: no token"}
		}, "was not ended (end the replace: no token). Meta ends", "as it was"},
		{"out of time, and the rest added", func(w *world) { w.replace.TimedOut = true },
			"The 90 minutes that Meta gives a replace were over before everything was sent. The rest, 29,700 rows, was added when Meta was done with it.", "too small"},
		{"taken in part by Meta", func(w *world) { w.replace.Partial = true }, "Meta said that it had taken the replace in part only", "too small"},
		{"another run's must end first", func(w *world) {
			w.replace = &audience.Replace{Schema: 1, Of: "run-0", Session: 5, OpenedAt: at(1)}
			for _, c := range w.chunks {
				w.lose(c.ID)
			}
		}, "Nothing more can be sent before the replace that run run-0 began has ended: it got stuck, and Meta was not done with it.", "as it was"},
		{"stopped", func(w *world) {
			w.lose("00002")
			w.lose("00003")
			w.stop = &audience.FailureDoc{Schema: 1, Class: "action", Next: "ask Meta why"}
		}, "2 of 3 chunks (60,000 rows) were not sent as a whole, because Meta refuses until a person acts. Ask Meta why.", "passing fault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := replaceWorld(3, 1, 30_000)
			w.tolerated = 100
			w.meta.tells = closed
			c.change(w)
			r := w.run(t)
			assert.Contains(t, next(r), c.want)
			assert.NotContains(t, next(r), c.not)
			assert.NoError(t, r.Rows.Balance())
		})
	}
}

// TestSessionOfAReplace: all chunks share it, and its closing batch has a row that was sent before.
func TestSessionOfAReplace(t *testing.T) {
	w := replaceWorld(4, 1, 30_000)
	w.meta.tells = closed
	r := w.run(t)
	assert.Equal(t, &audience.Verification{Sessions: 2, Told: 2, Sent: 4 * 29_700, Received: 4 * 29_700, Matched: r.Verification.Matched}, r.Verification)
	assert.Equal(t, &audience.Replaced{Session: replaceSession, OpenedAt: at(71), ClosedAt: at(140), SettledAt: at(400), Rows: 3 * 29_700, Added: 29_700}, r.Replaced)
	assert.ElementsMatch(t, []int64{replaceSession, 1004}, w.meta.asked)

	w.meta.tells = nil // Meta had the session ended already, and did not count the row
	assert.Zero(t, w.run(t).Verification.Missing)

	w.closing, w.meta.tells = nil, closed
	assert.Equal(t, int64(1), w.run(t).Verification.More, "without a closing batch the row is another's")

	w = replaceWorld(4, 1, 30_000)
	w.meta.rows, w.meta.tells = nil, nil
	w.replace.Partial = true
	r = w.run(t)
	assert.Equal(t, 1, r.Verification.Sessions, "what was in it was added again, so that it is not compared")
}

// TestTheSessionOfAReplaceIsAlwaysCompared: it stands for more rows than any other.
func TestTheSessionOfAReplaceIsAlwaysCompared(t *testing.T) {
	w := replaceWorld(500, 0, 1000)
	for _, c := range w.chunks[:400] { // these were added
		r := w.receipts[c.ID]
		r.Sessions[0].ID = 9000 + int64(len(w.meta.asked)) + r.FirstRow
		batched(r)
	}
	w.run(t)
	assert.Contains(t, w.meta.asked, int64(replaceSession))
	assert.Len(t, w.meta.asked, sessionsAsked)
}

func TestAccountOfAMirror(t *testing.T) {
	w := mirroredRun()
	r := w.run(t)
	assert.Equal(t, audience.Rows{
		Source: r.Rows.Source, NoConsent: r.Rows.NoConsent, Quarantined: r.Rows.Quarantined, Prepared: r.Rows.Prepared,
		Matched: 400_000, Unusable: 25, Duplicate: 1200, Kept: 394_775, Sent: 4000, Received: 4000, Leaves: audience.Leaves{Planned: 3000, Sent: 3000, Received: 3000},
	}, r.Rows)
	assert.Equal(t, &w.changes.People, r.People)
	assert.Equal(t, int64(77), r.SendReasons["PHONE:not_a_number"], "why values were dropped is known to who compared them")

	for name, spoil := range map[string]func(*world){
		"kept":   func(w *world) { w.changes.Kept-- },
		"joins":  func(w *world) { w.chunks = w.chunks[:6] },
		"leaves": func(w *world) { w.changes.Leaves++ },
	} {
		w := mirroredRun()
		spoil(w)
		made, err := Run(t.Context(), w.deps(t))
		require.ErrorContains(t, err, "the account of the rows does not balance", name)
		assert.Equal(t, audience.OutcomeFailed, made.Outcome)
	}
}

func TestAMirrorThatHasNothingToSend(t *testing.T) {
	w := mirrorWorld(0, 0)
	w.changes.People = audience.Movement{Stayed: 398_000}
	r := w.run(t)
	assert.Equal(t, audience.OutcomeSucceeded, r.Outcome)
	assert.Contains(t, pageOf(t, w), "The match is as it was: nothing had to be sent, and all 398,000 people stayed.")
	assert.Equal(t, "Nothing had to be sent: everybody of the match is in the audience already, and nobody else is.", r.Next[0])

	w = mirrorWorld(1, 0) // nobody matched, and the definition lets the audience be emptied
	w.changes.Matched, w.changes.Unusable, w.changes.Duplicate, w.changes.Kept = 0, 0, 0, 0
	assert.Equal(t, audience.OutcomeSucceeded, w.run(t).Outcome)
}

func TestNobodyJoinsBeforeAllHaveLeft(t *testing.T) {
	w := leavingRun()
	r := w.run(t)
	assert.Contains(t, next(r), "600 rows of people who are in the match no more are still in the audience, and nobody joins before they are out.")
	assert.NotContains(t, next(r), "passing fault")
	assert.Equal(t, "throttled", r.Failed[3].Class)

	w = mirrorWorld(2, 3)
	w.lose("00002")
	w.lose("00003")
	r = w.run(t)
	assert.Equal(t, "the chunk was never started", r.Failed[0].Message)
	assert.Equal(t, "nobody joins before all who leave are out of the audience, and not all are", r.Failed[1].Message)

	w = mirrorWorld(2, 3)
	w.fail("00005", 400, audience.Action, "act", "no")
	assert.Contains(t, next(w.run(t)), "Whoever is in the match no more is out of the audience; not all who are new are in it.")
}
