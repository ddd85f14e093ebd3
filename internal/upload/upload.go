// Package upload sends one chunk of the matched rows to Meta and keeps an account of it. Preparing a batch overlaps with
// sending the one before it; a receipt is written after each batch that Meta acknowledged, so that a task that is started
// again, for whatever reason, goes on behind it.
//
// A batch may reach Meta twice (its answer was lost, or the task was killed before it wrote the receipt), a person's
// membership does not change by that: delivery is at least once a batch and effectively once a person.
package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
// error is Transient.
func Run(ctx context.Context, deps Deps) (*audience.Receipt, error) {
	if deps.BatchRows <= 0 || deps.BatchRows > meta.BatchRows {
		deps.BatchRows = meta.BatchRows
	}
	job, err := load(ctx, deps)
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
	err = sendChunk(ctx, deps, job, cp)
	if err != nil && ctx.Err() != nil {
		err = stopped(ctx)
	}
	if err != nil {
		err = fmt.Errorf("upload chunk %s: %w", job.chunk.ID, err)
	}
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if errors.Is(err, errOvertaken) {
		return &cp.receipt, err
	}
	if saveErr := cp.finish(saving, err); saveErr != nil {
		return &cp.receipt, errors.Join(err, saveErr)
	}
	r := &cp.receipt
	deps.Log.InfoContext(saving, "the upload of a chunk ended", "chunk", r.Chunk, "done", r.Done, "rows", r.Rows,
		"sent", r.Sent, "unusable", r.Unusable, "withheld", r.Withheld, "failed", r.Failed, "received", r.Received, "invalid", r.Invalid)
	return r, err
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

// A job is what the documents of the run say about the chunk.
type job struct {
	chunk      audience.Chunk
	location   string // of the matched files
	bytes      int64  // of the chunk's file, when it was planned
	columns    []audience.PlanColumn
	audienceID string
	created    time.Time // when this run created the audience; zero if it was there before
}

func load(ctx context.Context, deps Deps) (*job, error) {
	var plan audience.Plan
	if err := deps.Folder.ReadJSON(ctx, audience.PlanFile, &plan); err != nil {
		return nil, fmt.Errorf("find the plan of this run: %w", err)
	}
	var preflight audience.Preflight
	if err := deps.Folder.ReadJSON(ctx, audience.PreflightFile, &preflight); err != nil {
		return nil, fmt.Errorf("find the audience to send to: %w", err)
	}
	for name, version := range map[string]int{audience.PlanFile: plan.Schema, audience.PreflightFile: preflight.Schema} {
		if err := audience.CheckVersion(name, version); err != nil {
			return nil, err
		}
	}
	if preflight.AudienceID == "" {
		return nil, audience.Failf(audience.Invalid, "read %s: it names no audience: run preflight again", audience.PreflightFile)
	}
	chunk, err := findChunk(ctx, deps)
	if err != nil {
		return nil, err
	}
	for _, f := range plan.Files {
		if f.Name == chunk.File {
			j := &job{chunk: chunk, location: plan.Location, bytes: f.Bytes, columns: plan.Columns, audienceID: preflight.AudienceID}
			if preflight.Created {
				j.created = preflight.FinishedAt
			}
			return j, nil
		}
	}
	return nil, audience.Failf(audience.Invalid, "find the file of chunk %s: %s does not name %s: plan the run again", chunk.ID, audience.PlanFile, chunk.File)
}

func findChunk(ctx context.Context, deps Deps) (audience.Chunk, error) {
	data, err := deps.Folder.Read(ctx, audience.ChunksFile)
	if err != nil {
		return audience.Chunk{}, fmt.Errorf("find chunk %s: %w", deps.Chunk, err)
	}
	var chunks []audience.Chunk
	if json.Unmarshal(data, &chunks) != nil {
		return audience.Chunk{}, audience.Failf(audience.Invalid, "read %s: it is no list of chunks: plan the run again", audience.ChunksFile)
	}
	for _, c := range chunks {
		if c.ID == deps.Chunk {
			return c, nil
		}
	}
	return audience.Chunk{}, audience.Failf(audience.Invalid, "find chunk %q: %s has %d chunks and none of that id", deps.Chunk, audience.ChunksFile, len(chunks))
}

// openFile opens the chunk's file and checks that it is still the one that was planned.
func openFile(ctx context.Context, job *job) (*storage.Folder, *storage.ReaderAt, error) {
	folder, err := storage.Open(ctx, job.location)
	if err != nil {
		return nil, nil, err
	}
	ra, err := folder.ReaderAt(ctx, job.chunk.File)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = audience.Fail(audience.Invalid, "its bucket may expire objects too early: start a new run", fmt.Errorf("open the matched file: %w", err))
		}
		return nil, nil, errors.Join(err, folder.Close())
	}
	if ra.Size() != job.bytes {
		err := audience.Failf(audience.Invalid, "open the matched file %s: it has %d bytes and had %d when it was planned: start a new run, and let nothing else write there",
			folder.URL()+job.chunk.File, ra.Size(), job.bytes)
		return nil, nil, errors.Join(err, ra.Close(), folder.Close())
	}
	return folder, ra, nil
}
