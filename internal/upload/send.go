package upload

import (
	"context"
	"fmt"
	"log/slog"

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
