package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func TestFaults(t *testing.T) {
	tests := []struct {
		name                  string
		fault                 string
		status, code, subcode int
	}{
		{"expired token", `{"fault":"expired_token"}`, 400, 190, 463},
		{"rate limit", `{"fault":"rate_limit"}`, 400, 80003, 0},
		{"server error", `{"fault":"server_error"}`, 500, 2, 0},
		{"gone", `{"fault":"gone"}`, 400, 100, 33},
		{"terms", `{"fault":"terms_not_accepted"}`, 400, 200, 1870034},
		{"any of the catalogue", `{"fault":"error","code":2650,"subcode":1870145,"status":403}`, 403, 2650, 1870145},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := open(t, sandbox.Config{})
			id := m.audience("")
			require.Equal(t, 200, m.call("POST", "/sandbox/faults", test.fault).status)
			a := m.add(id, "EMAIL", nil, hash("a"))
			code, subcode := a.code()
			assert.Equal(t, []int{test.status, test.code, test.subcode}, []int{a.status, code, subcode})
			assert.Empty(t, m.members(id), "nothing was done")
			m.call("DELETE", "/sandbox/faults", nil)
			m.add(id, "EMAIL", nil, hash("a")).ack(t)
		})
	}
}

func TestFaultsComeInTurn(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "server_error", On: "users", After: 2, Count: 2}))
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "gone", On: "audience", Count: 1}))
	var got []int
	for range 6 {
		got = append(got, m.add(id, "EMAIL", nil, hash("a")).status)
	}
	assert.Equal(t, []int{200, 200, 500, 500, 200, 200}, got)
	assert.Equal(t, 400, m.call("GET", "/v26.0/"+id, nil).status)
	assert.Equal(t, 200, m.call("GET", "/v26.0/"+id, nil).status)
}

func TestLostAndBrokenAnswersAreDone(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "drop_response", Count: 1}))
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "broken_response", Count: 1}))
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { m.add(id, "EMAIL", batch(1, 1), hash("a")) })
	assert.Equal(t, want("EMAIL=a"), m.members(id))
	r := m.call("GET", "/sandbox/faults", nil)
	assert.JSONEq(t, `[{"fault":"broken_response","count":1}]`, r.text)
}

func TestTermsNotAccepted(t *testing.T) {
	m := open(t, sandbox.Config{})
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "terms_not_accepted"}))
	a := m.call("GET", "/v26.0/act_42?fields=tos_accepted", nil)
	assert.Equal(t, map[string]any{"id": "act_42", "tos_accepted": map[string]any{}}, a.body)
	_, subcode := m.call("POST", "/v26.0/act_42/customaudiences", `{}`).code()
	assert.Equal(t, 1870034, subcode)
	assert.Equal(t, 200, m.call("GET", "/v26.0/act_42/customaudiences", nil).status)
}

func TestRateLimitTellsHowLong(t *testing.T) {
	m := open(t, sandbox.Config{})
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "rate_limit", Count: 1}))
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "rate_limit", Seconds: 7}))
	usage := m.call("GET", "/v26.0/act_42", nil).header.Get("X-Business-Use-Case-Usage")
	assert.JSONEq(t, `{"42":[{"type":"custom_audience","call_count":100,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":1}]}`, usage)
	assert.Equal(t, "7", m.call("GET", "/v26.0/act_42", nil).header.Get("Retry-After"))
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	m := open(t, sandbox.Config{})
	for _, text := range []string{`{`, `{"fault":"earthquake"}`, `{"fault":"error"}`, `{"fault":"gone","on":"moon"}`, `{"fault":"gone","count":-1}`, `{"fault":"gone","sometimes":true}`} {
		assert.Equal(t, 400, m.call("POST", "/sandbox/faults", text).status, text)
	}
	assert.JSONEq(t, `[]`, m.call("GET", "/sandbox/faults", nil).text)
}

func TestOperationStatus(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	for status, subcode := range map[int]int{471: 1713230, 414: 1870145} {
		require.Equal(t, 200, m.call("POST", "/sandbox/audiences/"+id, map[string]int{"operation_status": status}).status)
		node := m.call("GET", "/v26.0/"+id+"?fields=operation_status", nil).body["operation_status"].(map[string]any)
		assert.Equal(t, float64(status), node["code"])
		_, got := m.add(id, "EMAIL", nil, hash("a")).code()
		assert.Equal(t, subcode, got)
	}
	m.call("POST", "/sandbox/audiences/"+id, map[string]int{"operation_status": 0})
	m.add(id, "EMAIL", nil, hash("a")).ack(t)
}

func TestAdminPaths(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	tests := []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/sandbox/nothing", "", 404},
		{"GET", "/sandbox/audiences/1/members", "", 404},
		{"POST", "/sandbox/audiences/" + id + "/members", "", 405},
		{"POST", "/sandbox/audiences/" + id, `{}`, 400},
		{"PUT", "/sandbox/faults", "", 405},
		{"GET", "/sandbox/audiences/" + id + "/members", "", 200},
	}
	for _, test := range tests {
		assert.Equal(t, test.status, m.call(test.method, test.path, test.body).status, test.path)
	}
}

func TestLatency(t *testing.T) {
	var slept []time.Duration
	cfg := sandbox.Config{Latency: time.Second, Sleep: sleeper(&slept)}
	m := open(t, cfg)
	m.call("GET", "/v26.0/act_42", nil)
	m.call("GET", "/sandbox/audiences", nil)
	assert.Equal(t, []time.Duration{time.Second}, slept)
}
