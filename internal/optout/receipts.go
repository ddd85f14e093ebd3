package optout

import (
	"context"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// Unfinished gives the receipts of a tenant's opt-outs that did not come to their end: killed, or stopped by a problem. One
// that was done again since stays among them until its receipt is deleted: nothing tells that the people were the same.
func Unfinished(ctx context.Context, work *storage.Folder, tenant string) ([]Receipt, error) {
	objects, err := work.List(ctx, ReceiptsDir(tenant))
	if err != nil {
		return nil, fmt.Errorf("look for receipts: %w", err)
	}
	var open []Receipt
	for _, o := range objects {
		var r Receipt
		if err := work.ReadJSON(ctx, o.Key, &r); err != nil {
			return nil, err
		}
		r.Name = o.Key
		if r.FinishedAt.IsZero() || r.Problem != "" {
			open = append(open, r)
		}
	}
	return open, nil
}
