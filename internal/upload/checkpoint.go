package upload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/person"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A checkpoint is the chunk's receipt while it grows. It is for one goroutine.
type checkpoint struct {
	folder *storage.Folder
	now    func() time.Time
	log    *slog.Logger
	waited func() time.Duration

	mode      string // what becomes of the rows, as in job
	receipt   audience.Receipt
	written   []byte       // the receipt, as this task last wrote it
	before    person.Tally // what the attempts before this one had counted
	throttled float64      // seconds, of the attempts before this one
	acked     map[place]audience.Batch
	left      int64 // rows that this attempt has left for when the replace has settled
	owing     place // the batch of which people are to be taken out later
}

// A place names a batch: the same rows on every attempt.
type place struct {
	group string
	seq   int
}

func placeOf(b *batch) place { return place{b.group.name, b.seq} }

// openCheckpoint reads the chunk's receipt, or begins one, and counts the attempt in it.
func openCheckpoint(ctx context.Context, deps Deps, job *job) (*checkpoint, error) {
	cp := &checkpoint{
		folder: deps.Folder, log: deps.Log, waited: deps.Waited, mode: job.mode, acked: map[place]audience.Batch{},
		// UTC leaves the wall clock only: the monotonic one stands still while a laptop sleeps, but sessions grow old.
		now: func() time.Time { return deps.Now().UTC() },
		receipt: audience.Receipt{
			Schema: audience.DocumentVersion, Run: deps.Run.ID, Chunk: job.chunk.ID, Rows: job.chunk.Rows,
			File: job.fileURL(), FirstRow: job.chunk.FirstRow,
		},
	}
	cp.receipt.StartedAt = cp.now()
	old, err := cp.read(ctx)
	if err != nil {
		return nil, err
	}
	if old != nil {
		if job.replace.Partial && job.mode == audience.ModeAdd {
			forget(old, job.replace.Session)
		}
		cp.adopt(old)
	}
	if cp.receipt.Done {
		return cp, nil
	}
	cp.receipt.Attempts++
	cp.receipt.Task = rand.Text()
	cp.count(cp.before)
	return cp, cp.put(ctx)
}

// read gives the receipt of earlier attempts at the same rows. One of other rows (the query ran again, and its files were
// planned again) is no checkpoint: to skip its batches would leave people out.
func (c *checkpoint) read(ctx context.Context) (*audience.Receipt, error) {
	var old audience.Receipt
	err := c.folder.ReadJSON(ctx, audience.ReceiptFile(c.receipt.Chunk), &old)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for an earlier attempt at chunk %s: %w", c.receipt.Chunk, err)
	}
	r := &c.receipt
	if old.Schema != r.Schema || old.Run != r.Run || old.Chunk != r.Chunk {
		return nil, audience.Failf(audience.Invalid, "read %s%s: it is the receipt of another run or of another version: start a new run",
			c.folder.URL(), audience.ReceiptFile(r.Chunk))
	}
	if old.File != r.File || old.FirstRow != r.FirstRow || old.Rows != r.Rows {
		c.log.WarnContext(ctx, "the match was made again: starting the chunk from its beginning", "chunk", r.Chunk, "was", old.File, "is", r.File)
		return nil, nil
	}
	return &old, nil
}

func (c *checkpoint) adopt(old *audience.Receipt) {
	c.receipt = *old
	c.before = person.Tally{Unusable: old.Unusable, Reasons: old.Reasons}
	c.throttled = old.Throttled
	for _, b := range old.Batches {
		c.acked[place{b.Group, b.Seq}] = b
	}
}

// sent gives the batch as Meta acknowledged it before, or nil. Were its rows others then, skipping it would leave people out.
func (c *checkpoint) sent(b *batch) (*audience.Batch, error) {
	old, ok := c.acked[placeOf(b)]
	if !ok {
		return nil, nil //nolint:nilnil // that it was not sent is an answer
	}
	if w := b.whole; w != (span{old.FirstRow, old.LastRow, old.Rows + old.Withheld}) {
		return nil, audience.Failf(audience.Invalid, "continue after batch %d: it was rows %d to %d of %s and now is rows %d to %d: start a new run",
			b.seq, old.FirstRow, old.LastRow, c.receipt.File, w.first, w.last)
	}
	return &old, nil
}

// fits checks that the groups of the earlier attempts are still those of the chunk.
func (c *checkpoint) fits(groups []*group) error {
	for p := range c.acked {
		if !slices.ContainsFunc(groups, func(g *group) bool { return g.name == p.group }) {
			return audience.Failf(audience.Invalid, "continue chunk %s: batches of the keys %s were sent before, and now it has other keys: start a new run",
				c.receipt.Chunk, p.group)
		}
	}
	return nil
}

// balance checks at the end that every row was sent, left for later, or could not be sent.
func (c *checkpoint) balance() error {
	if r := &c.receipt; r.Failed != c.left {
		return audience.Failf(audience.Invalid, "balance the receipt of chunk %s: of its %d rows %d were sent, %d left, %d withheld and %d unusable, though all were read: start a new run",
			r.Chunk, r.Rows, r.Sent, c.left, r.Withheld, r.Unusable)
	}
	return nil
}

// session gives the group's latest session, or nil. It holds until the next one is opened. That of a replace is not the
// group's own.
func (c *checkpoint) session(g *group) *audience.Session {
	for i := len(c.receipt.Sessions) - 1; i >= 0; i-- {
		if s := &c.receipt.Sessions[i]; s.Group == g.name && s.Mode != audience.ModeReplace {
			return s
		}
	}
	return nil
}

// nextSeq is the number that the session's next batch has in it.
func (c *checkpoint) nextSeq(session int64) int {
	seq := 1
	for i := range c.receipt.Batches {
		if c.receipt.Batches[i].Session == session {
			seq++
		}
	}
	return seq
}

// openSession begins the group's next session. The receipt says so before Meta sees the first batch: a task that is
// killed in between must know how old the session is.
func (c *checkpoint) openSession(ctx context.Context, b *batch) (*audience.Session, error) {
	g, epoch := b.group, 0
	if old := c.session(g); old != nil {
		epoch = old.Epoch + 1
	}
	r := &c.receipt
	r.Sessions = append(r.Sessions, audience.Session{
		Group: g.name, ID: sessionID(r, b, epoch), Mode: c.mode, Epoch: epoch, FirstAt: c.now(), Estimated: r.Rows,
	})
	return &r.Sessions[len(r.Sessions)-1], c.save(ctx, b.seen)
}

// record puts an acknowledged batch into the receipt and saves it. How many of the batch's rows Meta received is how far
// its count of the session has grown, but not more than were sent: Meta may count a batch again whose answer was lost and
// which was sent again. Its count may also have been ahead, when another task had sent the batch already: then it covers all
// that was sent to the session, this batch included.
func (c *checkpoint) record(ctx context.Context, b *batch, s *audience.Session, ack meta.Ack) (audience.Batch, error) {
	rows := int64(len(b.rows))
	grown := max(ack.Received-s.Received, ack.Received-c.sentTo(s), 0)
	received := min(grown, rows)
	invalid := min(max(ack.Invalid-s.Invalid, 0), received)
	if s.Mode == audience.ModeReplace { // Meta counts what other chunks' batches had, too
		invalid = min(invalid, int64(len(ack.Samples)))
	}
	s.Received, s.Invalid = max(ack.Received, s.Received), max(ack.Invalid, s.Invalid)
	done := c.place(b, s.ID)
	done.Received, done.Invalid = received, invalid
	return done, c.add(ctx, b, done)
}

// skip puts a batch into the receipt of which everybody is withheld, so that nothing of it was sent.
func (c *checkpoint) skip(ctx context.Context, b *batch) error { return c.add(ctx, b, c.place(b, 0)) }

func (c *checkpoint) place(b *batch, session int64) audience.Batch {
	return audience.Batch{
		Group: b.group.name, Seq: b.seq, Session: session, FirstRow: b.whole.first, LastRow: b.whole.last,
		Rows: int64(len(b.rows)), Withheld: b.withheld(), Owed: c.owing == placeOf(b), At: c.now(),
	}
}

func (c *checkpoint) add(ctx context.Context, b *batch, done audience.Batch) error {
	r := &c.receipt
	if p := c.settle(b); p != nil && p.Session == done.Session {
		done.Number = p.Number
	}
	r.Batches = append(r.Batches, done)
	r.Sent += done.Rows
	r.Withheld += done.Withheld
	r.Received += done.Received
	r.Invalid += done.Invalid
	return c.save(ctx, b.seen)
}

// refuse keeps the first rows that Meta showed as refused. They are saved with the batch that they are of.
func (c *checkpoint) refuse(rows []audience.RefusedRow) {
	kept := &c.receipt.Refused
	*kept = append(*kept, rows[:min(len(rows), max(refusedKept-len(*kept), 0))]...)
}

// sentTo counts the rows that Meta acknowledged in a session.
func (c *checkpoint) sentTo(s *audience.Session) (rows int64) {
	for i := range c.receipt.Batches {
		if b := &c.receipt.Batches[i]; b.Session == s.ID {
			rows += b.Rows
		}
	}
	return rows
}
