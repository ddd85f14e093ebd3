package upload

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// status sets the audience's operation status.
func (r *replaceBench) status(code int) {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, httptest.NewRequestWithContext(r.t.Context(), "POST", "/sandbox/audiences/"+r.id, strings.NewReader(fmt.Sprintf(`{"operation_status": %d}`, code))))
	require.Equal(r.t, 200, w.Code)
}

func (r *replaceBench) guard() *suppression.List {
	r.deps.Suppression = suppression.Open(r.deps.Folder.Sub("bucket"), "acme")
	return r.deps.Suppression
}

// TestStuckReplace has Meta not end a replace for hours: only its last batch does.
func TestStuckReplace(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{Replacing: time.Minute})
	r.fault(sandbox.Fault{Fault: "stuck_replace", On: "usersreplace", Count: 1})
	r.open()
	r.wait(5 * time.Hour)
	r.sent(r.ids()...)
	assert.Equal(t, 414, r.overview().Status)
	c := r.close()
	assert.Equal(t, audience.ClosedByBatch, c.How)
	assert.Equal(t, "00001", c.Chunk)
	r.settle()
	r.complete(membersOfEmails(rows))
}

// TestStuckReplaceOfAnotherRun is ended by a run that adds: with a row of its own, which it adds again by itself.
func TestStuckReplaceOfAnotherRun(t *testing.T) {
	for _, c := range []struct{ mode, how, chunk string }{
		{audience.ModeAdd, audience.ClosedByBatch, "00002"},
		{audience.ModeRemove, audience.ClosedByNobody, ""}, // nobody of the run is to be in the audience
	} {
		t.Run(c.mode, func(t *testing.T) {
			r, rows := newEmails(t, sandbox.Config{})
			r.fault(sandbox.Fault{Fault: "stuck_replace", On: "usersreplace", Count: 1})
			r.foreign(99, 1, false)
			r.wait(5 * time.Hour)
			r.mode(c.mode)
			r.plan([]string{"email"}, r.chunks...)
			r.replace(func(d *audience.Replace) {
				*d = audience.Replace{Schema: 1, Session: 99, Group: "EMAIL", Of: "r0", Closer: "00002", Closing: 77, OpenedAt: r.now().Add(-5 * time.Hour)}
			})
			closed := r.close()
			assert.Equal(t, []string{c.how, c.chunk}, []string{closed.How, closed.Chunk})
			if c.how == audience.ClosedByNobody {
				assert.Equal(t, 414, r.overview().Status)
				assert.Contains(t, r.log.String(), "nobody may be sent to end the replace")
				return
			}
			assert.Equal(t, 77, closed.Number)
			assert.Equal(t, 200, r.overview().Status)
			r.sent(r.ids()...)
			want := membersOfEmails(rows)
			want["EMAIL="+sha("foreign@example.org")] = true
			r.complete(want)
		})
	}
}

// TestOptOutWhileAnotherRunsReplaceEnds has the person opt out of whom the closing batch is: the run that sent it takes him out.
func TestOptOutWhileAnotherRunsReplaceEnds(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	list := r.guard()
	r.foreign(99, 1, false)
	r.mode(audience.ModeAdd)
	r.plan([]string{"email"}, r.chunks...)
	r.replace(func(d *audience.Replace) {
		*d = audience.Replace{Schema: 1, Session: 99, Group: "EMAIL", Of: "r0", Closer: "00001", Closing: 77, OpenedAt: r.now()}
	})
	r.hooks.event = func(what string) error {
		if what == "before replace" {
			suppress(t, list, audience.Email, rows[0][0])
			r.lose(rows[0][0])
		}
		return nil
	}
	r.close()
	assert.Contains(t, membersOf(t, r.bench, r.server), "EMAIL="+sha(rows[0][0]))
	r.sent(r.ids()...)
	want := membersOfEmails(rows[1:])
	want["EMAIL="+sha("foreign@example.org")] = true
	r.complete(want)
}

// TestNobodyWhoOptedOutEndsAReplace has everybody of the opener opt out when it was sent, then everybody of the run.
func TestNobodyWhoOptedOutEndsAReplace(t *testing.T) {
	for _, c := range []struct {
		name  string
		gone  int // the first of the rows
		how   string
		chunk string
	}{
		{"one person", 1, audience.ClosedByBatch, "00001"},
		{"the opener", 20, audience.ClosedByBatch, "00002"},
		{"all", 60, audience.ClosedByNobody, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, rows := newEmails(t, sandbox.Config{})
			list := r.guard()
			r.open()
			r.sent(r.ids()...)
			gone := addresses(rows[:c.gone])
			suppress(t, list, audience.Email, gone...)
			r.lose(gone...) // as cleanreach optout has Meta do it
			closed := r.close()
			assert.Equal(t, []string{c.how, c.chunk}, []string{closed.How, closed.Chunk})
			r.wait(2 * time.Hour)
			assert.Equal(t, 200, r.overview().Status, "at the latest by Meta's clock")
			left := membersOf(t, r.bench, r.server)
			assert.Equal(t, membersOfEmails(rows[c.gone:]), left)
		})
	}
}

func addresses(rows [][]string) (all []string) {
	for _, row := range rows {
		all = append(all, row[0])
	}
	return all
}

// TestOptOutWhileAReplaceEnds has the person of the closing batch opt out before Meta has it: he is taken out afterwards.
func TestOptOutWhileAReplaceEnds(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	list := r.guard()
	r.open()
	r.sent(r.ids()...)
	r.hooks.event = func(what string) error {
		if what == "before replace" {
			suppress(t, list, audience.Email, rows[0][0])
			r.lose(rows[0][0])
		}
		return nil
	}
	r.close()
	r.hooks.event = func(string) error { return nil }
	kept := r.receiptOf("00001")
	assert.False(t, kept.Done)
	assert.True(t, kept.Batches[0].Owed)
	assert.Contains(t, membersOf(t, r.bench, r.server), "EMAIL="+sha(rows[0][0]))
	r.settle()
	r.complete(membersOfEmails(rows[1:]))
}

func TestEndingAReplaceTwice(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	r.open()
	r.sent(r.ids()...)
	first := r.close()
	requests := len(r.hooks.calls)
	assert.Equal(t, first, r.close())
	assert.Len(t, r.hooks.calls, requests, "it was asked for nothing")
	require.NoError(t, r.deps.Folder.Delete(t.Context(), audience.ClosingFile)) // it was not written
	again := r.close()
	assert.Equal(t, audience.ClosedByBatch, again.How)
	r.settle()
	r.complete(membersOfEmails(rows))
	assert.Nil(t, r.receiptOf(audience.CloseChunk), "it is no chunk")
}

// TestOptOutWhileAReplaceIsSent has somebody opt out at each request of a replace: of those that begin later none has him, no
// removal is asked for before Meta is done, and then he is taken out.
func TestOptOutWhileAReplaceIsSent(t *testing.T) {
	for _, moment := range []string{"before replace", "after replace"} {
		for at := 1; at <= 12; at++ {
			t.Run(fmt.Sprintf("%s %d", moment, at), func(t *testing.T) {
				r, rows := newEmails(t, sandbox.Config{Replacing: time.Minute})
				list := r.guard()
				n, opted := 0, rows[(at-1)*5+2][0] // of the batch that is on its way
				r.hooks.event = func(what string) error {
					if what == moment {
						if n++; n == at {
							suppress(t, list, audience.Email, opted)
						}
					}
					return nil
				}
				r.open()
				r.sent(r.ids()...)
				require.GreaterOrEqual(t, n, at)
				assert.NotContains(t, r.hooks.calls, "remove")
				r.close()
				r.settle()
				assert.Equal(t, 1, len(slices.DeleteFunc(slices.Clone(r.hooks.calls), func(c string) bool { return c != "remove" })))
				want := membersOfEmails(rows)
				delete(want, "EMAIL="+sha(opted))
				r.complete(want)
				var withheld int64
				for _, id := range r.ids() {
					withheld += r.receiptOf(id).Withheld
				}
				assert.Equal(t, int64(1), withheld)
			})
		}
	}
}

// TestOptOutWhileABatchIsTakenWithoutAWord has Meta take a batch and report a fault, while somebody of it opts out: the next
// task sends the batch without him, and he is taken out all the same.
func TestOptOutWhileABatchIsTakenWithoutAWord(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	list, n := r.guard(), 0
	r.hooks.event = func(what string) error {
		if what == "before replace" {
			if n++; n == 2 {
				suppress(t, list, audience.Email, rows[6][0])
				r.lose(rows[6][0])
			}
		}
		return nil
	}
	r.fault(sandbox.Fault{Fault: "server_error", On: "usersreplace", After: 1, Count: 6, Done: true})
	_, err := r.task("00001")
	require.Error(t, err)
	require.Contains(t, membersOf(t, r.bench, r.server), "EMAIL="+sha(rows[6][0]))
	r.open()
	r.sent(r.ids()...)
	r.close()
	r.settle()
	r.complete(membersOfEmails(append(rows[:6:6], rows[7:]...)))
}
