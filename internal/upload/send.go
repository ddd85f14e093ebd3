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
	"github.com/cleanreach/cleanreach/internal/table"
)

// sendChunk sends what the checkpoint does not have yet. One goroutine prepares batches, this one sends them: while one
// batch is on its way, one more is made ready in each group.
func sendChunk(ctx context.Context, deps Deps, job *job, cp *checkpoint) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	folder, ra, err := openFile(reading, job)
	if err != nil {
		return err
	}
	defer func() { _, _ = ra.Close(), folder.Close() }() // nothing was written
	names := make([]string, len(job.columns))
	for i, c := range job.columns {
		names[i] = c.Column
	}
	reader, err := table.OpenColumns(job.fileURL(), ra, ra.Size(), names)
	if err != nil {
		return fmt.Errorf("open the matched file: %w", err)
	}
	defer func() { _ = reader.Close() }()

	source := newSource(deps, job, reader)
	if err := cp.fits(source.groups()); err != nil {
		return err
	}
	batches, finish := source.start(reading, stop)
	defer func() { _ = finish() }() // before the reader is closed under it
	s := &sender{cp: cp, audienceID: job.audienceID, created: job.created, file: job.fileURL(), log: deps.Log, call: deps.Meta.AddUsers}
	s.chunkFile, s.rowGroup = job.chunk.File, reader.RowGroup
	s.guard = guard{list: deps.Suppression, remove: deps.Meta.RemoveUsers, audienceID: job.audienceID, cp: cp, log: deps.Log}
	if deps.Run.Def().Meta.Mode == audience.ModeRemove {
		s.call, s.guard.list = deps.Meta.RemoveUsers, nil // whoever opted out may be removed
	}
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
	cp         *checkpoint
	audienceID string
	created    time.Time // when this run created the audience; zero if it was there before
	file       string    // URL of the matched file
	chunkFile  string    // its name
	rowGroup   func(row int64) int
	log        *slog.Logger
	guard      guard
	call       func(ctx context.Context, audience string, batch meta.Batch) (meta.Ack, error)
}

func (s *sender) all(ctx context.Context, batches <-chan *batch) error {
	for b := range batches {
		done, err := s.cp.sent(b)
		if err == nil && !done {
			err = s.withholding(ctx, b)
		}
		if err != nil {
			return fmt.Errorf("send batch %d of %s (rows %d to %d of %s): %w", b.seq, b.group.name, b.whole.first+1, b.whole.last+1, s.file, err)
		}
		b.release()
	}
	return nil
}

// withholding delivers what is left of a batch without the people who opted out.
func (s *sender) withholding(ctx context.Context, b *batch) error {
	if err := s.guard.withhold(ctx, b); err != nil {
		return err
	}
	if len(b.rows) > 0 {
		return s.deliver(ctx, b)
	}
	if err := s.guard.takeBack(ctx, b, false); err != nil {
		return err
	}
	return s.cp.skip(ctx, b)
}

// deliver sends one batch, if need be twice: when the session turns out to be over on the way, the batch goes to a new one.
func (s *sender) deliver(ctx context.Context, b *batch) error {
	session := s.cp.session(b.group)
	if session == nil || s.cp.age(session) >= sessionRenewal {
		return s.inNewSession(ctx, b)
	}
	ack, err := s.send(ctx, b, session)
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
	ack, err := s.send(ctx, b, session)
	if err != nil {
		return err
	}
	return s.acknowledged(ctx, b, session, ack)
}

func (s *sender) send(ctx context.Context, b *batch, session *audience.Session) (meta.Ack, error) {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout-s.cp.age(session))
	defer cancel()
	ack, err := s.call(ctx, s.audienceID, b.payload.Batch(meta.Session{
		ID: session.ID, Seq: s.cp.nextSeq(session.ID), Last: b.last, EstimatedTotal: session.Estimated,
	}))
	return ack, s.young(err)
}

// creationDelay is how long an audience may be unknown to some of Meta's servers after it was created.
const creationDelay = 15 * time.Minute

// young makes an error transient that says that there is no such audience, when this run has only just created it.
func (s *sender) young(err error) error {
	const unknownObject = 803
	var refused *meta.Error
	if !errors.As(err, &refused) || refused.Code != unknownObject || s.cp.now().Sub(s.created) >= creationDelay {
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
	if ack.AudienceID != "" && ack.AudienceID != s.audienceID {
		return audience.Failf(audience.Transient, "Meta's answer is about audience %s and the batch was for %s", ack.AudienceID, s.audienceID)
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
		s.log.WarnContext(ctx, "Meta counts fewer rows than were sent", "file", s.file, "first_row", done.FirstRow+1, "last_row", done.LastRow+1,
			"sent", done.Rows, "received", done.Received, "session", session.ID)
	}
	if done.Invalid > 0 || len(ack.Samples) > 0 {
		s.log.WarnContext(ctx, "Meta refused rows", "file", s.file, "first_row", done.FirstRow+1, "last_row", done.LastRow+1,
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
