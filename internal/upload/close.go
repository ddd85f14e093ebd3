package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// closeSession ends the session of a replace with a last batch, and writes how it ended. The batch has one row of the chunk
// that began the session: it is in the audience already, so that it changes nothing. If everybody of that chunk has opted out
// since, another chunk's row does, which is to be in the audience too; so is the row that ends another run's session. Nobody who opted out is ever sent, nor anybody whom the
// run is to remove: where nobody else is left, Meta ends the session by its clock.
func closeSession(ctx context.Context, deps Deps, docs *documents) error {
	replace := &docs.replace
	if replace.Session == 0 {
		return audience.Failf(audience.Invalid, "read %s: it names no session", audience.ReplaceFile)
	}
	if c := docs.closing; c.Session == replace.Session && c.How != audience.ClosedByNobody && c.How != audience.ClosedUnknown {
		deps.Log.InfoContext(ctx, "the replace was ended before", "session", c.Session, "how", c.How)
		return nil
	}
	if err := checkStop(ctx, deps); err != nil {
		return err
	}
	c := audience.Closing{Schema: audience.DocumentVersion, Session: replace.Session, How: audience.ClosedByNobody}
	for _, id := range docs.closers() {
		job, err := docs.job(id)
		if err != nil {
			return err
		}
		if err := closeWith(ctx, deps, job, &c); err != nil {
			return fmt.Errorf("with a row of chunk %s: %w", id, err)
		}
		if c.How != audience.ClosedByNobody {
			break
		}
	}
	if c.How == audience.ClosedByNobody {
		deps.Log.WarnContext(ctx, "nobody may be sent to end the replace: Meta ends it 90 minutes after its first batch", "session", c.Session)
	} else {
		deps.Log.InfoContext(ctx, "the session of the replace has ended", "session", c.Session, "how", c.How, "received", c.Received)
	}
	c.At = deps.Now().UTC()
	return deps.Folder.WriteJSON(ctx, audience.ClosingFile, c)
}

// closers are the chunks whose rows may end the session, the best first.
func (d *documents) closers() []string {
	if d.mode == audience.ModeRemove {
		return nil
	}
	var ids []string
	for _, c := range d.chunks {
		if !c.Remove && (c.FirstBatch > 0 || d.replace.Of != "") {
			ids = append(ids, c.ID)
		}
	}
	first := d.replace.Closer
	if first == "" && d.plan.Replace != nil {
		first = d.plan.Replace.Opener
	}
	if i := slices.Index(ids, first); i > 0 {
		ids = slices.Insert(slices.Delete(ids, i, i+1), 0, first)
	}
	return ids
}

// closeWith sends the first row of a chunk that may be sent as the session's last batch. Where there is none it does nothing.
func closeWith(ctx context.Context, deps Deps, job *job, c *audience.Closing) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	reader, done, err := job.open(reading)
	if err != nil {
		return err
	}
	defer done()
	deps.BatchRows = 1
	batches, finish := newSource(deps, job, reader).start(reading, stop)
	defer func() { _ = finish() }() // before the reader is closed under it
	g := guard{list: deps.Suppression, log: deps.Log}
	for b := range batches {
		if b.group.name == job.replace.Group {
			sent, err := closeBy(ctx, deps, job, &g, b, c)
			if sent || err != nil {
				return err
			}
		}
		b.release()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return finish()
}

// closeBy sends a batch of one row as the last, unless the row is of somebody who opted out. Where somebody does while it is
// on its way, the receipt that has the row says that he is to be taken out again.
func closeBy(ctx context.Context, deps Deps, job *job, g *guard, b *batch, c *audience.Closing) (sent bool, err error) {
	if g.set != nil {
		b.withhold(g.set) // as it was a moment ago: it is read anew only for a row that may be sent
	}
	if len(b.rows) > 0 {
		err = g.withhold(ctx, b)
	}
	if len(b.rows) == 0 || err != nil {
		return false, err
	}
	number := job.replace.Closing
	if number == 0 && job.plan.Replace != nil {
		number = job.plan.Replace.Batches + 1
	}
	ack, err := deps.Meta.ReplaceUsers(ctx, job.audienceID, b.payload.Batch(meta.Session{ID: c.Session, Seq: number, Last: true}))
	how := audience.ClosedByBatch
	if err != nil {
		if how = endings[meta.ReplaceSubcode(err)]; how == "" {
			return true, err
		}
	}
	c.How, c.Chunk, c.Number, c.Received = how, job.chunk.ID, number, ack.Received
	if err := g.withhold(ctx, b); err != nil || len(b.rows) > 0 {
		return true, err
	}
	return true, oweRow(ctx, deps, job, b)
}

// endings are what refusals of a closing batch say of the session, by their subcodes.
var endings = map[int]string{
	meta.SessionIsFinished: audience.ClosedByBatch, // by an earlier attempt, whose answer was lost
	meta.SessionTimedOut:   audience.ClosedByTime,
	meta.PartlyUpdated:     audience.ClosedPartly,
	meta.FirstBatchUnseen:  audience.ClosedUnknown,
}

// oweRow notes in the receipt of the chunk that somebody of a batch is to be taken out again. One that has not recorded the
// row yet is not done, and takes him out when it comes to it.
func oweRow(ctx context.Context, deps Deps, job *job, b *batch) error {
	var r audience.Receipt
	name := audience.ReceiptFile(job.chunk.ID)
	err := deps.Folder.ReadJSON(ctx, name, &r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("note who is to be taken out again: %w", err)
	}
	for i := range r.Batches {
		if old := &r.Batches[i]; old.Group == b.group.name && old.FirstRow <= b.whole.first && b.whole.first <= old.LastRow {
			old.Owed, r.Done = true, false
		}
	}
	return deps.Folder.WriteJSON(ctx, name, r)
}
