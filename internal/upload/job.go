package upload

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// documents are what the run's documents say about all of its chunks.
type documents struct {
	plan       audience.Plan
	mode       string // of the plan
	chunks     []audience.Chunk
	audienceID string
	created    time.Time        // when this run created the audience; zero if it was there before
	replace    audience.Replace // of a run that replaces, and of one that ends another's replace
	closing    audience.Closing // how the session of a replace was ended; zero: no task of this run has tried
}

// A job is what is to be done about one chunk.
type job struct {
	*documents
	chunk audience.Chunk
	bytes int64  // of the chunk's file, when it was planned
	mode  string // what becomes of the chunk's rows: they are added, removed, or sent in the session of a replace

	columns    []audience.PlanColumn // that are sent
	processing *audience.Processing  // likewise
}

func load(ctx context.Context, deps Deps) (*documents, error) {
	d := &documents{}
	var preflight audience.Preflight
	read := func(name string, into any, version *int, what string) error {
		if err := deps.Folder.ReadJSON(ctx, name, into); err != nil {
			return fmt.Errorf("find %s: %w", what, err)
		}
		return audience.CheckVersion(name, *version)
	}
	if err := read(audience.PlanFile, &d.plan, &d.plan.Schema, "the plan of this run"); err != nil {
		return nil, err
	}
	if err := read(audience.PreflightFile, &preflight, &preflight.Schema, "the audience to send to"); err != nil {
		return nil, err
	}
	if preflight.AudienceID == "" {
		return nil, audience.Failf(audience.Invalid, "read %s: it names no audience: run preflight again", audience.PreflightFile)
	}
	d.audienceID = preflight.AudienceID
	if preflight.Created {
		d.created = preflight.FinishedAt
	}
	d.mode = cmp.Or(d.plan.Mode, deps.Run.Def().Meta.Mode)
	if d.mode == audience.ModeReplace || deps.Chunk == audience.CloseChunk {
		if err := read(audience.ReplaceFile, &d.replace, &d.replace.Schema, "how far the replace is"); err != nil {
			return nil, err
		}
	}
	if err := read(audience.ClosingFile, &d.closing, &d.closing.Schema, "how the replace ended"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	data, err := deps.Folder.Read(ctx, audience.ChunksFile)
	if err != nil {
		return nil, fmt.Errorf("find the chunks of this run: %w", err)
	}
	if json.Unmarshal(data, &d.chunks) != nil {
		return nil, audience.Failf(audience.Invalid, "read %s: it is no list of chunks: plan the run again", audience.ChunksFile)
	}
	return d, nil
}

// job finds a chunk, and what is to be done about it.
func (d *documents) job(id string) (*job, error) {
	for _, c := range d.chunks {
		if c.ID != id {
			continue
		}
		for _, f := range d.plan.Files {
			if f.Name == c.File {
				j := &job{documents: d, chunk: c, bytes: f.Bytes, mode: d.modeOf(c), columns: d.plan.Columns, processing: d.plan.Processing}
				if j.mode == audience.ModeRemove { // then Meta need only know who
					j.columns = slices.DeleteFunc(slices.Clone(j.columns), func(c audience.PlanColumn) bool { return !c.Key.Matches() })
					j.processing = nil
				}
				return j, nil
			}
		}
		return nil, audience.Failf(audience.Invalid, "find the file of chunk %s: %s does not name %s: plan the run again", c.ID, audience.PlanFile, c.File)
	}
	return nil, audience.Failf(audience.Invalid, "find chunk %q: %s has %d chunks and none of that id", id, audience.ChunksFile, len(d.chunks))
}

// modeOf is what becomes of a chunk's rows. What a replace has left, and who joins a mirrored audience, is added.
func (d *documents) modeOf(c audience.Chunk) string {
	switch {
	case c.Remove, d.mode == audience.ModeRemove:
		return audience.ModeRemove
	case d.mode == audience.ModeReplace && d.replace.SettledAt.IsZero():
		return audience.ModeReplace
	}
	return audience.ModeAdd
}

func (j *job) fileURL() string { return strings.TrimSuffix(j.plan.Location, "/") + "/" + j.chunk.File }

// open opens the chunk's rows. done lets go of them.
func (j *job) open(ctx context.Context) (reader *table.ColumnReader, done func(), err error) {
	folder, ra, err := j.openFile(ctx)
	if err != nil {
		return nil, nil, err
	}
	closeFile := func() { _, _ = ra.Close(), folder.Close() } // nothing was written
	names := make([]string, len(j.columns))
	for i, c := range j.columns {
		names[i] = c.Column
	}
	reader, err = table.OpenColumns(j.fileURL(), ra, ra.Size(), names)
	if err != nil {
		closeFile()
		return nil, nil, fmt.Errorf("open the matched file: %w", err)
	}
	reader.KeepCodes()
	return reader, func() { _ = reader.Close(); closeFile() }, nil
}

// openFile opens the chunk's file and checks that it is still the one that was planned.
func (j *job) openFile(ctx context.Context) (*storage.Folder, *storage.ReaderAt, error) {
	folder, err := storage.Open(ctx, j.plan.Location)
	if err != nil {
		return nil, nil, err
	}
	ra, err := folder.ReaderAt(ctx, j.chunk.File)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = audience.Fail(audience.Invalid, "its bucket may expire objects too early: start a new run", fmt.Errorf("open the matched file: %w", err))
		}
		return nil, nil, errors.Join(err, folder.Close())
	}
	if ra.Size() != j.bytes {
		err := audience.Failf(audience.Invalid, "open the matched file %s: it has %d bytes and had %d when it was planned: start a new run, and let nothing else write there",
			folder.URL()+j.chunk.File, ra.Size(), j.bytes)
		return nil, nil, errors.Join(err, ra.Close(), folder.Close())
	}
	return folder, ra, nil
}
