package advance

import (
	"context"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// mirror first takes out who leaves, then adds who joins: somebody may leave by one row and join by another, or share an
// address with somebody who leaves. So nobody joins until all leaves are done.
func (t *turn) mirror(ctx context.Context) (*audience.Upload, error) {
	leaves := t.open(func(c audience.Chunk) bool { return c.Remove })
	if next, err := t.pass(ctx, "leaves", leaves); next != nil || err != nil {
		return next, err
	}
	if len(leaves) > 0 {
		return t.report(), nil
	}
	joins := t.open(func(c audience.Chunk) bool { return !c.Remove })
	if next, err := t.pass(ctx, "joins", joins); next != nil || err != nil {
		return next, err
	}
	return t.report(), nil
}
