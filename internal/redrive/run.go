package redrive

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/succession"
)

// errGone says that there is nothing left to send.
func errGone(what string) error {
	return audience.Fail(audience.Invalid, "start a new run", fmt.Errorf("%s is not there any more: the bucket's lifecycle removed it, or somebody did, so that nothing is left to send again", what))
}

// start starts a job's execution, or finds the one that is under way. Without a name in the job all was done before.
func (w *sending) start(ctx context.Context, j *job) (err error) {
	if !j.ofARun() {
		return audience.Failf(audience.Invalid, "its input named no audience, so that nothing of it can be sent again: start it anew, with the right input")
	}
	if j.folder, err = openRun(ctx, w.Open, &j.Letter); err != nil {
		return err
	}
	if err := w.settle(ctx, j, j.succeeded(ctx)); err != nil || len(j.entries) == 0 {
		return err
	}
	if err := j.findRun(ctx); err != nil {
		return err
	}
	name, running, err := w.Machine.next(ctx, j.Run)
	if err != nil {
		return err
	}
	if running {
		j.name = name
		w.Tell("%s: the execution %s is under way already: waiting for it", j, name)
		return nil
	}
	if err := w.free(ctx, j); err != nil {
		return err
	}
	if err := w.inOrder(ctx, j); err != nil {
		return err
	}
	in := input{Tenant: j.Tenant, Audience: j.Audience, Run: j.Run}
	what := "the whole run continues"
	if !j.whole() {
		var n int
		if in.Chunks, n, err = j.writeList(ctx); err != nil {
			return err
		}
		what = count(n, "chunk") + " sent again"
	}
	if err := w.Machine.start(ctx, name, in); err != nil {
		return err
	}
	j.name = name
	w.Tell("%s: %s, as execution %s", j, what, name)
	return nil
}

// whole tells whether the run itself failed, or could not end its replace: then it continues, which sends the chunks too.
func (j *job) whole() bool {
	return slices.ContainsFunc(j.entries, func(e *Entry) bool { return e.Kind == kindRun || e.Chunk == audience.CloseChunk })
}

// inOrder looks whether a later run has done what this one would undo.
func (w *sending) inOrder(ctx context.Context, j *job) error {
	if j.run.ID == "" { // it was never frozen: it begins now
		return nil
	}
	state, err := w.Open(ctx, j.stateURL())
	if err != nil {
		return fmt.Errorf("look which runs of the audience were the last: %w", err)
	}
	defer func() { _ = state.Close() }()
	run := succession.Run{State: state, Begun: audience.Begun{Run: j.run.ID, StartedAt: j.run.StartedAt}, Mode: j.mode()}
	err = run.Check(ctx)
	if !w.Force || audience.ClassOf(err) != audience.Gate {
		return err
	}
	w.Tell("%s: sent all the same: %s", j, errors.Unwrap(err))
	return run.Allow(ctx)
}

// mode is what the run's definition says. What else is wrong with the definition is for the run's own stages to say.
func (j *job) mode() string {
	var d struct {
		Meta struct {
			Mode string `json:"mode"`
		} `json:"meta"`
	}
	_ = json.Unmarshal(j.run.Definition, &d)
	return cmp.Or(d.Meta.Mode, audience.ModeAdd)
}

// findRun looks whether the run is still there. One that failed before it was frozen never was there, and needs nothing.
func (j *job) findRun(ctx context.Context) error {
	err := j.folder.ReadJSON(ctx, audience.RunFile, &j.run)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if slices.ContainsFunc(j.entries, func(e *Entry) bool { return e.Kind == kindRun && e.Stage == stageLoad }) {
		return nil
	}
	return errGone("the run's folder " + j.URL)
}

// free looks whether the audience is nobody's. An execution that found it taken would only write another letter.
func (w *sending) free(ctx context.Context, j *job) error {
	leases, err := w.Open(ctx, j.leaseURL())
	if err != nil {
		return fmt.Errorf("look who has the audience: %w", err)
	}
	defer func() { _ = leases.Close() }()
	last, err := storage.LastHolder(ctx, leases)
	if err != nil || last == nil {
		return err
	}
	held := w.Now().Before(last.Until)
	switch {
	case held && last.Run == j.Run:
		until := last.Until.UTC().Format(time.RFC3339)
		return audience.Failf(audience.Gate, "the run is under way, or was stopped and has its audience until %s: wait until then", until)
	case held:
		return audience.Fail(audience.Gate, "wait until it ends", last)
	}
	return nil
}

// writeList puts the items of the job's chunks where the state machine reads them. The same chunks make the same name and
// the same list, so that to write it twice does no harm.
func (j *job) writeList(ctx context.Context) (name string, n int, err error) {
	var all, items []audience.Chunk
	if err := j.folder.ReadJSON(ctx, audience.ChunksFile, &all); errors.Is(err, fs.ErrNotExist) {
		return "", 0, errGone(j.URL + audience.ChunksFile)
	} else if err != nil {
		return "", 0, err
	}
	ids := sha256.New()
	for _, item := range all {
		if slices.ContainsFunc(j.entries, func(e *Entry) bool { return e.Chunk == item.ID }) {
			items = append(items, item)
			fmt.Fprintln(ids, item.ID)
		}
	}
	if len(items) == 0 {
		return "", 0, audience.Failf(audience.Invalid, "%s%s has none of these chunks: who sent the letters there?", j.URL, audience.ChunksFile)
	}
	name = audience.ChunkListFile(fmt.Sprintf("%.6x", ids.Sum(nil)))
	return name, len(items), j.folder.WriteJSON(ctx, name, items)
}

// settle removes the letters of what is done: a chunk by its receipt, a replace by its end, a run when it succeeded.
func (w *sending) settle(ctx context.Context, j *job, succeeded bool) error {
	var left []*Entry
	var done []message
	for _, e := range j.entries {
		finished := succeeded
		if e.Kind == kindChunk {
			var err error
			if finished, err = j.done(ctx, e.Chunk); err != nil {
				return err
			}
		}
		if finished {
			done = append(done, e.messages...)
		} else {
			left = append(left, e)
		}
	}
	if len(done) == 0 {
		return nil
	}
	if err := w.Queue.remove(ctx, done); err != nil {
		return err
	}
	w.removed += len(done)
	j.entries = left
	w.Tell("%s: done, %s removed%s", j, count(len(done), "letter"), leftOver(left))
	return nil
}

// done tells whether a chunk was sent. The item that ends a replace is no chunk, and has no receipt: another run's replace is over
// when the run is there and nothing tells of it any more.
func (j *job) done(ctx context.Context, chunk string) (bool, error) {
	var receipt audience.Receipt
	var replace audience.Replace
	name, into := audience.ReceiptFile(chunk), any(&receipt)
	if chunk == audience.CloseChunk {
		name, into = audience.ReplaceFile, &replace
	}
	err := j.folder.ReadJSON(ctx, name, into)
	if errors.Is(err, fs.ErrNotExist) {
		return chunk == audience.CloseChunk && j.folder.ReadJSON(ctx, audience.RunFile, &audience.Run{}) == nil, nil
	}
	return receipt.Done || !replace.ClosedAt.IsZero(), err
}

func leftOver(left []*Entry) string {
	var chunks []string
	for _, e := range left {
		if e.Kind == kindChunk {
			chunks = append(chunks, clean(e.Chunk))
		}
	}
	if len(chunks) == 0 {
		return ""
	}
	return "; still failed: " + strings.Join(chunks, " ")
}

// succeeded tells whether the run has come to a good end since its letter was written: somebody continued it by hand.
func (j *job) succeeded(ctx context.Context) bool {
	newest := time.Time{}
	for _, e := range j.entries {
		if e.Kind == kindRun && e.Sent.After(newest) {
			newest = e.Sent
		}
	}
	var outcome audience.Outcome
	if newest.IsZero() || j.folder.ReadJSON(ctx, audience.OutcomeFile, &outcome) != nil {
		return false
	}
	found, err := j.folder.List(ctx, audience.OutcomeFile)
	return err == nil && len(found) == 1 && found[0].Modified.After(newest) && outcome.Outcome != audience.OutcomeFailed
}
