package meta_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func faultOnce(fault, on string) sandbox.Fault { return sandbox.Fault{Fault: fault, On: on, Count: 1} }

func accountUsage(percent int) map[string]string {
	return map[string]string{"X-Ad-Account-Usage": fmt.Sprintf(`{"acc_id_util_pct":%d}`, percent)}
}

func businessUsage(percent, minutes int) map[string]string {
	return map[string]string{"X-Business-Use-Case-Usage": fmt.Sprintf(
		`{"42":[{"type":"custom_audience","call_count":%d,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":%d}]}`, percent, minutes)}
}

// An answered is an answer of Meta's by its headers; code 0 takes the batch.
type answered struct {
	header map[string]string
	code   int
}

// meter makes a client that gets these answers, and the last one for ever.
func meter(t testing.TB, answers ...answered) *meta.Client {
	t.Helper()
	var mu sync.Mutex
	n := 0
	return over(t, func(*http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		a := answers[min(n, len(answers))-1]
		switch {
		case a.code > 0:
			return reply(400, a.header, refusal(a.code, 0)), nil
		case a.code < 0:
			return nil, errors.New("the network is down")
		}
		return reply(200, a.header, taken), nil
	})
}

func TestPace(t *testing.T) {
	const minute = time.Minute
	full := func(percent int) map[string]string {
		return map[string]string{"X-Ad-Account-Usage": fmt.Sprintf(`{"acc_id_util_pct":%d,"ads_api_access_tier":"standard_access"}`, percent)}
	}
	both := map[string]string{"X-Ad-Account-Usage": `{"acc_id_util_pct":20}`, "X-Business-Use-Case-Usage": businessUsage(90, 0)["X-Business-Use-Case-Usage"]}
	high, low := answered{accountUsage(100), 0}, answered{accountUsage(10), 0}
	for _, c := range []struct {
		name    string
		answers []answered
		waits   []time.Duration // before the calls that waited
	}{
		{"no headers", []answered{{}}, nil},
		{"low usage", []answered{low}, nil},
		{"a write of the limited tier above the room", []answered{{accountUsage(15), 0}, low}, []time.Duration{15 * s}},
		{"of eight tasks", []answered{{accountUsage(50), 0}, low}, []time.Duration{120 * s}},
		{"it resumes", []answered{high, low, high, low}, []time.Duration{270 * s, 270 * s}},
		{"more than there can be", []answered{{accountUsage(1e6), 0}, low}, []time.Duration{270 * s}},
		{"less than there can be", []answered{{accountUsage(-50), 0}, low}, nil},
		{"full tier", []answered{{full(50), 0}, {full(10), 0}}, []time.Duration{1600 * time.Millisecond}},
		{"full tier, at the limit", []answered{{full(100), 0}, {full(10), 0}}, []time.Duration{270 * s}},
		{"the tier changes", []answered{{full(50), 0}, {accountUsage(50), 0}, {map[string]string{"X-Ad-Account-Usage": `{"acc_id_util_pct":50,"ads_api_access_tier":"development_access"}`}, 0}, {full(50), 0}, low},
			[]time.Duration{1600 * time.Millisecond, 1600 * time.Millisecond, 120 * s, 1600 * time.Millisecond}},
		{"the hour's calls", []answered{{businessUsage(90, 0), 0}, {businessUsage(75, 0), 0}}, []time.Duration{21600 * time.Millisecond}},
		{"the app's", []answered{{map[string]string{"X-App-Usage": `{"call_count":90}`}, 0}, {map[string]string{"X-App-Usage": `{"call_count":75}`}, 0}}, []time.Duration{21600 * time.Millisecond}},
		{"no pace is longer than a full score lasts", []answered{{businessUsage(100, 0), 0}, {businessUsage(0, 0), 0}}, []time.Duration{300 * s}},
		{"the longest of all", []answered{{both, 0}, {businessUsage(0, 0), 0}, low}, []time.Duration{30 * s, 30 * s}},
		{"Meta's time", []answered{{businessUsage(100, 3), 0}, low}, []time.Duration{3 * minute}},
		{"Meta's time at a low usage", []answered{{businessUsage(10, 3), 0}, low}, []time.Duration{3 * minute}},
		{"the time of a score that stops nobody", []answered{{map[string]string{"X-Ad-Account-Usage": `{"acc_id_util_pct":100,"reset_time_duration":3000}`}, 0}, low}, []time.Duration{270 * s}},
		{"refused", []answered{{nil, 17}, low}, []time.Duration{minute}},
		{"refused at the limit", []answered{low, {map[string]string{"X-Ad-Account-Usage": `{"acc_id_util_pct":100,"reset_time_duration":60}`}, 17}, low}, []time.Duration{minute}},
		{"refused for a time", []answered{{map[string]string{"Retry-After": "90"}, 80003}, low}, []time.Duration{90 * s}},
		{"other errors", []answered{{map[string]string{"Retry-After": "90"}, 100}, low}, nil},
		{"no answer tells nothing", []answered{{accountUsage(50), 0}, {nil, -1}, {nil, -1}, low}, []time.Duration{120 * s, 120 * s, 120 * s}},
		{"a limit that does not hold", []answered{high}, []time.Duration{270 * s, 135 * s, 67500 * time.Millisecond, 33750 * time.Millisecond, 16875 * time.Millisecond, 15 * s, 15 * s}},
		{"headers vanish", []answered{{accountUsage(70), 0}, {nil, 0}}, []time.Duration{180 * s, 180 * s, 180 * s, 180 * s, 180 * s, 180 * s, 180 * s}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var time clock
			api := meta.Paced(meter(t, c.answers...), meta.Pace{Sleep: time.sleep, Now: time.now, Budget: meta.NewBudget(0, time.now)})
			for range 8 {
				_, _ = add(t, api)
			}
			require.Len(t, time.waits, len(c.waits), "%v", time.waits)
			for i, want := range c.waits {
				assert.InDelta(t, want, time.waits[i], 1e3)
			}
		})
	}
}

// TestReadsGoFirst checks that reading waits for other tasks' writing only when the limit is near.
func TestReadsGoFirst(t *testing.T) {
	for percent, want := range map[int][]time.Duration{75: nil, 85: {30 * s, 30 * s}} {
		var time clock
		api := meta.Paced(replying(t, 200, accountUsage(percent), `{"data":[]}`), meta.Pace{Sleep: time.sleep, Now: time.now})
		for range 3 {
			_, err := api.ListAudiences(t.Context(), "act_42", "")
			require.NoError(t, err)
		}
		require.Len(t, time.waits, len(want))
		for i := range want {
			assert.InDelta(t, want[i], time.waits[i], 1e3)
		}
	}
}

// TestPacingByTrial refuses calls whose headers told of room, as when they are in other units: calls get twice as far apart
// after each block, and by and by closer again.
func TestPacingByTrial(t *testing.T) {
	var time clock
	ok, no := answered{accountUsage(1), 0}, answered{accountUsage(1), 17}
	api := meta.Paced(meter(t, ok, no, no, ok, no, ok, ok, no, ok), meta.Pace{Sleep: time.sleep, Now: time.now, Budget: meta.NewBudget(0, time.now)})
	for range 10 {
		_, _ = add(t, api)
	}
	const ms = 1e6
	for i, want := range []float64{60_000, 60_000, 13_675, 60_000, 25_842, 25_333, 60_000, 47_444} {
		assert.InDelta(t, want*ms, time.waits[i], ms)
	}
	time.past += 7200 * s
	waited := len(time.waits)
	for range 10 {
		_, _ = add(t, api)
	}
	assert.Len(t, time.waits, waited, "it is at full speed")
}

// TestNoCallAfterAbuse checks that error 613 without a subcode is the last that Meta hears of a task.
func TestNoCallAfterAbuse(t *testing.T) {
	client, calls := script(t, nil, taken, refusal(613, 0), taken)
	api := stack(client, nil)
	_, err := add(t, api)
	require.NoError(t, err)
	for range 3 {
		_, err = add(t, api)
		require.ErrorContains(t, err, "Meta's abuse prevention stopped the app")
		assert.Equal(t, audience.Action, audience.ClassOf(err))
	}
	assert.Equal(t, 2, *calls)
}

// TestAClockThatJumps sets the clock while a call has to wait: forward ends the wait, back does not lengthen it.
func TestAClockThatJumps(t *testing.T) {
	for _, c := range []struct {
		name string
		jump time.Duration
		want time.Duration
	}{
		{"an hour forward", time.Hour, 0}, {"a second forward", s, 119 * s}, {"an hour back", -time.Hour, 120 * s}, {"a year back", -8760 * time.Hour, 120 * s},
	} {
		for kind, answer := range map[string]answered{"pace": {accountUsage(50), 0}, "demand": {businessUsage(0, 2), 0}} {
			var time clock
			api := meta.Paced(meter(t, answer), meta.Pace{Sleep: time.sleep, Now: time.now, Budget: meta.NewBudget(0, time.now)})
			_, err := add(t, api)
			require.NoError(t, err)
			time.past += c.jump
			_, err = add(t, api)
			require.NoError(t, err)
			var total int64
			for _, w := range time.waits {
				total += int64(w)
			}
			assert.InDelta(t, c.want, total, 1e3, "%s, %s", c.name, kind)
		}
	}
}

// TestPacingAloneFailsNoCall checks that a usage that only we hold for alarming, on calls that Meta serves, slows them down
// and no more, however many they are, and however short the budget is.
func TestPacingAloneFailsNoCall(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{10 * s: 0, 300 * s: (523125 + 94*15000) * time.Millisecond} {
		var time clock
		budget := meta.NewBudget(limit, time.now)
		api := meta.Paced(meter(t, answered{accountUsage(100), 0}), meta.Pace{Sleep: time.sleep, Now: time.now, Budget: budget})
		for range 100 {
			_, err := add(t, api)
			require.NoError(t, err)
		}
		assert.Equal(t, want, budget.Throttled())
	}
}

func TestADemandedWaitBeyondTheBudget(t *testing.T) {
	var time clock
	api := meta.Paced(meter(t, answered{businessUsage(100, 11), 0}), meta.Pace{Sleep: time.sleep, Now: time.now})
	_, err := add(t, api)
	require.NoError(t, err)
	_, err = add(t, api)
	require.EqualError(t, err, "wait 11m0s for Meta, longer than this task may: the ad account's usage is at Meta's limit: start it again later, or run fewer uploads of this ad account at once")
	assert.Equal(t, audience.Throttled, audience.ClassOf(err))
	assert.Empty(t, time.waits)
}

// TestALongBlockEndsTheTask has Meta ask for an hour: the task ends at once and with no other request, so that the state
// machine waits instead; the next one goes at full speed.
func TestALongBlockEndsTheTask(t *testing.T) {
	client, server := sandboxed(t)
	id, err := client.CreateAudience(t.Context(), "act_42", newAudience)
	require.NoError(t, err)
	require.NoError(t, server.SetFault(sandbox.Fault{Fault: "rate_limit", On: "users", Count: 1, Seconds: 3600}))
	budget := meta.NewBudget(0, nil)
	api, before := stack(client, budget), client.Calls()
	for range 3 {
		_, err = api.AddUsers(t.Context(), id, batchOf(oneRow))
		require.ErrorContains(t, err, "longer than this task may")
		assert.Equal(t, audience.Throttled, audience.ClassOf(err))
	}
	assert.Equal(t, before+1, client.Calls())
	assert.Zero(t, budget.Throttled())

	next := meta.NewBudget(0, nil)
	_, err = stack(client, next).AddUsers(t.Context(), id, batchOf(oneRow))
	require.NoError(t, err)
	assert.Zero(t, next.Throttled())
}

func TestPacingStopsWithItsContext(t *testing.T) {
	api := meta.Paced(meter(t, answered{businessUsage(100, 1), 0}), meta.Pace{})
	_, err := add(t, api)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = api.AddUsers(ctx, "23", batchOf(oneRow))
	require.ErrorIs(t, err, context.Canceled)
}

// TestGoroutinesShareAPace sends from eight goroutines in the bubble's time: while the usage is high the calls are spaced
// over all of them, and a refusal of one holds the others back.
func TestGoroutinesShareAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Duration
		begin := time.Now()
		n := 0
		client := open(t, meta.Config{HTTP: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			n++
			at = append(at, time.Since(begin))
			if n == 4 {
				return reply(400, businessUsage(100, 2), refusal(80003, 0)), nil
			}
			return reply(200, accountUsage(100), taken), nil
		})}})
		api := stack(client, meta.NewBudget(time.Hour, nil))
		_, err := add(t, api)
		require.NoError(t, err)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				_, err := add(t, api)
				assert.NoError(t, err)
			})
		}
		group.Wait()
		require.Len(t, at, 10)
		for i := 1; i < len(at); i++ {
			assert.GreaterOrEqual(t, at[i]-at[i-1], s, "call %d came too early: %v", i+1, at)
		}
	})
}

// stack wraps a client as a task does.
func stack(client *meta.Client, budget *meta.Budget) *meta.Retrier {
	return meta.Retrying(meta.Paced(client, meta.Pace{Budget: budget}), meta.Policy{Budget: budget})
}

// TestAWaitIsPaidOnce checks the stack that a task uses: what the headers ask for is waited once, not by the retry and by the
// pace, and comes out of one budget.
func TestAWaitIsPaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := meta.NewBudget(10*time.Minute, nil)
		api := stack(meter(t, answered{businessUsage(100, 5), 80003}, answered{accountUsage(10), 0}), budget)
		begin := time.Now()
		_, err := add(t, api)
		require.NoError(t, err)
		assert.Equal(t, time.Since(begin), budget.Throttled())
		assert.InDelta(t, 5.25, budget.Throttled().Minutes(), 0.25)
		assert.Equal(t, int64(1), api.Retries())
	})
}

func TestTheBudgetEndsTheStack(t *testing.T) {
	for _, c := range []struct{ code, subcode int }{{17, 0}, {2650, 1870145}} { // throttled, and the audience busy
		synctest.Test(t, func(t *testing.T) {
			budget := meta.NewBudget(0, nil)
			client, _ := script(t, nil, refusal(c.code, c.subcode))
			_, err := add(t, stack(client, budget))
			require.Error(t, err)
			assert.Equal(t, audience.Throttled, audience.ClassOf(err))
			var e *meta.Error
			require.ErrorAs(t, err, &e)
			assert.LessOrEqual(t, budget.Throttled(), 10*time.Minute)
			assert.Greater(t, budget.Throttled(), 8*time.Minute)
		})
	}
}
