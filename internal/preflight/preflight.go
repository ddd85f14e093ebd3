// Package preflight asks Meta everything that it would refuse later, before anything is spent on preparing and matching:
// the token, the ad account and its terms, the audience. It finds the audience that the run uploads to, and makes it when
// there is none.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// saveTimeout bounds the writing of preflight.json by a task that was told to stop: the audience that it has just created
// must not be forgotten.
const saveTimeout = 15 * time.Second

// Deps is what preflight needs.
type Deps struct {
	Run    *audience.Run
	Folder *storage.Folder  // of the run; preflight.json is written into it
	State  *storage.Folder  // the audience's StateDir; a replace in it that is over is forgotten
	Meta   meta.API         // paced and retrying
	Now    func() time.Time // time.Now, but for tests
	Log    *slog.Logger
}

// Run makes all checks, creates the audience if it has to and nothing speaks against it, and writes preflight.json, also
// when checks failed: people look there. Running it again goes to the same audience.
//
// Its error names every failed check with what to do about it. Its class is that of the worst: one that a person must
// act on comes before one that may pass by itself.
func Run(ctx context.Context, deps Deps) (*audience.Preflight, error) {
	started := deps.Now()
	before, err := earlier(ctx, deps.Folder)
	if err != nil {
		return nil, err
	}
	def := deps.Run.Def()
	q := Question{Definition: def, Meta: deps.Meta, Now: started, Known: before.AudienceID, Created: before.Created, Run: deps.Run.ID, Mode: before.Mode}
	if err := q.readReplaces(ctx, deps); err != nil {
		return nil, err
	}
	// What stopped an earlier attempt of the run stops no other one, unless Meta still says so.
	if err := deps.Folder.Delete(ctx, audience.StopFile); err != nil {
		return nil, err
	}
	found := Check(ctx, q)
	created := before.Created
	if found.missing && found.Err() == nil {
		created = found.create(ctx, deps.Meta, def)
	}
	if ctx.Err() != nil && found.AudienceID == "" { // what failed then says nothing about Meta
		return nil, audience.Fail(audience.Transient, "start it again", fmt.Errorf("preflight was stopped: %w", context.Cause(ctx)))
	}
	result := &audience.Preflight{
		Schema: audience.DocumentVersion, AudienceID: found.AudienceID, Created: created, Mode: found.Mode, Status: found.Status, Tier: found.Tier,
		LowerBound: found.LowerBound, TokenExpiresAt: found.TokenExpiresAt,
		Checks: found.Checks, Query: audience.QueryOf(def), StartedAt: started, FinishedAt: deps.Now(),
	}
	if result.AudienceID == "" {
		result.AudienceID = before.AudienceID
	}
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	log(saving, deps.Log, result.Checks)
	return result, errors.Join(found.Err(), deps.Folder.WriteJSON(saving, audience.PreflightFile, result), forget(saving, deps, q, found))
}

// readReplaces reads what is known of this run's own replace and of one that was left open.
func (q *Question) readReplaces(ctx context.Context, deps Deps) error {
	var own audience.Replace
	began, err := deps.Folder.FindDocument(ctx, audience.ReplaceFile, &own, &own.Schema)
	if err != nil {
		return err
	}
	var open audience.OpenReplace
	is, err := deps.State.FindDocument(ctx, audience.OpenReplaceFile, &open, &open.Schema)
	if err != nil {
		return err
	}
	q.Began = began && own.Of == "" && (!own.OpenedAt.IsZero() || is && open.Run == q.Run)
	if is {
		q.Open = &open
	}
	return nil
}

// forget takes note that a replace of an earlier run is over, so that a later one of somebody else's is not taken for it. As
// long as no run has sent anything since, that run may go on and add what its replace lacks. This run's own is Advance's to settle.
func forget(ctx context.Context, deps Deps, q Question, found *Findings) error {
	if q.Open == nil || q.Open.Run == q.Run || q.Open.AudienceID != found.AudienceID || found.Status != meta.OperationNormal {
		return nil
	}
	var latest audience.Latest
	if _, err := deps.State.FindDocument(ctx, audience.LatestFile, &latest, &latest.Schema); err != nil {
		return err
	}
	for _, later := range latest.Runs {
		if later.Run != q.Open.Run && later.StartedAt.After(q.Open.OpenedAt) {
			return deps.State.Delete(ctx, audience.OpenReplaceFile)
		}
	}
	return nil
}

// earlier reads what an earlier preflight of this run left, or gives the zero value.
func earlier(ctx context.Context, folder *storage.Folder) (r audience.Preflight, err error) {
	if _, err = folder.FindDocument(ctx, audience.PreflightFile, &r, &r.Schema); err != nil {
		return r, fmt.Errorf("find out what an earlier preflight of this run did: %w", err)
	}
	return r, nil
}

func log(ctx context.Context, log *slog.Logger, checks []audience.Check) {
	levels := map[string]slog.Level{audience.CheckOK: slog.LevelInfo, audience.CheckWarn: slog.LevelWarn, audience.CheckFail: slog.LevelError}
	for _, c := range checks {
		log.Log(ctx, levels[c.Status], "preflight check", "check", c.Name, "status", c.Status, "detail", c.Detail, "fix", c.Fix)
	}
}
