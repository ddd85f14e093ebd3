package meta_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// clock is a time that only waiting moves. It keeps the waits.
type clock struct {
	mu    sync.Mutex
	past  time.Duration
	waits []time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return noon.Add(c.past)
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.past += d
	c.waits = append(c.waits, d)
	return ctx.Err()
}

const s = time.Second

// refusal is an error document.
func refusal(code, subcode int) string {
	return fmt.Sprintf(`{"error":{"message":"%s","code":%d,"error_subcode":%d}}`, personal[0], code, subcode)
}

// script makes a client that gets one answer after the other, and the last one for ever. An empty answer breaks the connection.
func script(t *testing.T, header map[string]string, answers ...string) (*meta.Client, *int) {
	t.Helper()
	n := new(int)
	return over(t, func(*http.Request) (*http.Response, error) {
		*n++
		answer := answers[min(*n, len(answers))-1]
		switch answer {
		case "":
			return nil, errors.New("the network is down")
		case taken:
			return reply(200, nil, answer), nil
		}
		return reply(400, header, answer), nil
	}), n
}

func half() float64 { return 0.5 }

func TestWhatIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		header  map[string]string
		answers []string
		class   audience.Class // 0: it succeeds
		calls   int
		waits   []time.Duration
	}{
		{"nothing", nil, []string{taken}, 0, 1, nil},
		{"transient", nil, []string{refusal(2, 0), refusal(1, 0), taken}, 0, 3, []time.Duration{s / 2, s}},
		{"network", nil, []string{"", taken}, 0, 2, []time.Duration{s / 2}},
		{"broken answer", nil, []string{`{"audience`, taken}, 0, 2, []time.Duration{s / 2}},
		{"transient for ever", nil, []string{refusal(2, 0)}, audience.Transient, 6, []time.Duration{s / 2, s, 2 * s, 4 * s, 5 * s}},
		{"transient with a time", map[string]string{"Retry-After": "20"}, []string{refusal(2, 0), taken}, 0, 2, []time.Duration{21 * s}},
		{"transient with a time, for ever", map[string]string{"Retry-After": "20"}, []string{refusal(2, 0)}, audience.Transient, 6, []time.Duration{21 * s, 21 * s, 21 * s, 21 * s, 21 * s}},
		{"throttled", nil, []string{refusal(17, 0), taken}, 0, 2, []time.Duration{61 * s}},
		{"throttled with a time", map[string]string{"Retry-After": "20"}, []string{refusal(17, 0), taken}, 0, 2, []time.Duration{21 * s}},
		{"throttled more often than there are attempts", map[string]string{"Retry-After": "20"}, []string{refusal(4, 0), refusal(4, 0), refusal(4, 0), refusal(4, 0), refusal(4, 0),
			refusal(4, 0), refusal(4, 0), taken}, 0, 8, []time.Duration{21 * s, 21 * s, 21 * s, 21 * s, 21 * s, 21 * s, 21 * s}},
		{"throttled for ever", nil, []string{refusal(17, 0)}, audience.Throttled, 10, []time.Duration{61 * s, 61 * s, 61 * s, 61 * s, 61 * s, 61 * s, 61 * s, 61 * s, 61 * s}},
		{"throttled for an hour", map[string]string{"Retry-After": "3600"}, []string{refusal(17, 0)}, audience.Throttled, 1, nil},
		{"audience busy", nil, []string{refusal(2650, 1870145), taken}, 0, 2, []time.Duration{61 * s}},
		{"token", nil, []string{refusal(190, 463), taken}, audience.Action, 1, nil},
		{"permission", nil, []string{refusal(200, 0), taken}, audience.Action, 1, nil},
		{"terms", nil, []string{refusal(200, 1870034), taken}, audience.Action, 1, nil},
		{"integrity", nil, []string{refusal(100, 1713230), taken}, audience.Action, 1, nil},
		{"abuse", nil, []string{refusal(613, 0), taken}, audience.Action, 1, nil},
		{"version", nil, []string{refusal(2635, 0), taken}, audience.Action, 1, nil},
		{"wrong call", nil, []string{refusal(100, 0), taken}, audience.Invalid, 1, nil},
		{"unknown code", nil, []string{refusal(123456, 0), taken}, audience.Invalid, 1, nil},
		{"session over", nil, []string{refusal(2650, 1870158), taken}, audience.Transient, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, calls := script(t, c.header, c.answers...)
			var time clock
			log, text := logged()
			api := meta.Retrying(client, meta.Policy{Max: 10 * s, Rand: half, Sleep: time.sleep, Budget: meta.NewBudget(0, time.now), Log: log})
			ack, err := add(t, api)
			assert.Equal(t, c.calls, *calls)
			assert.Equal(t, c.waits, time.waits)
			assert.Equal(t, int64(c.calls-1), api.Retries())
			assertPrivate(t, text.String())
			if c.class == 0 {
				require.NoError(t, err)
				assert.Equal(t, int64(1), ack.Received)
				return
			}
			require.Error(t, err)
			assert.Equal(t, c.class, audience.ClassOf(err))
			assert.NotEmpty(t, audience.NextOf(err))
			assertPrivate(t, err.Error())
		})
	}
}

func TestErrorsOfTheLastAttempt(t *testing.T) {
	client, _ := script(t, nil, refusal(2, 0))
	_, err := add(t, meta.Retrying(client, meta.Policy{Attempts: 3, Sleep: new(clock).sleep}))
	require.EqualError(t, err, "tried 3 times: add 1 people to audience 23: Meta's service is interrupted for the moment (HTTP status 400, Meta's code 2): it may succeed a little later")

	client, _ = script(t, map[string]string{"Retry-After": "3600"}, refusal(17, 0))
	_, err = add(t, meta.Retrying(client, meta.Policy{Rand: func() float64 { return 0 }}))
	require.EqualError(t, err, "wait 1h0m0s for Meta, longer than this task may: add 1 people to audience 23: the user has reached the request limit "+
		"(HTTP status 400, Meta's code 17): start it again later, or run fewer uploads of this ad account at once")
	var e *meta.Error
	require.ErrorAs(t, err, &e)
}

// TestJitterIsFull checks that a wait may be anything from nothing to the limit, so that tasks do not come back together.
func TestJitterIsFull(t *testing.T) {
	for r, want := range map[float64][]time.Duration{0: {0, 0, 0}, 0.999: {999 * time.Millisecond, 1998 * time.Millisecond, 2997 * time.Millisecond}} {
		client, _ := script(t, nil, refusal(2, 0))
		var time clock
		_, err := add(t, meta.Retrying(client, meta.Policy{Attempts: 4, Max: 3 * s, Sleep: time.sleep, Rand: func() float64 { return r }}))
		require.Error(t, err)
		assert.Equal(t, want, time.waits)
	}
}

func TestRetryingStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, calls := script(t, nil, refusal(2, 0))
	api := meta.Retrying(client, meta.Policy{Sleep: func(context.Context, time.Duration) error { cancel(); return ctx.Err() }})
	_, err := api.AddUsers(ctx, "23", batchOf(oneRow))
	require.ErrorContains(t, err, "interrupted for the moment")
	assert.Equal(t, 1, *calls)

	_, err = api.AddUsers(ctx, "23", batchOf(oneRow))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, *calls)
}

func TestEveryMethodIsTriedAgain(t *testing.T) {
	for _, c := range callings() {
		n := 0
		client := over(t, func(r *http.Request) (*http.Response, error) {
			n++
			switch {
			case n == 1:
				return nil, errors.New("the network is down")
			case r.Method == http.MethodGet && c.method == http.MethodPost:
				return reply(200, nil, `{"data":[]}`), nil // it looks whether the audience was made
			}
			return reply(200, nil, c.answer), nil
		})
		var time clock
		require.NoError(t, c.call(t.Context(), meta.Retrying(client, meta.Policy{Sleep: time.sleep})), c.name)
		assert.Len(t, time.waits, 1, c.name)
	}
}

func TestALostAnswerCreatesNoSecondAudience(t *testing.T) {
	client, server := sandboxed(t)
	for _, fault := range []string{"drop_response", "broken_response"} {
		require.NoError(t, server.SetFault(faultOnce(fault, "create")))
		mark := "cleanreach:a/" + fault
		api := meta.Retrying(client, meta.Policy{Sleep: new(clock).sleep})
		id, err := api.CreateAudience(t.Context(), "act_42", meta.NewAudience{Name: "VIPs", Mark: mark, CustomerFileSource: "USER_PROVIDED_ONLY"})
		require.NoError(t, err)
		assert.Equal(t, int64(1), api.Retries())
		page, err := client.ListAudiences(t.Context(), "act_42", "")
		require.NoError(t, err)
		var carrying []string
		for _, a := range page.Audiences {
			if a.Carries(mark) {
				carrying = append(carrying, a.ID)
			}
		}
		assert.Equal(t, []string{id}, carrying)
	}
}

func TestAFailedCreationIsDoneAgain(t *testing.T) {
	client, server := sandboxed(t)
	require.NoError(t, server.SetFault(faultOnce("server_error", "create")))
	require.NoError(t, server.SetFault(faultOnce("server_error", "list")))
	api := meta.Retrying(client, meta.Policy{Sleep: new(clock).sleep})
	id, err := api.CreateAudience(t.Context(), "act_42", newAudience)
	require.NoError(t, err)
	assert.Equal(t, int64(2), api.Retries())
	found, err := client.FindAudience(t.Context(), "act_42", newAudience.Mark)
	require.NoError(t, err)
	require.NotNil(t, found)
	assert.Equal(t, id, found.ID)
}
