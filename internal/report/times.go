package report

import (
	"fmt"
	"html/template"
	"slices"
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
	if c := d.changes; c != nil {
		all = append(all, stage{"compare", c.StartedAt, c.FinishedAt})
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

// A stageRow is a bar of the times.
type stageRow struct {
	Name, About, Took string
	Bar               template.HTML
}

// stageAbout says what a stage does.
var stageAbout = map[string]string{
	"preflight": "Asks Meta all that it would refuse later", "prepare": "Cleans and checks the source's rows",
	"query": "Matches them with the partner's in the clean room", "plan": "Divides the match into chunks",
	"compare": "Finds who joins and who leaves",
	"upload":  "Hashes and sends the chunks", "report": "Makes this page",
}

// stageRows places the stages on one line of time.
func stageRows(stages []stage) ([]stageRow, string, error) {
	var out []stageRow
	if len(stages) == 0 {
		return nil, "", nil
	}
	first := slices.MinFunc(stages, func(a, b stage) int { return a.started.Compare(b.started) }).started
	last := slices.MaxFunc(stages, func(a, b stage) int { return a.stopped.Compare(b.stopped) }).stopped
	whole := last.Sub(first).Seconds()
	for _, s := range stages {
		length := max(s.took().Seconds(), whole/250) // so that the shortest can be seen
		offset := min(s.started.Sub(first).Seconds(), whole-length)
		drawn, err := bar(whole, span{paintNone, offset}, span{paintGood, length})
		if err != nil {
			return nil, "", err
		}
		out = append(out, stageRow{Name: capital(s.name), About: stageAbout[s.name], Took: duration(s.took()), Bar: drawn})
	}
	return out, fmt.Sprintf("From %s to %s UTC: %s in all, waiting between the stages included.", first.UTC().Format("2 January 2006, 15:04:05"),
		last.UTC().Format(time.TimeOnly), duration(last.Sub(first))), nil
}
