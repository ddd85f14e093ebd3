// Package optout carries out what a person has asked for who does not want to be in an audience any more: it puts them onto
// the tenant's suppression list, which every later run leaves out, and then removes them at Meta. Everything may be done
// again: what is on the list is not added twice, and to remove somebody who is not there is harmless.
package optout

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// Deps is what an opt-out needs.
type Deps struct {
	Tenant string
	Work   *storage.Folder // the work bucket
	People People
	Remove Remover          // of the people from Meta; not for revoking
	Now    func() time.Time // time.Now, but for tests
	Log    *slog.Logger
	// FileEntries bounds a file of the list. The default is suppression.FileEntries.
	FileEntries int
	// BatchRows is how many values travel in one request. The default is meta.BatchRows, the most that Meta takes.
	BatchRows int
}

// A Receipt is what was done, in counts. Values = Changed + Unchanged, and after an opt-out Values = Sent + NotSent.
type Receipt struct {
	Name      string    `json:"-"` // where it lies in the work bucket
	Schema    int       `json:"schema"`
	Tenant    string    `json:"tenant"`
	Kind      string    `json:"kind"` // add or revoke, as the list's files have it
	People    Tally     `json:"people"`
	Changed   int64     `json:"changed"`         // values put onto the list, or taken off it
	Unchanged int64     `json:"unchanged"`       // values that were on it already, or not at all; those that come twice too
	Files     []int     `json:"files,omitempty"` // numbers of the list's files that were added
	Removal   *Removal  `json:"removal,omitempty"`
	StartedAt time.Time `json:"started_at"`
	// FinishedAt is zero while it is at work, and stays so if it is killed.
	FinishedAt time.Time `json:"finished_at,omitzero"`
	Problem    string    `json:"problem,omitempty"` // why it did not end well
}

// A Removal is what Meta was asked for.
type Removal struct {
	From     string `json:"from"` // an audience's id, or an ad account; empty when there is no audience yet
	Batches  int    `json:"batches"`
	Sent     int64  `json:"sent"`     // values in requests that Meta acknowledged
	NotSent  int64  `json:"not_sent"` // the other values
	Received int64  `json:"received"` // of those sent, by Meta's own count
	Refused  int64  `json:"refused"`  // of those received; Meta rounds it
}

// Add suppresses the people, and then removes them at Meta: in this order, so that whoever is killed in between leaves them
// suppressed. The receipt comes with an error too, once something has been changed; before that nothing is.
func Add(ctx context.Context, deps Deps) (*Receipt, error) {
	return begin(ctx, deps, suppression.Add, func(j *job) error {
		if err := j.list(ctx, false); err != nil {
			return fmt.Errorf("suppress the people (%d values were put on the list, and nothing was removed at Meta): %w", j.receipt.Changed, err)
		}
		if err := j.save(ctx); err != nil {
			return err
		}
		if err := j.remove(ctx); err != nil {
			return fmt.Errorf("remove the people at Meta (they are suppressed: no later batch sends them): %w", err)
		}
		return nil
	})
}

// Revoke takes people off the list: they consent again. At Meta nothing is done; the next run adds them if they match.
func Revoke(ctx context.Context, deps Deps) (*Receipt, error) {
	return begin(ctx, deps, suppression.Revoke, func(j *job) error {
		if err := j.list(ctx, true); err != nil {
			return fmt.Errorf("take the people off the list (%d values are off): %w", j.receipt.Changed, err)
		}
		return nil
	})
}

// A job is one opt-out at work.
type job struct {
	deps    Deps
	source  *source
	suppr   *suppression.List
	kind    suppression.Kind
	receipt Receipt
}

// begin reads the people once before anything is changed, does the work, and keeps its receipt.
func begin(ctx context.Context, deps Deps, kind suppression.Kind, work func(*job) error) (*Receipt, error) {
	if deps.FileEntries <= 0 {
		deps.FileEntries = suppression.FileEntries
	}
	if deps.BatchRows <= 0 {
		deps.BatchRows = meta.BatchRows
	}
	source, err := openPeople(ctx, deps.People, deps.Now)
	if err != nil {
		return nil, err
	}
	defer source.close()
	tally, err := source.each(ctx, func(value) error { return nil })
	switch {
	case err != nil:
		return nil, err
	case tally.Rows == 0:
		return nil, audience.Failf(audience.Gate, "read the people of %s: there is no row in it: nothing was changed", deps.People.URL)
	case tally.Values == 0:
		return nil, audience.Failf(audience.Gate, "read the people of %s: none of its %d rows names anybody by email, phone, extern_id or madid (%s): nothing was changed",
			deps.People.URL, tally.Rows, reasons(tally.Reasons))
	}
	started := deps.Now().UTC()
	j := &job{deps: deps, source: source, suppr: suppression.Open(deps.Work, deps.Tenant), kind: kind, receipt: Receipt{
		Name:   fmt.Sprintf("%s%s-%s.json", ReceiptsDir(deps.Tenant), started.Format("20060102T150405Z"), strings.ToLower(rand.Text()[:6])),
		Schema: audience.DocumentVersion, Tenant: deps.Tenant, Kind: string(kind), People: tally, StartedAt: started,
	}}
	if err := j.save(ctx); err != nil {
		return nil, err
	}
	if err = work(j); err != nil { // whose class goes before that of rows that name nobody, also when nobody has given it one
		err = audience.Fail(audience.ClassOf(err), "", err)
	}
	err = errors.Join(err, j.unnamed())
	return &j.receipt, errors.Join(err, j.finish(context.WithoutCancel(ctx), err))
}

// ReceiptsDir is where the receipts of a tenant's opt-outs lie in the work bucket.
func ReceiptsDir(tenant string) string { return audience.SuppressionDir(tenant) + "receipts/" }

// list puts the people onto the list, or takes those off who are on it.
func (j *job) list(ctx context.Context, on bool) error {
	set, err := j.suppr.Load(ctx)
	if err != nil {
		return err
	}
	var entries []suppression.Entry
	flush := func() error {
		if len(entries) == 0 {
			return nil
		}
		number, added, err := j.suppr.Append(ctx, j.kind, j.deps.Now(), entries)
		if err != nil {
			return err
		}
		j.receipt.Files = append(j.receipt.Files, number)
		j.receipt.Changed += int64(added)
		j.receipt.Unchanged += int64(len(entries) - added)
		entries = entries[:0]
		return set.Refresh(ctx)
	}
	_, err = j.source.each(ctx, func(v value) error {
		if set.Has(v.key, v.mark()) != on {
			j.receipt.Unchanged++
			return nil
		}
		entries = append(entries, v.entry())
		if len(entries) < j.deps.FileEntries {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// unnamed is the error for rows that name nobody: somebody asked for something that was not done.
func (j *job) unnamed() error {
	p := &j.receipt.People
	if p.Unusable == 0 {
		return nil
	}
	return audience.Fail(audience.Gate, "mend these rows and give them again; the others are done",
		fmt.Errorf("%d of %d rows name nobody that can be found (%s), such as %s", p.Unusable, p.Rows, reasons(p.Reasons), strings.Join(p.Shown, ", ")))
}

// finish writes the receipt at the end.
func (j *job) finish(ctx context.Context, problem error) error {
	j.receipt.FinishedAt = j.deps.Now().UTC()
	if problem != nil {
		j.receipt.Problem = problem.Error()
	}
	return j.save(ctx)
}

func (j *job) save(ctx context.Context) error {
	if err := j.deps.Work.WriteJSON(ctx, j.receipt.Name, &j.receipt); err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	return nil
}
