package meta_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// An account is an ad account in a sandbox that enforces a tier's limits, and tasks that upload to it at the same time, each
// with a stack of its own, as containers have. All of it lives in the bubble's time.
type account struct {
	t        *testing.T
	server   atomic.Pointer[sandbox.Server]
	audience string
	headers  func(http.Header)         // changes those of an answer; nil leaves them
	during   func(ctx context.Context) // goes on beside the tasks; may be nil
	latency  time.Duration             // of an answer, half as much to half as much again
	late     time.Duration             // after which every other task begins
	warm     time.Duration             // until the steady state
	length   time.Duration             // of what is measured then
	sessions atomic.Int64
}

// figures are what came of it, in the steady state.
type figures struct {
	share    float64 // of the points that the tier allows
	fairness float64 // of the slowest task to the fastest
	blocks   int64   // from the beginning on
	late     int64   // of those, in the steady state
	waited   time.Duration
	ended    int64 // tasks with exit code 5
	failed   int64 // tasks with another
}

func (f figures) String() string {
	return fmt.Sprintf("share %5.1f %%, blocks %d, %d of them late, slowest/fastest %.2f, waited %s, exit code 5 %d times, other failures %d",
		100*f.share, f.blocks, f.late, f.fairness, f.waited.Round(time.Second), f.ended, f.failed)
}

func newAccount(t *testing.T, tier string) *account {
	t.Helper()
	a := &account{t: t, latency: 50 * time.Millisecond, warm: time.Hour, length: 6 * time.Hour}
	if tier == "full" {
		a.warm, a.length = 2*time.Minute, 5*time.Minute
	}
	a.serve(sandbox.Config{Tier: tier})
	time.Sleep(time.Hour) //nolint:forbidigo // of the synctest bubble: what creating the audience has used is forgotten
	return a
}

// serve puts a new sandbox in place, of another tier or limit.
func (a *account) serve(cfg sandbox.Config) {
	a.t.Helper()
	cfg.Now = time.Now
	server, err := sandbox.New(cfg)
	require.NoError(a.t, err)
	a.t.Cleanup(func() { assert.NoError(a.t, server.Close()) })
	a.server.Store(server)
	a.audience, err = a.client().CreateAudience(a.t.Context(), "act_42", newAudience)
	require.NoError(a.t, err)
}

// client makes a client whose requests go to the sandbox without a network.
func (a *account) client() *meta.Client {
	return open(a.t, meta.Config{HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		time.Sleep(a.latency/2 + rand.N(a.latency)) //nolint:forbidigo // of the synctest bubble
		w := httptest.NewRecorder()
		a.server.Load().ServeHTTP(w, r)
		answer := w.Result()
		if a.headers != nil {
			a.headers(answer.Header)
		}
		return answer, nil
	})}})
}

// batch is one row in a session of its own: none lives for as long as the tasks.
func (a *account) batch() meta.Batch {
	p := meta.NewPayload([]audience.Key{audience.Email})
	appendRow(p, hash)
	return p.Batch(meta.Session{ID: a.sessions.Add(1), Seq: 1, Last: true, EstimatedTotal: 1})
}

// run has n tasks upload for as long as it is measured.
func (a *account) run(n int) figures {
	a.t.Helper()
	ctx, stop := context.WithTimeout(a.t.Context(), a.warm+a.length)
	defer stop()
	var group sync.WaitGroup
	var steady atomic.Bool
	var waited, ended, failed atomic.Int64
	sent := make([]int64, n)
	for i := range n {
		group.Go(func() {
			if i%2 == 1 {
				pass(ctx, a.late)
			}
			for ctx.Err() == nil { // each round is a container
				budget := meta.NewBudget(0, nil)
				api := stack(a.client(), budget)
				var err error
				for err == nil {
					if _, err = api.AddUsers(ctx, a.audience, a.batch()); err == nil && steady.Load() {
						sent[i]++
					}
				}
				waited.Add(int64(budget.Throttled()))
				switch {
				case ctx.Err() != nil:
				case audience.ClassOf(err) == audience.Throttled:
					ended.Add(1)
					pass(ctx, 300*time.Second) // the state WaitForMeta
				default:
					failed.Add(1)
					pass(ctx, 30*time.Second)
				}
			}
		})
	}
	if a.during != nil {
		group.Go(func() { a.during(ctx) })
	}
	pass(ctx, a.warm)
	before := a.server.Load().Usage("42")
	steady.Store(true)
	group.Wait()
	after := a.server.Load().Usage("42")
	return figures{
		share:    float64(after.Points-before.Points) / (after.Rate * a.length.Seconds()),
		fairness: float64(slices.Min(sent)) / float64(max(1, slices.Max(sent))),
		blocks:   after.Blocks, late: after.Blocks - before.Blocks, waited: time.Duration(waited.Load()), ended: ended.Load(), failed: failed.Load(),
	}
}

// pass lets time pass.
func pass(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// TestTasksShareAnAccount has tasks that know nothing of each other upload to one ad account: together they use what the tier
// allows, alike, and are never blocked, not even by the calls that they make before they know the usage.
func TestTasksShareAnAccount(t *testing.T) {
	for tier, parallel := range map[string][]int{"limited": {1, 4, 8, 16}, "full": {1, 4, 8, 64}} {
		for _, tasks := range parallel {
			t.Run(fmt.Sprint(tier, tasks), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newAccount(t, tier).run(tasks)
					t.Logf("%s tier, %d tasks: %s", tier, tasks, f)
					assert.GreaterOrEqual(t, f.share, 0.95)
					assert.GreaterOrEqual(t, f.fairness, 0.8)
					assert.Zero(t, f.blocks+f.ended+f.failed)
				})
			})
		}
	}
}

// TestTasksAreDisturbed has four tasks on the limited tier, and something else go on. The figures go to the log; asserted is
// what must not be worse.
func TestTasksAreDisturbed(t *testing.T) {
	const score = "X-Ad-Account-Usage"
	later := func(d time.Duration, change func(http.Header)) func(*account) {
		return func(a *account) {
			start := time.Now()
			a.headers = func(h http.Header) {
				if time.Since(start) >= d {
					change(h)
				}
			}
		}
	}
	without := func(h http.Header) {
		for _, name := range []string{score, "X-Business-Use-Case-Usage", "X-App-Usage"} {
			h.Del(name)
		}
	}
	as := func(spell func(percent float64) string) func(http.Header) {
		return func(h http.Header) {
			var told struct {
				Percent float64 `json:"acc_id_util_pct"`
			}
			if json.Unmarshal([]byte(h.Get(score)), &told) == nil {
				h.Set(score, spell(told.Percent))
			}
		}
	}
	// somebody else writes by another program, at a part of the rate that the limited tier allows.
	somebody := func(part float64) func(*account) {
		return func(a *account) {
			client := a.client()
			a.during = func(ctx context.Context) {
				for ctx.Err() == nil {
					_, _ = client.AddUsers(ctx, a.audience, a.batch())
					pass(ctx, time.Duration(15/part*float64(time.Second)))
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		tasks  int
		set    func(*account)
		share  float64 // at least
		blocks int64   // in the hour of warming up and the six after it, at most
		late   int64   // in the six hours, at most
		fair   float64 // at least
	}{
		{"undisturbed", 4, func(*account) {}, 0.95, 0, 0, 0.8},
		{"somebody else takes half", 4, somebody(0.5), 0.95, 0, 0, 0.8},
		{"somebody else takes half of eight tasks'", 8, somebody(0.5), 0.95, 0, 0, 0.8},
		{"half of the tasks come later", 8, func(a *account) { a.late = 45 * time.Minute }, 0.95, 0, 0, 0.8},
		{"more tasks than calls fit into the limit", 32, func(*account) {}, 0.95, 84, 72, 0},
		{"no headers at all", 4, later(0, without), 0.95, 40, 30, 0.8},
		{"the headers vanish", 4, later(2*time.Hour, without), 0.95, 20, 20, 0.8}, // mostly 0 or 4, by the order in which the tasks wake; of 100 runs three had 14 or 17
		{"the headers come back", 4, func(a *account) {
			start := time.Now()
			a.headers = func(h http.Header) {
				if time.Since(start) < 30*time.Minute {
					without(h)
				}
			}
		}, 0.95, 6, 0, 0.8},
		{"malformed", 4, later(0, as(func(float64) string { return `{"acc_id_util_pct":"high` })), 0.95, 40, 30, 0.8},
		{"a fraction for percent", 4, later(0, as(func(p float64) string { return fmt.Sprintf(`{"acc_id_util_pct":%f}`, p/100) })), 0.95, 40, 30, 0.8},
		{"basis points for percent", 4, later(0, as(func(p float64) string { return fmt.Sprintf(`{"acc_id_util_pct":%.0f}`, 100*p) })), 0.6, 40, 35, 0.8},
		{"whole percent", 4, later(0, as(func(p float64) string { return fmt.Sprintf(`{"acc_id_util_pct":%d}`, int(p)) })), 0.95, 0, 0, 0.8},
		{"slow answers", 4, func(a *account) { a.latency = 20 * time.Second }, 0.95, 0, 0, 0.8},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t, "limited")
				c.set(a)
				f := a.run(c.tasks)
				t.Logf("%s, %d tasks: %s", c.name, c.tasks, f)
				assert.GreaterOrEqual(t, f.share, c.share)
				assert.GreaterOrEqual(t, f.fairness, c.fair)
				assert.LessOrEqual(t, f.blocks, c.blocks)
				assert.LessOrEqual(t, f.late, c.late)
				assert.Zero(t, f.failed)
			})
		})
	}
}

// TestTheTierChanges gives the app another tier while four tasks upload: they go by the new one from its first header on.
func TestTheTierChanges(t *testing.T) {
	for _, tiers := range [][2]string{{"limited", "full"}, {"full", "limited"}} {
		t.Run(tiers[0]+" to "+tiers[1], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t, tiers[1])
				warm, after := a.warm, a.server.Load()
				a.serve(sandbox.Config{Tier: tiers[0]})
				a.warm += 5 * time.Minute
				a.during = func(ctx context.Context) {
					pass(ctx, a.warm-warm)
					a.server.Store(after)
				}
				f := a.run(4)
				t.Logf("from the %s tier to the %s: %s", tiers[0], tiers[1], f)
				assert.GreaterOrEqual(t, f.share, 0.95)
				assert.GreaterOrEqual(t, f.fairness, 0.8)
				assert.Zero(t, f.blocks+f.ended+f.failed)
			})
		})
	}
}

// TestTasksShareTheHoursCalls lets fewer calls an hour through than the score does, and fewer than the pacer knows of.
func TestTasksShareTheHoursCalls(t *testing.T) {
	for _, tasks := range []int{1, 4, 8} {
		synctest.Test(t, func(t *testing.T) {
			const calls = 3600
			a := newAccount(t, "full")
			a.serve(sandbox.Config{Tier: "full", CallsPerHour: calls})
			a.warm, a.length = 30*time.Minute, 2*time.Hour
			f := a.run(tasks)
			f.share *= 30 * 3600 / (3 * calls) // of the score's 30 points a second
			t.Logf("%d calls an hour, %d tasks: %s", calls, tasks, f)
			assert.GreaterOrEqual(t, f.share, 0.95)
			assert.GreaterOrEqual(t, f.fairness, 0.8)
			assert.Zero(t, f.blocks+f.ended+f.failed)
		})
	}
}
