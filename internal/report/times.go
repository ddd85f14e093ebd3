package report

import (
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A stage is when a stage of the run was at work, by the clocks of its own documents.
type stage struct {
	name             string
	started, stopped time.Time
}

func (s stage) took() time.Duration { return s.stopped.Sub(s.started) }

// stages lists the stages in the order of the state machine. One that has not both times is left out: it did not happen,
// or nobody knows when.
func (f *facts) stages() []stage {
	d, u := f.docs, f.uploaded
	all := []stage{{"preflight", d.preflight.StartedAt, d.preflight.FinishedAt}}
	if p := d.prepared; p != nil {
		all = append(all, stage{"prepare", p.StartedAt, p.FinishedAt})
	}
	if d.query.FinishedAt != nil {
		all = append(all, stage{"query", d.query.StartedAt, *d.query.FinishedAt})
	}
	all = append(all,
		stage{"plan", d.plan.StartedAt, d.plan.FinishedAt},
		stage{"upload", u.started, u.finished},
		stage{"report", f.started, f.finished})
	known := all[:0]
	for _, s := range all {
		if !s.started.IsZero() && !s.stopped.Before(s.started) {
			known = append(known, s)
		}
	}
	return known
}

func times(stages []stage) []audience.StageTime {
	out := make([]audience.StageTime, len(stages))
	for i, s := range stages {
		out[i] = audience.StageTime{Stage: s.name, Seconds: s.took().Seconds()}
	}
	return out
}
