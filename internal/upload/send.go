package upload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/person"
)

// sendChunk sends what the checkpoint does not have yet. One goroutine prepares batches, this one sends them: while one
// batch is on its way, one more is made ready in each group.
func sendChunk(ctx context.Context, deps Deps, job *job, cp *checkpoint) error {
	if err := checkStop(ctx, deps); err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	reader, done, err := job.open(reading)
	if err != nil {
		return err
	}
	defer done()
	source := newSource(deps, job, reader)
	if err := cp.fits(source.groups.all); err != nil {
		return err
	}
	s, err := newSender(ctx, deps, job, cp)
	if err != nil {
		return err
	}
	s.rowGroup = reader.RowGroup
	batches, finish := source.start(reading, stop)
	defer func() { _ = finish() }() // before the reader is closed under it
	sendErr := s.all(ctx, batches)
	readErr := finish() // from here on the tally is ours
	if sendErr == nil && readErr == nil {
		cp.before = person.Tally{}
	}
	cp.count(source.seen)
	switch {
	case sendErr != nil:
		return sendErr // the other is then only that reading was stopped
	case readErr != nil:
		return readErr
	}
	return cp.balance()
}

// A sender sends batches in the order in which it gets them. It is for one goroutine.
type sender struct {
	deps     Deps
	job      *job
	cp       *checkpoint
	rowGroup func(row int64) int
	log      *slog.Logger
	guard    guard
	replace  *replacing // nil outside of the session of a replace
	call     func(ctx context.Context, audience string, batch meta.Batch) (meta.Ack, error)
}

// newSender makes a sender that does with the chunk's rows what the job says.
func newSender(ctx context.Context, deps Deps, job *job, cp *checkpoint) (*sender, error) {
	s := &sender{deps: deps, job: job, cp: cp, log: deps.Log, call: deps.Meta.AddUsers}
	s.guard = guard{
		list: deps.Suppression, remove: deps.Meta.RemoveUsers, audienceID: job.audienceID, cp: cp, log: deps.Log, closed: job.closing.Chunk == job.chunk.ID,
	}
	switch job.mode {
	case audience.ModeRemove:
		s.call, s.guard.list = deps.Meta.RemoveUsers, nil // whoever opted out may be removed
	case audience.ModeReplace:
		s.call, s.guard.owes = deps.Meta.ReplaceUsers, true
		s.replace = &replacing{sender: s}
		return s, s.replace.begin(ctx)
	}
	return s, nil
}

func (s *sender) all(ctx context.Context, batches <-chan *batch) error {
	for b := range batches {
		if err := s.one(ctx, b); err != nil {
			return fmt.Errorf("send batch %d of %s (rows %d to %d of %s): %w", b.seq, b.group.name, b.whole.first+1, b.whole.last+1, s.job.fileURL(), err)
		}
		b.release()
	}
	return nil
}

// one does what is left to be done about a batch.
func (s *sender) one(ctx context.Context, b *batch) error {
	old, err := s.cp.sent(b)
	switch {
	case err != nil:
		return err
	case s.replace != nil && old == nil && !s.replace.takes(b):
		s.cp.leave(b)
		return nil
	case old != nil && (!old.Owed || s.guard.owes):
		return nil
	}
	if err := checkStop(ctx, s.deps); err != nil {
		return err
	}
	if err := s.guard.withhold(ctx, b); err != nil {
		return err
	}
	if old != nil {
		if err := s.guard.takeBack(ctx, b, true); err != nil {
			return err
		}
		return s.cp.paid(ctx, b)
	}
	return s.withoutWithheld(ctx, b)
}

// withoutWithheld delivers what is left of a batch without the people who opted out.
func (s *sender) withoutWithheld(ctx context.Context, b *batch) error {
	switch {
	case len(b.rows) == 0:
		if err := s.guard.takeBack(ctx, b, false); err != nil {
			return err
		}
		return s.cp.skip(ctx, b)
	case s.replace != nil:
		return s.replace.deliver(ctx, b)
	}
	return s.deliver(ctx, b)
}

// deliver sends one batch, if need be twice: when the session turns out to be over on the way, the batch goes to a new one.
func (s *sender) deliver(ctx context.Context, b *batch) error {
	session := s.cp.session(b.group)
	if session == nil || s.cp.age(session) >= sessionRenewal {
		return s.inNewSession(ctx, b)
	}
	ack, err := s.sendNext(ctx, b, session)
	switch late := s.cp.age(session) >= sessionLife; {
	case err == nil && !late:
		return s.acknowledged(ctx, b, session, ack)
	case err != nil && (ctx.Err() != nil || !s.over(session, err)):
		return err
	}
	s.log.WarnContext(ctx, "the upload session is over: continuing in a new one", "session", session.ID, "group", b.group.name)
	return s.inNewSession(ctx, b)
}

func (s *sender) inNewSession(ctx context.Context, b *batch) error {
	session, err := s.cp.openSession(ctx, b)
	if err != nil {
		return err
	}
	ack, err := s.sendNext(ctx, b, session)
	if err != nil {
		return err
	}
	return s.acknowledged(ctx, b, session, ack)
}

// sendNext sends a batch as the next one of its group's own session.
func (s *sender) sendNext(ctx context.Context, b *batch, session *audience.Session) (meta.Ack, error) {
	return s.send(ctx, b, session, s.cp.nextSeq(session.ID), b.last)
}

func (s *sender) send(ctx context.Context, b *batch, session *audience.Session, number int, last bool) (meta.Ack, error) {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout-s.cp.age(session))
	defer cancel()
	ack, err := s.call(ctx, s.job.audienceID, b.payload.Batch(meta.Session{ID: session.ID, Seq: number, Last: last, EstimatedTotal: session.Estimated}))
	return ack, s.young(err)
}

// creationDelay is how long an audience may be unknown to some of Meta's servers after it was created.
const creationDelay = 15 * time.Minute

// young makes an error transient that says that there is no such audience, when this run has only just created it.
func (s *sender) young(err error) error {
	const unknownObject = 803
	var refused *meta.Error
	if !errors.As(err, &refused) || refused.Code != unknownObject || s.cp.now().Sub(s.job.created) >= creationDelay {
		return err
	}
	return audience.Fail(audience.Transient, "start it again in a few minutes", fmt.Errorf("this run created the audience a moment ago: %w", refused))
}

// over reports whether a batch failed because of its session: Meta says so, or it took so long that Meta must have closed it.
func (s *sender) over(session *audience.Session, err error) bool {
	var refused *meta.Error
	if errors.As(err, &refused) && refused.SessionOver() {
		return true
	}
	return s.cp.age(session) >= sessionRenewal
}

// acknowledged checks Meta's answer against what was sent, and puts the batch into the receipt.
func (s *sender) acknowledged(ctx context.Context, b *batch, session *audience.Session, ack meta.Ack) error {
	if ack.SessionID != session.ID {
		return audience.Failf(audience.Transient, "Meta's answer is about session %d and the batch was of session %d", ack.SessionID, session.ID)
	}
	if ack.AudienceID != "" && ack.AudienceID != s.job.audienceID {
		return audience.Failf(audience.Transient, "Meta's answer is about audience %s and the batch was for %s", ack.AudienceID, s.job.audienceID)
	}
	refused := s.refusedRows(b, ack.Samples) // before more rows are withheld: Meta speaks of what it was sent
	if err := s.guard.sent(ctx, b); err != nil {
		return err
	}
	s.cp.refuse(refused)
	done, err := s.cp.record(ctx, b, session, ack)
	if err != nil {
		return err
	}
	if done.Received < done.Rows {
		s.log.WarnContext(ctx, "Meta counts fewer rows than were sent", "file", s.job.fileURL(), "first_row", done.FirstRow+1, "last_row", done.LastRow+1,
			"sent", done.Rows, "received", done.Received, "session", session.ID)
	}
	if done.Invalid > 0 || len(ack.Samples) > 0 {
		s.log.WarnContext(ctx, "Meta refused rows", "file", s.job.fileURL(), "first_row", done.FirstRow+1, "last_row", done.LastRow+1,
			"invalid", done.Invalid, "such_as_rows", inWords(refused))
	}
	return nil
}

// age is for how long a session has been open. Of one that is in the future nobody knows, because the clock was set back: it
// counts as over. Clocks that are a little off, of another machine say, do not count.
func (c *checkpoint) age(s *audience.Session) time.Duration {
	const off = time.Minute
	latest := s.FirstAt
	for i := range c.receipt.Batches {
		if b := &c.receipt.Batches[i]; b.Session == s.ID && b.At.After(latest) {
			latest = b.At
		}
	}
	now := c.now()
	if now.Before(latest.Add(-off)) {
		return sessionLife
	}
	return now.Sub(s.FirstAt)
}
