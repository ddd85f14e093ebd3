package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const runDocument = `{"schema": 1, "run": "r1", "tenant": "acme", "audience": "vip", "definition": {
	"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}, "default_country": "US"},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "secret": "acme/meta", "mode": %q}}}`

const audienceID = "23850000000000001"

// A bench is one run with one matched file, and a fake Meta to send it to.
type bench struct {
	t         testing.TB
	meta      *fakeMeta
	deps      Deps
	match     string
	clockMu   sync.Mutex // the sandbox reads the clock too
	clock     time.Time
	groupRows int64
	log       bytes.Buffer
	receipt   *audience.Receipt
}

// newBench writes rows, whose values are in the order of columns, as the run's match, planned as one chunk.
func newBench(t testing.TB, columns []string, rows [][]string) *bench {
	t.Helper()
	b := &bench{t: t, groupRows: 32, meta: newFake(t), match: t.TempDir(), clock: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	folder, err := storage.Open(t.Context(), "file://"+t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	b.deps = Deps{
		Folder: folder, Chunk: "00001", Meta: b.meta, BatchRows: 10, Now: b.now,
		Log: slog.New(slog.NewJSONHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	b.mode(audience.ModeAdd)
	require.NoError(t, folder.WriteJSON(t.Context(), audience.PreflightFile, audience.Preflight{Schema: 1, AudienceID: audienceID}))
	b.write(columns, rows)
	b.plan(columns, audience.Chunk{ID: "00001", File: "part.parquet", Rows: int64(len(rows))})
	return b
}

func (b *bench) now() time.Time {
	b.clockMu.Lock()
	defer b.clockMu.Unlock()
	return b.clock
}

// wait lets the time pass.
func (b *bench) wait(d time.Duration) {
	b.clockMu.Lock()
	defer b.clockMu.Unlock()
	b.clock = b.clock.Add(d)
}

func (b *bench) mode(mode string) {
	run, err := audience.ParseRun(fmt.Appendf(nil, runDocument, mode))
	require.NoError(b.t, err)
	b.deps.Run = run
}

// write makes the matched file. A value "\x00" is null.
func (b *bench) write(columns []string, rows [][]string) {
	f, err := os.Create(filepath.Join(b.match, "part.parquet"))
	require.NoError(b.t, err)
	fields := make([]table.Field, len(columns))
	for i, c := range columns {
		fields[i] = table.Field{Name: c, Type: table.String}
	}
	w, err := table.NewWriter(f, fields, table.WriteOptions{RowGroupRows: b.groupRows})
	require.NoError(b.t, err)
	values := make([]table.Column, len(columns))
	for _, row := range rows {
		for i, v := range row {
			if v == "\x00" {
				values[i].AppendNull()
			} else {
				values[i].AppendString(v)
			}
		}
	}
	require.NoError(b.t, w.WriteBatch(values, nil))
	require.NoError(b.t, w.Close())
	require.NoError(b.t, f.Close())
}

func (b *bench) plan(columns []string, chunks ...audience.Chunk) {
	info, err := os.Stat(filepath.Join(b.match, "part.parquet"))
	require.NoError(b.t, err)
	plan := audience.Plan{
		Schema: 1, Location: storage.FileURL(b.match) + "/",
		Files: []audience.MatchedFile{{Name: "part.parquet", Bytes: info.Size()}},
	}
	for _, key := range audience.Keys {
		for _, c := range columns {
			if k, hashed, ok := audience.KeyOfColumn(c); ok && k == key {
				plan.Columns = append(plan.Columns, audience.PlanColumn{Key: key, Column: c, Hashed: hashed})
			}
		}
	}
	require.NoError(b.t, b.deps.Folder.WriteJSON(b.t.Context(), audience.PlanFile, plan))
	require.NoError(b.t, b.deps.Folder.WriteJSON(b.t.Context(), audience.ChunksFile, chunks))
}

// run uploads, and checks that the account balances in the receipt that was written, whatever happened.
func (b *bench) run() error {
	b.t.Helper()
	return b.runIn(b.t.Context())
}

func (b *bench) runIn(ctx context.Context) (err error) {
	b.t.Helper()
	defer func() {
		if p := recover(); p != nil { // as a killed process: nothing is written any more
			err = fmt.Errorf("killed: %v", p)
		}
		b.balance()
	}()
	receipt, err := Run(ctx, b.deps)
	if receipt != nil {
		assert.Equal(b.t, err == nil, receipt.Done)
		var written audience.Receipt
		require.NoError(b.t, b.deps.Folder.ReadJSON(b.t.Context(), audience.ReceiptFile("00001"), &written))
		assert.Equal(b.t, written, *receipt)
	}
	return err
}

func (b *bench) balance() {
	b.t.Helper()
	var r audience.Receipt
	if err := b.deps.Folder.ReadJSON(b.t.Context(), audience.ReceiptFile("00001"), &r); err != nil {
		return
	}
	b.receipt = &r
	assert.Equal(b.t, r.Rows, r.Unusable+r.Withheld+r.Sent+r.Failed)
	var rows, received, invalid int64
	for _, batch := range r.Batches {
		rows, received, invalid = rows+batch.Rows, received+batch.Received, invalid+batch.Invalid
	}
	assert.Equal(b.t, []int64{r.Sent, r.Received, r.Invalid}, []int64{rows, received, invalid})
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

var mixedColumns = []string{"email", "phone", "extern_id", "country", "tier"}

// mixed makes n rows of every kind: with and without EXTERN_ID, with values that are dropped, with no key left.
func mixed(n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		email, phone, id := fmt.Sprintf("person%d@example.org", i), fmt.Sprintf("1415555%04d", i), fmt.Sprintf("cust-%d", i)
		switch i % 7 {
		case 1:
			id = "\x00"
		case 2:
			id, phone = " ", "\x00"
		case 3:
			email = "not an address"
		case 4:
			email, phone, id = "", "\x00", "\x00"
		case 5:
			email = "n/a"
			phone = "\x00"
		}
		rows[i] = []string{email, phone, id, "us", "gold"}
	}
	return rows
}

// expected computes the members of mixed rows on its own.
func expected(rows [][]string) (members map[string]bool, unusable int64) {
	members = map[string]bool{}
	for _, row := range rows {
		var parts []string
		if id := strings.TrimSpace(row[2]); id != "" && id != "\x00" {
			parts = append(parts, "EXTERN_ID="+id)
		}
		if strings.Contains(row[0], "@") {
			parts = append(parts, "EMAIL="+sha(row[0]))
		}
		if row[1] != "\x00" {
			parts = append(parts, "PHONE="+sha(row[1]))
		}
		if len(parts) == 0 {
			unusable++
			continue
		}
		members[strings.Join(append(parts, "COUNTRY="+sha("us")), ";")] = true
	}
	return members, unusable
}

func TestUpload(t *testing.T) {
	rows := mixed(100)
	b := newBench(t, mixedColumns, rows)
	require.NoError(t, b.run())
	members, unusable := expected(rows)
	assert.Equal(t, members, b.meta.members)
	r := b.receipt
	assert.True(t, r.Done)
	assert.Equal(t, 1, r.Attempts)
	assert.Equal(t, unusable, r.Unusable)
	assert.Equal(t, int64(100)-unusable, r.Sent)
	assert.Equal(t, r.Sent, r.Received)
	assert.Zero(t, r.Failed)
	assert.Zero(t, r.Invalid)
	require.Len(t, r.Sessions, 2)
	assert.ElementsMatch(t, []string{"EXTERN_ID,EMAIL,PHONE,COUNTRY", "EMAIL,PHONE,COUNTRY"}, []string{r.Sessions[0].Group, r.Sessions[1].Group})
	last := map[int64]int{}
	for _, q := range b.meta.requests {
		assert.Equal(t, audienceID, q.audience)
		assert.False(t, q.remove)
		assert.LessOrEqual(t, len(q.data), 10)
		assert.Equal(t, int64(100), q.session.Estimated)
		if q.session.Last {
			last[q.session.ID]++
		}
	}
	assert.Equal(t, map[int64]int{r.Sessions[0].ID: 1, r.Sessions[1].ID: 1}, last)
	assert.Equal(t, map[string]int64{"EMAIL:not_an_address": 14, "EMAIL:placeholder": 14}, r.Reasons)
	for _, s := range b.meta.sessions {
		assert.True(t, s.closed)
	}
}

func TestFullBatches(t *testing.T) {
	rows := make([][]string, 2*meta.BatchRows+1)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("p%d@example.org", i)}
	}
	b := newBench(t, []string{"email"}, rows)
	b.deps.BatchRows = 0
	require.NoError(t, b.run())
	var sizes []int
	for _, q := range b.meta.requests {
		sizes = append(sizes, len(q.data))
	}
	assert.Equal(t, []int{meta.BatchRows, meta.BatchRows, 1}, sizes)
	assert.Len(t, b.meta.members, len(rows))
}

func TestLastFlagOnExactlyFullBatch(t *testing.T) {
	rows := make([][]string, 20)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("p%d@example.org", i), "\x00"}
	}
	b := newBench(t, mixedColumns[:2], rows)
	require.NoError(t, b.run())
	require.Len(t, b.meta.requests, 2)
	assert.False(t, b.meta.requests[0].session.Last)
	assert.True(t, b.meta.requests[1].session.Last)
}

func TestChunkIsARangeOfRows(t *testing.T) {
	rows := mixed(100) // in row groups of 32
	for _, c := range []struct{ first, rows int }{{0, 100}, {0, 5}, {3, 20}, {32, 32}, {30, 40}, {64, 36}, {99, 1}} {
		t.Run(fmt.Sprintf("%d+%d", c.first, c.rows), func(t *testing.T) {
			b := newBench(t, mixedColumns, rows)
			b.plan(mixedColumns, audience.Chunk{ID: "00001", File: "part.parquet", FirstRow: int64(c.first), Rows: int64(c.rows)})
			require.NoError(t, b.run())
			members, unusable := expected(rows[c.first : c.first+c.rows])
			assert.Equal(t, members, b.meta.members)
			assert.Equal(t, unusable, b.receipt.Unusable)
			for _, batch := range b.receipt.Batches {
				assert.GreaterOrEqual(t, batch.FirstRow, int64(c.first))
				assert.Less(t, batch.LastRow, int64(c.first+c.rows))
			}
		})
	}
}

func TestRemoveMode(t *testing.T) {
	rows := mixed(30)
	b := newBench(t, mixedColumns, rows)
	b.mode(audience.ModeRemove)
	b.meta.members, _ = expected(rows)
	b.meta.members["EMAIL="+sha("stays@example.org")] = true
	require.NoError(t, b.run())
	assert.Equal(t, []string{"EMAIL=" + sha("stays@example.org")}, b.meta.list())
	for _, q := range b.meta.requests {
		assert.True(t, q.remove)
	}
}

func TestDoneChunkIsNotSentAgain(t *testing.T) {
	b := newBench(t, mixedColumns, mixed(30))
	require.NoError(t, b.run())
	sent := len(b.meta.requests)
	before := *b.receipt
	require.NoError(t, b.run())
	assert.Len(t, b.meta.requests, sent)
	assert.Equal(t, before, *b.receipt)
}

func TestNothingUsable(t *testing.T) {
	b := newBench(t, []string{"email", "country"}, [][]string{{"\x00", "us"}, {"n/a", "us"}})
	require.NoError(t, b.run())
	assert.Empty(t, b.meta.requests)
	assert.True(t, b.receipt.Done)
	assert.Equal(t, int64(2), b.receipt.Unusable)
	assert.Empty(t, b.receipt.Sessions)
}

func TestStopped(t *testing.T) {
	b := newBench(t, mixedColumns, mixed(100))
	ctx, cancel := context.WithCancelCause(t.Context())
	b.meta.before = func(n int, _ *request) error {
		if n == 3 {
			cancel(errors.New("SIGTERM"))
			return ctx.Err()
		}
		return nil
	}
	err := b.runIn(ctx)
	require.ErrorContains(t, err, "SIGTERM")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	require.NotNil(t, b.receipt.Failure)
	assert.Equal(t, int(audience.Transient), b.receipt.Failure.ExitCode)
	assert.Len(t, b.receipt.Batches, 2)
	assert.Equal(t, int64(20), b.receipt.Sent)
	assert.Positive(t, b.receipt.Failed)
}

func TestStoppedBecauseTheLeaseIsLost(t *testing.T) {
	b := newBench(t, mixedColumns, mixed(100))
	ctx, cancel := context.WithCancelCause(t.Context())
	b.meta.before = func(int, *request) error {
		cancel(audience.Failf(audience.Gate, "run r2 holds this audience"))
		return ctx.Err()
	}
	err := b.runIn(ctx)
	require.ErrorContains(t, err, "run r2 holds this audience")
	assert.Equal(t, audience.Gate, audience.ClassOf(err))
	assert.Equal(t, "gate", b.receipt.Failure.Class)
}

// TestReceiptCannotBeSaved has storage fail after Meta's second acknowledgement: the next task must send that batch again.
func TestReceiptCannotBeSaved(t *testing.T) {
	rows := mixed(100)
	b := newBench(t, mixedColumns, rows)
	u, err := url.Parse(b.deps.Folder.URL())
	require.NoError(t, err)
	receipt := filepath.Join(u.Path, audience.ReceiptFile("00001"))
	b.meta.after = func(n int, _ *request, _ *meta.Ack) error {
		if n == 2 {
			require.NoError(t, os.Rename(receipt, receipt+".old"))
			require.NoError(t, os.Mkdir(receipt, 0o700))
		}
		return nil
	}
	_, err = Run(t.Context(), b.deps)
	require.ErrorContains(t, err, "save the receipt of chunk 00001")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Len(t, b.meta.requests, 2, "nothing more was sent")

	require.NoError(t, os.Remove(receipt))
	require.NoError(t, os.Rename(receipt+".old", receipt))
	require.NoError(t, b.run())
	want, unusable := expected(rows)
	assert.Equal(t, want, b.meta.members)
	assert.Equal(t, int64(100)-unusable, b.receipt.Sent)
	assert.Equal(t, b.receipt.Sent, b.receipt.Received)
}

// TestPanicWhileReading has one in the goroutine that reads: it must come out where a stage can recover from it.
func TestPanicWhileReading(t *testing.T) {
	b := newBench(t, mixedColumns, nil)
	broken := &source{log: b.deps.Log} // without a reader
	batches, finish := broken.start(t.Context(), func() {})
	for range batches {
		t.Fatal("a batch")
	}
	assert.Panics(t, func() { _ = finish() })
	assert.Contains(t, b.log.String(), "panic while reading the chunk")
	assert.NotContains(t, b.log.String(), "0x", "arguments in hexadecimal may be values")
}

func TestThrottledTimeAddsUp(t *testing.T) {
	b := newBench(t, mixedColumns, mixed(30))
	b.deps.Waited = func() time.Duration { return 3 * time.Second }
	b.meta.before = failAt(2, audience.Failf(audience.Throttled, "wait longer"))
	err := b.run()
	assert.Equal(t, audience.Throttled, audience.ClassOf(err))
	b.meta.before = nil
	require.NoError(t, b.run())
	assert.InDelta(t, 6, b.receipt.Throttled, 0.001)
	assert.Equal(t, 2, b.receipt.Attempts)
	assert.Nil(t, b.receipt.Failure)
}
