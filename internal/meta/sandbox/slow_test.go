package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// later sends a request that is answered later, and gives the answers' channel.
func (m meta) later(ctx context.Context, id string) <-chan *httptest.ResponseRecorder {
	answers := make(chan *httptest.ResponseRecorder, 1)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v26.0/"+id+"/users", strings.NewReader(`{"payload":{"schema":["EMAIL"],"data":[["`+hash("a")+`"]]}}`))
	r.Header.Set("Authorization", "Bearer token")
	go func() {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		answers <- w
	}()
	return answers
}

func TestSlowAnswers(t *testing.T) {
	tests := []struct {
		name    string
		seconds int
		wake    func(m meta, leave func())
		body    string // what the answer begins with
	}{
		{"by the clock", 600, func(m meta, _ func()) { m.Clock().Advance(10 * time.Minute) }, `{"audience_id"`},
		{"released before its time", 600, func(m meta, _ func()) { m.Release() }, `{"audience_id"`},
		{"released", 0, func(m meta, _ func()) { m.call("POST", "/sandbox/release", nil) }, `{"audience_id"`},
		{"the sandbox is closed", 0, func(m meta, _ func()) { _ = m.Close() }, `{"audience_id"`},
		{"the client has gone", 0, func(_ meta, leave func()) { leave() }, ""},
		{"the client has gone before its time", 600, func(_ meta, leave func()) { leave() }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := open(t, sandbox.Config{Clock: sandbox.NewClock(noon)})
				id := m.audience("")
				require.NoError(t, m.SetFault(sandbox.Fault{Fault: "slow", On: "users", Count: 1, Seconds: test.seconds}))
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				answers := m.later(ctx, id)
				synctest.Wait()
				assert.Equal(t, 1, m.Held())
				assert.Equal(t, want("EMAIL=a"), m.members(id), "it is done: only the answer is late")
				m.Clock().Advance(9 * time.Minute)
				synctest.Wait()
				require.Empty(t, answers)

				test.wake(m, leave)
				answer := <-answers
				assert.True(t, strings.HasPrefix(answer.Body.String(), test.body), answer.Body.String())
				assert.Equal(t, test.body == "", answer.Body.Len() == 0)
				assert.Zero(t, m.Held())
			})
		})
	}
}

func TestLostRequest(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "drop_request", On: "users", Count: 1}))
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { m.add(id, "EMAIL", nil, hash("a")) })
	assert.Empty(t, m.members(id))
	m.add(id, "EMAIL", nil, hash("a")).ack(t)
}
