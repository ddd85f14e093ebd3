package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const runDocument = `{"schema": 1, "run": "lapsed-vip-2026-03-04", "tenant": "acme", "audience": "lapsed-vip", "started_at": "2026-03-04T05:00:00Z", "definition": {
	"tenant": "acme", "name": "lapsed-vip",
	"source": {"path": "s3://acme-raw/customers/", "columns": {"EMAIL": "Email Address", "PHONE": "Mobile"}%s},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_4711", "audience_name": %q, "secret": "acme/meta", "mode": "%s"},
	"limits": {"max_failed_chunks_percent": %g}}}`

const location = "s3://results/collaboration=c1/q1/"

var begin = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }

// A world is a run's folder before its report is made. The cases change it.
type world struct {
	name      string
	mode      string
	source    string // more of the definition's source
	tolerated float64

	preflight audience.Preflight
	prepared  *audience.Prepared
	query     audience.QueryResult
	plan      audience.Plan
	chunks    []audience.Chunk
	changes   *audience.Changes
	replace   *audience.Replace
	closing   *audience.Closing
	stop      *audience.FailureDoc
	receipts  map[string]*audience.Receipt
	failures  map[string]*audience.FailureDoc
	meta      *fakeMeta
	now       time.Time
	slept     time.Duration
}

// newWorld is a run of n chunks of which all was sent.
func newWorld(n int, rowsEach int64) *world {
	done := at(64)
	w := &world{
		name: "Lapsed VIPs", mode: audience.ModeAdd, tolerated: 5, now: at(600),
		preflight: audience.Preflight{Schema: 1, AudienceID: "23850001", Created: true, StartedAt: at(1), FinishedAt: at(4)},
		prepared:  prepared(int64(n) * rowsEach),
		query:     audience.QueryResult{Schema: 1, ID: "q1", Location: location, StartedAt: at(31), FinishedAt: &done},
		plan: audience.Plan{
			Schema: 1, Location: location, Rows: int64(n) * rowsEach, Chunks: n, Concurrency: 8, ToleratedPercent: 5, StartedAt: at(65), FinishedAt: at(66),
			Columns: []audience.PlanColumn{{Key: audience.Email, Column: "email"}, {Key: audience.Phone, Column: "phone"}},
		},
		receipts: map[string]*audience.Receipt{}, failures: map[string]*audience.FailureDoc{},
		meta: &fakeMeta{
			audience: meta.CustomAudience{OperationStatus: meta.Status{Code: 200}, DeliveryStatus: meta.Status{Code: 200}, LowerBound: 10_000, UpperBound: 12_000},
			rate:     0.625,
		},
	}
	for i := range n {
		w.add(fmt.Sprintf("%05d", i+1), int64(i)*rowsEach, rowsEach)
	}
	return w
}

// prepared is an account of a source in which matched rows were found. Of 25 rows 1 has no consent and 1 is quarantined.
func prepared(matched int64) *audience.Prepared {
	share := matched / 10
	p := &audience.Prepared{
		Schema: 1, Source: 25 * share, NoConsent: share, Quarantined: share, Prepared: 23 * share, StartedAt: at(2), FinishedAt: at(30),
		RowReasons:  map[string]int64{"ragged_row": share - share/4, "no_key": share / 4},
		KeptReasons: map[string]int64{"last_order:not_date": share},
		Keys: map[audience.Key]audience.KeyQuality{
			audience.Phone:   {Filled: 15 * share, Valid: 13 * share, Invalid: map[string]int64{"not_a_number": share, "placeholder": share}, Duplicates: 40, Estimated: true},
			audience.Email:   {Filled: 23 * share, Valid: 22*share + share/2, Invalid: map[string]int64{"not_an_address": share - share/2}, Duplicates: 12},
			audience.Country: {Filled: 20 * share, Valid: 20 * share},
		},
	}
	return p
}

// add plans one more chunk and gives it the receipt of a good upload.
func (w *world) add(id string, first, rows int64) {
	w.chunks = append(w.chunks, audience.Chunk{ID: id, File: "a.parquet", FirstRow: first, Rows: rows})
	session := int64(1000 + len(w.chunks))
	r := &audience.Receipt{
		Schema: 1, Run: "lapsed-vip-2026-03-04", Chunk: id, File: location + "a.parquet", FirstRow: first, Rows: rows,
		Unusable: rows / 100, Sent: rows - rows/100, Received: rows - rows/100, Reasons: map[string]int64{"PHONE:not_a_number": rows / 50},
		Sessions: []audience.Session{{Group: "EMAIL,PHONE", ID: session, Received: rows - rows/100}, {Group: "PHONE", ID: -session}},
		Done:     true, Attempts: 1, StartedAt: at(70 + len(w.chunks)), FinishedAt: at(90 + 2*len(w.chunks)),
	}
	batched(r)
	w.receipts[id] = r
}

// batched gives a receipt the batches of what it says was sent.
func batched(r *audience.Receipt) {
	r.Batches = nil
	for left := r.Sent; left > 0; left -= 10_000 {
		r.Batches = append(r.Batches, audience.Batch{Group: "EMAIL,PHONE", Session: r.Sessions[0].ID, Rows: min(left, 10_000), At: r.FinishedAt})
	}
}

// fail makes a chunk one of which Meta took only the first rows.
func (w *world) fail(id string, sent int64, class audience.Class, next string, message string) {
	r := w.receipts[id]
	r.Unusable, r.Sent, r.Received, r.Done = 0, sent, sent, false
	r.Failed = r.Rows - sent
	batched(r)
	r.Failure = audience.NewFailureDoc("upload", audience.Fail(class, next, fmt.Errorf("upload chunk %s: %s", id, message)), r.FinishedAt)
}

// lose makes a chunk one that was never started.
func (w *world) lose(id string) { delete(w.receipts, id) }

func (w *world) write(t testing.TB, folder *storage.Folder) {
	t.Helper()
	put := func(key string, document any) { require.NoError(t, folder.WriteJSON(t.Context(), key, document)) }
	put(audience.PreflightFile, w.preflight)
	if w.prepared != nil {
		put(audience.PreparedFile, w.prepared)
	}
	put(audience.QueryFile, w.query)
	put(audience.PlanFile, w.plan)
	put(audience.ChunksFile, w.chunks)
	if w.changes != nil {
		put(audience.ChangesFile, w.changes)
	}
	if w.replace != nil {
		put(audience.ReplaceFile, w.replace)
	}
	if w.stop != nil {
		put(audience.StopFile, w.stop)
	}
	if w.closing != nil {
		put(audience.ClosingFile, w.closing)
	}
	for id, r := range w.receipts {
		put(audience.ReceiptFile(id), r)
	}
	for id, f := range w.failures {
		put(audience.FailureFile("upload-"+id), f)
	}
}

// deps writes the world into a folder and gives what Run needs.
func (w *world) deps(t testing.TB) Deps {
	t.Helper()
	folder, err := storage.Open(t.Context(), "mem://")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	w.write(t, folder)
	run, err := audience.ParseRun(fmt.Appendf(nil, runDocument, w.source, w.name, w.mode, w.tolerated))
	require.NoError(t, err)
	w.meta.rows = map[int64]int64{}
	for _, r := range w.receipts {
		for _, b := range r.Batches {
			w.meta.rows[b.Session] += b.Rows
		}
	}
	sleep := func(_ context.Context, d time.Duration) error { w.slept += d; return nil }
	return Deps{Run: run, Folder: folder, Meta: w.meta, Now: func() time.Time { return w.now }, Sleep: sleep, Log: slog.New(slog.DiscardHandler)}
}

// run makes the report of a world that balances.
func (w *world) run(t testing.TB) *audience.Report {
	t.Helper()
	r, err := Run(t.Context(), w.deps(t))
	require.NoError(t, err)
	return r
}

// next is the advice as one text.
func next(r *audience.Report) string { return strings.Join(r.Next, "\n") }

var errGone = errors.New("connection refused")

// A stopping Meta is asked when the task is told to stop.
type stopping struct {
	fakeMeta
	stop context.CancelFunc
}

func (m *stopping) Audience(ctx context.Context, _ string) (meta.CustomAudience, error) {
	m.stop()
	return meta.CustomAudience{}, ctx.Err()
}

// fakeMeta answers as told, and counts what it is asked.
type fakeMeta struct {
	audience meta.CustomAudience
	busy     int     // looks at the audience until a replace is over
	err      error   // of Audience
	fails    int64   // the session that cannot be read
	working  bool    // Meta has not matched yet
	rate     float64 // of each session's rows
	rows     map[int64]int64
	tells    func(look int, s *meta.SessionStatus) *meta.SessionStatus // changes what is told of a session; look counts from 1

	mu    sync.Mutex
	looks int
	asked []int64
}

func (m *fakeMeta) Audience(context.Context, string) (meta.CustomAudience, error) {
	m.looks++
	a := m.audience
	if m.looks <= m.busy {
		a.OperationStatus.Code = meta.OperationReplacing
	}
	return a, m.err
}

func (m *fakeMeta) SessionStatus(_ context.Context, _ string, id int64) (*meta.SessionStatus, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, id)
	if id == m.fails {
		return nil, audience.Failf(audience.Throttled, "read upload session %d: too many calls", id)
	}
	s := &meta.SessionStatus{ID: id, Received: m.rows[id]}
	if !m.working {
		s.Progress, s.End, s.Matched = 100, at(500), int64(m.rate*float64(s.Received)+0.5)
	}
	if m.tells != nil {
		s = m.tells(m.looks, s)
	}
	return s, nil
}
