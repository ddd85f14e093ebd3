package upload

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// A guard keeps people who opted out of a run that was prepared before. It looks at the list before each batch, so that
// nobody is sent who was on it by then, and again once Meta has the batch: whoever came onto the list while it was on its
// way, which may be minutes when Meta asks to wait, is taken out of the audience again.
//
// Withheld rows keep their place in the batch: what a batch is must not depend on when it is sent, or a task that goes on
// after another could not tell what that one has sent.
type guard struct {
	list       *suppression.List // nil: nobody opted out
	remove     func(ctx context.Context, audience string, batch meta.Batch) (meta.Ack, error)
	audienceID string
	cp         *checkpoint
	log        *slog.Logger
	// owes says that nobody can be removed now, in the session of a replace: the receipt notes that it is to be done later.
	owes bool
	// closed says that a row of the chunk may have been sent a second time, to end a replace.
	closed bool

	set *suppression.Set // nil until the first batch
}

// withhold takes out of the batch whoever is on the list now.
func (g *guard) withhold(ctx context.Context, b *batch) (err error) {
	switch {
	case g.list == nil:
		return nil
	case g.set == nil:
		g.set, err = g.list.Load(ctx)
	default:
		err = g.set.Refresh(ctx)
	}
	if err != nil || g.set.Empty() {
		return err
	}
	b.withhold(g.set)
	return nil
}

// sent follows up a batch that Meta has taken.
func (g *guard) sent(ctx context.Context, b *batch) error {
	before := b.withheld()
	if err := g.withhold(ctx, b); err != nil {
		return err
	}
	return g.takeBack(ctx, b, b.withheld() > before)
}

// takeBack removes the batch's withheld people from the audience, if this batch or one of an attempt before it may have
// added them after they opted out. late: this one did.
func (g *guard) takeBack(ctx context.Context, b *batch, late bool) error {
	switch {
	case b.withheld() == 0, !late && g.cp.receipt.Attempts == 1 && !g.closed:
		return nil
	case g.owes:
		g.cp.owe(b)
		return nil
	}
	session := meta.Session{ID: withheldSession(&g.cp.receipt, b), Seq: 1, Last: true, EstimatedTotal: b.withheld()}
	if _, err := g.remove(ctx, g.audienceID, b.opted.Batch(session)); err != nil {
		return fmt.Errorf("remove %d people who opted out while they were sent: %w", b.withheld(), err)
	}
	g.log.InfoContext(ctx, "removed people who opted out while they were sent", "group", b.group.name, "batch", b.seq, "rows", b.withheld())
	return nil
}

// withhold moves the rows of people on the list out of the payload.
func (b *batch) withhold(set *suppression.Set) {
	b.mark()
	finding := b.group.finding
	width, kept := len(finding), 0
	b.payload.MoveTo(b.opted, func(row int) bool {
		marks := b.marks[row*width : (row+1)*width]
		for i, mark := range marks {
			if set.Has(b.group.schema[finding[i]], mark) {
				return true
			}
		}
		b.rows[kept] = b.rows[row]
		copy(b.marks[kept*width:], marks)
		kept++
		return false
	})
	b.rows, b.marks = b.rows[:kept], b.marks[:kept*width]
}

// mark finds the marks of the batch's rows, unless they are there. Most uploads never ask for them.
func (b *batch) mark() {
	if len(b.marks) > 0 {
		return
	}
	var values [][]byte
	for row := range b.rows {
		values = b.payload.People(row, values[:0])
		for _, i := range b.group.finding {
			b.marks = append(b.marks, suppression.MarkOf(values[i], b.group.schema[i].Hashed()))
		}
	}
}
