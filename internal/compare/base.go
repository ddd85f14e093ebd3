package compare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/snapshot"
)

// choose finds what the match is compared with. Where there is nothing, the whole match takes the place of whoever is in the
// audience, or is added where nobody is.
func (c *comparison) choose(ctx context.Context, preflight *audience.Preflight, state *snapshot.State) error {
	reason, err := c.compareWith(ctx, preflight.Status, state)
	if err != nil {
		return err
	}
	c.changes.Mode, c.changes.Reason = audience.ModeMirror, reason
	switch {
	case reason == "":
		c.changes.Base = c.base.Run
	case preflight.Created || preflight.Status == meta.OperationNoUpload:
		c.changes.Mode, c.base, c.since = audience.ModeAdd, nil, nil
	default:
		c.changes.Mode, c.base, c.since = audience.ModeReplace, nil, nil
	}
	return nil
}

// compareWith reads the people of the last run that succeeded, and what was sent since; or it says why there is no telling who
// is in the audience.
func (c *comparison) compareWith(ctx context.Context, status int, state *snapshot.State) (reason string, err error) {
	switch {
	case state.Run == "":
		return "no run of this audience has succeeded as a mirror yet", nil
	case status == meta.OperationReplaceFailed: // which may have been the one that this run would build on
		return fmt.Sprintf("Meta says (status %d) that the last replace failed, and who is in the audience is not known", status), nil
	}
	for _, u := range state.Unfinished {
		if u.Mode != audience.ModeMirror {
			return fmt.Sprintf("run %s has sent to the audience since, in mode %s, and who is in it now is not known", u.Run, u.Mode), nil
		}
	}
	if c.base, reason, err = c.read(ctx, state.Run); reason != "" || err != nil {
		return reason, err
	}
	switch {
	case c.base.AudienceID != c.taken.AudienceID:
		return fmt.Sprintf("run %s sent to another audience (%s)", c.base.Run, c.base.AudienceID), nil
	case len(c.columns) > 0 && !slices.Equal(c.base.Keys, c.taken.Keys):
		return fmt.Sprintf("the keys of the match have changed from %v to %v", c.base.Keys, c.taken.Keys), nil
	}
	for _, u := range state.Unfinished {
		s, reason, err := c.read(ctx, u.Run)
		if reason != "" || err != nil {
			return reason, err
		}
		c.since = append(c.since, s)
	}
	return "", nil
}

// read gives the snapshot of a run if all of it is there.
func (c *comparison) read(ctx context.Context, run string) (s *snapshot.Snapshot, reason string, err error) {
	s, err = snapshot.ReadSnapshot(ctx, c.State, run)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Sprintf("what was kept of run %s, of who is in the audience, was deleted", run), nil
	}
	if err != nil {
		return nil, "", err
	}
	missing, err := s.Missing(ctx, c.State)
	if missing != "" {
		reason = fmt.Sprintf("what was kept of run %s, of who is in the audience, lacks its file %s", run, missing)
	}
	return s, reason, err
}
