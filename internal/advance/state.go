package advance

import (
	"context"
	"errors"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// openReplace is the replace that is in progress, as far as the audience's state tells; nil when it tells of none.
func (t *turn) openReplace(ctx context.Context) (*audience.OpenReplace, error) {
	var open audience.OpenReplace
	is, err := t.State.FindDocument(ctx, audience.OpenReplaceFile, &open, &open.Schema)
	if err != nil || !is {
		return nil, err
	}
	return &open, nil
}

// announce writes into the audience's state that this run is about to replace its people, before Meta hears of it.
func (t *turn) announce(ctx context.Context, r *audience.Replace) error {
	open, err := t.openReplace(ctx)
	if err != nil || open.Is(t.Run.ID, r.Session) {
		return err
	}
	return t.State.WriteJSON(ctx, audience.OpenReplaceFile, audience.OpenReplace{
		Schema: audience.DocumentVersion, Run: t.Run.ID, AudienceID: t.audienceID, Session: r.Session, Group: r.Group, Closing: r.Closing, OpenedAt: t.now,
	})
}

// stillOurs refuses to go on with a replace that a later run has ended meanwhile: what is left of this one would come on top
// of what that run has sent.
func (t *turn) stillOurs(ctx context.Context, r *audience.Replace) error {
	open, err := t.openReplace(ctx)
	if err != nil || open.Is(t.Run.ID, r.Session) {
		return err
	}
	return audience.Failf(audience.Invalid, "continue the replace of run %s: a later run has ended it, and may have sent other people since: start a new run", t.Run.ID)
}

// recover ends a replace that an earlier run of the audience has left open, which Meta would end after 90 minutes, or not at
// all: with a batch of this run's people when they are of the session's schema, else by waiting.
func (t *turn) recover(ctx context.Context) (*audience.Upload, error) {
	open, err := t.openReplace(ctx)
	if err != nil || open == nil || open.Run == t.Run.ID || open.AudienceID != t.audienceID || len(t.chunks) == 0 {
		return nil, err
	}
	own, err := t.own(ctx)
	if err != nil {
		return nil, err
	}
	if own != nil && !own.OpenedAt.IsZero() {
		return nil, t.stillOurs(ctx, own)
	}
	switch busy, err := t.busy(ctx); {
	case err != nil:
		return nil, err
	case !busy:
		return nil, errors.Join(t.Folder.Delete(ctx, audience.ReplaceFile), t.State.Delete(ctx, audience.OpenReplaceFile))
	}
	return t.endOf(ctx, open)
}

// endOf ends the session of another run's replace, or waits until it is over and Meta is done with it.
func (t *turn) endOf(ctx context.Context, open *audience.OpenReplace) (*audience.Upload, error) {
	s, err := t.Meta.SessionStatus(ctx, t.audienceID, open.Session)
	if err != nil {
		return nil, fmt.Errorf("see how far the replace of run %s is: %w", open.Run, err)
	}
	closer := t.closer()
	if s == nil || !s.End.IsZero() || open.Group != t.plan.Group() || closer == "" {
		return t.wait(ctx, nil)
	}
	r := &audience.Replace{
		Schema: audience.DocumentVersion, Session: open.Session, Group: open.Group, Of: open.Run, Closer: closer, Closing: open.Closing, OpenedAt: open.OpenedAt,
	}
	if err := t.save(ctx, r); err != nil {
		return nil, err
	}
	return t.close(ctx, r)
}

// closer is the first chunk whose people are to be in the audience: a row of theirs may end another run's replace.
func (t *turn) closer() string {
	for _, c := range t.chunks {
		if !c.Remove && t.plan.Mode != audience.ModeRemove {
			return c.ID
		}
	}
	return ""
}

// remember keeps what the next run's plan reckons with. How long Meta takes for a batch is told by the chunk that was sent alone:
// the others wait for each other where they share a limit.
func (t *turn) remember(ctx context.Context, r *audience.Replace) error {
	last := audience.LastReplace{Schema: audience.DocumentVersion, Run: t.Run.ID, AudienceID: t.audienceID, At: t.now}
	for _, s := range t.sent {
		last.Rows += s.rows
	}
	if alone := t.sent[r.Closer]; alone != nil {
		last.BatchSeconds = alone.gap.Seconds()
	}
	return t.State.WriteJSON(ctx, audience.LastReplaceFile, last)
}
