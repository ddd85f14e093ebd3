package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// documents are what the stages before the upload left.
type documents struct {
	preflight audience.Preflight
	prepared  *audience.Prepared // nil: the user's own Glue job prepared, and left no such account
	query     audience.QueryResult
	plan      audience.Plan
	chunks    []audience.Chunk

	changes   *audience.Changes    // nil: the definition asks for no mirror
	replace   *audience.Replace    // nil: there is none, or it was not begun
	stuck     *audience.Replace    // of another run: it must end before this one may send
	closing   *audience.Closing    // nil: nobody has ended the replace
	stopped   *audience.FailureDoc // why all uploads of the run were stopped
	notClosed *audience.FailureDoc // why the last attempt to end it failed
}

func readDocuments(ctx context.Context, folder *storage.Folder, run *audience.Run) (*documents, error) {
	var d documents
	var prepared audience.Prepared
	for _, one := range []struct {
		name    string
		what    string
		into    any
		version *int
	}{
		{audience.PreflightFile, "the audience that was sent to", &d.preflight, &d.preflight.Schema},
		{audience.PreparedFile, "the account of the source's rows", &prepared, &prepared.Schema},
		{audience.QueryFile, "the match of this run", &d.query, &d.query.Schema},
		{audience.PlanFile, "the plan of this run", &d.plan, &d.plan.Schema},
	} {
		err := folder.ReadJSON(ctx, one.name, one.into)
		if one.name == audience.PreparedFile && errors.Is(err, fs.ErrNotExist) && run.Def().Source.GlueJob != "" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", one.what, err)
		}
		if err := audience.CheckVersion(one.name, *one.version); err != nil {
			return nil, err
		}
	}
	if prepared.Schema != 0 {
		d.prepared = &prepared
	}
	err := folder.ReadJSON(ctx, audience.ChunksFile, &d.chunks)
	if err != nil {
		return nil, fmt.Errorf("find the chunks of this run: %w", err)
	}
	if d.changes, err = readIfThere(ctx, folder, audience.ChangesFile, func(c *audience.Changes) int { return c.Schema }); err != nil {
		return nil, err
	}
	version := func(f *audience.FailureDoc) int { return f.Schema }
	if d.stopped, err = readIfThere(ctx, folder, audience.StopFile, version); err != nil {
		return nil, err
	}
	if d.notClosed, err = readIfThere(ctx, folder, audience.FailureFile("upload-"+audience.CloseChunk), version); err != nil {
		return nil, err
	}
	return &d, d.readReplace(ctx, folder)
}

// readReplace reads how far the replace came.
func (d *documents) readReplace(ctx context.Context, folder *storage.Folder) (err error) {
	if d.replace, err = readIfThere(ctx, folder, audience.ReplaceFile, func(r *audience.Replace) int { return r.Schema }); err != nil {
		return err
	}
	if d.replace != nil && d.replace.Of != "" {
		d.replace, d.stuck = nil, d.replace
	}
	if d.replace == nil {
		return nil
	}
	d.closing, err = readIfThere(ctx, folder, audience.ClosingFile, func(c *audience.Closing) int { return c.Schema })
	return err
}

// readIfThere reads a document that not every run has; nil when it is not there.
func readIfThere[D any](ctx context.Context, folder *storage.Folder, name string, version func(*D) int) (*D, error) {
	var document D
	err := folder.ReadJSON(ctx, name, &document)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("find out what the upload did: %w", err)
	}
	if err := audience.CheckVersion(name, version(&document)); err != nil {
		return nil, err
	}
	return &document, nil
}
