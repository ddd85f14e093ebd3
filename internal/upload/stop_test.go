package upload

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// TestAbuseStopsTheRun has Meta stop one task for abuse while another is under way: that one stops before its next batch, one
// that is started later before its first, and when the cause is mended nothing was lost.
func TestAbuseStopsTheRun(t *testing.T) {
	for _, mode := range []string{audience.ModeAdd, audience.ModeReplace} {
		t.Run(mode, func(t *testing.T) {
			r, rows := newEmails(t, sandbox.Config{})
			operation := "usersreplace"
			if mode == audience.ModeAdd {
				r.replace(func(d *audience.Replace) { d.SettledAt = r.now() }) // what a replace has left is added, as anything else
				operation = "users"
			} else {
				r.open()
			}
			stopped := 0
			r.hooks.event = func(what string) error {
				if stopped == 0 && (what == "after add" || what == "after replace") {
					stopped++
					r.fault(sandbox.Fault{Fault: "error", Code: 613, On: operation, Count: 1})
					_, err := r.task("00003")
					require.ErrorContains(t, err, "abuse prevention")
					assert.Equal(t, audience.Action, audience.ClassOf(err))
				}
				return nil
			}
			_, err := r.task("00002")
			require.ErrorContains(t, err, "the run was stopped when a task failed: ")
			require.ErrorContains(t, err, "abuse prevention")
			assert.Equal(t, audience.Action, audience.ClassOf(err))
			assert.Contains(t, audience.NextOf(err), "ask Meta's support")
			kept := r.receiptOf("00002")
			assert.Equal(t, []int64{5, 15}, []int64{kept.Sent, kept.Failed})
			assert.Equal(t, "action", kept.Failure.Class)
			assert.Empty(t, kept.Pending)

			requests := len(r.hooks.calls)
			for _, id := range []string{"00003", audience.CloseChunk} {
				_, err = r.task(id)
				assert.Equal(t, audience.Action, audience.ClassOf(err), err)
				require.ErrorContains(t, err, "abuse prevention")
			}
			assert.Len(t, r.hooks.calls, requests, "Meta was asked for nothing more")

			require.NoError(t, r.deps.Folder.Delete(t.Context(), audience.StopFile)) // as Preflight does
			r.sent(r.ids()...)
			want := membersOfEmails(rows)
			if mode == audience.ModeAdd {
				want["EMAIL="+sha("old@example.org")], want["EMAIL="+sha("older@example.org")] = true, true
			} else {
				r.close()
			}
			r.complete(want)
		})
	}
}

// TestStopThatCannotBeRead stops, too.
func TestStopThatCannotBeRead(t *testing.T) {
	b := newBench(t, []string{"email"}, emails(30))
	require.NoError(t, b.deps.Folder.Write(t.Context(), audience.StopFile, []byte("half a docum")))
	require.ErrorContains(t, b.run(), "see whether the run was stopped")
	assert.Empty(t, b.meta.requests)
	assert.Equal(t, int64(30), b.receipt.Failed)
}
