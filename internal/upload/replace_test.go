package upload

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func TestReplace(t *testing.T) {
	rows := mixed(100)
	r := newReplace(t, sandbox.Config{Replacing: time.Hour}, mixedColumns, rows, 30, 7)
	r.open()
	opener := r.receiptOf("00001")
	require.NotEmpty(t, opener.Batches)
	assert.Equal(t, 1, opener.Batches[0].Number)
	assert.False(t, opener.Done, "the rows of another schema are left")
	assert.Positive(t, opener.Failed)
	assert.Nil(t, opener.Failure)
	r.sent(r.ids()...)
	assert.NotContains(t, r.hooks.calls, "add")
	carried := r.carried()
	c := r.close()
	assert.Equal(t, audience.Closing{Schema: 1, Session: replaceSession, How: audience.ClosedByBatch, Chunk: "00001", Number: 18, Received: carried + 1, At: c.At}, c)
	assert.Equal(t, 414, r.overview().Status)
	r.settle()
	want, unusable := expected(rows)
	r.complete(want)
	assert.Equal(t, carried, r.carried())
	var dropped, shared int64
	for _, id := range r.ids() {
		kept := r.receiptOf(id)
		dropped += kept.Unusable
		for _, s := range kept.Sessions {
			if s.Mode == audience.ModeReplace {
				shared++
				assert.Equal(t, []any{int64(replaceSession), r.doc.Group, int64(100)}, []any{s.ID, s.Group, s.Estimated})
			} else {
				assert.Equal(t, audience.ModeAdd, s.Mode)
			}
		}
	}
	assert.Equal(t, unusable, dropped)
	assert.Equal(t, int64(4), shared)
	checkPrivate(t, r.bench, withoutTier(rows))
}

// TestReplaceIsKilled ends a task at each of its writes and at each of its requests, before it and when Meta has answered.
func TestReplaceIsKilled(t *testing.T) {
	rows := mixed(40)
	want, _ := expected(rows)
	begin := func(t *testing.T) *replaceBench {
		return newReplace(t, sandbox.Config{Replacing: time.Minute}, mixedColumns, rows, 14, 4)
	}
	r := begin(t)
	events, _ := r.killAt(-1, "")
	r.all()
	r.complete(want)
	require.Greater(t, *events, 50)
	for _, how := range []string{"killed", "stopped", "lost"} {
		t.Run(how, func(t *testing.T) {
			for n := 1; n <= *events; n++ {
				r := begin(t)
				seen, ctx := r.killAt(n, how)
				pass := func(chunks ...string) {
					for _, id := range chunks {
						if _, err := r.taskIn(ctx, id); err != nil {
							r.sent(id)
						}
					}
				}
				pass("00001")
				r.open()
				pass(r.ids()...)
				pass(audience.CloseChunk)
				r.close()
				r.wait(time.Hour)
				r.replace(func(d *audience.Replace) { d.SettledAt = r.now() })
				pass(r.ids()...)
				require.GreaterOrEqual(t, *seen, n)
				r.complete(want)
				if t.Failed() {
					t.Fatalf("ended at event %d", n)
				}
			}
		})
	}
}

// TestBeginningOfAReplaceIsLost has Meta take batch 1, and its answer not come through: it must not be sent again.
func TestBeginningOfAReplaceIsLost(t *testing.T) {
	for _, fault := range []string{"drop_response", "broken_response"} {
		t.Run(fault, func(t *testing.T) {
			rows := emails(40)
			r := newReplace(t, sandbox.Config{}, []string{"email"}, rows, 20, 10)
			r.fault(sandbox.Fault{Fault: fault, On: "usersreplace", Count: 1})
			r.all()
			r.complete(membersOfEmails(rows))
			assert.Equal(t, 1, r.receiptOf("00001").Attempts)
			assert.NotContains(t, r.hooks.calls, "add", "it is known that batch 1 arrived")
		})
	}
}

// TestBeginningOfAnEarlierTask has a task end without knowing that its batch 1 has arrived. Nobody can tell the next one of whom
// it was, so that its people are added afterwards, soon, in a session of their own.
func TestBeginningOfAnEarlierTask(t *testing.T) {
	r, rows := newEmails(t, sandbox.Config{})
	r.fault(sandbox.Fault{Fault: "server_error", On: "usersreplace", Count: 6, Done: true})
	_, err := r.task("00001")
	require.Error(t, err)
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Equal(t, 414, r.overview().Status, "Meta has begun")
	receipt, err := r.task("00001")
	require.NoError(t, err)
	assert.Equal(t, []int64{15, 5}, []int64{receipt.Sent, receipt.Failed})
	require.Len(t, receipt.Pending, 1)
	assert.Equal(t, 1, receipt.Pending[0].Number)
	r.open()
	r.sent(r.ids()...)
	r.close()
	r.settleAfter(time.Minute)
	r.complete(membersOfEmails(rows))
	assert.Equal(t, 5, r.receiptOf("00001").Attempts, "each pass had one that succeeded")
}

// TestNumberOneIsTakenOnce has another chunk than the planned one begin the session: the planned one's first batch is left,
// whether its task knows that the session has begun or has to ask.
func TestNumberOneIsTakenOnce(t *testing.T) {
	for name, requests := range map[string]int{"known": 3, "unknown": 4} {
		t.Run(name, func(t *testing.T) {
			r, rows := newEmails(t, sandbox.Config{})
			r.sent("00002")
			if name == "known" {
				r.replace(func(d *audience.Replace) { d.OpenedAt = r.now() })
			}
			before := len(r.hooks.calls)
			r.open()
			assert.Equal(t, requests, len(r.hooks.calls)-before)
			receipt := r.receiptOf("00001")
			assert.Equal(t, []int64{15, 5}, []int64{receipt.Sent, receipt.Failed})
			r.sent(r.ids()...)
			r.close()
			r.settle()
			r.complete(membersOfEmails(rows))
		})
	}
}

// TestReplaceGrowsOld has the session be too old for what is left: it is added afterwards, and no task fails.
func TestReplaceGrowsOld(t *testing.T) {
	for name, at := range map[string]int{"between chunks": 0, "within a chunk": 5} {
		t.Run(name, func(t *testing.T) {
			rows := emails(60)
			r := newReplace(t, sandbox.Config{}, []string{"email"}, rows, 20, 5)
			r.open()
			requests := 0
			r.hooks.event = func(what string) error {
				if what == "before replace" {
					if requests++; requests == at {
						r.wait(81 * time.Minute)
					}
				}
				return nil
			}
			if at == 0 {
				r.wait(81 * time.Minute)
			}
			for _, id := range []string{"00002", "00003"} {
				receipt, err := r.task(id)
				require.NoError(t, err)
				assert.Nil(t, receipt.Failure)
			}
			assert.Equal(t, at, requests)
			assert.False(t, r.receiptOf("00003").Done)
			r.close()
			r.settle()
			r.complete(membersOfEmails(rows))
		})
	}
}

func membersOfEmails(rows [][]string) map[string]bool {
	members := map[string]bool{}
	for _, row := range rows {
		members["EMAIL="+sha(row[0])] = true
	}
	return members
}

// TestLateAnswerToAReplace counts for nothing when the session is over: Meta may have discarded the batch.
func TestLateAnswerToAReplace(t *testing.T) {
	rows := emails(30)
	r := newReplace(t, sandbox.Config{}, []string{"email"}, rows, 30, 10)
	n := 0
	r.hooks.event = func(what string) error {
		if what == "after replace" {
			if n++; n == 2 {
				r.wait(91 * time.Minute)
			}
		}
		return nil
	}
	receipt, err := r.task("00001")
	require.NoError(t, err)
	assert.Equal(t, int64(10), receipt.Sent)
	assert.Equal(t, int64(20), receipt.Failed)
	require.Len(t, receipt.Pending, 1)
	r.open()
	assert.Equal(t, audience.ClosedByTime, r.close().How)
	r.settle()
	r.complete(membersOfEmails(rows))
}

// TestChunksThatAreNotInTheSession are left as a whole.
func TestChunksThatAreNotInTheSession(t *testing.T) {
	rows := emails(40)
	r := newReplace(t, sandbox.Config{}, []string{"email"}, rows, 20, 10)
	r.chunks[1].FirstBatch = 0
	put(t, r.bench, audience.ChunksFile, r.chunks)
	r.open()
	receipt, err := r.task("00002")
	require.NoError(t, err)
	assert.Equal(t, int64(20), receipt.Failed)
	r.close()
	r.settle()
	r.complete(membersOfEmails(rows))
}

// TestOpenerWithoutAnybody begins no session, and removes nobody; another chunk may.
func TestOpenerWithoutAnybody(t *testing.T) {
	rows := mixed(40)
	for i := range 14 {
		rows[i][2] = "\x00" // without EXTERN_ID: of another schema
	}
	r := newReplace(t, sandbox.Config{}, mixedColumns, rows, 14, 4)
	receipt, err := r.task("00001")
	require.NoError(t, err)
	assert.Zero(t, receipt.Sent)
	assert.Len(t, membersOf(t, r.bench, r.server), 2, "who was there before")
	r.sent("00002")
	assert.Equal(t, 1, r.receiptOf("00002").Batches[0].Number)
	r.open()
	r.sent(r.ids()...)
	assert.Equal(t, "00002", func() string { r.replace(func(d *audience.Replace) { d.Closer = "00002" }); return r.close().Chunk }())
	r.settle()
	want, _ := expected(rows)
	r.complete(want)
}

// TestRefusedRowsOfAReplace are counted once, though Meta's number is of all chunks together.
func TestRefusedRowsOfAReplace(t *testing.T) {
	rows := emails(200)
	r := newReplace(t, sandbox.Config{RefuseRate: 0.06}, []string{"email"}, rows, 50, 10)
	r.all()
	var invalid, sent int64
	for _, id := range r.ids() {
		kept := r.receiptOf(id)
		invalid, sent = invalid+kept.Invalid, sent+kept.Sent
	}
	assert.Equal(t, int64(200), sent)
	assert.Positive(t, invalid)
	assert.Equal(t, 200-len(membersOf(t, r.bench, r.server)), int(invalid))
}

// TestLeavesOfAMirror are taken out whoever opted out, beside joins that are added.
func TestLeavesOfAMirror(t *testing.T) {
	b, list := guarded(t)
	suppress(t, list, audience.Email, "p3@example.com", "p20@example.com")
	b.mode(audience.ModeMirror)
	b.plan(guardColumns, audience.Chunk{ID: "00001", File: "part.parquet", Rows: 10, Remove: true}, audience.Chunk{ID: "00002", File: "part.parquet", FirstRow: 10, Rows: 15})
	require.NoError(t, b.run())
	assert.Equal(t, int64(10), b.receipt.Sent)
	assert.Equal(t, audience.ModeRemove, b.receipt.Sessions[0].Mode)
	for _, q := range b.meta.requests {
		assert.True(t, q.remove)
	}
	removals := len(b.meta.requests)
	b.deps.Chunk = "00002"
	receipt, err := Run(t.Context(), b.deps)
	require.NoError(t, err)
	assert.Equal(t, []int64{14, 1}, []int64{receipt.Sent, receipt.Withheld})
	for _, q := range b.meta.requests[removals:] {
		assert.False(t, q.remove)
	}
}

func TestReplaceWithoutItsDocument(t *testing.T) {
	r := newReplace(t, sandbox.Config{}, []string{"email"}, emails(10), 10, 10)
	for name, spoil := range map[string]func(){
		"another version": func() { r.replace(func(d *audience.Replace) { d.Schema = 7 }) },
		"no session":      func() { r.replace(func(d *audience.Replace) { *d = audience.Replace{Schema: 1} }) },
		"gone":            func() { remove(t, r.bench, audience.ReplaceFile) },
	} {
		spoil()
		for _, id := range []string{"00001", audience.CloseChunk} {
			_, err := r.task(id)
			require.ErrorContains(t, err, "replace.json", name)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err), "%s: %v", name, err)
		}
	}
	assert.Empty(t, r.hooks.calls)
	assert.Len(t, membersOf(t, r.bench, r.server), 2, "who was there before")
}

// TestOvertakenInAReplace has a task go on that its runner left behind, while the next one sends the rest of the chunk: what is
// on its way then is left by the next one, and not recorded by the first.
func TestOvertakenInAReplace(t *testing.T) {
	for _, moment := range []string{"before replace", "after replace"} {
		for at := 1; at <= 4; at++ {
			t.Run(fmt.Sprintf("%s %d", moment, at), func(t *testing.T) {
				r, rows := newEmails(t, sandbox.Config{})
				n := 0
				r.hooks.event = func(what string) error {
					if what == moment {
						if n++; n == at {
							r.sent("00001")
						}
					}
					return nil
				}
				_, err := r.task("00001")
				require.ErrorContains(t, err, "another task has taken the chunk over")
				r.open()
				r.sent(r.ids()...)
				r.close()
				r.settle()
				r.complete(membersOfEmails(rows))
			})
		}
	}
}

// TestReplaceByChance does to each task what chance will have it: kills it, loses an answer, has Meta fail or ask to wait, lets
// time pass, or has somebody opt out. Whom the audience has then is always the same.
func TestReplaceByChance(t *testing.T) {
	faults := []sandbox.Fault{
		{Fault: "drop_response", Count: 1}, {Fault: "drop_request", Count: 1}, {Fault: "broken_response", Count: 2}, {Fault: "server_error", Count: 1},
		{Fault: "server_error", Count: 7}, {Fault: "server_error", Count: 1, Done: true}, {Fault: "rate_limit", Count: 1, Seconds: 400}, {Fault: "rate_limit", Count: 1, Seconds: 900},
	}
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 7))
			rows := emails(30 + chance.IntN(60))
			r := newReplace(t, sandbox.Config{Replacing: time.Hour}, []string{"email"}, rows, 10+chance.IntN(20), 3+chance.IntN(6))
			list, want := r.guard(), membersOfEmails(rows)
			r.hooks.event = func(what string) error {
				switch chance.IntN(30) {
				case 0, 1:
					panic("SIGKILL " + what)
				case 2:
					fault := faults[chance.IntN(len(faults))]
					fault.On = []string{"users", "usersreplace", "sessions"}[chance.IntN(3)]
					r.fault(fault)
				case 3:
					r.wait(time.Duration(chance.IntN(15)) * time.Minute)
				case 4:
					if what != "write" {
						return errLost
					}
				case 5: // as cleanreach optout does
					gone := rows[chance.IntN(len(rows))][0]
					suppress(t, list, audience.Email, gone)
					r.lose(gone)
					delete(want, "EMAIL="+sha(gone))
				}
				return nil
			}
			r.all()
			r.complete(want)
		})
	}
}
