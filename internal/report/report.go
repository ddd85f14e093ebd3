// Package report accounts for a run: what became of every row, how good the data was, what Meta says of it, and what to
// do next. It reads the documents that the stages before it left, and writes three: report.json for programs, report.html
// for people, outcome.json for the state machine.
package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// Meta is what a report asks of Meta. Nothing that it answers, and no failure to answer, makes the report fail: the
// upload is over.
type Meta interface {
	// Audience reads a custom audience.
	Audience(ctx context.Context, id string) (meta.CustomAudience, error)
	// SessionStatus reads what Meta has of an upload session; nil when it knows no such session.
	SessionStatus(ctx context.Context, audience string, session int64) (*meta.SessionStatus, error)
}

// Deps is what a report needs.
type Deps struct {
	Run    *audience.Run
	Folder *storage.Folder // of the run: every document is read from it and written into it
	Meta   Meta
	Now    func() time.Time                           // time.Now, but for tests
	Sleep  func(context.Context, time.Duration) error // waits, but for tests
	Log    *slog.Logger
}

// A facts is all that a report is made of.
type facts struct {
	run      *audience.Run
	docs     *documents
	uploaded *uploaded
	meta     answers
	started  time.Time // of this stage
	finished time.Time
}

// Run makes the report and returns it. Running it again makes it anew from the documents as they are then.
//
// When the account does not balance, the error is of class Invalid and comes with the report: report.json and report.html
// are there for people to look at, outcome.json is not, so that nothing takes the run for a good one.
func Run(ctx context.Context, deps Deps) (*audience.Report, error) {
	f := facts{run: deps.Run, started: deps.Now()}
	if err := deps.Folder.Delete(ctx, audience.OutcomeFile); err != nil { // of an earlier report
		return nil, err
	}
	var err error
	if f.docs, err = readDocuments(ctx, deps.Folder, deps.Run); err != nil {
		return nil, err
	}
	if f.uploaded, err = readReceipts(ctx, deps, f.docs); err != nil {
		return nil, err
	}
	f.meta = ask(ctx, deps, &f.docs.preflight, f.uploaded.sessions(f.docs))
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ask Meta about the audience: %w", err)
	}
	f.finished = deps.Now()
	unbalanced := f.balance()
	report := f.report(unbalanced)
	if err := write(ctx, deps.Folder, &f, report, unbalanced); err != nil {
		return nil, err
	}
	r := report.Rows
	deps.Log.InfoContext(ctx, "reported", "outcome", report.Outcome, "source", r.Source, "suppressed", r.Suppressed, "prepared", r.Prepared, "matched", r.Matched,
		"withheld", r.Withheld, "sent", r.Sent, "failed", r.Failed, "received", r.Received, "chunks", report.Chunks.Total, "failed_chunks", report.Chunks.Failed)
	return report, unbalanced
}

// write puts outcome.json last: the state machine takes it for the sign that the others are there.
func write(ctx context.Context, folder *storage.Folder, f *facts, report *audience.Report, unbalanced error) error {
	if err := folder.WriteJSON(ctx, audience.ReportFile, report); err != nil {
		return err
	}
	page, err := renderPage(f, report, unbalanced)
	if err != nil {
		return fmt.Errorf("render %s: %w", audience.ReportPage, err)
	}
	if err := folder.Write(ctx, audience.ReportPage, page); err != nil || unbalanced != nil {
		return err
	}
	outcome := audience.Outcome{Schema: audience.DocumentVersion, Outcome: report.Outcome, Rows: report.Rows, Chunks: report.Chunks}
	if report.Outcome == audience.OutcomeFailed {
		outcome.Failure = f.uploaded.cause()
	}
	return folder.WriteJSON(ctx, audience.OutcomeFile, outcome)
}

// report puts the facts together.
func (f *facts) report(unbalanced error) *audience.Report {
	def := f.run.Def()
	u := f.uploaded
	r := &audience.Report{
		Schema: audience.DocumentVersion, Run: f.run.ID, Tenant: f.run.Tenant, Audience: f.run.Audience,
		Mode: f.mode(), ModeReason: f.modeReason(), Replaced: f.replaced(), People: f.people(), AdAccount: def.Meta.AdAccount, AudienceID: f.docs.preflight.AudienceID, AudienceName: cmp.Or(f.meta.name, def.Meta.AudienceName),
		SourceKnown: f.docs.prepared != nil, Rows: f.rows(),
		Keys: map[audience.Key]audience.KeyQuality{}, RowReasons: map[string]int64{}, KeptReasons: map[string]int64{}, SendReasons: f.sumReasons(),
		Chunks: u.counts(), Failed: u.failedChunks(f.docs.chunks), Batches: u.batches,
		RefusedRows: u.refused, Verification: f.meta.verify(), MatchRate: f.meta.rate(), Times: times(f.stages()), Throttled: u.throttled,
		Status: f.meta.status, MetaProblem: f.meta.problemClass(), StartedAt: f.run.StartedAt, FinishedAt: f.finished,
	}
	if p := f.docs.prepared; p != nil {
		maps.Copy(r.Keys, p.Keys)
		maps.Copy(r.RowReasons, p.RowReasons)
		maps.Copy(r.KeptReasons, p.KeptReasons)
	}
	if r.Mode != def.Meta.Mode {
		r.AskedMode = def.Meta.Mode
	}
	r.Outcome = outcomeOf(r.Rows.Matched+r.Rows.Leaves.Planned, r.Chunks, f.docs.plan.ToleratedPercent)
	if v := r.Verification; v != nil && v.Missing > 0 && r.Outcome == audience.OutcomeSucceeded {
		r.Outcome = audience.OutcomePartial // not failed: to continue the run would send nothing, as its receipts say that all was sent
	}
	if unbalanced != nil {
		r.Outcome = audience.OutcomeFailed
	}
	r.Next = f.advise(r, unbalanced)
	return r
}

func (f *facts) rows() audience.Rows {
	u := f.uploaded
	r := u.rows
	r.Matched = f.docs.plan.Rows
	if c := f.mirrored(); c != nil {
		r.Matched, r.Duplicate, r.Kept = c.Matched, c.Duplicate, c.Kept
		r.Unusable += c.Unusable
	}
	if p := f.docs.prepared; p != nil {
		r.Source, r.NoConsent, r.Suppressed, r.Quarantined, r.Prepared = p.Source, p.NoConsent, p.Suppressed, p.Quarantined, p.Prepared
	}
	return r
}

// balance is nil when nothing has vanished. That it does not balance is a fault of ours which another try does not mend.
func (f *facts) balance() error {
	err := errors.Join(f.rows().Balance(), f.leavesPlanned(), f.uploaded.wrong())
	if err != nil {
		err = fmt.Errorf("the account of the rows does not balance: %w", err)
	}
	return audience.Fail(audience.Invalid, "this is a fault of CleanReach: keep the run's folder and report it with report.json", err)
}

// outcomeOf judges a run, by the rows that there were to send or to keep, and by the arithmetic of Step Functions' ToleratedFailurePercentage, so that the report and the
// state machine agree.
func outcomeOf(matched int64, chunks audience.ChunkCounts, tolerated float64) string {
	switch {
	case matched == 0 && chunks.Failed == 0:
		return audience.OutcomeEmpty
	case chunks.Failed == 0:
		return audience.OutcomeSucceeded
	case float64(chunks.Failed)*100 > tolerated*float64(chunks.Total):
		return audience.OutcomeFailed
	}
	return audience.OutcomePartial
}
