// Package plan decides how the matched rows are uploaded. It reads nothing of the matched Parquet files but their
// footers, so that a match of any size is planned in seconds: which columns hold which keys, and which rows each upload
// task takes.
package plan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/match"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// Deps is what planning needs.
type Deps struct {
	Run    *audience.Run
	Folder *storage.Folder  // of the run; preflight.json and query.json are read from it, chunks.json, plan.json and upload.json written into it
	State  *storage.Folder  // the audience's StateDir, only read; nil stands for one without anything in it
	Now    func() time.Time // time.Now, but for tests
	Log    *slog.Logger
	// BatchRows is how many rows Upload puts into one request. The default is meta.BatchRows, the most that Meta takes.
	BatchRows int
}

// Run plans the upload of the run's match, or of what has changed in it: it writes chunks.json, then plan.json, then
// upload.json, which tells the state machine that the others are there. A match without rows has a plan with no chunks.
// Running it again gives the same documents but for their times; where a replace has begun it leaves them as they are.
//
// Its errors are Invalid when the match is not what an upload can take: no Parquet, files with different columns, no
// column that is a key. They are of class Gate when a replace would take out more people than the definition allows, or
// would not be over in time.
func Run(ctx context.Context, deps Deps) (*audience.Plan, error) {
	started := deps.Now()
	deps.BatchRows = cmp.Or(deps.BatchRows, meta.BatchRows)
	preflight, err := readPreflight(ctx, deps.Folder)
	if err != nil {
		return nil, err
	}
	src, err := sourceOf(ctx, deps, preflight)
	if err != nil {
		return nil, err
	}
	if err := sameMatch(ctx, deps.Folder, src.location, match.Rows(src.files)); err != nil {
		return nil, err
	}
	p := &planning{deps: deps, preflight: preflight, limits: deps.Run.Def().Limits}
	plan, err := begun(ctx, deps.Folder, src.location)
	if err == nil && plan == nil {
		plan, err = p.make(ctx, &src, started)
	}
	if err != nil {
		return nil, err
	}
	if err := deps.Folder.WriteJSON(ctx, audience.UploadFile, plan.Upload(p.next(plan))); err != nil {
		return nil, err
	}
	deps.Log.InfoContext(ctx, "planned the upload", "mode", plan.Mode, "files", len(plan.Files), "rows", plan.Rows, "chunks", plan.Chunks)
	return plan, nil
}

// A planning is the making of a plan.
type planning struct {
	deps      Deps
	preflight *audience.Preflight
	limits    audience.Limits
}

// make writes chunks.json and plan.json.
func (p *planning) make(ctx context.Context, src *source, started time.Time) (*audience.Plan, error) {
	chunks := src.chunks(p.limits.ChunkRows)
	plan := &audience.Plan{
		Schema: audience.DocumentVersion, Location: src.location, Files: matchedFiles(src.files),
		Columns: append([]audience.PlanColumn{}, src.columns...), Ignored: src.ignored, Rows: match.Rows(src.files), Chunks: len(chunks),
		Concurrency: p.concurrency(), ToleratedPercent: p.limits.MaxFailedChunksPercent, Mode: src.mode,
		Processing: processing(p.deps.Run.Def(), src.columns), StartedAt: started,
	}
	if plan.Concurrency < p.limits.Concurrency {
		p.deps.Log.WarnContext(ctx, "fewer upload tasks at once than the definition asks for, as more could not avoid being blocked by Meta",
			"concurrency", plan.Concurrency, "asked_for", p.limits.Concurrency, "tier", p.preflight.Tier)
	}
	if src.mode == audience.ModeReplace {
		var err error
		if plan.Replace, err = p.replace(ctx, chunks); err != nil {
			return nil, err
		}
	}
	if err := writeChunks(ctx, p.deps.Folder, chunks); err != nil {
		return nil, err
	}
	plan.FinishedAt = p.deps.Now()
	return plan, p.deps.Folder.WriteJSON(ctx, audience.PlanFile, plan)
}

// concurrency is how many upload tasks run at once: as many as the definition asks for, where the ad account's tier has room.
func (p *planning) concurrency() int {
	if p.preflight.Tier == audience.TierLimited {
		return min(p.limits.Concurrency, mostLimited)
	}
	return p.limits.Concurrency
}

// next is where the state machine begins. A replace and a mirror have several passes, and so has any upload that has to end an
// earlier run's replace first: Preflight lets a run come here at that status only when the replace is one of ours.
func (p *planning) next(plan *audience.Plan) string {
	switch {
	case plan.Chunks == 0:
		return audience.NextReport
	case plan.Mode == audience.ModeReplace, plan.Mode == audience.ModeMirror, p.preflight.Status == meta.OperationReplacing:
		return audience.NextAdvance
	}
	return audience.NextUpload
}

// processing is what Meta is told of limited data use, if anything is. A column that says of nobody how the blank ones are
// meant says no of them: limits have to be asked for.
func processing(def *audience.Definition, columns []audience.PlanColumn) *audience.Processing {
	switch asked := slices.ContainsFunc(columns, func(c audience.PlanColumn) bool { return c.Key == audience.DataProcessing }); {
	case def.Meta.Mode == audience.ModeRemove:
		return nil
	case def.Meta.DataProcessing == nil && asked:
		return &audience.Processing{Options: []string{}}
	}
	return def.Meta.DataProcessing
}

// sameMatch refuses a match that has other rows than when this run was planned before: a query's result never changes, so
// some of it was deleted, and a plan of the rest would be an account of other rows than those that were sent.
func sameMatch(ctx context.Context, folder *storage.Folder, location string, rows int64) error {
	var before audience.Plan
	err := folder.ReadJSON(ctx, audience.PlanFile, &before)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("find out how this run was planned before: %w", err)
	case before.Rows == rows || strings.TrimRight(before.Location, "/") != strings.TrimRight(location, "/"):
		return nil
	}
	return audience.Failf(audience.Invalid, "the match in %s had %d rows when this run was planned and has %d now: files were deleted, so start a new run",
		location, before.Rows, rows)
}

// writeChunks writes one chunk a line, so that people can read a file of thousands.
func writeChunks(ctx context.Context, folder *storage.Folder, chunks []audience.Chunk) error {
	var b bytes.Buffer
	b.WriteString("[")
	for i, c := range chunks {
		if i > 0 {
			b.WriteByte(',')
		}
		line, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encode chunk %s: %w", c.ID, err)
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]\n")
	return folder.Write(ctx, audience.ChunksFile, b.Bytes())
}

func matchedFiles(files []match.File) []audience.MatchedFile {
	out := make([]audience.MatchedFile, len(files))
	for i := range files {
		f := &files[i]
		out[i] = audience.MatchedFile{Name: f.Name, Rows: f.Rows(), RowGroups: len(f.Groups), Bytes: f.Bytes}
	}
	return out
}
