package plan

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/match"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// leavesDir is where the files of a mirror's changes lie whose people are taken out.
const leavesDir = "leaves/"

// A source is the rows that are planned, and what becomes of them.
type source struct {
	mode     string
	location string // that the files' names are relative to
	files    []match.File
	columns  []audience.PlanColumn
	ignored  []string
}

// sourceOf finds the rows: those of the run's match, or what has changed in it for a mirror that knows what it was before.
func sourceOf(ctx context.Context, deps Deps, preflight *audience.Preflight) (source, error) {
	s := source{mode: cmp.Or(preflight.Mode, deps.Run.Def().Meta.Mode)}
	if s.mode != audience.ModeMirror {
		return s, s.readMatch(ctx, deps)
	}
	var changes audience.Changes
	if err := deps.Folder.ReadJSON(ctx, audience.ChangesFile, &changes); err != nil {
		return s, fmt.Errorf("find out what has changed since the last run: %w", err)
	}
	if err := audience.CheckVersion(audience.ChangesFile, changes.Schema); err != nil {
		return s, err
	}
	if s.mode = changes.Mode; s.mode != audience.ModeMirror {
		return s, s.readMatch(ctx, deps)
	}
	var err error
	s.columns = changes.Columns
	s.location, s.files, err = match.Read(ctx, changes.Location)
	return s, err
}

func (s *source) readMatch(ctx context.Context, deps Deps) (err error) {
	if s.location, err = match.Location(ctx, deps.Folder); err != nil {
		return err
	}
	if s.location, s.files, err = match.Read(ctx, s.location); err != nil {
		return err
	}
	s.columns, s.ignored, err = match.ColumnsOf(deps.Run.Def(), s.files)
	return err
}

// chunks cuts the source.
func (s *source) chunks(limit int64) []audience.Chunk {
	chunks := chunksOf(s.files, limit)
	for i := range chunks {
		chunks[i].Remove = s.mode == audience.ModeMirror && strings.HasPrefix(chunks[i].File, leavesDir)
	}
	return chunks
}

func readPreflight(ctx context.Context, folder *storage.Folder) (*audience.Preflight, error) {
	var p audience.Preflight
	if err := folder.ReadJSON(ctx, audience.PreflightFile, &p); err != nil {
		return nil, fmt.Errorf("find out what preflight settled: %w", err)
	}
	return &p, audience.CheckVersion(audience.PreflightFile, p.Schema)
}
