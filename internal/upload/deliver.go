package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

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
