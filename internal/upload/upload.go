// Package upload sends one chunk of the matched rows to Meta and keeps an account of it. Preparing a batch overlaps with
// sending the one before it; a receipt is written after each batch that Meta acknowledged, so that a task that is started
// again, for whatever reason, goes on behind it.
//
// A batch may reach Meta twice (its answer was lost, or the task was killed before it wrote the receipt), a person's
// membership does not change by that: delivery is at least once a batch and effectively once a person. Within the session of a
// replace a batch whose fate is unknown is not sent again: it is added when Meta is done with the replace.
package upload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// Stage is the name of this stage in failure documents.
const Stage = "upload"

// saveTimeout bounds the last write of a receipt by a task that was told to stop. It is killed 30 seconds after being asked
// on one machine, and 120 on Fargate.
const saveTimeout = 15 * time.Second

// Meta is whom an upload sends people to, and asks what has become of the session of a replace.
type Meta interface {
	meta.Users
	SessionStatus(ctx context.Context, audience string, session int64) (*meta.SessionStatus, error)
}

// Deps is what an upload needs.
type Deps struct {
	Run    *audience.Run
	Folder *storage.Folder // of the run; plan.json, chunks.json and preflight.json are read from it
	Chunk  string          // id of the chunk to send
	Meta   Meta            // paced and retrying
	// Suppression lists the people who opted out: they are not sent. Nil stands for nobody.
	Suppression *suppression.List
	// Waited tells for how long Meta has kept the client waiting so far. Nil stands for never.
	Waited func() time.Duration
	Now    func() time.Time // time.Now, but for tests
	Log    *slog.Logger
	// BatchRows is how many rows travel in one request. The default is meta.BatchRows, the most that Meta takes.
	BatchRows int
}

// Run uploads the chunk and writes its receipt, which it also returns: with an error too, once the chunk is known. A
// chunk whose receipt says done is not touched again. When ctx ends, what was acknowledged stays in the receipt and the
// error is Transient. In the session of a replace a receipt without an error need not be done: see audience.Receipt.
//
// Of audience.CloseChunk, which is no chunk, it ends the session of a replace, and returns no receipt.
func Run(ctx context.Context, deps Deps) (*audience.Receipt, error) {
	if deps.BatchRows <= 0 || deps.BatchRows > meta.BatchRows {
		deps.BatchRows = meta.BatchRows
	}
	docs, err := load(ctx, deps)
	if err != nil {
		return nil, err
	}
	if deps.Chunk == audience.CloseChunk {
		return nil, ended(ctx, deps, closeSession(ctx, deps, docs), "end the replace")
	}
	job, err := docs.job(deps.Chunk)
	if err != nil {
		return nil, err
	}
	cp, err := openCheckpoint(ctx, deps, job)
	if err != nil {
		return nil, err
	}
	if cp.receipt.Done {
		deps.Log.InfoContext(ctx, "the chunk was sent before", "chunk", job.chunk.ID)
		return &cp.receipt, nil
	}
	err = ended(ctx, deps, sendChunk(ctx, deps, job, cp), "upload chunk "+job.chunk.ID)
	if errors.Is(err, errOvertaken) {
		return &cp.receipt, err
	}
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if saveErr := cp.finish(saving, err); saveErr != nil {
		return &cp.receipt, errors.Join(err, saveErr)
	}
	r := &cp.receipt
	deps.Log.InfoContext(saving, "the upload of a chunk ended", "chunk", r.Chunk, "mode", job.mode, "done", r.Done, "rows", r.Rows,
		"sent", r.Sent, "unusable", r.Unusable, "withheld", r.Withheld, "failed", r.Failed, "left", cp.left, "received", r.Received, "invalid", r.Invalid)
	return r, err
}

// ended says what a task was at when it failed, and stops the others where going on does harm.
func ended(ctx context.Context, deps Deps, err error, doing string) error {
	if err == nil {
		return nil
	}
	stopErr := stopRun(ctx, deps, err)
	if ctx.Err() != nil {
		err = stopped(ctx)
	}
	return errors.Join(fmt.Errorf("%s: %w", doing, err), stopErr)
}

// stopped says why ctx ended. A cause that has a class keeps it: that the lease went to another run, say.
func stopped(ctx context.Context) error {
	cause := context.Cause(ctx)
	if known := (*audience.Failure)(nil); errors.As(cause, &known) {
		return cause
	}
	return audience.Fail(audience.Transient, "start it again: it goes on after the last batch that Meta acknowledged",
		fmt.Errorf("the upload was stopped: %w", cause))
}
