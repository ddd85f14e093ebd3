package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// meta is a sandbox under test, spoken to without a network.
type meta struct {
	*sandbox.Server
	t testing.TB
}

func open(t testing.TB, cfg sandbox.Config) meta {
	t.Helper()
	s, err := sandbox.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return meta{s, t}
}

// answer is an HTTP answer whose body is JSON.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) code() (int, int) {
	document, _ := a.body["error"].(map[string]any)
	number := func(name string) int {
		n, _ := document[name].(float64)
		return int(n)
	}
	return number("code"), number("error_subcode")
}

// call sends a request with a token. A body that is no string is sent as JSON.
func (m meta) call(method, path string, body any) answer {
	m.t.Helper()
	text, is := body.(string)
	if body != nil && !is {
		encoded, err := json.Marshal(body)
		require.NoError(m.t, err)
		text = string(encoded)
	}
	r := httptest.NewRequestWithContext(m.t.Context(), method, path, strings.NewReader(text))
	r.Header.Set("Authorization", "Bearer token")
	return m.send(r)
}

func (m meta) send(r *http.Request) answer {
	m.t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), text: w.Body.String()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && strings.HasPrefix(a.text, "{") {
		require.NoError(m.t, json.Unmarshal(w.Body.Bytes(), &a.body), a.text)
	}
	return a
}

// audience creates an audience and gives its id.
func (m meta) audience(description string) string {
	m.t.Helper()
	a := m.call("POST", "/v26.0/act_42/customaudiences", map[string]any{
		"name": "People", "subtype": "CUSTOM", "description": description, "customer_file_source": "USER_PROVIDED_ONLY",
	})
	require.Equal(m.t, 200, a.status, a.text)
	return a.body["id"].(string)
}

// session is the session parameter; nil sends none.
type session map[string]any

// users sends people. Rows are values by comma; the schema too.
func (m meta) users(method, id, schema string, s session, rows ...string) answer {
	m.t.Helper()
	return m.upload(method, "/v26.0/"+id+"/users", schema, s, rows...)
}

func (m meta) upload(method, path, schema string, s session, rows ...string) answer {
	m.t.Helper()
	data := make([][]string, len(rows))
	for i, row := range rows {
		data[i] = strings.Split(row, ",")
	}
	body := map[string]any{"payload": map[string]any{"schema": strings.Split(schema, ","), "data": data}}
	if s != nil {
		body["session"] = s
	}
	return m.call(method, path, body)
}

func (m meta) add(id, schema string, s session, rows ...string) answer {
	m.t.Helper()
	return m.users("POST", id, schema, s, rows...)
}

// ack checks that a batch was taken, and gives the session's totals.
func (a answer) ack(t testing.TB) (received, invalid int) {
	t.Helper()
	require.Equal(t, 200, a.status, a.text)
	return int(a.body["num_received"].(float64)), int(a.body["num_invalid_entries"].(float64))
}

// members are the people of an audience as words: KEY=first four characters.
func (m meta) members(id string) []string {
	m.t.Helper()
	people, err := m.Members(id)
	require.NoError(m.t, err)
	list := []string{}
	for _, p := range people {
		var words []string
		for _, key := range []string{"EXTERN_ID", "EMAIL", "PHONE", "FN", "LN", "MADID"} {
			if v := p[key]; v != "" {
				words = append(words, key+"="+v[:min(4, len(v))])
			}
		}
		list = append(list, strings.Join(words, " "))
	}
	return list
}

// hash is the SHA-256 of a word, and short its first four characters.
func hash(word string) string {
	sum := sha256.Sum256([]byte(word))
	return hex.EncodeToString(sum[:])
}

func short(word string) string { return hash(word)[:4] }

func batch(id int64, seq int) session { return session{"session_id": id, "batch_seq": seq} }

func query(path string, values url.Values) string { return path + "?" + values.Encode() }

func rowsOf(n int, first int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = hash(fmt.Sprint(first + i))
	}
	return rows
}

// replace sends people who take the place of others.
func (m meta) replace(id, schema string, s session, rows ...string) answer {
	m.t.Helper()
	return m.upload("POST", "/v26.0/"+id+"/usersreplace", schema, s, rows...)
}

// last is a batch that ends its session.
func last(id int64, seq int) session {
	return session{"session_id": id, "batch_seq": seq, "last_batch_flag": true}
}

// status is an audience's operation status.
func (m meta) status(id string) int {
	m.t.Helper()
	a := m.call("GET", "/v26.0/"+id+"?fields=operation_status", nil)
	require.Equal(m.t, 200, a.status, a.text)
	status, _ := a.body["operation_status"].(map[string]any)
	code, _ := status["code"].(float64)
	return int(code)
}

// session reads what Meta says of a session.
func (m meta) session(id string, number int64) map[string]any {
	m.t.Helper()
	a := m.call("GET", fmt.Sprintf("/v26.0/%s/sessions?session_id=%d&fields=stage,progress,num_received,num_invalid_entries,num_matched,end_time", id, number), nil)
	data, _ := a.body["data"].([]any)
	require.Len(m.t, data, 1, a.text)
	one, _ := data[0].(map[string]any)
	return one
}

// fails checks the code and the subcode of a refusal.
func (a answer) fails(t testing.TB, code, subcode int) {
	t.Helper()
	gotCode, gotSubcode := a.code()
	require.Equal(t, []int{code, subcode}, []int{gotCode, gotSubcode}, a.text)
}
