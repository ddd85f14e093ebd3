package upload

import (
	"context"
	"errors"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A replacing sends a chunk's part of a replace. All chunks share its one session, in which batch 1 removes whoever is in the
// audience: the opener sends it before anything else, and Meta takes it once. The session ends after 90 minutes, its schema is
// one group's, and no batch may be sent in it again whose fate is unknown. What it cannot take for these reasons is left, and
// added when the replace has settled.
type replacing struct {
	*sender
	session *audience.Session // in the receipt once anything was sent; no other is opened meanwhile
	opened  bool              // Meta has batch 1
	over    bool              // the session takes no more
}

// begin finds out how the session stands.
func (r *replacing) begin(ctx context.Context) error {
	replace := &r.job.replace
	if replace.Session == 0 {
		return audience.Failf(audience.Invalid, "read %s: it names no session: start a new run", audience.ReplaceFile)
	}
	session := r.cp.shared(r.job.documents)
	r.session = &session
	r.over = !replace.ClosedAt.IsZero()
	if r.opened = !replace.OpenedAt.IsZero(); r.opened && replace.OpenedAt.Before(r.session.FirstAt) {
		r.session.FirstAt = replace.OpenedAt
	}
	for i := range r.cp.receipt.Batches {
		r.opened = r.opened || r.cp.receipt.Batches[i].Session == r.session.ID
	}
	i := slices.IndexFunc(r.cp.receipt.Pending, func(p audience.Pending) bool { return p.Session == r.session.ID && p.Number == 1 })
	if r.opened || i < 0 {
		return nil
	}
	known, err := r.deps.Meta.SessionStatus(ctx, r.job.audienceID, r.session.ID)
	switch {
	case err != nil:
		return err
	case known != nil:
		r.opened = true
		r.log.InfoContext(ctx, "an earlier task began the replace", "session", r.session.ID)
		return nil
	}
	r.cp.receipt.Pending = slices.Delete(r.cp.receipt.Pending, i, i+1) // it never arrived
	return nil
}

// takes reports whether a batch that was not acknowledged is sent in the session.
func (r *replacing) takes(b *batch) bool {
	mine := !r.over && r.job.chunk.FirstBatch > 0 && b.group.name == r.session.Group
	return mine && !r.cp.pending(b) && (!r.opened || r.usual(b) > 1)
}

// usual is the number that was dealt out for a batch.
func (r *replacing) usual(b *batch) int { return r.job.chunk.FirstBatch + b.seq - 1 }

// deliver sends one batch.
func (r *replacing) deliver(ctx context.Context, b *batch) error {
	number := r.usual(b)
	switch {
	case !r.opened: // whichever batch is the first that has anybody
		number, r.session.FirstAt = 1, r.cp.now()
	case r.cp.age(r.session) >= sessionRenewal:
		return r.end(ctx, b, "it is too old to be sure of")
	}
	r.session = r.cp.share(*r.session)
	if err := r.cp.pend(ctx, b, r.session.ID, number); err != nil {
		return err
	}
	ack, err := r.send(ctx, b, r.session, number, false)
	switch late := r.cp.age(r.session) >= sessionLife; {
	case err != nil:
		return r.failed(ctx, b, number, err)
	case late:
		return r.end(ctx, b, "Meta's answer came when it was over")
	}
	r.opened = true
	return r.acknowledged(ctx, b, r.session, ack)
}

// failed says what becomes of a batch that was not acknowledged.
func (r *replacing) failed(ctx context.Context, b *batch, number int, err error) error {
	if ctx.Err() != nil {
		return err
	}
	switch meta.ReplaceSubcode(err) {
	case meta.UpdateInProgress:
		if number == 1 {
			return r.begun(ctx, b, err)
		}
	case meta.PartlyUpdated:
		r.cp.receipt.Partial = true
		return r.end(ctx, b, "Meta took the replace in part only")
	case meta.SessionTimedOut, meta.SessionIsFinished:
		r.cp.settle(b)
		return r.end(ctx, b, "Meta has ended it")
	}
	if refused := (*meta.Error)(nil); errors.As(err, &refused) {
		r.cp.settle(b) // Meta has acknowledged it to nobody: it may come again
		return err
	}
	if r.cp.age(r.session) >= sessionRenewal {
		return r.end(ctx, b, "it grew too old while Meta did not answer")
	}
	return err
}

// begun asks whether the update that is in progress is the one that this batch began, when its answer was lost. If an earlier
// task may have begun it, nobody knows whom that one left out; and if the session has another number of rows, it is not this
// batch that began it. Then the batch is left.
func (r *replacing) begun(ctx context.Context, b *batch, inProgress error) error {
	known, err := r.deps.Meta.SessionStatus(ctx, r.job.audienceID, r.session.ID)
	switch {
	case err != nil:
		return err
	case known == nil: // it is another one
		r.cp.settle(b)
		return inProgress
	}
	r.opened = true
	if r.cp.receipt.Attempts > 1 || known.Received != int64(len(b.rows)) {
		r.cp.leave(b)
		return nil
	}
	return r.acknowledged(ctx, b, r.session, meta.Ack{
		AudienceID: r.job.audienceID, SessionID: known.ID, Received: known.Received, Invalid: known.Invalid,
	})
}

// end leaves a batch and all that follow it.
func (r *replacing) end(ctx context.Context, b *batch, why string) error {
	r.over = true
	r.cp.leave(b)
	r.log.WarnContext(ctx, "the session of the replace takes no more: the rest is added when Meta is done with it", "session", r.session.ID, "because", why)
	return nil
}
