package upload

import (
	"context"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// What a receipt keeps of the session of a replace beyond acknowledged batches: which may have arrived, and whom Meta has to
// be told to take out again later.

// shared gives the session of the replace, which all chunks have in common, as the receipt has it or would have it.
func (c *checkpoint) shared(d *documents) audience.Session {
	for _, s := range c.receipt.Sessions {
		if s.ID == d.replace.Session {
			return s
		}
	}
	s := audience.Session{Group: d.replace.Group, ID: d.replace.Session, Mode: audience.ModeReplace, FirstAt: c.now()}
	if d.plan.Replace != nil {
		s.Estimated = d.plan.Replace.Rows
	}
	return s
}

// share puts a session into the receipt, in place of what it has of it. It holds until another one is put there.
func (c *checkpoint) share(s audience.Session) *audience.Session {
	all := &c.receipt.Sessions
	i := slices.IndexFunc(*all, func(old audience.Session) bool { return old.ID == s.ID })
	if i < 0 {
		i, *all = len(*all), append(*all, s)
	}
	(*all)[i] = s
	return &(*all)[i]
}

// pend notes that a batch is about to be sent. The receipt says so before Meta sees it: a task that is killed may have sent it.
func (c *checkpoint) pend(ctx context.Context, b *batch, session int64, number int) error {
	c.receipt.Pending = append(c.receipt.Pending, audience.Pending{Group: b.group.name, Seq: b.seq, Session: session, Number: number, At: c.now()})
	return c.save(ctx, b.seen)
}

// pending reports whether a batch was sent in the session and its fate is unknown.
func (c *checkpoint) pending(b *batch) bool {
	return slices.ContainsFunc(c.receipt.Pending, func(p audience.Pending) bool { return placeOf(b) == place{p.Group, p.Seq} })
}

// settle forgets that a batch's fate is unknown, and gives what was noted of it, or nil: it is acknowledged now, or Meta has
// refused it. The next save writes that; until then it is only taken for less certain than it is.
func (c *checkpoint) settle(b *batch) *audience.Pending {
	for i, p := range c.receipt.Pending {
		if placeOf(b) == (place{p.Group, p.Seq}) {
			c.receipt.Pending = slices.Delete(c.receipt.Pending, i, i+1)
			return &p
		}
	}
	return nil
}

// leave counts a batch that is added when the replace has settled.
func (c *checkpoint) leave(b *batch) { c.left += b.whole.rows }

// owe notes, for when the batch is recorded, that people of it are to be taken out of the audience later.
func (c *checkpoint) owe(b *batch) { c.owing = placeOf(b) }

// paid notes that they were taken out.
func (c *checkpoint) paid(ctx context.Context, b *batch) error {
	for i := range c.receipt.Batches {
		if old := &c.receipt.Batches[i]; placeOf(b) == (place{old.Group, old.Seq}) {
			old.Owed = false
		}
	}
	return c.save(ctx, b.seen)
}

func owed(b audience.Batch) bool { return b.Owed }

// forget takes out of a receipt what the session of a replace carried, so that it is sent again: Meta said that it took the
// replace in part only.
func forget(r *audience.Receipt, session int64) {
	before := len(r.Batches)
	r.Batches = slices.DeleteFunc(r.Batches, func(b audience.Batch) bool {
		if b.Session != session {
			return false
		}
		r.Sent -= b.Rows
		r.Withheld -= b.Withheld
		r.Received -= b.Received
		r.Invalid -= b.Invalid
		return true
	})
	if len(r.Batches) < before {
		r.Done, r.Refused = false, nil
	}
}
