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
	if err := folder.ReadJSON(ctx, audience.ChunksFile, &d.chunks); err != nil {
		return nil, fmt.Errorf("find the chunks of this run: %w", err)
	}
	return &d, nil
}
