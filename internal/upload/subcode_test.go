package upload

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// Each subcode of error 2650 has a test here in which the sandbox comes to it by itself, but for 1870148, which it has by a
// fault only.

// foreign has somebody else send a batch of a replace.
func (r *replaceBench) foreign(session int64, seq int, last bool) {
	r.t.Helper()
	p := meta.NewPayload([]audience.Key{audience.Email})
	p.BeginRow()
	p.Value([]byte(sha("foreign@example.org")))
	p.EndRow()
	_, err := r.hooks.Meta.ReplaceUsers(r.t.Context(), r.id, p.Batch(meta.Session{ID: session, Seq: seq, Last: last}))
	require.NoError(r.t, err)
}

func newEmails(t *testing.T, cfg sandbox.Config) (*replaceBench, [][]string) {
	t.Helper()
	rows := emails(60)
	return newReplace(t, cfg, []string{"email"}, rows, 20, 5), rows
}

// TestTooManyToReplace (1870144) changes nothing, and names the mode that can.
func TestTooManyToReplace(t *testing.T) {
	r, _ := newEmails(t, sandbox.Config{ReplaceBelow: 2})
	_, err := r.task("00001")
	require.ErrorContains(t, err, "100 million")
	require.ErrorContains(t, err, "mode mirror")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	kept := r.receiptOf("00001")
	assert.Empty(t, kept.Pending)
	assert.Equal(t, int64(20), kept.Failed)
	assert.NotNil(t, kept.Failure)
	assert.Len(t, membersOf(t, r.bench, r.server), 2, "who was there before")
}

// TestAnotherReplaceIsInProgress (1870145) has the opener end as throttled, and begin when the other is over.
func TestAnotherReplaceIsInProgress(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	r.foreign(99, 1, false)
	_, err := r.task("00001")
	require.Error(t, err)
	assert.Equal(t, audience.Throttled, audience.ClassOf(err), err)
	assert.Equal(t, meta.UpdateInProgress, meta.ReplaceSubcode(err))
	assert.Empty(t, r.receiptOf("00001").Pending)
	r.foreign(99, 2, true)
	r.all()
	r.complete(membersOfEmails(rows))
	assert.NotContains(t, r.hooks.calls, "add")
}

// TestFirstBatchIsNotSeen (1870147) has the other batches wait for it: they are not sent in a session that nobody began, and
// when somebody has, they are.
func TestFirstBatchIsNotSeen(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	r.replace(func(d *audience.Replace) { d.OpenedAt = r.now() })
	_, err := r.task("00002")
	require.Error(t, err)
	assert.Equal(t, audience.Transient, audience.ClassOf(err), err)
	assert.Equal(t, meta.FirstBatchUnseen, meta.ReplaceSubcode(err))
	kept := r.receiptOf("00002")
	assert.Empty(t, kept.Pending, "Meta said that it has taken nothing")
	assert.Empty(t, kept.Batches)
	assert.Len(t, membersOf(t, r.bench, r.server), 2, "who was there before")
	assert.Equal(t, audience.ClosedUnknown, r.close().How)
	r.replace(func(d *audience.Replace) { d.OpenedAt, d.ClosedAt = time.Time{}, time.Time{} })
	r.open()
	r.sent(r.ids()...)
	assert.Equal(t, audience.ClosedByBatch, r.close().How, "it is tried again")
	r.settle()
	r.complete(membersOfEmails(rows))
	assert.NotContains(t, r.hooks.calls, "add")
}

// TestReplaceIsTakenInPart (1870148): nobody knows whom Meta lost, so that everybody is added again, those too whose batches
// it had acknowledged.
func TestReplaceIsTakenInPart(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	r.open()
	r.sent("00002")
	r.fault(sandbox.Fault{Fault: "error", Code: 2650, Subcode: meta.PartlyUpdated, On: "usersreplace", After: 1, Count: 1})
	receipt, err := r.task("00003")
	require.NoError(t, err)
	assert.True(t, receipt.Partial)
	assert.Nil(t, receipt.Failure)
	assert.Equal(t, []int64{5, 15}, []int64{receipt.Sent, receipt.Failed}, "nothing more was sent in the session")
	require.True(t, r.receiptOf("00002").Done)
	r.fault(sandbox.Fault{Fault: "error", Code: 2650, Subcode: meta.PartlyUpdated, On: "usersreplace", Count: 1, Done: true})
	assert.Equal(t, audience.ClosedPartly, r.close().How)
	r.lose(rows[0][0], rows[25][0]) // of batches that were acknowledged
	r.replace(func(d *audience.Replace) { d.Partial = true })
	r.settle()
	r.complete(membersOfEmails(rows))
	assert.Zero(t, r.carried(), "the receipts have only what was added since")
	for _, id := range r.ids() {
		kept := r.receiptOf(id)
		assert.Equal(t, kept.Rows, kept.Sent)
	}
	adds := len(r.hooks.calls)
	r.sent(r.ids()...)
	assert.Len(t, r.hooks.calls, adds, "once")
}

// lose has Meta forget people, in the middle of a replace too.
func (r *replaceBench) lose(addresses ...string) {
	r.t.Helper()
	p := meta.NewPayload([]audience.Key{audience.Email})
	for _, a := range addresses {
		p.BeginRow()
		p.Value([]byte(sha(a)))
		p.EndRow()
	}
	remover, is := r.hooks.Meta.(meta.AccountRemover)
	require.True(r.t, is)
	_, err := remover.RemoveFromAll(r.t.Context(), "act_1", p.Batch(meta.Session{ID: 3, Seq: 1, Last: true}))
	require.NoError(r.t, err)
}

// TestReplaceTimedOut (1870158) has Meta's clock be ahead of what the run knows: what it no longer takes is added.
func TestReplaceTimedOut(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	r.open()
	r.sent("00002")
	r.server.Clock().Advance(91 * time.Minute)
	receipt, err := r.task("00003")
	require.NoError(t, err)
	assert.Equal(t, int64(20), receipt.Failed)
	assert.Empty(t, receipt.Pending)
	assert.Equal(t, 1, receipt.Attempts)
	c := r.close()
	assert.Equal(t, audience.ClosedByTime, c.How)
	r.settle()
	r.complete(membersOfEmails(rows))
}

// TestReplaceWasFinished (1870159) has the session end before its last chunk: what it no longer takes is added.
func TestReplaceWasFinished(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	r.open()
	r.sent("00002")
	r.foreign(replaceSession, 1000, true)
	receipt, err := r.task("00003")
	require.NoError(t, err)
	assert.Equal(t, int64(20), receipt.Failed)
	assert.Empty(t, receipt.Pending)
	assert.Equal(t, audience.ClosedByBatch, r.close().How, "it is closed, whoever did it")
	r.lose("foreign@example.org")
	r.settle()
	r.complete(membersOfEmails(rows))
}

// TestAudienceThatCannotBeReplaced (2650 alone) changes nothing.
func TestAudienceThatCannotBeReplaced(t *testing.T) {
	r, _ := newEmails(t, sandbox.Config{})
	r.status(415)
	_, err := r.task("00001")
	require.ErrorContains(t, err, "its operation status is 200")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	assert.Empty(t, r.receiptOf("00001").Pending)
	assert.Len(t, membersOf(t, r.bench, r.server), 2, "who was there before")
}
