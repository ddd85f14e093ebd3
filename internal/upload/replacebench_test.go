package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

const replaceSession = 4711

// A replaceBench is a run that replaces the people of an audience in the sandbox, with what Advance does between the passes.
type replaceBench struct {
	*bench
	server *sandbox.Server
	hooks  *hooks
	id     string // of the audience
	chunks []audience.Chunk
	doc    audience.Replace
	sizes  int // rows of a batch
}

// hooks are called at everything that a task does to the outside; a panic in one kills it there.
type hooks struct {
	Meta
	event func(what string) error // before a request, behind its answer, and before a receipt is written
	calls []string
}

func (h *hooks) around(what string, call func() (meta.Ack, error)) (meta.Ack, error) {
	h.calls = append(h.calls, what)
	if err := h.event("before " + what); err != nil {
		return meta.Ack{}, err
	}
	ack, err := call()
	if lost := h.event("after " + what); lost != nil {
		return meta.Ack{}, lost
	}
	return ack, err
}

func (h *hooks) AddUsers(ctx context.Context, id string, b meta.Batch) (meta.Ack, error) {
	return h.around("add", func() (meta.Ack, error) { return h.Meta.AddUsers(ctx, id, b) })
}

func (h *hooks) RemoveUsers(ctx context.Context, id string, b meta.Batch) (meta.Ack, error) {
	return h.around("remove", func() (meta.Ack, error) { return h.Meta.RemoveUsers(ctx, id, b) })
}

func (h *hooks) ReplaceUsers(ctx context.Context, id string, b meta.Batch) (meta.Ack, error) {
	return h.around("replace", func() (meta.Ack, error) { return h.Meta.ReplaceUsers(ctx, id, b) })
}

// newReplace plans rows, in chunks of a size and batches of another, as the replace of an audience that has two other people.
func newReplace(t *testing.T, cfg sandbox.Config, columns []string, rows [][]string, chunk, batch int) *replaceBench {
	t.Helper()
	b := newBench(t, columns, rows)
	b.mode(audience.ModeReplace)
	b.deps.BatchRows = batch
	r := &replaceBench{bench: b, sizes: batch}
	r.server, _ = connectTo(t, b, cfg)
	r.hooks = &hooks{Meta: b.deps.Meta, event: func(string) error { return nil }}
	b.deps.Meta, r.id = r.hooks, audienceOf(t, b)
	b.deps.Waited = func() time.Duration { // it is asked before each write of a receipt
		_ = r.hooks.event("write")
		return 0
	}
	old := meta.NewPayload([]audience.Key{audience.Email})
	for _, who := range []string{"old@example.org", "older@example.org"} {
		old.BeginRow()
		old.Value([]byte(sha(who)))
		old.EndRow()
	}
	_, err := r.hooks.Meta.AddUsers(t.Context(), r.id, old.Batch(meta.Session{ID: 1, Seq: 1, Last: true}))
	require.NoError(t, err)
	number := 1
	for first := 0; first < len(rows); first += chunk {
		n := min(chunk, len(rows)-first)
		r.chunks = append(r.chunks, audience.Chunk{ID: fmt.Sprintf("%05d", len(r.chunks)+1), File: "part.parquet", FirstRow: int64(first), Rows: int64(n), FirstBatch: number})
		number += (n + batch - 1) / batch
	}
	b.plan(columns, r.chunks...)
	var plan audience.Plan
	require.NoError(t, b.deps.Folder.ReadJSON(t.Context(), audience.PlanFile, &plan))
	plan.Mode, plan.Replace = audience.ModeReplace, &audience.ReplacePlan{Opener: "00001", Batches: number - 1, Rows: int64(len(rows))}
	put(t, b, audience.PlanFile, plan)
	r.replace(func(d *audience.Replace) {
		*d = audience.Replace{Schema: 1, Session: replaceSession, Group: plan.Group()}
	})
	return r
}

// replace changes replace.json.
func (r *replaceBench) replace(change func(*audience.Replace)) {
	change(&r.doc)
	put(r.t.(*testing.T), r.bench, audience.ReplaceFile, r.doc)
}

// task runs one task, and checks the chunk's account.
func (r *replaceBench) task(chunk string) (receipt *audience.Receipt, err error) {
	return r.taskIn(r.t.Context(), chunk)
}

func (r *replaceBench) taskIn(ctx context.Context, chunk string) (receipt *audience.Receipt, err error) {
	r.t.Helper()
	deps := r.deps
	deps.Chunk = chunk
	defer func() {
		if p := recover(); p != nil {
			receipt, err = nil, fmt.Errorf("killed: %v", p)
		}
		if chunk == audience.CloseChunk {
			return
		}
		if kept := r.receiptOf(chunk); kept != nil {
			r.balanced(kept)
		}
	}()
	return Run(ctx, deps)
}

// sent runs tasks for chunks until each has ended well.
func (r *replaceBench) sent(chunks ...string) {
	r.t.Helper()
	for _, id := range chunks {
		for attempt := 1; ; attempt++ {
			_, err := r.task(id)
			if err == nil {
				break
			}
			require.Less(r.t, attempt, 100, "%s: %v", id, err)
			r.wait(time.Minute)
		}
	}
}

// open runs the opener, and notes when the session began.
func (r *replaceBench) open() {
	r.t.Helper()
	r.sent("00001")
	status, err := r.hooks.SessionStatus(r.t.Context(), r.id, replaceSession)
	require.NoError(r.t, err)
	require.NotNil(r.t, status, "nobody began the session")
	r.replace(func(d *audience.Replace) { d.OpenedAt = status.Start })
}

// close runs the task that ends the session, and gives what it wrote. By then no batch may have been acknowledged twice.
func (r *replaceBench) close() audience.Closing {
	r.t.Helper()
	r.sent(audience.CloseChunk)
	assert.Zero(r.t, r.overview().Again, "batches were acknowledged twice")
	var c audience.Closing
	require.NoError(r.t, r.deps.Folder.ReadJSON(r.t.Context(), audience.ClosingFile, &c))
	r.replace(func(d *audience.Replace) { d.ClosedAt = r.now() })
	return c
}

// settle waits until Meta is done, and adds what was left.
func (r *replaceBench) settle() {
	r.t.Helper()
	r.settleAfter(3 * time.Hour)
}

func (r *replaceBench) settleAfter(wait time.Duration) {
	r.t.Helper()
	r.wait(wait)
	require.Equal(r.t, 200, r.overview().Status)
	r.replace(func(d *audience.Replace) { d.SettledAt = r.now() })
	r.sent(r.ids()...)
}

// all does a whole replace.
func (r *replaceBench) all() {
	r.t.Helper()
	r.open()
	r.sent(r.ids()...)
	r.close()
	r.settle()
}

func (r *replaceBench) ids() (ids []string) {
	for _, c := range r.chunks {
		ids = append(ids, c.ID)
	}
	return ids
}

func (r *replaceBench) receiptOf(chunk string) *audience.Receipt {
	var kept audience.Receipt
	if r.deps.Folder.ReadJSON(r.t.Context(), audience.ReceiptFile(chunk), &kept) != nil {
		return nil
	}
	return &kept
}

// balanced checks a receipt's sums, and that no batch has a place twice.
func (r *replaceBench) balanced(kept *audience.Receipt) {
	r.t.Helper()
	assert.Equal(r.t, kept.Rows, kept.Unusable+kept.Withheld+kept.Sent+kept.Failed)
	var rows, withheld, received, invalid int64
	places := map[place]bool{}
	for _, b := range kept.Batches {
		rows, withheld, received, invalid = rows+b.Rows, withheld+b.Withheld, received+b.Received, invalid+b.Invalid
		places[place{b.Group, b.Seq}] = true
	}
	assert.Equal(r.t, []int64{kept.Sent, kept.Withheld, kept.Received, kept.Invalid}, []int64{rows, withheld, received, invalid})
	for _, p := range kept.Pending {
		places[place{p.Group, p.Seq}] = true
	}
	assert.Len(r.t, places, len(kept.Batches)+len(kept.Pending))
}

// complete checks that every chunk is done, that the audience has just whom it should, and that no number was used twice.
func (r *replaceBench) complete(want map[string]bool) {
	r.t.Helper()
	have := membersOf(r.t.(*testing.T), r.bench, r.server)
	for m := range want {
		assert.True(r.t, have[m], "somebody is missing: %s", m)
	}
	for m := range have {
		assert.True(r.t, want[m], "somebody is too many: %s", m)
	}
	numbers := map[int]bool{}
	for _, id := range r.ids() {
		kept := r.receiptOf(id)
		require.NotNil(r.t, kept, id)
		assert.True(r.t, kept.Done, id)
		assert.Zero(r.t, kept.Failed, id)
		assert.Empty(r.t, kept.Pending, id)
		for _, b := range kept.Batches {
			if b.Number > 0 {
				assert.False(r.t, numbers[b.Number], "number %d", b.Number)
				numbers[b.Number] = true
			}
		}
	}
}

// carried sums up the rows that the receipts have of the session.
func (r *replaceBench) carried() (rows int64) {
	for _, id := range r.ids() {
		if kept := r.receiptOf(id); kept != nil {
			for _, b := range kept.Batches {
				if b.Session == replaceSession {
					rows += b.Rows
				}
			}
		}
	}
	return rows
}

type overview struct {
	ID     string `json:"id"`
	Status int    `json:"operation_status"`
	Again  int    `json:"again"`
}

// overview is what the sandbox tells of the audience.
func (r *replaceBench) overview() overview {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, httptest.NewRequestWithContext(r.t.Context(), "GET", "/sandbox/audiences", nil))
	var all []overview
	require.NoError(r.t, json.Unmarshal(w.Body.Bytes(), &all))
	require.Len(r.t, all, 1)
	return all[0]
}

func (r *replaceBench) fault(f sandbox.Fault) {
	r.t.Helper()
	require.NoError(r.t, r.server.SetFault(f))
}

// killAt has the n-th event end a task: it panics as a killed process, ends its context, or loses Meta's answer.
func (r *replaceBench) killAt(n int, how string) (seen *int, ctx context.Context) {
	ctx, cancel := context.WithCancelCause(r.t.Context())
	seen = new(int)
	r.hooks.event = func(what string) error {
		*seen++
		if *seen != n {
			return nil
		}
		switch {
		case how == "stopped":
			cancel(errors.New("SIGTERM"))
		case how == "killed":
			panic("SIGKILL " + what)
		case what != "write":
			return errLost
		}
		return nil
	}
	return seen, ctx
}
