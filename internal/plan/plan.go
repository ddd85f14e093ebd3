// Package plan decides how the matched rows are uploaded. It reads nothing of the matched Parquet files but their
// footers, so that a match of any size is planned in seconds: which columns hold which keys, and which rows each upload
// task takes.
package plan

import (
	"bytes"
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
	"github.com/cleanreach/cleanreach/internal/storage"
)

// Deps is what planning needs.
type Deps struct {
	Run    *audience.Run
	Folder *storage.Folder  // of the run; query.json is read from it, chunks.json, plan.json and upload.json written into it
	Now    func() time.Time // time.Now, but for tests
	Log    *slog.Logger
}

// Run plans the upload of the run's match: it writes chunks.json, then plan.json, then upload.json, which tells the state
// machine that the others are there. A match without rows has a plan with no chunks. Running it again gives the same
// documents but for their times.
//
// Its errors are Invalid when the match is not what an upload can take: no Parquet, files with different columns, no
// column that is a key.
func Run(ctx context.Context, deps Deps) (*audience.Plan, error) {
	started := deps.Now()
	location, err := match.Location(ctx, deps.Folder)
	if err != nil {
		return nil, err
	}
	location, files, err := match.Read(ctx, location)
	if err != nil {
		return nil, err
	}
	columns, ignored, err := match.ColumnsOf(deps.Run.Def(), files)
	if err != nil {
		return nil, err
	}
	if err := sameMatch(ctx, deps.Folder, location, match.Rows(files)); err != nil {
		return nil, err
	}
	limits := deps.Run.Def().Limits
	chunks := chunksOf(files, limits.ChunkRows)
	if err := writeChunks(ctx, deps.Folder, chunks); err != nil {
		return nil, err
	}
	plan := &audience.Plan{
		Schema: audience.DocumentVersion, Location: location, Files: matchedFiles(files), Columns: append([]audience.PlanColumn{}, columns...), Ignored: ignored,
		Rows: match.Rows(files), Chunks: len(chunks), Concurrency: limits.Concurrency, ToleratedPercent: limits.MaxFailedChunksPercent,
		Processing: processing(deps.Run.Def(), columns), StartedAt: started, FinishedAt: deps.Now(),
	}
	next := audience.NextUpload
	if len(chunks) == 0 {
		next = audience.NextReport
	}
	if err := deps.Folder.WriteJSON(ctx, audience.PlanFile, plan); err != nil {
		return nil, err
	}
	if err := deps.Folder.WriteJSON(ctx, audience.UploadFile, plan.Upload(next)); err != nil {
		return nil, err
	}
	deps.Log.InfoContext(ctx, "planned the upload", "files", len(files), "rows", plan.Rows, "chunks", len(chunks))
	return plan, nil
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
