package advance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// receiptsAtOnce bounds how many are read at a time: small objects, all of them waiting for storage.
const receiptsAtOnce = 32

// A sent is what a receipt says of a chunk: it names every batch, and there may be 10,000 of them.
type sent struct {
	done     bool
	failed   bool // its latest task ended with a failure
	ended    bool // a task has come to its end, and not been killed
	partial  bool
	attempts int
	rows     int64         // that Meta acknowledged
	gap      time.Duration // the median between an acknowledged batch and the next; 0: there were not two
	sessions map[int64]carried
}

// A carried is what a session carried of a chunk.
type carried struct {
	first   time.Time // when it was begun, or a little before
	batches int       // that were acknowledged
	pending bool      // there is one that may have arrived
}

// readReceipts reads the receipts of the plan's chunks. One of other rows, which another match has left, is none.
func readReceipts(ctx context.Context, t *turn) (map[string]*sent, error) {
	objects, err := t.Folder.List(ctx, audience.ReceiptsDir)
	if err != nil {
		return nil, fmt.Errorf("look for receipts: %w", err)
	}
	there := map[string]bool{}
	for _, o := range objects {
		there[o.Key] = true
	}
	var mu sync.Mutex
	found := map[string]*sent{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(receiptsAtOnce)
	for _, c := range t.chunks {
		if !there[audience.ReceiptFile(c.ID)] {
			continue
		}
		group.Go(func() error {
			s, err := t.readReceipt(ctx, c)
			if err == nil && s != nil {
				mu.Lock()
				defer mu.Unlock()
				found[c.ID] = s
			}
			return err
		})
	}
	return found, group.Wait()
}

func (t *turn) readReceipt(ctx context.Context, c audience.Chunk) (*sent, error) {
	var r audience.Receipt
	name := audience.ReceiptFile(c.ID)
	if err := t.Folder.ReadJSON(ctx, name, &r); err != nil {
		return nil, fmt.Errorf("find out what became of chunk %s: %w", c.ID, err)
	}
	if err := audience.CheckVersion(name, r.Schema); err != nil {
		return nil, err
	}
	file := strings.TrimSuffix(t.plan.Location, "/") + "/" + c.File
	if r.Run != t.Run.ID || r.File != file || r.FirstRow != c.FirstRow || r.Rows != c.Rows {
		return nil, nil //nolint:nilnil // no receipt is an answer
	}
	return sentOf(&r), nil
}

func sentOf(r *audience.Receipt) *sent {
	s := &sent{
		done: r.Done && r.Failed == 0, failed: r.Failure != nil, ended: !r.FinishedAt.IsZero(), partial: r.Partial, attempts: r.Attempts, rows: r.Sent,
		sessions: map[int64]carried{},
	}
	s.gap = gapOf(r.Batches)
	for _, one := range r.Sessions {
		s.sessions[one.ID] = carried{first: one.FirstAt}
	}
	for i := range r.Batches {
		b := &r.Batches[i]
		if b.Session == 0 { // all of it is withheld
			continue
		}
		c := s.sessions[b.Session]
		c.batches++
		s.sessions[b.Session] = c
	}
	for _, p := range r.Pending {
		c := s.sessions[p.Session]
		c.pending = true
		s.sessions[p.Session] = c
	}
	return s
}

// gapOf is the median, which a pause between two tasks does not change.
func gapOf(batches []audience.Batch) time.Duration {
	if len(batches) < 2 {
		return 0
	}
	gaps := make([]time.Duration, len(batches)-1)
	for i := range gaps {
		gaps[i] = batches[i+1].At.Sub(batches[i].At)
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// hadNobody reports whether a task has gone through the chunk and found nobody to begin a replace with.
func (s *sent) hadNobody(session int64) bool {
	if s == nil || s.failed || !s.ended {
		return false
	}
	c := s.sessions[session]
	return c.batches == 0 && !c.pending
}
