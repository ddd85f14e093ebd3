package report

import (
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// replaceSession is the session that the chunks of a replace share.
const replaceSession = 77

// replaceWorld is a replace of n chunks of which the last later ones were planned for after it.
func replaceWorld(n, later int, rowsEach int64) *world {
	w := newWorld(n, rowsEach)
	w.mode, w.preflight.Mode, w.plan.Mode = audience.ModeReplace, audience.ModeReplace, audience.ModeReplace
	w.preflight.Created = false
	w.plan.Replace = &audience.ReplacePlan{Opener: "00001", Batches: 3 * (n - later), Rows: int64(n-later) * rowsEach, Later: int64(later) * rowsEach}
	w.replace = &audience.Replace{Schema: 1, Session: replaceSession, Group: "EMAIL,PHONE", OpenedAt: at(71), ClosedAt: at(140), SettledAt: at(400)}
	w.closing = &audience.Closing{Schema: 1, Session: replaceSession, How: audience.ClosedByBatch, Chunk: "00001", Number: w.plan.Replace.Batches + 1, At: at(140)}
	for i := range n - later {
		w.chunks[i].FirstBatch = 1 + 3*i
		w.inSession(w.chunks[i].ID)
	}
	return w
}

// inSession moves a chunk's batches into the session of the replace.
func (w *world) inSession(id string) {
	r := w.receipts[id]
	r.Sessions[0].ID, r.Sessions[0].Mode = replaceSession, audience.ModeReplace
	batched(r)
}

// wait makes a chunk one that has rows which are added when the replace is over.
func (w *world) wait(id string, sent int64) {
	w.fail(id, sent, audience.Transient, "", "")
	w.receipts[id].Failure = nil
}

// replacedRun was too large for 90 minutes, and the rest was added.
func replacedRun() *world {
	w := replaceWorld(5, 2, 30_000)
	w.meta.tells = closed
	return w
}

// closed tells of the session of a replace that the closing batch had a row of the opener's again.
func closed(_ int, s *meta.SessionStatus) *meta.SessionStatus {
	if s.ID == replaceSession {
		s.Received++
	}
	return s
}

// replacingRun ran into Meta's clock, and Meta is not done with it.
func replacingRun() *world {
	w := replaceWorld(4, 1, 30_000)
	w.replace.ClosedAt, w.replace.TimedOut, w.replace.SettledAt = w.replace.OpenedAt.Add(sessionLife), true, time.Time{}
	w.closing.How, w.now = audience.ClosedByTime, at(25*3600)
	w.wait("00003", 10_000)
	w.inSession("00003")
	w.lose("00004")
	w.meta.busy = 100
	return w
}

// unopenedRun was refused at its first batch.
func unopenedRun() *world {
	w := replaceWorld(3, 0, 30_000)
	w.replace, w.closing = nil, nil
	w.fail("00001", 0, audience.Action, "make a new system user token", "replace the people of the audience: the access token has expired (HTTP status 401, Meta's code 190)")
	w.receipts["00001"].Sessions = nil
	w.lose("00002")
	w.lose("00003")
	return w
}

// mirrorWorld is a mirror with chunks of leaves and then of joins, of 1,000 rows each.
func mirrorWorld(leaves, joins int) *world {
	w := newWorld(leaves+joins, 1000)
	w.prepared = prepared(400_000)
	w.mode, w.preflight.Mode, w.plan.Mode = audience.ModeMirror, audience.ModeMirror, audience.ModeMirror
	w.preflight.Created = false
	for i := range leaves + joins {
		r := w.receipts[w.chunks[i].ID]
		r.Sent, r.Received, r.Unusable, r.Reasons = r.Rows, r.Rows, 0, nil
		batched(r)
		w.chunks[i].Remove = i < leaves
	}
	w.changes = &audience.Changes{
		Schema: 1, Mode: audience.ModeMirror, Base: "lapsed-vip-2026-03-03", Matched: 400_000, Unusable: 25, Duplicate: 1200, Joins: int64(joins) * 1000,
		Leaves: int64(leaves) * 1000, Reasons: map[string]int64{"PHONE:not_a_number": 77},
		StartedAt: at(64), FinishedAt: at(65),
		People: audience.Movement{Stayed: 393_000, Changed: 500, Joined: int64(joins) * 900, Left: int64(leaves) * 800, Resent: 100},
	}
	w.changes.Kept = w.changes.Matched - w.changes.Unusable - w.changes.Duplicate - w.changes.Joins
	return w
}

func mirroredRun() *world { return mirrorWorld(3, 4) }

// leavingRun has a chunk of people who could not be taken out, so that nobody joined.
func leavingRun() *world {
	w := mirrorWorld(2, 3)
	w.tolerated = 50
	w.fail("00002", 400, audience.Throttled, "start it again later", "send batch 1: too many calls (HTTP status 400, Meta's code 80003)")
	for _, c := range w.chunks[2:] {
		w.lose(c.ID)
	}
	return w
}

// fallbackRun is a mirror that replaced everybody, as there was nothing to compare with.
func fallbackRun() *world {
	w := replaceWorld(2, 0, 30_000)
	w.mode, w.preflight.Mode = audience.ModeMirror, audience.ModeMirror
	w.changes = &audience.Changes{
		Schema: 1, Mode: audience.ModeReplace, Matched: w.plan.Rows,
		Reason: fmt.Sprintf("the match has other columns than that of run %s", "lapsed-vip-2026-03-03"),
	}
	w.meta.tells = closed
	return w
}
