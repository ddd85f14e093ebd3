package compare

import (
	"context"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A place is a row of a person.
type place struct{ person, row uint64 }

// writeLeaves finds the rows of the base, and of what was joined since, that the match does not have.
func (c *comparison) writeLeaves(ctx context.Context) error {
	list := snapshot.NewList(c.State, c.Run.ID, "leaves", c.taken.Keys, c.taken.Members.Bits, c.Run.Def().Limits.ChunkRows)
	defer list.Abort()
	for shard := range 1 << c.taken.Members.Bits {
		if err := c.leavesOf(ctx, shard, list); err != nil {
			return fmt.Errorf("find out who leaves: %w", err)
		}
	}
	written, err := list.Close()
	c.taken.Leaves, c.changes.Leaves = written, written.Rows
	return err
}

func (c *comparison) leavesOf(ctx context.Context, shard int, list *snapshot.List) error {
	here := make(map[place]struct{}, c.expected()) // rows of the match, and leaves that were found
	err := c.eachMark(ctx, &c.taken.Members, shard, func(of mark) error {
		here[place{of.person, of.row}] = struct{}{}
		return nil
	})
	if err != nil {
		return err
	}
	old := []*snapshot.Shards{&c.base.Members}
	for _, s := range c.since {
		old = append(old, &s.Joins)
	}
	marks := newMarker(c.taken.Keys)
	for _, shards := range old {
		err := c.eachRow(ctx, shards, shard, func(of mark, row snapshot.Row) error {
			at := place{of.person, of.row}
			if _, stays := here[at]; stays {
				return nil
			}
			here[at] = struct{}{}
			marks.each(marks.of(row), c.again.left.add)
			return list.Add(ctx, shard, row)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expected is how many rows a shard has, of the match or of the base, whichever has more.
func (c *comparison) expected() int64 {
	return max(c.taken.Members.Rows, c.base.Members.Rows) >> c.taken.Members.Bits
}

// eachMark gives the marks of a shard's rows.
func (c *comparison) eachMark(ctx context.Context, of *snapshot.Shards, shard int, take func(mark) error) error {
	bits := c.taken.Members.Bits
	return of.Each(ctx, c.State, bits, shard, []string{snapshot.MarkColumn}, func(b *table.Batch) error {
		for i := range b.Rows {
			made, err := parse(b.Columns[0].Value(i))
			if err != nil {
				return err
			}
			if snapshot.ShardOf(made.person, bits) != shard {
				continue
			}
			if err := take(made); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachRow gives the rows of a shard with their marks.
func (c *comparison) eachRow(ctx context.Context, of *snapshot.Shards, shard int, take func(mark, snapshot.Row) error) error {
	bits := c.taken.Members.Bits
	var row snapshot.Row
	return of.Each(ctx, c.State, bits, shard, snapshot.Names(c.taken.Keys), func(b *table.Batch) error {
		for i := range b.Rows {
			row = rowOf(row, b.Columns, i)
			made, err := parse(row[len(row)-1])
			if err != nil {
				return err
			}
			if snapshot.ShardOf(made.person, bits) != shard {
				continue
			}
			if err := take(made, row); err != nil {
				return err
			}
		}
		return nil
	})
}
