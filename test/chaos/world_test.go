package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/optout"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/test/mortal"
)

// What a run consists of.
const (
	chunks    = 40
	adAccount = "act_42"
	tenant    = "acme"
	name      = "vip"
)

// A world is one seed's: a bucket, a sandbox of Meta, and what goes wrong in it. All of it lives in the bubble's time.
type world struct {
	t      *testing.T
	seed   uint64
	mode   string
	rand   *rand.Rand // of what is drawn before and between executions
	log    *slog.Logger
	rates  rates
	batch  int // rows
	chunk  int // rows
	server *sandbox.Server
	bucket string
	work   *storage.Folder
	spoil  spoiled

	machine *asl.Machine

	operators sync.WaitGroup // who carry out opt-outs

	mu       sync.Mutex
	match    string // URL of the match that the clean room gives
	queries  int
	calm     bool // nothing goes wrong any more
	expired  bool // the token
	requests int  // of tasks
	expireAt int  // the request from which on the token is no more
	abuseAt  int  // the request that meets Meta's protection against abuse
	tried    map[string]int
	letters  []map[string]any
	optouts  []request // in the order of their time
	opted    map[string]bool
	acked    map[string]bool // batches of replaces
	relieved map[string]bool // strongest identifiers of whoever opted out
	broken   int             // tasks that did not end by themselves
	problems []string
}

// A request is somebody's to be left out from now on, by one of their values.
type request struct {
	at     int // the request to Meta at which it comes
	column string
	values []string
}

// spoiled is what the negative controls break.
type spoiled struct {
	forget bool // tasks find no receipt
	deaf   bool // nobody hears of who opts out
	silent bool // no run notes that it is about to send
}

func newWorld(t *testing.T, mode string, seed uint64, log *slog.Logger) (*world, error) {
	r := drawn(seed, mode)
	w := &world{
		t: t, seed: seed, mode: mode, rand: r, log: log, rates: troubled(r), batch: 2 + r.IntN(6), chunk: 6 + r.IntN(8),
		bucket: fmt.Sprintf("%s-%d", mode, seed), tried: map[string]int{}, opted: map[string]bool{}, acked: map[string]bool{}, relieved: map[string]bool{},
	}
	var err error
	w.server, err = sandbox.New(sandbox.Config{
		Tier: []string{"", "", "", "full", "full", "limited"}[r.IntN(6)], Latency: time.Duration(20+r.IntN(500)) * time.Millisecond,
		Processing: []time.Duration{0, 24 * time.Hour}[r.IntN(2)], Replacing: []time.Duration{0, time.Minute, time.Hour, 4 * time.Hour}[r.IntN(4)],
	})
	if err != nil {
		return nil, err
	}
	mortal.Make(w.bucket, func(ctx context.Context) mortal.Life { return taskOf(ctx) })
	if w.work, err = storage.Open(t.Context(), w.url("")); err != nil {
		return nil, err
	}
	if w.machine, err = w.load(); err != nil {
		return nil, err
	}
	return w, w.define()
}

func (w *world) close() {
	w.operators.Wait()
	_ = w.work.Close()
	_ = w.server.Close()
	mortal.Forget(w.bucket)
}

func (w *world) url(key string) string { return mortal.Scheme + "://" + w.bucket + "/" + key }

// problem notes something that must not be.
func (w *world) problem(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// define puts the audience's definition and a source into the bucket. The source is prepared as it is, but the match does
// not come of it: the clean room is a stand-in that gives a folder.
func (w *world) define() error {
	ctx, r := w.t.Context(), w.rand
	definition := map[string]any{
		"tenant": tenant, "name": name,
		"source": map[string]any{"path": w.url("raw/"), "columns": map[string]string{"EXTERN_ID": "extern_id", "EMAIL": "email", "PHONE": "phone"}, "default_country": "US"},
		"match":  map[string]any{"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
		"meta":   map[string]any{"ad_account": adAccount, "mode": w.mode},
		"limits": map[string]any{
			"min_rows": 1, "chunk_rows": w.chunk, "concurrency": 1 + r.IntN(8), "max_failed_chunks_percent": []int{0, 5, 100}[r.IntN(3)],
			"max_removed_ratio": 1,
		},
	}
	if err := w.work.WriteJSON(ctx, "audiences/"+tenant+"/"+name+".json", definition); err != nil {
		return err
	}
	var source strings.Builder
	source.WriteString(strings.Join(columns, ",") + "\n")
	for n := range 30 {
		source.WriteString(strings.Join(person(n).values(), ",") + "\n")
	}
	return w.work.Write(ctx, "raw/customers.csv", []byte(source.String()))
}

// give puts a match where the clean room finds it.
func (w *world) give(run string, match []row) error {
	files, err := filesOf(w.rand, match, w.chunk)
	if err != nil {
		return err
	}
	w.match, w.queries = w.url("matches/"+run+"/"), 0
	for i, file := range files {
		if err := w.work.Write(w.t.Context(), fmt.Sprintf("matches/%s/part-%d.parquet", run, i), file); err != nil {
			return err
		}
	}
	return nil
}

// fill makes the audience and puts people into it, as runs of another time did.
func (w *world) fill(rows []row) error {
	ctx, client := w.t.Context(), w.client(nil, meta.NewBudget(24*time.Hour, nil))
	id, err := client.CreateAudience(ctx, adAccount, meta.NewAudience{Name: name, Mark: "cleanreach:" + tenant + "/" + name, CustomerFileSource: "USER_PROVIDED_ONLY"})
	if err != nil {
		return err
	}
	for i, schema := range [][]audience.Key{{audience.ExternID, audience.Email, audience.Phone}, {audience.Email, audience.Phone}} {
		payload := meta.NewPayload(schema)
		for _, r := range rows {
			if !r.usable() || (r.extern == "") != (i == 1) {
				continue
			}
			m := r.member()
			payload.BeginRow()
			for _, key := range schema {
				payload.Value([]byte(m[string(key)]))
			}
			payload.EndRow()
		}
		if payload.Rows() == 0 {
			continue
		}
		if _, err := client.AddUsers(ctx, id, payload.Batch(meta.Session{ID: int64(1 + i), Seq: 1, Last: true})); err != nil {
			return err
		}
	}
	return nil
}

// faultFor decides what goes wrong with a task's request, and lets happen what its time has come for.
func (w *world) faultFor(t *task, r *http.Request) *sandbox.Fault {
	if t == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	for len(w.optouts) > 0 && w.requests >= w.optouts[0].at {
		w.leaveOut(w.optouts[0])
		w.optouts = w.optouts[1:]
	}
	if w.requests == w.expireAt {
		w.expired = true
	}
	switch {
	case w.expired:
		return &sandbox.Fault{Fault: "expired_token"}
	case w.requests == w.abuseAt && strings.Contains(r.URL.Path, "/users"):
		return &sandbox.Fault{Fault: "error", Code: 613}
	case w.calm:
		return nil
	}
	return w.rates.faultOf(t.rand)
}

// leaveOut has somebody carry out an opt-out. The caller holds w.mu.
func (w *world) leaveOut(q request) {
	w.tried["opt-out"]++
	file := fmt.Sprintf("optouts/%d.csv", w.tried["opt-out"])
	for _, value := range q.values {
		key := map[string]string{"extern_id": "EXTERN_ID", "email": "EMAIL"}[q.column]
		if key == "EMAIL" {
			value = hashed(value)
		}
		w.opted[key+value] = true
	}
	w.operators.Go(func() {
		ctx := w.t.Context()
		err := w.work.Write(ctx, file, []byte(q.column+"\n"+strings.Join(q.values, "\n")+"\n"))
		if err == nil {
			client := w.client(nil, meta.NewBudget(24*time.Hour, nil))
			_, err = optout.Add(ctx, optout.Deps{
				Tenant: tenant, Work: w.work, People: optout.People{URL: w.url(file)}, Now: time.Now, Log: w.log,
				Remove: func(context.Context) (optout.Place, error) { return optout.FromAll(client, adAccount), nil },
			})
		}
		if err != nil {
			w.problem("an opt-out failed: %s", err)
		}
	})
}

// An audienceState is what the sandbox's operator sees of an audience.
type audienceState struct {
	ID      string `json:"id"`
	Status  int    `json:"operation_status"`
	Batches int    `json:"batches"`
	Again   int    `json:"again"`
}

// audience is the one audience that there is to be.
func (w *world) audience() (audienceState, error) {
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/sandbox/audiences", http.NoBody))
	var list []audienceState
	if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil {
		return audienceState{}, err
	}
	if len(list) != 1 {
		return audienceState{}, fmt.Errorf("there are %d audiences and not 1", len(list))
	}
	return list[0], nil
}

// members are who is in the audience.
func (w *world) members() (crowd, error) {
	a, err := w.audience()
	if err != nil {
		return nil, err
	}
	people, err := w.server.Members(a.ID)
	c := crowd{}
	c.add(people...)
	if err == nil && len(c) != len(people) {
		err = errors.New("a member is in the audience twice")
	}
	return c, err
}

// room is Clean Rooms: a query takes a few polls, and its result is the match that the test gives.
func (w *world) room(_ context.Context, call asl.Call) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	query := map[string]any{"Id": "query-1", "Status": "STARTED"}
	if strings.HasSuffix(call.Resource, ":startProtectedQuery") {
		w.queries++
	} else if w.tried["poll"]++; w.tried["poll"]%3 == 0 {
		query["Status"] = "SUCCESS"
		query["Result"] = map[string]any{"Output": map[string]any{"S3": map[string]any{"Location": w.match}}}
	}
	return map[string]any{"ProtectedQuery": query}, nil
}

// letter takes what is sent to the dead-letter queue.
func (w *world) letter(_ context.Context, call asl.Call) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	parameters, _ := call.Parameters.(map[string]any)
	body, _ := parameters["MessageBody"].(map[string]any)
	w.letters = append(w.letters, body)
	return map[string]any{"MessageId": "1"}, nil
}

// lettersOf are the chunks of a run that there are letters about.
func (w *world) lettersOf(run string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	for _, l := range w.letters {
		if id, is := l["chunk"].(string); is && l["run"] == run {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
