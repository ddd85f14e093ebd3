package audience

import (
	"maps"
	"slices"
	"time"
)

// LatestFile is where StateDir says which runs were the last to plan an upload to the audience.
const LatestFile = "latest.json"

// A Latest is StateDir's latest.json: of each mode the run, of those that came as far as an upload, that was started last. By it
// a run that goes on late tells whether a later one has done what it would undo.
type Latest struct {
	Schema int              `json:"schema"`
	Runs   map[string]Begun `json:"runs"` // by the mode that the definition says
}

// A Begun is a run, and when it was started first.
type Begun struct {
	Run       string    `json:"run"`
	StartedAt time.Time `json:"started_at"`
}

// Undone gives the mode and the run, of those started later, whose work would be undone by a run that goes on now; no mode when
// there is none. Only adding beside adding, and removing beside removing, do no harm in any order.
func (l *Latest) Undone(mode string, late Begun) (string, Begun) {
	harmless := mode == ModeAdd || mode == ModeRemove
	for _, m := range slices.Sorted(maps.Keys(l.Runs)) {
		if later := l.Runs[m]; later.Run != late.Run && later.StartedAt.After(late.StartedAt) && (m != mode || !harmless) {
			return m, later
		}
	}
	return "", Begun{}
}

// Note adds a run, unless a later one of its mode is there.
func (l *Latest) Note(mode string, run Begun) {
	if known, is := l.Runs[mode]; is && known.StartedAt.After(run.StartedAt) {
		return
	}
	if l.Runs == nil {
		l.Runs = map[string]Begun{}
	}
	l.Runs[mode] = run
}

// Forget takes out the runs whose work would be undone by a run that somebody wants to go on all the same.
func (l *Latest) Forget(mode string, late Begun) {
	for {
		m, _ := l.Undone(mode, late)
		if m == "" {
			return
		}
		delete(l.Runs, m)
	}
}
