package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/cleanreach/cleanreach/internal/advance"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/compare"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/preflight"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/report"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/succession"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/upload"
)

var preflightStage = stageFunc{"preflight", true, withState(func(ctx context.Context, w *work, state *storage.Folder) error {
	client, _, err := connect(ctx, w)
	if err != nil {
		return err
	}
	if err := succession.Of(w.run, state).Check(ctx); err != nil {
		return err
	}
	result, err := preflight.Run(ctx, preflight.Deps{Run: w.run, Folder: w.folder, State: state, Meta: client, Now: time.Now, Log: w.log})
	w.measurePreflight(result)
	return err
})}

var prepareStage = stageFunc{"prepare", true, func(ctx context.Context, w *work) error {
	catalog, err := openCatalog(ctx, w.env[envCatalog])
	if err != nil {
		return err
	}
	list, done, err := suppressionOf(ctx, w.run)
	if err != nil {
		return err
	}
	defer done()
	prepared, err := prepare.Run(ctx, prepare.Deps{
		Run: w.run, Folder: w.folder, Catalog: leased{catalog, w.keep}, Suppression: list, Now: time.Now, Log: w.log,
	})
	w.measurePrepare(prepared)
	return err
}}

var compareStage = stageFunc{"compare", false, withState(func(ctx context.Context, w *work, state *storage.Folder) error {
	list, done, err := suppressionOf(ctx, w.run)
	if err != nil {
		return err
	}
	defer done()
	_, err = compare.Run(ctx, compare.Deps{Run: w.run, Folder: w.folder, State: state, Suppression: list, Now: time.Now, Log: w.log})
	return err
})}

var planStage = stageFunc{"plan", false, withState(func(ctx context.Context, w *work, state *storage.Folder) error {
	before := w.planned(ctx)
	planned, err := plan.Run(ctx, plan.Deps{Run: w.run, Folder: w.folder, State: state, Now: time.Now, Log: w.log})
	w.measurePlan(ctx, planned, before)
	if err != nil || planned.Chunks == 0 {
		return err
	}
	if err := snapshot.Planned(ctx, state, w.run, planned.Mode, time.Now()); err != nil {
		return err
	}
	return succession.Of(w.run, state).Note(ctx)
})}

var uploadStage = stageFunc{"upload", false, func(ctx context.Context, w *work) error {
	if w.env[envChunk] == "" {
		return audience.Failf(audience.Invalid, "%s is not set: it must be the id of a chunk", envChunk)
	}
	client, budget, err := connect(ctx, w)
	if err != nil {
		return err
	}
	list, done, err := suppressionOf(ctx, w.run)
	if err != nil {
		return err
	}
	defer done()
	before := w.receipt(ctx)
	receipt, err := upload.Run(ctx, upload.Deps{
		Run: w.run, Folder: w.folder, Chunk: w.env[envChunk], Meta: client, Suppression: list, Waited: budget.Throttled, Now: time.Now, Log: w.log,
	})
	w.measureUpload(before, receipt)
	return err
}}

var advanceStage = stageFunc{"advance", false, withState(func(ctx context.Context, w *work, state *storage.Folder) error {
	client, _, err := connect(ctx, w)
	if err != nil {
		return err
	}
	_, err = advance.Run(ctx, advance.Deps{Run: w.run, Folder: w.folder, State: state, Meta: client, Now: time.Now, Log: w.log})
	return err
})}

var reportStage = stageFunc{"report", false, func(ctx context.Context, w *work) error {
	made, err := report.Run(ctx, report.Deps{Run: w.run, Folder: w.folder, Meta: reportMeta(ctx, w), Now: time.Now, Sleep: sleep, Log: w.log})
	w.measureReport(made, err)
	if err != nil || w.run.Def().Meta.Mode != audience.ModeMirror {
		return err
	}
	return w.reported(ctx, made)
}}

// reported has a mirror keep who is in the audience now, while the lease is this run's.
func (w *work) reported(ctx context.Context, made *audience.Report) error {
	return withState(func(ctx context.Context, w *work, state *storage.Folder) error {
		if err := w.keep(ctx); err != nil {
			return err
		}
		return snapshot.Reported(ctx, state, w.run, made)
	})(ctx, w)
}

// suppressionOf opens the list of the people of the run's tenant who opted out. done lets go of it.
func suppressionOf(ctx context.Context, run *audience.Run) (list *suppression.List, done func(), err error) {
	bucket, done, err := workBucket(ctx, run)
	if err != nil {
		return nil, nil, err
	}
	return suppression.Open(bucket, run.Tenant), done, nil
}

// withState gives a stage the folder of what outlives the runs of the audience.
func withState(run func(context.Context, *work, *storage.Folder) error) func(context.Context, *work) error {
	return func(ctx context.Context, w *work) error {
		state, done, err := stateOf(ctx, w.run)
		if err != nil {
			return err
		}
		defer done()
		return run(ctx, w, state)
	}
}

// stateOf opens the folder of what outlives the runs of the run's audience. done lets go of it.
func stateOf(ctx context.Context, run *audience.Run) (state *storage.Folder, done func(), err error) {
	bucket, done, err := workBucket(ctx, run)
	if err != nil {
		return nil, nil, err
	}
	return bucket.Sub(audience.StateDir(run.Tenant, run.Audience)), done, nil
}

func workBucket(ctx context.Context, run *audience.Run) (bucket *storage.Folder, done func(), err error) {
	url, err := run.WorkURL()
	if err != nil {
		return nil, nil, err
	}
	if bucket, err = storage.Open(ctx, url); err != nil {
		return nil, nil, err
	}
	return bucket, func() { _ = bucket.Close() }, nil // each object is written at once: there is nothing left to write
}

// reportMeta is whom the report asks about the audience. Without a token it is nobody: the upload is done, and its account
// matters more than Meta's word on it.
func reportMeta(ctx context.Context, w *work) report.Meta {
	client, _, err := connect(ctx, w)
	if err != nil {
		return silent{err}
	}
	return client
}

// A silent answers every question with the reason why nobody can be asked.
type silent struct{ why error }

// Audience gives the reason.
func (s silent) Audience(context.Context, string) (meta.CustomAudience, error) {
	return meta.CustomAudience{}, s.why
}

// SessionStatus gives the reason.
func (s silent) SessionStatus(context.Context, string, int64) (*meta.SessionStatus, error) {
	return nil, s.why
}

// A leased catalog switches no table under another run's query: a machine that slept for longer than its lease lasts would do
// so before the next renewal is due.
type leased struct {
	prepare.Catalog
	keep func(context.Context) error
}

// Switch switches the table while the lease is this run's.
func (l leased) Switch(ctx context.Context, to audience.CatalogTable) error {
	if err := l.keep(ctx); err != nil {
		return err
	}
	return l.Catalog.Switch(ctx, to)
}

// openCatalog opens the catalog that prepared tables are switched in.
func openCatalog(ctx context.Context, rawURL string) (prepare.Catalog, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err == nil && u.Scheme == "glue" && u.Host != "" && rawURL == "glue://"+u.Host:
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("set up AWS: %w", err)
		}
		return prepare.NewGlueCatalog(cfg, u.Host), nil
	case err == nil && (u.Scheme == "file" || u.Scheme == "s3"):
		folder, err := storage.Open(ctx, rawURL)
		if err != nil {
			return nil, err
		}
		return prepare.DocumentCatalog{Folder: folder}, nil
	}
	return nil, audience.Failf(audience.Invalid,
		"%s must be glue://<database>, or the file:// or s3:// URL of the folder with the tables' documents", envCatalog)
}
