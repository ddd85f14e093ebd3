package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func sleeper(slept *[]time.Duration) func(context.Context, time.Duration) error {
	return func(_ context.Context, d time.Duration) error {
		*slept = append(*slept, d)
		return nil
	}
}

// FuzzUsers sends any body: the sandbox answers with JSON, and whatever it took it can read back after a restart.
func FuzzUsers(f *testing.F) {
	h := hash("a")
	const add, remove, replace, everywhere = 0, 1, 2, 3
	f.Add(`{"payload":{"schema":["EMAIL","EXTERN_ID"],"data":[["`+h+`","1"],["",""]]},"session":{"session_id":1,"batch_seq":1}}`, uint8(add))
	f.Add(`{"payload":{"schema":["EMAIL","EXTERN_ID"],"data":[["`+h+`","1"],["",""]]},"session":{"session_id":1,"batch_seq":1}}`, uint8(replace))
	f.Add(`{"payload":{"schema":"EMAIL_SHA256","data":["`+h+`",["`+h+`"]]}}`, uint8(remove))
	f.Add(`{"payload":{"schema":["PHONE"],"data":[["`+hash("phone")+`"]]}}`, uint8(everywhere))
	f.Add(`{"payload":"{\"schema\":[\"FN\"],\"data\":[[\"`+h+`\"]]}"}`, uint8(add))
	f.Add("{\"payload\":{\"schema\":[\"EXTERN_ID\"],\"data\":[[\"\\u0000\\n\"],\n[ 1e5 ],[null]]}}", uint8(add))
	f.Add(`{"payload":{"schema":["DATA_PROCESSING_OPTIONS","LOOKALIKE_VALUE","EXTERN_ID"],"data":[[["LDU"],1,"x"],[[],2,"x"]]}}`, uint8(add))
	edges := []struct{ method, path string }{{"POST", "%s/users"}, {"DELETE", "%s/users"}, {"POST", "%s/usersreplace"}, {"DELETE", "act_42/usersofanyaudience"}}
	f.Fuzz(func(t *testing.T, body string, edge uint8) {
		cfg := sandbox.Config{State: t.TempDir()}
		m := open(t, cfg)
		id := m.filled()
		before := m.members(id)
		to := edges[int(edge)%len(edges)]
		a := m.call(to.method, "/v26.0/"+strings.Replace(to.path, "%s", id, 1), body)
		require.NotNil(t, a.body, a.text)
		people := m.members(id)
		if a.status != 200 {
			assert.Equal(t, before, people)
		}
		assert.Equal(t, len(people), strings.Count(m.call("GET", "/sandbox/audiences/"+id+"/members", nil).text, "\n"))
		assert.Equal(t, people, open(t, cfg).members(id))
	})
}

// FuzzRequest sends anything anywhere.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/v26.0/act_42/customaudiences", "fields=id&after=x", "")
	f.Add("POST", "/v26.0/debug_token", "", `{"method":"get","input_token":""}`)
	f.Add("POST", "/sandbox/faults", "", `{"fault":"server_error","after":-1}`)
	f.Fuzz(func(t *testing.T, method, path, values, body string) {
		m := open(t, sandbox.Config{})
		m.audience("")
		r, err := http.NewRequestWithContext(t.Context(), method, "http://sandbox/", strings.NewReader(body))
		if err != nil {
			return
		}
		r.URL = &url.URL{Path: path, RawQuery: values}
		r.Header.Set("Authorization", "Bearer token")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		assert.GreaterOrEqual(t, w.Code, 200)
	})
}

func BenchmarkAdd(b *testing.B) {
	m := open(b, sandbox.Config{State: b.TempDir()})
	id := m.audience("")
	const rows = 10_000
	body := []byte(`{"payload":{"schema":["EXTERN_ID","EMAIL","PHONE"],"data":[`)
	for i, digest := range rowsOf(rows, 0) {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `["00000000`+digest[:8]+`","`+digest+`","`+digest+`"]`...)
	}
	text := string(append(body, `]}}`...))
	first := strings.Index(text, "00000000")
	n := 0
	for b.Loop() {
		n++
		// Other people each time.
		fresh := strings.ReplaceAll(text, text[first:first+8], string([]byte{'c', byte('0' + n/1e6%10), byte('0' + n/1e5%10), byte('0' + n/1e4%10), byte('0' + n/1000%10), byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)}))
		if a := m.call("POST", "/v26.0/"+id+"/users", fresh); a.status != 200 {
			b.Fatal(a.text)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}
