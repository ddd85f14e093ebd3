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
	high, low := answered{accountUsage(100), 0}, answered{accountUsage(94), 0}
	for _, c := range []struct {
		name    string
		answers []answered
		waits   []time.Duration // before the calls that waited
	}{
		{"no headers", []answered{{}}, nil},
		{"low usage", []answered{low}, nil},
		{"high usage", []answered{high}, []time.Duration{s, 2 * s, 4 * s, 8 * s, 15 * s, 15 * s, 15 * s}},
		{"it resumes", []answered{high, high, low, high}, []time.Duration{s, 2 * s, s, 2 * s, 4 * s, 8 * s}},
		{"at the threshold", []answered{{accountUsage(95), 0}, low}, []time.Duration{s}},
		{"Meta's time", []answered{{businessUsage(100, 3), 0}, low}, []time.Duration{3 * time.Minute}},
		{"Meta's time at a low usage", []answered{{businessUsage(10, 3), 0}, low}, []time.Duration{3 * time.Minute}},
		{"the time of a score that stops nobody", []answered{{map[string]string{"X-Ad-Account-Usage": `{"acc_id_util_pct":100,"reset_time_duration":300}`}, 0}, low}, []time.Duration{s}},
		{"refused", []answered{{nil, 17}, low}, []time.Duration{time.Minute}},
		{"refused for a time", []answered{{map[string]string{"Retry-After": "90"}, 80003}, low}, []time.Duration{90 * s}},
		{"other errors", []answered{{map[string]string{"Retry-After": "90"}, 100}, low}, nil},
		{"no answer tells nothing", []answered{high, {nil, -1}, {nil, -1}, low}, []time.Duration{s, s, s}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var time clock
			api := meta.Paced(meter(t, c.answers...), meta.Pace{Sleep: time.sleep, Now: time.now, Budget: meta.NewBudget(0, time.now)})
			for range 8 {
				_, _ = add(t, api)
			}
			assert.Equal(t, c.waits, time.waits)
		})
	}
}

// TestPacingAloneFailsNoCall checks that a usage that only we hold for alarming, on calls that Meta serves, slows them down
// and no more, however many they are.
func TestPacingAloneFailsNoCall(t *testing.T) {
	var time clock
	budget := meta.NewBudget(100*s, time.now)
	api := meta.Paced(meter(t, answered{accountUsage(100), 0}), meta.Pace{Sleep: time.sleep, Now: time.now, Budget: budget})
	for range 100 {
		_, err := add(t, api)
		require.NoError(t, err)
	}
	assert.Equal(t, 90*s, budget.Throttled())
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
	synctest.Test(t, func(t *testing.T) {
		budget := meta.NewBudget(0, nil)
		_, err := add(t, stack(meter(t, answered{nil, 17}), budget))
		require.Error(t, err)
		assert.Equal(t, audience.Throttled, audience.ClassOf(err))
		var e *meta.Error
		require.ErrorAs(t, err, &e)
		assert.LessOrEqual(t, budget.Throttled(), 10*time.Minute)
		assert.Greater(t, budget.Throttled(), 8*time.Minute)
	})
}
