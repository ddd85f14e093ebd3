package advance

import (
	"context"
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

const (
	sessionLife = 90 * time.Minute // Meta ends a session then
	lastOrder   = 80 * time.Minute // nothing is sent in a session this old: uploads keep to that too
	closeAgain  = time.Hour        // after which a closing batch is sent again that did not end the session
)

// The passes of a replace.
const (
	passOpen  = "replace-open-" // and the chunk that begins the session
	passFill  = "replace-fill"  // all other chunks that share it
	passClose = "replace-close" // its last batch
	passEnd   = "replace-end"   // the last batch of an earlier run's
	passRest  = "replace-rest"  // what it did not carry
)

// replace leads a replace through its passes. Each step gives what is still to be done for it, or nil when it is done.
func (t *turn) replace(ctx context.Context) (*audience.Upload, error) {
	if t.plan.Replace == nil {
		return nil, audience.Failf(audience.Invalid, "read %s: it has no layout for a replace: start a new run", audience.PlanFile)
	}
	r, err := t.replaceDocument(ctx)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *audience.Replace) (*audience.Upload, error){t.begin, t.fill, t.end, t.settle} {
		if next, err := step(ctx, r); next != nil || err != nil {
			return next, err
		}
	}
	return t.rest(ctx, r)
}

// replaceDocument reads replace.json, or begins one. One that is about another run's session has served its purpose.
func (t *turn) replaceDocument(ctx context.Context) (*audience.Replace, error) {
	r, err := t.own(ctx)
	session := audience.SessionID(fmt.Appendf(nil, "%q %q %q %q replace", t.Run.ID, t.Run.Tenant, t.Run.Audience, t.plan.Location))
	switch {
	case err != nil:
		return nil, err
	case r != nil && r.Session == session:
		return r, nil
	case r != nil && !r.OpenedAt.IsZero():
		return nil, audience.Failf(audience.Invalid, "continue the replace of run %s: its match was made again since it began: start a new run", t.Run.ID)
	}
	r = &audience.Replace{Schema: audience.DocumentVersion, Group: t.plan.Group(), Closing: t.plan.Replace.Batches + 1, Session: session}
	return r, t.save(ctx, r)
}

// own is replace.json; nil when there is none of this run's own session.
func (t *turn) own(ctx context.Context) (*audience.Replace, error) {
	var r audience.Replace
	is, err := t.Folder.FindDocument(ctx, audience.ReplaceFile, &r, &r.Schema)
	if err != nil || !is || r.Of != "" {
		return nil, err
	}
	return &r, nil
}

func (t *turn) save(ctx context.Context, r *audience.Replace) error {
	return t.Folder.WriteJSON(ctx, audience.ReplaceFile, r)
}

// begin has one chunk sent alone, until Meta has taken the session's first batch: with that everybody else is removed. A
// chunk that has nobody to begin with is followed by another. One that failed ends the upload: the audience is as it was.
func (t *turn) begin(ctx context.Context, r *audience.Replace) (*audience.Upload, error) {
	if !r.OpenedAt.IsZero() {
		return nil, nil //nolint:nilnil // done
	}
	began, err := t.began(ctx, r)
	if err != nil {
		return nil, err
	}
	if !began.IsZero() {
		if err := t.stillOurs(ctx, r); err != nil {
			return nil, err
		}
		r.OpenedAt = began
		return nil, t.save(ctx, r)
	}
	if err := t.announce(ctx, r); err != nil {
		return nil, err
	}
	for _, c := range t.chunks {
		s := t.sent[c.ID]
		if c.FirstBatch == 0 || s.hadNobody(r.Session) {
			continue
		}
		next, err := t.pass(ctx, passOpen+c.ID, []audience.Chunk{c})
		if next == nil && err == nil {
			return t.report(), nil
		}
		return next, err
	}
	return nil, audience.Fail(audience.Gate, "let the query leave a column out that is always empty, or use mode mirror or add",
		fmt.Errorf("begin the replace of audience %s: Meta takes only rows of one kind in a replace, and none of the match's %d rows that may be sent has values for all of %s",
			t.audienceID, t.plan.Rows, r.Group))
}

// began is when the session began; zero: Meta has nothing of it. A batch whose answer was lost has no place in a receipt, so
// Meta is asked when a chunk was about to begin it.
func (t *turn) began(ctx context.Context, r *audience.Replace) (time.Time, error) {
	at, tried, acknowledged := time.Time{}, false, false
	for id, s := range t.sent {
		c, is := s.sessions[r.Session]
		if !is {
			continue
		}
		tried = true
		if c.batches > 0 {
			acknowledged, r.Closer = true, id
		}
		if at.IsZero() || !c.first.IsZero() && c.first.Before(at) {
			at = c.first
		}
	}
	if !tried || acknowledged {
		return at, nil
	}
	s, err := t.Meta.SessionStatus(ctx, t.audienceID, r.Session)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("see whether the replace has begun: %w", err)
	case s == nil || s.Received == 0:
		return time.Time{}, nil
	case at.IsZero():
		at = s.Start
	}
	return at, nil
}

// fill has all other chunks sent that share the session, and the one that began it if it has failed since.
func (t *turn) fill(ctx context.Context, r *audience.Replace) (*audience.Upload, error) {
	if !r.ClosedAt.IsZero() || t.now.Sub(r.OpenedAt) >= lastOrder {
		return nil, nil //nolint:nilnil // done
	}
	return t.pass(ctx, passFill, t.open(func(c audience.Chunk) bool {
		s := t.sent[c.ID]
		return c.FirstBatch > 0 && (s == nil || s.failed) // what one without a failure lacks is for later
	}))
}

// end has the session's last batch sent, and waits until the session is over.
func (t *turn) end(ctx context.Context, r *audience.Replace) (*audience.Upload, error) {
	if !r.ClosedAt.IsZero() {
		return nil, nil //nolint:nilnil // done
	}
	over, err := t.over(ctx, r)
	if err != nil {
		return nil, err
	}
	if over {
		for _, s := range t.sent {
			r.Partial = r.Partial || s.partial
		}
		return nil, t.save(ctx, r)
	}
	return t.close(ctx, r)
}

// close orders the closing batch of the session in replace.json: again when the order was lost, and again when the session
// is still there long after. In between it waits.
func (t *turn) close(ctx context.Context, r *audience.Replace) (*audience.Upload, error) {
	tried, err := t.closing(ctx, r.Session)
	if err != nil {
		return nil, err
	}
	name := passClose
	if r.Of != "" {
		name = passEnd
	}
	p := t.ordered(name)
	if p != nil && (tried != nil || p.Orders >= ordersOfNothing) && t.now.Sub(p.At) < closeAgain {
		return t.wait(ctx, r)
	}
	if p == nil {
		t.passes = append(t.passes, audience.Pass{Name: name})
		p = &t.passes[len(t.passes)-1]
	}
	p.Orders, p.At = p.Orders+1, t.now
	return t.upload(ctx, name, []audience.Chunk{{ID: audience.CloseChunk}})
}

// closing is what the task that ends a session has left; nil: nothing about this session.
func (t *turn) closing(ctx context.Context, session int64) (*audience.Closing, error) {
	var c audience.Closing
	is, err := t.Folder.FindDocument(ctx, audience.ClosingFile, &c, &c.Schema)
	if err != nil || !is || c.Session != session {
		return nil, err
	}
	return &c, nil
}

// over finds out whether and how the session ended, and puts it into r: by the task that ended it, by what Meta says of the
// session, and when Meta says nothing of it, by the audience's status.
func (t *turn) over(ctx context.Context, r *audience.Replace) (bool, error) {
	c, err := t.closing(ctx, r.Session)
	if err != nil {
		return false, err
	}
	if c != nil {
		switch c.How {
		case audience.ClosedByBatch, audience.ClosedByTime, audience.ClosedPartly:
			r.ClosedAt, r.TimedOut, r.Partial = c.At, c.How == audience.ClosedByTime, c.How == audience.ClosedPartly
			return true, nil
		}
	}
	if t.ordered(passClose) == nil && t.now.Sub(r.OpenedAt) < sessionLife {
		return false, nil // nobody has ended it yet
	}
	s, err := t.Meta.SessionStatus(ctx, t.audienceID, r.Session)
	if err != nil {
		return false, fmt.Errorf("see whether the replace has ended: %w", err)
	}
	if s != nil {
		if s.End.IsZero() {
			return false, nil
		}
		r.ClosedAt, r.TimedOut = s.End, s.End.Sub(s.Start) >= sessionLife
		return true, nil
	}
	if c == nil && t.now.Sub(r.OpenedAt) < sessionLife {
		return false, nil // it may be too young to be shown
	}
	busy, err := t.busy(ctx)
	if err != nil || busy {
		return false, err
	}
	r.ClosedAt, r.TimedOut = t.now, t.now.Sub(r.OpenedAt) >= sessionLife
	return true, nil
}

// rest adds what the session did not carry, or everything when Meta took it in part only. Then the upload is over.
func (t *turn) rest(ctx context.Context, r *audience.Replace) (*audience.Upload, error) {
	left := t.left(r)
	if next, err := t.pass(ctx, passRest, left); next != nil || err != nil {
		return next, err
	}
	if len(left) == 0 {
		if err := t.remember(ctx, r); err != nil {
			return nil, err
		}
	}
	return t.report(), nil
}

func (t *turn) left(r *audience.Replace) []audience.Chunk {
	var left []audience.Chunk
	for _, c := range t.chunks {
		s := t.sent[c.ID]
		if s == nil || !s.done || r.Partial && s.sessions[r.Session].batches > 0 {
			left = append(left, c)
		}
	}
	return left
}

// settle waits until Meta is done with the replace, when something is left to add: it takes nothing before.
func (t *turn) settle(ctx context.Context, r *audience.Replace) (*audience.Upload, error) {
	if !r.SettledAt.IsZero() {
		return nil, nil //nolint:nilnil // done
	}
	busy, err := t.busy(ctx)
	switch {
	case err != nil:
		return nil, err
	case busy && len(t.left(r)) > 0:
		return t.wait(ctx, r)
	case busy: // what the audience's state says of it stays, for the next run may come before Meta is done
		return nil, nil //nolint:nilnil // nothing has to wait for it
	}
	if err := t.stillOurs(ctx, r); err != nil {
		return nil, err
	}
	r.SettledAt = t.now
	if err := t.save(ctx, r); err != nil {
		return nil, err
	}
	return nil, t.State.Delete(ctx, audience.OpenReplaceFile)
}

// busy reports whether Meta is at work on the audience. That it says nothing counts as no: an upload that comes too early is
// told so.
func (t *turn) busy(ctx context.Context) (bool, error) {
	a, err := t.Meta.Audience(ctx, t.audienceID)
	if err != nil {
		return false, fmt.Errorf("see whether Meta is at work on the audience: %w", err)
	}
	severity, text := a.OperationStatus.Operation()
	switch {
	case a.OperationStatus.Code == meta.OperationReplaceFailed && (t.plan.Mode == audience.ModeReplace || t.plan.Mode == audience.ModeMirror):
		return false, audience.Fail(audience.Action, "compare its size in Ads Manager with the report of an earlier run, and start a new run with mode add: that puts the match in, and takes nobody out",
			fmt.Errorf("replace the people of audience %s: status %d: Meta took the upload and says that the replace failed, so nobody can tell who is in it", a.ID, a.OperationStatus.Code))
	case severity == meta.StatusBlocked:
		return false, audience.Fail(audience.Action, "open the audience in Ads Manager, then start the run again with its id",
			fmt.Errorf("upload to audience %s: status %d: %s", a.ID, a.OperationStatus.Code, text))
	}
	return severity == meta.StatusBusy, nil
}
