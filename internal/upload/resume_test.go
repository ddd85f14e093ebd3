package upload

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// undisturbed is what must come out however an upload was disturbed.
func undisturbed(t *testing.T, rows [][]string) *bench {
	t.Helper()
	b := newBench(t, mixedColumns, rows)
	require.NoError(t, b.run())
	return b
}

// timeless drops from a receipt what a disturbance may change: times, attempts and where the file lies.
func timeless(r *audience.Receipt) audience.Receipt {
	c := *r
	c.File, c.Attempts, c.Task = "", 0, ""
	c.Sessions, c.Batches = nil, nil
	for _, b := range r.Batches {
		b.At, b.Session = time.Time{}, 0
		c.Batches = append(c.Batches, b)
	}
	return c
}

func TestResumeAfterEachBatch(t *testing.T) {
	rows := mixed(100)
	want := undisturbed(t, rows)
	total := len(want.meta.requests)
	for name, disturb := range map[string]func(f *fakeMeta, k int){
		"refused": func(f *fakeMeta, k int) { f.before = failAt(k, errLost) },
		"answer lost": func(f *fakeMeta, k int) {
			f.after = func(n int, r *request, _ *meta.Ack) error { return failAt(k, errLost)(n, r) }
		},
		"killed before sending": func(f *fakeMeta, k int) { f.before = func(n int, _ *request) error { return kill(n, k) } },
		"killed before saving":  func(f *fakeMeta, k int) { f.after = func(n int, _ *request, _ *meta.Ack) error { return kill(n, k) } },
	} {
		for k := 1; k <= total; k++ {
			t.Run(fmt.Sprintf("%s/%d", name, k), func(t *testing.T) {
				b := newBench(t, mixedColumns, rows)
				disturb(b.meta, k)
				require.Error(t, b.run())
				assert.False(t, b.receipt.Done)
				assert.Len(t, b.receipt.Batches, k-1)
				assert.Equal(t, 1, b.receipt.Attempts)
				b.meta.before, b.meta.after = nil, nil
				require.NoError(t, b.run())
				assert.Equal(t, want.meta.members, b.meta.members)
				assert.Equal(t, timeless(want.receipt), timeless(b.receipt))
				assert.Equal(t, 2, b.receipt.Attempts)
				assert.Len(t, b.meta.requests, total+1, "only the disturbed batch is sent twice")
			})
		}
	}
}

func kill(n, k int) error {
	if n == k {
		panic("SIGKILL")
	}
	return nil
}

// TestManyDisturbances fails at every request but lets each second one through.
func TestManyDisturbances(t *testing.T) {
	rows := mixed(100)
	want := undisturbed(t, rows)
	b := newBench(t, mixedColumns, rows)
	b.meta.before = func(n int, _ *request) error {
		if n%2 == 1 {
			return errLost
		}
		return nil
	}
	attempts := 0
	for err := errLost; err != nil; attempts++ {
		require.Less(t, attempts, 100)
		err = b.run()
	}
	assert.Equal(t, want.meta.members, b.meta.members)
	assert.Equal(t, timeless(want.receipt), timeless(b.receipt))
	assert.Equal(t, attempts, b.receipt.Attempts)
}

// TestRandomDisturbances does to each request what chance will have it: refuse it, lose its answer, kill the task before or
// after it, let hours pass. What comes out is always the same.
func TestRandomDisturbances(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			rows := mixed(1 + random.IntN(80))
			b := newBench(t, mixedColumns, rows)
			b.deps.BatchRows = 3 + random.IntN(10)
			want, unusable := expected(rows)
			b.meta.before = func(_ int, r *request) error {
				r.at = b.now()
				b.wait(time.Duration(random.IntN(20)) * time.Minute)
				switch random.IntN(8) {
				case 0:
					return errLost
				case 1:
					panic("SIGKILL")
				}
				return nil
			}
			b.meta.after = func(int, *request, *meta.Ack) error {
				b.wait(time.Duration(random.IntN(20)) * time.Minute)
				switch random.IntN(8) {
				case 0:
					return errLost
				case 1:
					panic("SIGKILL")
				}
				return nil
			}
			attempts := 0
			for err := errLost; err != nil; attempts++ {
				require.Less(t, attempts, 1000)
				b.wait(time.Duration(random.IntN(60)) * time.Minute)
				err = b.run()
			}
			assert.Equal(t, want, b.meta.members)
			assert.Equal(t, unusable, b.receipt.Unusable)
			assert.Equal(t, int64(len(rows))-unusable, b.receipt.Sent)
			assert.Equal(t, b.receipt.Sent, b.receipt.Received)
			assert.Zero(t, b.receipt.Failed)
			assert.Equal(t, attempts, b.receipt.Attempts)
			checkAges(t, b)
		})
	}
}

func TestEarlyFailureKeepsTheCounts(t *testing.T) {
	rows := mixed(5000)
	b := newBench(t, mixedColumns, rows)
	b.deps.BatchRows = 500
	b.meta.before = failAt(6, errLost)
	require.Error(t, b.run())
	before := timeless(b.receipt)
	require.Positive(t, before.Unusable)
	matched := filepath.Join(b.match, "part.parquet")
	require.NoError(t, os.Rename(matched, matched+"x"))
	err := b.run()
	require.ErrorContains(t, err, "part.parquet")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	after := timeless(b.receipt)
	before.Failure, after.Failure = nil, nil
	before.FinishedAt = after.FinishedAt
	assert.Equal(t, before, after)

	// The next one stops at the first batch, when it has counted less than the first attempt.
	require.NoError(t, os.Rename(matched+"x", matched))
	b.receipt.Batches[0].FirstRow++
	require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), audience.ReceiptFile("00001"), b.receipt))
	require.Error(t, b.run())
	after = timeless(b.receipt)
	assert.Equal(t, before.Unusable, after.Unusable)
	assert.Equal(t, before.Reasons, after.Reasons)
}

func TestSessionGrowsOld(t *testing.T) {
	rows := mixed(300)
	want := undisturbed(t, rows)
	b := newBench(t, mixedColumns, rows)
	b.meta.before = func(_ int, r *request) error {
		r.at = b.now()
		b.wait(4 * time.Minute)
		return nil
	}
	require.NoError(t, b.run())
	assert.Equal(t, want.meta.members, b.meta.members)
	epochs := map[string][]int{}
	for _, s := range b.receipt.Sessions {
		epochs[s.Group] = append(epochs[s.Group], s.Epoch)
	}
	assert.Equal(t, []int{0, 1}, epochs["EXTERN_ID,EMAIL,PHONE,COUNTRY"])
	assert.Equal(t, []int{0, 1}, epochs["EMAIL,PHONE,COUNTRY"])
	assert.Equal(t, want.receipt.Sent, b.receipt.Received)
	checkAges(t, b)
}

// checkAges checks that no batch was sent to a session that was 80 minutes old.
func checkAges(t *testing.T, b *bench) {
	t.Helper()
	first := map[int64]time.Time{}
	for _, s := range b.receipt.Sessions {
		first[s.ID] = s.FirstAt
	}
	require.Len(t, first, len(b.receipt.Sessions), "sessions share an id")
	for _, r := range b.meta.requests {
		assert.Less(t, r.at.Sub(first[r.session.ID]), 80*time.Minute)
	}
}

// TestSessionIsOldWhenTheTaskComesBack has a first batch whose answer was lost with the task: the session began then.
func TestSessionIsOldWhenTheTaskComesBack(t *testing.T) {
	b := newBench(t, mixedColumns, mixed(30))
	b.meta.after = func(n int, _ *request, _ *meta.Ack) error { return kill(n, 1) }
	require.Error(t, b.run())
	b.meta.after = nil
	b.wait(3 * time.Hour)
	require.NoError(t, b.run())
	assert.NotEqual(t, b.meta.requests[0].session.ID, b.meta.requests[1].session.ID)
	assert.Equal(t, 1, b.meta.requests[1].session.Seq)
	want, _ := expected(mixed(30))
	assert.Equal(t, want, b.meta.members)
}

func TestSessionIsOverOnTheWay(t *testing.T) {
	rows := mixed(100)
	want := undisturbed(t, rows)
	for name, fail := range map[string]func(b *bench) error{
		"Meta says so": func(*bench) error { return fmt.Errorf("add people: %w", &meta.Error{Code: 2650, Subcode: 1870158}) },
		"throttled for too long": func(b *bench) error {
			b.wait(81 * time.Minute)
			return errLost
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, mixedColumns, rows)
			b.meta.before = func(n int, _ *request) error {
				if n == 4 {
					return fail(b)
				}
				return nil
			}
			require.NoError(t, b.run())
			assert.Equal(t, want.meta.members, b.meta.members)
			assert.NotEqual(t, b.meta.requests[3].session.ID, b.meta.requests[4].session.ID)
			assert.Equal(t, 1, b.meta.requests[4].session.Seq)
			assert.Equal(t, b.meta.requests[3].data, b.meta.requests[4].data)
			assert.Equal(t, 1, b.receipt.Attempts)
		})
	}
}

// TestLateAnswer has an answer that comes when Meta has closed the session: it may have dropped the batch.
func TestLateAnswer(t *testing.T) {
	rows := mixed(100)
	want := undisturbed(t, rows)
	b := newBench(t, mixedColumns, rows)
	b.meta.after = func(n int, _ *request, _ *meta.Ack) error {
		if n == 4 {
			b.wait(90 * time.Minute)
		}
		return nil
	}
	require.NoError(t, b.run())
	assert.Equal(t, b.meta.requests[3].data, b.meta.requests[4].data)
	assert.NotEqual(t, b.meta.requests[3].session.ID, b.meta.requests[4].session.ID)
	assert.Equal(t, want.receipt.Sent, b.receipt.Sent)
	assert.Equal(t, want.receipt.Sent, b.receipt.Received)
}

// TestWallClock has a clock with a monotonic reading, which stands still while a machine sleeps.
func TestWallClock(t *testing.T) {
	b := newBench(t, mixedColumns, mixed(30))
	b.deps.Now = time.Now
	require.NoError(t, b.run(), "and what it returns is what it wrote")
}

func TestYoungAudience(t *testing.T) {
	unknown := audience.Fail(audience.Invalid, "check the audience's id", &meta.Error{Code: 803})
	for _, c := range []struct {
		name    string
		created bool
		age     time.Duration
		want    audience.Class
	}{
		{"created by this run", true, time.Minute, audience.Transient},
		{"created by this run, and gone", true, time.Hour, audience.Invalid},
		{"not created by this run", false, time.Minute, audience.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, mixedColumns, mixed(30))
			put(t, b, audience.PreflightFile, audience.Preflight{Schema: 1, AudienceID: audienceID, Created: c.created, FinishedAt: b.now().Add(-c.age)})
			b.meta.before = failAt(1, unknown)
			err := b.run()
			require.Error(t, err)
			assert.Equal(t, c.want, audience.ClassOf(err), err)
			assert.Equal(t, b.receipt.Rows, b.receipt.Failed+b.receipt.Unusable)
		})
	}
}

func TestReceiptOfOtherRowsIsNoCheckpoint(t *testing.T) {
	rows := mixed(60)
	b := newBench(t, mixedColumns, rows)
	b.meta.before = failAt(4, errLost)
	require.Error(t, b.run())
	old := *b.receipt
	b.meta.before = nil

	b.match = t.TempDir() // the query ran again, and wrote the rows in another order
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	b.write(mixedColumns, rows)
	b.plan(mixedColumns, audience.Chunk{ID: "00001", File: "part.parquet", Rows: 60})
	require.NoError(t, b.run())
	want, _ := expected(rows)
	assert.Equal(t, want, b.meta.members)
	assert.Equal(t, 1, b.receipt.Attempts)
	for _, s := range b.receipt.Sessions {
		for _, o := range old.Sessions {
			assert.NotEqual(t, o.ID, s.ID)
		}
	}
}

// TestReceiptWithABatchTooMany has rows that were sent before and that are unusable now: another binary, say.
func TestReceiptWithABatchTooMany(t *testing.T) {
	b := newBench(t, mixedColumns, mixed(60))
	b.meta.before = failAt(3, errLost)
	require.Error(t, b.run())
	b.meta.before = nil
	extra := b.receipt.Batches[0]
	extra.Seq, extra.Session = 99, 1
	b.receipt.Batches, b.receipt.Sent = append(b.receipt.Batches, extra), b.receipt.Sent+extra.Rows
	b.receipt.Received, b.receipt.Failed = b.receipt.Received+extra.Received, b.receipt.Failed-extra.Rows
	put(t, b, audience.ReceiptFile("00001"), b.receipt)
	err := b.run()
	require.ErrorContains(t, err, "balance the receipt of chunk 00001")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	assert.False(t, b.receipt.Done)
}

func TestReceiptThatDoesNotFit(t *testing.T) {
	for name, spoil := range map[string]func(*audience.Receipt){
		"a batch of other rows": func(r *audience.Receipt) { r.Batches[0].FirstRow++ },
		"a batch of other keys": func(r *audience.Receipt) { r.Batches[1].Group = "EMAIL" },
		"another run":           func(r *audience.Receipt) { r.Run = "r0" },
		"another version":       func(r *audience.Receipt) { r.Schema = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, mixedColumns, mixed(60))
			b.meta.before = failAt(3, errLost)
			require.Error(t, b.run())
			b.meta.before = nil
			spoil(b.receipt)
			require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), audience.ReceiptFile("00001"), b.receipt))
			err := b.run()
			require.ErrorContains(t, err, "start a new run")
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			assert.Len(t, b.meta.requests, 3, "nothing more was sent")
		})
	}
}

// TestOvertaken has a task go on that its runner left behind, while the next one sends the rest of the chunk: what the first
// one then knows must not replace what the second one wrote.
func TestOvertaken(t *testing.T) {
	rows := mixed(100)
	want := undisturbed(t, rows)
	for k := range want.meta.requests {
		t.Run(fmt.Sprint(k+1), func(t *testing.T) {
			b := newBench(t, mixedColumns, rows)
			b.meta.after = func(n int, _ *request, _ *meta.Ack) error {
				if n == k+1 {
					assert.NoError(t, b.run())
				}
				return nil
			}
			receipt, err := Run(t.Context(), b.deps)
			require.ErrorContains(t, err, "another task has taken the chunk over")
			assert.Equal(t, audience.Transient, audience.ClassOf(err))
			assert.False(t, receipt.Done)
			b.balance()
			assert.True(t, b.receipt.Done)
			assert.Equal(t, timeless(want.receipt), timeless(b.receipt))
			assert.Equal(t, want.meta.members, b.meta.members)
			assert.Len(t, b.meta.requests, len(want.meta.requests)+1, "only the batch that was on its way was sent twice")
		})
	}
}

// TestOvertakenSessions has both tasks need a new session at different batches: it must not be the same, for one's first
// batch would pass for the other's.
func TestOvertakenSessions(t *testing.T) {
	id := func(first, epoch int) int64 {
		return sessionID(&audience.Receipt{Run: "r1", Chunk: "00001", Rows: 100}, &batch{group: &group{name: "EMAIL"}, seq: first}, epoch)
	}
	began := id(3, 1)
	assert.Equal(t, began, id(3, 1), "both continue the same session")
	assert.NotEqual(t, began, id(4, 1))
	assert.NotEqual(t, began, id(3, 2))
}

// TestClockIsSetBack has nobody know any more how old a session is: Meta discards what comes to one that is too old.
func TestClockIsSetBack(t *testing.T) {
	rows := mixed(300)
	want := undisturbed(t, rows)
	for name, c := range map[string]struct {
		back     time.Duration
		sessions int // of the two groups together
	}{
		"hours":           {3 * time.Hour, 4},
		"half an hour":    {30 * time.Minute, 4},
		"some seconds":    {30 * time.Second, 2},
		"forward by days": {-48 * time.Hour, 4},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, mixedColumns, rows)
			b.meta.before = func(n int, _ *request) error {
				if n == 12 {
					b.wait(-c.back)
				}
				return nil
			}
			require.NoError(t, b.run())
			assert.Equal(t, want.meta.members, b.meta.members)
			assert.Len(t, b.receipt.Sessions, c.sessions)
			assert.Equal(t, b.receipt.Sent, b.receipt.Received)
		})
	}
}
