// Package prepare turns a company's raw customer files into the table that the clean room matches: canonical attributes
// and their hashes as Parquet, what was wrong beside it in the quarantine, and an account of every row and key.
package prepare

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// Deps is what preparing needs.
type Deps struct {
	Run     *audience.Run
	Folder  *storage.Folder // of the run; prepared/, quarantine/ and prepared.json are written into it
	Catalog Catalog         // where the prepared table is switched
	// Suppression lists the people who opted out: their rows are left out. Nil stands for nobody.
	Suppression *suppression.List
	Now         func() time.Time // time.Now, but for tests
	Log         *slog.Logger
}

// Run prepares the run's source and switches the audience's table to the result. It may be started again at any point:
// what an attempt that was killed left behind is cleared, and a source that was prepared already is not read again, only
// the table is switched again. An attempt that a gate stopped is made anew, as the files may have been mended.
//
// Its errors are Invalid when the files are not what the definition says (no such column, not Parquet, a truncated gzip),
// and Gate when there is nothing in them, too much of it is invalid, or too little is left. A gate leaves prepared.json
// and the quarantine to look at, and its error comes with the account; the table stays as it was.
func Run(ctx context.Context, deps Deps) (*audience.Prepared, error) {
	return run(ctx, deps, usualSizes())
}

func run(ctx context.Context, deps Deps, sizes sizes) (*audience.Prepared, error) {
	prepared, err := earlier(ctx, deps)
	if err != nil {
		return nil, err
	}
	if prepared == nil {
		if prepared, err = anew(ctx, deps, sizes); err != nil {
			return nil, err
		}
	}
	if err := checkGates(deps, prepared); err != nil {
		return prepared, err
	}
	if err := switchTable(ctx, deps); err != nil {
		return nil, err
	}
	deps.Log.InfoContext(ctx, "prepared the customers", "source", prepared.Source, "no_consent", prepared.NoConsent,
		"suppressed", prepared.Suppressed, "quarantined", prepared.Quarantined, "prepared", prepared.Prepared)
	return prepared, nil
}

// earlier gives what an earlier attempt of this run prepared, or nil when there is none that is complete and passes the
// gates. prepared.json is written last, so where it is the rest is too, unless somebody cleared it away.
func earlier(ctx context.Context, deps Deps) (*audience.Prepared, error) {
	var doc audience.Prepared
	err := deps.Folder.ReadJSON(ctx, audience.PreparedFile, &doc)
	switch {
	case err != nil && audience.ClassOf(err) == audience.Invalid:
		return nil, nil //nolint:nilnil // there is nothing, or nothing that can be read, and that is no error
	case err != nil:
		return nil, fmt.Errorf("look for an earlier attempt: %w", err)
	case doc.Schema != audience.DocumentVersion || checkBalance(&doc) != nil || checkGates(deps, &doc) != nil:
		return nil, nil //nolint:nilnil,nilerr // likewise: it is made anew
	}
	if whole, err := isWhole(ctx, deps.Folder, &doc); err != nil || !whole {
		return nil, err
	}
	deps.Log.InfoContext(ctx, "the source is prepared already", "rows", doc.Prepared)
	return &doc, nil
}

// isWhole reports whether the prepared files are all there.
func isWhole(ctx context.Context, folder *storage.Folder, doc *audience.Prepared) (bool, error) {
	parts, err := folder.List(ctx, audience.PreparedDir)
	if err != nil {
		return false, err
	}
	rows := int64(0)
	for _, part := range parts {
		footer, err := readFooter(ctx, folder, part.Key)
		if err != nil && audience.ClassOf(err) == audience.Invalid {
			return false, nil // a damaged part is made anew
		}
		if err != nil {
			return false, err
		}
		rows += footer.Rows
	}
	return rows == doc.Prepared, nil
}

// anew reads the source and writes everything but the catalog. Nothing is touched before all files have been looked at.
func anew(ctx context.Context, deps Deps, sizes sizes) (*audience.Prepared, error) {
	started := deps.Now()
	src, err := findSource(ctx, deps.Run.Def().Source, deps.Log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.folder.Close() }() // nothing was written
	plan := newLayout(deps.Run.Def().Source)
	src.opts.Columns, src.opts.BatchRows = plan.input, sizes.batchRows
	if err := src.survey(ctx); err != nil {
		return nil, err
	}
	plan.adoptTypes(src.files)
	suppressed, err := loadSuppressed(ctx, deps)
	if err != nil {
		return nil, err
	}
	if err := deps.Folder.Delete(ctx, audience.PreparedFile); err != nil {
		return nil, err
	}
	if err := clearTables(ctx, deps.Folder); err != nil {
		return nil, err
	}
	p := newPipeline(deps, src, plan, suppressed, sizes, started)
	finished := false
	defer func() {
		if !finished { // half a table is of no use, and a full disk needs the space
			p.discard(context.WithoutCancel(ctx))
		}
	}()
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	if err := src.checkUnchanged(ctx, deps.Run.Def().Source); err != nil {
		return nil, err
	}
	if err := p.checkParts(ctx); err != nil {
		return nil, err
	}
	prepared, err := p.account()
	if err != nil {
		return nil, err
	}
	prepared.SuppressionList = suppressed.Newest()
	prepared.StartedAt, prepared.FinishedAt = started, deps.Now()
	if err := deps.Folder.WriteJSON(ctx, audience.PreparedFile, prepared); err != nil {
		return nil, err
	}
	finished = true
	return prepared, nil
}

// loadSuppressed gives the people to leave out. From a run that removes people nobody is left out: whoever opted out may be
// removed.
func loadSuppressed(ctx context.Context, deps Deps) (*suppression.Set, error) {
	list := deps.Suppression
	if deps.Run.Def().Meta.Mode == audience.ModeRemove {
		list = nil
	}
	return list.Load(ctx)
}

func clearTables(ctx context.Context, folder *storage.Folder) error {
	return errors.Join(folder.Clear(ctx, audience.PreparedDir), folder.Clear(ctx, audience.QuarantineDir))
}
