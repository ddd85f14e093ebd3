// Package snapshot keeps who is in a mirrored audience: everybody of the match of its last run that succeeded, and what the
// runs that did not finish since may have changed. It lies in the audience's state, as Parquet sharded by person, and
// outlives every run.
//
// mirror.json says what holds. It is written in one step, and nothing that it names is deleted before it names something
// else, so that a task may be killed at any point: what it then leaves is files that nobody names, which the next run clears
// away. That two runs do not write it at once is the lease's business.
package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// Where it lies, relative to the audience's StateDir.
const (
	stateFile = "mirror.json"
	runsDir   = "mirror/" // a folder for each run
)

// Dir is the folder of a run's files, relative to the audience's StateDir.
func Dir(run string) string { return runsDir + run + "/" }

// A State is mirror.json.
type State struct {
	Schema int `json:"schema"`
	// Run is the last one that succeeded as a mirror. Its people were in the audience then; empty: nobody knows who is in.
	Run string `json:"run,omitempty"`
	// Unfinished are the runs that may have sent something since, in the order in which they began or went on.
	Unfinished []Unfinished `json:"unfinished,omitempty"`
}

// An Unfinished run has begun to send and not succeeded as a mirror.
type Unfinished struct {
	Run     string    `json:"run"`
	Mode    string    `json:"mode"` // what it sends: of a mirror its joins and leaves, otherwise nobody can tell what came of it
	BeganAt time.Time `json:"began_at"`
}

// Read gives the audience's state. One that no run has written is empty.
func Read(ctx context.Context, folder *storage.Folder) (*State, error) {
	state := State{Schema: audience.DocumentVersion}
	err := folder.ReadJSON(ctx, stateFile, &state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("find out who is in the audience: %w", err)
	}
	return &state, audience.CheckVersion(stateFile, state.Schema)
}

// Empty reports whether no run has ever mirrored the audience.
func (s *State) Empty() bool { return s.Run == "" && len(s.Unfinished) == 0 }

// runs names the unfinished runs, but for one of them.
func (s *State) runs(but string) []string {
	names := []string{}
	for _, u := range s.Unfinished {
		if u.Run != but {
			names = append(names, u.Run)
		}
	}
	return names
}

// Check makes sure that a run still is what it was compared as: no other has sent anything to the audience since. Its error
// is of class Invalid.
func (s *State) Check(of *Snapshot) error {
	at := slices.IndexFunc(s.Unfinished, func(u Unfinished) bool { return u.Run == of.Run })
	switch {
	case s.Run == of.Run:
		if len(s.Unfinished) == 0 {
			return nil
		}
	case s.Run == of.Base && slices.Equal(s.runs(of.Run), of.Since) && (at < 0 || at == len(s.Unfinished)-1):
		return nil
	}
	return audience.Failf(audience.Invalid, "run %s was compared with the audience as it was before other runs sent to it (the latest is %s): start a new run",
		of.Run, s.latest())
}

// latest names the run that sent last.
func (s *State) latest() string {
	if n := len(s.Unfinished); n > 0 {
		return s.Unfinished[n-1].Run
	}
	return s.Run
}

// Planned notes that a run is about to send what was planned, in a mode: that of its definition, or what a mirror does where
// it has nothing to compare with.
func Planned(ctx context.Context, folder *storage.Folder, run *audience.Run, mode string, now time.Time) error {
	if run.Def().Meta.Mode != audience.ModeMirror {
		return Touch(ctx, folder, run.ID, mode, now)
	}
	of, err := ReadSnapshot(ctx, folder, run.ID)
	if err != nil {
		return err
	}
	return Begin(ctx, folder, of, mode, now)
}

// Begin notes that a run is about to send what it was compared for. It comes before anything is sent.
func Begin(ctx context.Context, folder *storage.Folder, of *Snapshot, mode string, now time.Time) error {
	state, err := Read(ctx, folder)
	if err != nil {
		return err
	}
	if err := state.Check(of); err != nil {
		return err
	}
	if state.latest() == of.Run {
		return nil
	}
	return state.add(ctx, folder, Unfinished{Run: of.Run, Mode: mode, BeganAt: now.UTC()})
}

// Touch notes that a run that is no mirror is about to send to an audience that may be mirrored: from then on nobody can tell
// who is in. Where no run has mirrored the audience there is nothing to note.
func Touch(ctx context.Context, folder *storage.Folder, run, mode string, now time.Time) error {
	state, err := Read(ctx, folder)
	if err != nil || state.Empty() || len(state.Unfinished) > 0 && state.latest() == run {
		return err
	}
	return state.add(ctx, folder, Unfinished{Run: run, Mode: mode, BeganAt: now.UTC()})
}

// add puts a run at the end of those that are not finished.
func (s *State) add(ctx context.Context, folder *storage.Folder, u Unfinished) error {
	s.Unfinished = append(slices.DeleteFunc(s.Unfinished, func(old Unfinished) bool { return old.Run == u.Run }), u)
	return s.write(ctx, folder)
}

func (s *State) write(ctx context.Context, folder *storage.Folder) error {
	if err := folder.WriteJSON(ctx, stateFile, s); err != nil {
		return fmt.Errorf("note who is in the audience: %w", err)
	}
	return nil
}

// Reported commits a mirror of which its report says that all was sent: then the people of its match are those in the
// audience. Of a match with nobody in it that holds where everybody was taken out, or was before. Of a replace that Meta took
// in part only it does not: whoever was in the audience may still be, so that the next run replaces them again.
func Reported(ctx context.Context, folder *storage.Folder, run *audience.Run, report *audience.Report) error {
	mirrored := report.Outcome == audience.OutcomeEmpty && report.Mode == audience.ModeMirror
	partly := report.Replaced != nil && report.Replaced.Partial
	if run.Def().Meta.Mode != audience.ModeMirror || partly || report.Outcome != audience.OutcomeSucceeded && !mirrored {
		return nil
	}
	return Commit(ctx, folder, run.ID)
}

// Commit makes a run's people those who are in the audience, and then deletes what only the runs before it needed. It may be
// done again.
func Commit(ctx context.Context, folder *storage.Folder, run string) error {
	of, err := ReadSnapshot(ctx, folder, run)
	if err != nil {
		return err
	}
	state, err := Read(ctx, folder)
	if err != nil {
		return err
	}
	if err := state.Check(of); err != nil {
		return err
	}
	state.Run, state.Unfinished = run, nil
	if err := state.write(ctx, folder); err != nil {
		return err
	}
	return state.Tidy(ctx, folder)
}

// Tidy deletes the files of all runs that the state does not name.
func (s *State) Tidy(ctx context.Context, folder *storage.Folder) error {
	objects, err := folder.List(ctx, runsDir)
	if err != nil {
		return fmt.Errorf("look for files of earlier runs: %w", err)
	}
	named := append(s.runs(""), s.Run)
	for _, o := range objects {
		run, _, _ := strings.Cut(strings.TrimPrefix(o.Key, runsDir), "/")
		if slices.Contains(named, run) {
			continue
		}
		if err := folder.Delete(ctx, o.Key); err != nil {
			return fmt.Errorf("delete a file of an earlier run: %w", err)
		}
	}
	return nil
}
