// Package compare finds out what has changed in a mirrored audience's match since its last run that succeeded: who joins and
// who leaves. Rows are compared as they travel to Meta, shard by shard, so that memory does not grow with them.
//
// It knows nobody who is in the audience but from its own runs. Where it cannot tell who is in, it says so and why, and the
// whole match is sent instead.
package compare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/match"
	"github.com/cleanreach/cleanreach/internal/person"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// Deps is what comparing needs.
type Deps struct {
	Run    *audience.Run
	Folder *storage.Folder // of the run; preflight.json and query.json are read from it, changes.json is written into it
	State  *storage.Folder // the audience's StateDir
	// Suppression lists the people who opted out. Nil stands for nobody.
	Suppression *suppression.List
	Now         func() time.Time // time.Now, but for tests
	Log         *slog.Logger
	// ShardRows is how many rows a shard has at the most, or little more. They are compared in memory, in about 100 bytes a
	// row. The default is 1,000,000.
	ShardRows int64
	// BufferBytes is how many bytes of rows wait in memory for their shard's next file. The default is 48 MiB.
	BufferBytes int
}

// A comparison is a run's match, and what it is compared with.
type comparison struct {
	Deps
	location string
	files    []match.File
	columns  []audience.PlanColumn // of the match

	base    *snapshot.Snapshot   // nil: there is nothing to compare with
	since   []*snapshot.Snapshot // of the runs that may have sent something since
	taken   *snapshot.Snapshot   // of this run
	changes *audience.Changes
	seen    person.Tally
	again   again // who is sent again
}

// Run compares the run's match, and writes the people in it and the changes into the audience's state and then changes.json,
// which names them. A run that was compared before is not compared again: it goes on with what it began to send.
//
// Its errors are Invalid when the match is not what an upload can take, and when another run has sent to the audience since
// this one was compared. They are of class Gate when more people would be taken out than the definition allows.
func Run(ctx context.Context, deps Deps) (*audience.Changes, error) {
	if deps.ShardRows <= 0 {
		deps.ShardRows = 1_000_000
	}
	if deps.BufferBytes <= 0 {
		deps.BufferBytes = 48 << 20
	}
	if before, err := compared(ctx, deps); before != nil || err != nil {
		return before, err
	}
	c := &comparison{Deps: deps}
	c.changes = &audience.Changes{Schema: audience.DocumentVersion, Run: deps.Run.ID, StartedAt: deps.Now().UTC()}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	if err := c.compare(ctx); err != nil {
		return nil, err
	}
	c.changes.FinishedAt = deps.Now().UTC()
	if err := c.taken.Write(ctx, deps.State); err != nil {
		return nil, err
	}
	if err := deps.Folder.WriteJSON(ctx, audience.ChangesFile, c.changes); err != nil {
		return nil, err
	}
	deps.Log.InfoContext(ctx, "compared the match", "mode", c.changes.Mode, "reason", c.changes.Reason, "matched", c.changes.Matched,
		"unusable", c.changes.Unusable, "duplicate", c.changes.Duplicate, "kept", c.changes.Kept, "joins", c.changes.Joins, "leaves", c.changes.Leaves,
		"shards", 1<<c.taken.Members.Bits)
	return c.changes, nil
}

// compared gives what an earlier task has found out, if this run still may send it.
func compared(ctx context.Context, deps Deps) (*audience.Changes, error) {
	var changes audience.Changes
	err := deps.Folder.ReadJSON(ctx, audience.ChangesFile, &changes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find out how this run was compared before: %w", err)
	}
	if err := audience.CheckVersion(audience.ChangesFile, changes.Schema); err != nil {
		return nil, err
	}
	state, err := snapshot.Read(ctx, deps.State)
	if err != nil {
		return nil, err
	}
	taken, err := snapshot.ReadSnapshot(ctx, deps.State, deps.Run.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, audience.Failf(audience.Invalid, "run %s was compared before, and what it found was deleted because another run of the audience succeeded since: start a new run",
			deps.Run.ID)
	}
	if err != nil {
		return nil, err
	}
	if err := state.Check(taken); err != nil {
		return nil, err
	}
	deps.Log.InfoContext(ctx, "the match was compared before", "mode", changes.Mode)
	return &changes, nil
}

// open reads what there is to compare.
func (c *comparison) open(ctx context.Context) error {
	var preflight audience.Preflight
	if err := c.Folder.ReadJSON(ctx, audience.PreflightFile, &preflight); err != nil {
		return fmt.Errorf("find the audience to compare with: %w", err)
	}
	if err := audience.CheckVersion(audience.PreflightFile, preflight.Schema); err != nil {
		return err
	}
	location, err := match.Location(ctx, c.Folder)
	if err != nil {
		return err
	}
	if c.location, c.files, err = match.Read(ctx, location); err != nil {
		return err
	}
	if c.columns, _, err = match.ColumnsOf(c.Run.Def(), c.files); err != nil {
		return err
	}
	state, err := snapshot.Read(ctx, c.State)
	if err != nil {
		return err
	}
	if err := state.Tidy(ctx, c.State); err != nil { // what a task of this run that was killed left, too
		return err
	}
	c.taken = c.begin(&preflight, state)
	if err := c.choose(ctx, &preflight, state); err != nil {
		return err
	}
	if len(c.columns) == 0 && c.base != nil { // nobody matched, so that no file says by which keys
		c.taken.Keys = c.base.Keys
	}
	c.changes.Location = c.State.URL() + snapshot.ChangesDir(c.Run.ID)
	c.changes.Columns = snapshot.Columns(c.taken.Keys)
	return nil
}

// begin describes the match.
func (c *comparison) begin(preflight *audience.Preflight, state *snapshot.State) *snapshot.Snapshot {
	taken := &snapshot.Snapshot{
		Schema: audience.DocumentVersion, Run: c.Run.ID, AudienceID: preflight.AudienceID, Keys: []audience.Key{},
		Options: optionsOf(c.Run.Def()), TakenAt: c.Now().UTC(), Base: state.Run, Since: []string{},
	}
	for _, u := range state.Unfinished {
		taken.Since = append(taken.Since, u.Run)
	}
	for _, column := range c.columns {
		taken.Keys = append(taken.Keys, column.Key)
	}
	return taken
}

// optionsOf is what a definition says to Meta of everybody in the audience. When it says something else, all are sent again.
func optionsOf(def *audience.Definition) string {
	if def.Meta.DataProcessing == nil {
		return ""
	}
	return fmt.Sprintf("%+v", *def.Meta.DataProcessing)
}

// compare writes the people of the match, then who leaves, then who joins.
func (c *comparison) compare(ctx context.Context) error {
	if err := c.writeMembers(ctx); err != nil {
		return err
	}
	c.changes.Matched = match.Rows(c.files)
	c.changes.Unusable, c.changes.Reasons = c.seen.Unusable, c.seen.Reasons
	if c.base == nil {
		c.taken.SentAt = sentAt(nil, c.taken.TakenAt, nil)
		return nil
	}
	if err := c.again.begin(ctx, c); err != nil {
		return err
	}
	if err := c.writeLeaves(ctx); err != nil {
		return err
	}
	if err := c.writeJoins(ctx); err != nil {
		return err
	}
	c.taken.SentAt = sentAt(c.base, c.taken.TakenAt, c.again.slots[:])
	if err := c.allowed(); err != nil {
		return err
	}
	if ch := c.changes; ch.Matched != ch.Unusable+ch.Duplicate+ch.Kept+ch.Joins {
		return audience.Failf(audience.Transient, "balance the comparison: of %d rows %d are unusable, %d duplicates, %d kept and %d join", ch.Matched, ch.Unusable, ch.Duplicate, ch.Kept, ch.Joins)
	}
	return nil
}

// allowed holds what is about to happen against the definition's limits.
func (c *comparison) allowed() error {
	people := c.changes.People
	return c.Run.Def().Limits.Allow(audience.Removal{
		Mode: audience.ModeMirror, Before: people.Before(), Source: "by run " + c.base.Run, After: people.After(), Removed: people.Left,
	})
}
