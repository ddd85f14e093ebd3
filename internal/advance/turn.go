package advance

import (
	"context"
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A turn is one run of Advance: what the documents say, read once.
type turn struct {
	Deps
	now        time.Time
	plan       audience.Plan
	chunks     []audience.Chunk
	sent       map[string]*sent // by chunk; nothing for one that nobody has begun
	audienceID string
	passes     []audience.Pass // that were ordered since Plan
}

func newTurn(ctx context.Context, deps Deps) (*turn, error) {
	t := &turn{Deps: deps, now: deps.Now().UTC()}
	var preflight audience.Preflight
	var upload audience.Upload
	for _, d := range []struct {
		file    string
		into    any
		version *int
	}{
		{audience.PlanFile, &t.plan, &t.plan.Schema},
		{audience.PreflightFile, &preflight, &preflight.Schema},
		{audience.UploadFile, &upload, &upload.Schema},
	} {
		if err := deps.Folder.ReadJSON(ctx, d.file, d.into); err != nil {
			return nil, fmt.Errorf("find out how far the upload is: %w", err)
		}
		if err := audience.CheckVersion(d.file, *d.version); err != nil {
			return nil, err
		}
	}
	if preflight.AudienceID == "" {
		return nil, audience.Failf(audience.Invalid, "read %s: it names no audience: run preflight again", audience.PreflightFile)
	}
	t.audienceID, t.passes = preflight.AudienceID, upload.Passes
	if err := deps.Folder.ReadJSON(ctx, audience.ChunksFile, &t.chunks); err != nil {
		return nil, fmt.Errorf("find the chunks of this run: %w", err)
	}
	var err error
	t.sent, err = readReceipts(ctx, t)
	return t, err
}

// open are the chunks that pick chooses and that are not done, in the plan's order.
func (t *turn) open(pick func(audience.Chunk) bool) []audience.Chunk {
	var list []audience.Chunk
	for _, c := range t.chunks {
		if s := t.sent[c.ID]; (s == nil || !s.done) && pick(c) {
			list = append(list, c)
		}
	}
	return list
}

// ordersOfNothing is how often a pass is ordered of which no task has come as far as a receipt. The first order may have been
// lost with the task that gave it, but a Map that cannot start its tasks would be ordered for ever.
const ordersOfNothing = 2

// pass orders a Map over chunks; after it the state machine comes back. It gives nil when there is nothing to order, or when
// the pass was ordered since Plan and its tasks have tried: what is still open then has failed, and is sent when the run is
// started again.
func (t *turn) pass(ctx context.Context, name string, chunks []audience.Chunk) (*audience.Upload, error) {
	if len(chunks) == 0 {
		return nil, nil //nolint:nilnil // nothing to order is an answer
	}
	attempts := t.attempts()
	p := t.ordered(name)
	if p != nil && (attempts > p.Attempts || p.Orders >= ordersOfNothing) {
		return nil, nil //nolint:nilnil // as above
	}
	if p == nil {
		t.passes = append(t.passes, audience.Pass{Name: name, Attempts: attempts})
		p = &t.passes[len(t.passes)-1]
	}
	p.Orders, p.At = p.Orders+1, t.now
	return t.upload(ctx, name, chunks)
}

// upload has a Map go over items, which it lists in a file of its own.
func (t *turn) upload(ctx context.Context, name string, items []audience.Chunk) (*audience.Upload, error) {
	list := audience.ChunkListFile(name)
	if err := t.Folder.WriteJSON(ctx, list, items); err != nil {
		return nil, err
	}
	next := t.does(audience.NextUpload)
	next.List, next.Chunks, next.More = list, len(items), true
	return next, nil
}

// ordered gives a pass that was ordered since Plan, or nil.
func (t *turn) ordered(name string) *audience.Pass {
	for i := range t.passes {
		if t.passes[i].Name == name {
			return &t.passes[i]
		}
	}
	return nil
}

// attempts counts those at any chunk. As passes come one after the other, it has grown when the tasks of the latest have begun.
func (t *turn) attempts() (n int) {
	for _, s := range t.sent {
		n += s.attempts
	}
	return n
}

// report ends the upload.
func (t *turn) report() *audience.Upload { return t.does(audience.NextReport) }

func (t *turn) does(what string) *audience.Upload {
	next := t.plan.Upload(what)
	next.Passes = t.passes
	return &next
}
