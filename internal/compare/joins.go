package compare

import (
	"context"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/snapshot"
)

// writeJoins finds the rows of the match that are not in the audience for certain. It comes when all leaves are known: whoever
// may be taken out with one of them has to be sent again.
func (c *comparison) writeJoins(ctx context.Context) error {
	list := snapshot.NewList(c.State, c.Run.ID, "joins", c.taken.Keys, c.taken.Members.Bits, c.Run.Def().Limits.ChunkRows)
	defer list.Abort()
	for shard := range 1 << c.taken.Members.Bits {
		if err := c.joinsOf(ctx, shard, list); err != nil {
			return fmt.Errorf("find out who joins: %w", err)
		}
	}
	written, err := list.Close()
	c.taken.Joins, c.changes.Joins = written, written.Rows
	return err
}

// A known row is one of the base or of the match.
type known struct {
	extra uint64
	seen  bool // in the match
}

// A history is what is found out about a person.
type history struct {
	gone   int32 // rows of the base that the match does not have
	was    bool  // in the base
	is     bool  // in the match
	joins  bool  // by a row that the base has not
	resent bool  // by a row that it has
}

func (c *comparison) joinsOf(ctx context.Context, shard int, list *snapshot.List) error {
	rows := make(map[place]known, c.expected())
	people := make(map[uint64]history, c.expected())
	err := c.eachMark(ctx, &c.base.Members, shard, func(of mark) error {
		at := place{of.person, of.row}
		if _, twice := rows[at]; !twice {
			h := people[of.person]
			h.was, h.gone = true, h.gone+1
			people[of.person] = h
		}
		rows[at] = known{extra: of.extra}
		return nil
	})
	if err != nil {
		return err
	}
	marks := newMarker(c.taken.Keys)
	err = c.eachRow(ctx, &c.taken.Members, shard, func(of mark, row snapshot.Row) error {
		at := place{of.person, of.row}
		old, was := rows[at]
		if old.seen && old.extra == of.extra {
			c.changes.Duplicate++
			return nil
		}
		h := people[of.person]
		h.is = true
		if was && !old.seen {
			h.gone--
		}
		rows[at] = known{extra: of.extra, seen: true}
		fresh := !was || old.extra != of.extra
		again := !fresh && c.again.needs(marks, marks.of(row), row)
		h.joins, h.resent = h.joins || fresh, h.resent || again
		people[of.person] = h
		if !fresh && !again {
			c.changes.Kept++
			return nil
		}
		return list.Add(ctx, shard, row)
	})
	if err != nil {
		return err
	}
	for _, h := range people {
		h.count(&c.changes.People)
	}
	return nil
}

// count puts a person where they belong.
func (h history) count(m *audience.Movement) {
	switch {
	case !h.was:
		m.Joined++
	case !h.is:
		m.Left++
	case h.joins || h.gone > 0:
		m.Changed++
	default:
		m.Stayed++
		if h.resent {
			m.Resent++
		}
	}
}
