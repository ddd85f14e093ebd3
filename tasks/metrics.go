package main

import (
	"context"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/telemetry"
)

// measure writes the task's metrics. A task that did not come to know its run writes none, as a tenant is a dimension of
// all of them; that the execution failed is then the state machine's own metric.
func (w *work) measure(err error) {
	if w.run == nil {
		return
	}
	m := w.metrics
	m.Note(telemetry.KeyRun, w.run.ID)
	m.Note(telemetry.KeyAudience, w.run.Audience)
	m.Note(telemetry.KeyChunk, w.env[envChunk])
	now := time.Now()
	m.Put(telemetry.StageSeconds, now.Sub(w.started).Seconds())
	m.Put(telemetry.StageFailures, one(err != nil))
	if err != nil {
		m.Note(telemetry.KeyClass, audience.ClassOf(err).String())
	}
	if w.meta.calls != nil {
		m.Put(telemetry.MetaCalls, float64(w.meta.calls()))
		m.Put(telemetry.ThrottledSeconds, w.meta.throttled().Seconds())
	}
	if err := m.Write(now, w.run.Tenant, w.name); err != nil {
		w.log.Warn("the task's metrics are lost", telemetry.KeyError, err.Error())
	}
}

// meters are what the client of Meta counts.
type meters struct {
	calls     func() int64
	throttled func() time.Duration
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// measurePreflight is for a preflight that failed too: why may be that the token has expired.
func (w *work) measurePreflight(p *audience.Preflight) {
	if p != nil && !p.TokenExpiresAt.IsZero() {
		w.metrics.Put(telemetry.TokenDaysLeft, p.TokenExpiresAt.Sub(w.started).Hours()/24)
	}
}

// measurePrepare counts the rows that this task prepared, also those that a gate then stopped. What an earlier task of the
// run prepared was counted by it.
func (w *work) measurePrepare(p *audience.Prepared) {
	if p == nil || p.StartedAt.Before(w.started) {
		return
	}
	w.count(map[telemetry.Metric]int64{
		telemetry.RowsSource: p.Source, telemetry.RowsNoConsent: p.NoConsent, telemetry.RowsSuppressed: p.Suppressed,
		telemetry.RowsQuarantined: p.Quarantined, telemetry.RowsPrepared: p.Prepared,
	})
	w.metrics.Put(telemetry.InvalidRatio, p.InvalidRatio())
}

// measurePlan counts the matched rows, once a run. The rate needs the account of prepare, and a user's own Glue job leaves
// none.
func (w *work) measurePlan(ctx context.Context, p *audience.Plan, planned bool) {
	if p == nil {
		return
	}
	matched := w.matched(ctx, p)
	if !planned {
		w.metrics.Put(telemetry.RowsMatched, float64(matched))
	}
	var prepared audience.Prepared
	if err := w.folder.ReadJSON(ctx, audience.PreparedFile, &prepared); err == nil && prepared.Prepared > 0 {
		w.metrics.Put(telemetry.MatchRate, float64(matched)/float64(prepared.Prepared))
	}
}

// matched counts the rows of the match. A mirror's plan has only those that have changed.
func (w *work) matched(ctx context.Context, p *audience.Plan) int64 {
	var changes audience.Changes
	if p.Mode == audience.ModeMirror && w.folder.ReadJSON(ctx, audience.ChangesFile, &changes) == nil {
		return changes.Matched
	}
	return p.Rows
}

// planned reports whether an earlier task planned the run.
func (w *work) planned(ctx context.Context) bool {
	_, err := w.folder.Read(ctx, audience.PlanFile)
	return err == nil
}

// receipt is what earlier tasks left of the chunk. When there is nothing, or it cannot be read, it is the zero value: what
// is wrong with it is upload's to say.
func (w *work) receipt(ctx context.Context) (r audience.Receipt) {
	if w.folder.ReadJSON(ctx, audience.ReceiptFile(w.env[envChunk]), &r) != nil {
		return audience.Receipt{}
	}
	return r
}

// measureUpload counts what this task added to the chunk's receipt, so that a chunk that took several tasks is counted once.
func (w *work) measureUpload(before audience.Receipt, r *audience.Receipt) {
	if r == nil {
		return
	}
	if before.File != r.File || before.FirstRow != r.FirstRow || before.Rows != r.Rows { // of another match: upload began anew
		before = audience.Receipt{}
	}
	w.count(map[telemetry.Metric]int64{
		telemetry.RowsSent: r.Sent - before.Sent, telemetry.RowsUnusable: r.Unusable - before.Unusable,
		telemetry.RowsWithheld: r.Withheld - before.Withheld, telemetry.RowsRefused: r.Invalid - before.Invalid,
	})
	if r.Done && !before.Done {
		w.metrics.Put(telemetry.ChunkSeconds, r.FinishedAt.Sub(r.StartedAt).Seconds())
	}
}

// measureReport is for a report with an error too: that is what a report comes with whose account does not balance.
func (w *work) measureReport(r *audience.Report, err error) {
	if r == nil {
		return
	}
	failed := r.Outcome == audience.OutcomeFailed
	w.metrics.Note(telemetry.KeyOutcome, r.Outcome)
	w.metrics.Put(telemetry.RowsFailed, float64(r.Rows.Failed+r.Rows.Leaves.Failed))
	w.metrics.Put(telemetry.RunsCompleted, one(!failed))
	w.metrics.Put(telemetry.RunsFailed, one(failed))
	w.metrics.Put(telemetry.RunsUnbalanced, one(err != nil))
	if p := r.People; p != nil && !failed {
		w.count(map[telemetry.Metric]int64{telemetry.PeopleJoined: p.Joined, telemetry.PeopleLeft: p.Left, telemetry.PeopleStayed: p.Stayed + p.Changed})
	}
	if p := r.Replaced; p != nil && !p.ClosedAt.IsZero() {
		w.metrics.Put(telemetry.ReplaceSeconds, p.ClosedAt.Sub(p.OpenedAt).Seconds())
	}
}

func (w *work) count(rows map[telemetry.Metric]int64) {
	for metric, n := range rows {
		w.metrics.Put(metric, float64(n))
	}
}
