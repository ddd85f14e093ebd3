// Package advance leads an upload that has several passes from one to the next: the state machine comes back to it after
// each, and it writes into upload.json what comes then. It sends nothing itself. What it decides by is in the run's
// documents, in the receipts, and in what Meta says of the audience and its upload sessions; so it may be started at any
// point, and again, and goes on from where the upload is.
package advance

import (
	"context"
	"log/slog"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// Meta is what is asked of Meta: reads only.
type Meta interface {
	// Audience reads the audience's operation status.
	Audience(ctx context.Context, id string) (meta.CustomAudience, error)
	// SessionStatus reads what Meta has of an upload session; nil when it knows no such session.
	SessionStatus(ctx context.Context, audience string, session int64) (*meta.SessionStatus, error)
}

// Deps is what advancing needs.
type Deps struct {
	Run    *audience.Run
	Folder *storage.Folder  // of the run; upload.json, replace.json and lists of chunks are written into it
	State  *storage.Folder  // the audience's StateDir; replace.json and replaced.json are written into it
	Meta   Meta             // paced and retrying
	Now    func() time.Time // time.Now, but for tests
	Log    *slog.Logger
}

// Run decides what comes next, writes it into upload.json, and returns it.
//
// Its errors are Throttled when Meta has been at work on the audience for a day, and Action when Meta says that a replace
// failed or that the audience takes no uploads.
func Run(ctx context.Context, deps Deps) (*audience.Upload, error) {
	t, err := newTurn(ctx, deps)
	if err != nil {
		return nil, err
	}
	next, err := t.next(ctx)
	if err != nil {
		return nil, err
	}
	if err := deps.Folder.WriteJSON(ctx, audience.UploadFile, next); err != nil {
		return nil, err
	}
	deps.Log.InfoContext(ctx, "decided what comes next", "mode", t.plan.Mode, "next", next.Next, "list", next.List, "chunks", next.Chunks, "wait_seconds", next.Wait)
	return next, nil
}

// flows has for each mode what decides on its passes. A flow gives the first thing that is still to be done, by what t knows:
// it is asked anew each time that the state machine comes back.
var flows = map[string]func(t *turn, ctx context.Context) (*audience.Upload, error){
	audience.ModeAdd:     (*turn).plain,
	audience.ModeRemove:  (*turn).plain,
	audience.ModeReplace: (*turn).replace,
	audience.ModeMirror:  (*turn).mirror,
}

// next is what comes next. Whatever the mode, a replace that an earlier run has left open has to end first; and when Meta's
// abuse prevention has stopped the run, nothing more is sent.
func (t *turn) next(ctx context.Context) (*audience.Upload, error) {
	flow := flows[t.plan.Mode]
	if flow == nil {
		return nil, audience.Failf(audience.Invalid, "read %s: nobody knows how mode %q is uploaded: start a new run", audience.PlanFile, t.plan.Mode)
	}
	if stopped, err := t.stopped(ctx); stopped || err != nil {
		return t.report(), err
	}
	if next, err := t.recover(ctx); next != nil || err != nil {
		return next, err
	}
	return flow(t, ctx)
}

// stopped reports whether a task has said that the run must send no more.
func (t *turn) stopped(ctx context.Context) (bool, error) {
	var why audience.FailureDoc
	return t.Folder.FindDocument(ctx, audience.StopFile, &why, &why.Schema)
}

// plain is the one pass of an upload that has no more: the state machine chooses its list, as when Plan began with it.
func (t *turn) plain(context.Context) (*audience.Upload, error) {
	next := t.plan.Upload(audience.NextUpload)
	if len(t.chunks) == 0 {
		next.Next = audience.NextReport
	}
	return &next, nil
}
