// Package succession keeps a run that goes on late from undoing what a later run of the same audience has done: whoever a
// replace has put out would be added again, and whoever is new would be removed.
package succession

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// did is what the runs of a mode have done to the audience.
var did = map[string]string{
	audience.ModeAdd: "has added people to this audience", audience.ModeRemove: "has removed people from this audience",
	audience.ModeReplace: "has replaced everybody in this audience", audience.ModeMirror: "has brought this audience up to date",
}

// A Run is a run of the audience whose state is in State.
type Run struct {
	State *storage.Folder // StateDir of the audience
	audience.Begun
	Mode string // of its definition
}

// Of describes a run.
func Of(run *audience.Run, state *storage.Folder) Run {
	return Run{state, audience.Begun{Run: run.ID, StartedAt: run.StartedAt}, run.Def().Meta.Mode}
}

// Check refuses, with class Gate, to go on with a run of which a later one has got ahead.
func (r Run) Check(ctx context.Context) error {
	latest, err := r.read(ctx)
	if err != nil {
		return err
	}
	mode, later := latest.Undone(r.Mode, r.Begun)
	if mode == "" {
		return nil
	}
	return audience.Fail(audience.Gate, "start a new run; or, if this one's people are what you want, see \"Go on all the same\" in docs/runbook.md",
		fmt.Errorf("go on with run %s (mode %s): run %s, which was started later, on %s, %s, and this one would undo that",
			r.Run, r.Mode, later.Run, later.StartedAt.UTC().Format(time.RFC3339), did[mode]))
}

// Note says that the run is about to send: earlier runs that go on from now on are refused, if they would undo it.
func (r Run) Note(ctx context.Context) error {
	return r.change(ctx, func(l *audience.Latest) { l.Note(r.Mode, r.Begun) })
}

// Allow lets the run go on although it undoes what later ones did.
func (r Run) Allow(ctx context.Context) error {
	return r.change(ctx, func(l *audience.Latest) { l.Forget(r.Mode, r.Begun) })
}

func (r Run) change(ctx context.Context, how func(*audience.Latest)) error {
	latest, err := r.read(ctx)
	if err != nil {
		return err
	}
	how(latest)
	return r.State.WriteJSON(ctx, audience.LatestFile, latest)
}

func (r Run) read(ctx context.Context) (*audience.Latest, error) {
	latest := audience.Latest{Schema: audience.DocumentVersion}
	err := r.State.ReadJSON(ctx, audience.LatestFile, &latest)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("see which runs of the audience were the last: %w", err)
	}
	return &latest, audience.CheckVersion(audience.LatestFile, latest.Schema)
}
