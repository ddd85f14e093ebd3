package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A remote is a sandbox in a process of its own, so that it can be killed.
type remote struct {
	t     *testing.T
	state string
	addr  string

	mu  sync.Mutex
	cmd *exec.Cmd
}

func newRemote(t *testing.T) *remote {
	r := &remote{t: t, state: t.TempDir(), addr: "127.0.0.1:0"}
	r.start()
	t.Cleanup(r.kill)
	return r
}

// start starts the sandbox on the address that it had before.
func (r *remote) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	cmd := exec.Command(filepath.Join(binaries, "sandbox"), "-addr", r.addr, "-state", r.state)
	out, err := cmd.StdoutPipe()
	assert.NoError(r.t, err)
	assert.NoError(r.t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	assert.NoError(r.t, err)
	r.addr = strings.TrimPrefix(strings.TrimSpace(line), "http://")
	r.cmd = cmd
}

// kill ends it as a crash does.
func (r *remote) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return
	}
	assert.NoError(r.t, r.cmd.Process.Kill())
	_ = r.cmd.Wait() // it was killed
	r.cmd = nil
}

// proxy stands in front of the sandbox; at says which upload of people it cuts off in the middle of the body.
func (r *remote) proxy(at int64, broken func()) func(http.Handler) http.Handler {
	c := &cut{at: at}
	return func(http.Handler) http.Handler {
		forward := &httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(&url.URL{Scheme: "http", Host: r.addr}) },
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
				panic(http.ErrAbortHandler) // as if there were no proxy
			},
		}
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/users") && c.seen.Add(1) == c.at {
				r.half(req)
				broken()
				panic(http.ErrAbortHandler)
			}
			forward.ServeHTTP(w, req)
		})
	}
}

// half sends the first half of a request.
func (r *remote) half(req *http.Request) {
	body, err := io.ReadAll(req.Body)
	assert.NoError(r.t, err)
	req.Body = io.NopCloser(bytes.NewReader(body))
	whole, err := httputil.DumpRequest(req, true)
	assert.NoError(r.t, err)
	conn, err := (&net.Dialer{}).DialContext(req.Context(), "tcp", r.addr)
	if !assert.NoError(r.t, err) {
		return
	}
	_, err = conn.Write(whole[:len(whole)-len(body)/2])
	assert.NoError(r.t, err)
	assert.NoError(r.t, conn.Close())
}

// members lists the people that a sandbox in another process has, as bench.members does.
func (r *remote) members(id string) []string {
	res, err := http.Get("http://" + r.addr + "/sandbox/audiences/" + id + "/members")
	require.NoError(r.t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(r.t, http.StatusOK, res.StatusCode)
	var all []string
	for dec := json.NewDecoder(res.Body); dec.More(); {
		var m struct{ Schema, Row []string }
		require.NoError(r.t, dec.Decode(&m))
		var parts []string
		for i, value := range m.Row {
			if value != "" {
				parts = append(parts, m.Schema[i]+"="+value)
			}
		}
		slices.Sort(parts)
		all = append(all, strings.Join(parts, " "))
	}
	slices.Sort(all)
	return all
}

func (r *remote) same(b *bench) {
	r.t.Helper()
	calm := newBench(r.t, nil)
	calm.ok(calm.start(demoArgs...))
	want, got := calm.members(), r.members(b.report().AudienceID)
	require.Equal(r.t, len(want), len(got))
	for i := range want {
		require.Equal(r.t, want[i], got[i])
	}
	assert.Equal(r.t, timeless(calm.report()), timeless(b.report()))
}

func TestSandboxDiesInTheMiddleOfABatch(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	b := newBench(t, r.proxy(3, func() { r.kill(); r.start() }))
	b.ok(b.start(demoArgs...))
	r.same(b)
}

func TestSandboxStaysAway(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	b := newBench(t, r.proxy(3, r.kill))
	first := b.start(demoArgs...)
	require.Equal(t, 1, first.code, first.stderr)
	assert.Contains(t, first.stderr, "continue it with -run run-1")
	rows := b.report().Rows
	require.NoError(t, rows.Balance())
	assert.Positive(t, rows.Failed)
	assert.Equal(t, audience.OutcomeFailed, b.report().Outcome)
	var kinds []string
	for _, letter := range b.lines("queue/dead-letter.jsonl") {
		var body struct{ Kind string }
		text, ok := letter["Body"].(string)
		require.True(t, ok)
		require.NoError(t, json.Unmarshal([]byte(text), &body))
		kinds = append(kinds, body.Kind)
	}
	require.GreaterOrEqual(t, len(kinds), 2) // chunks that were stopped when too many had failed send none
	assert.Equal(t, "run", kinds[len(kinds)-1])
	assert.Equal(t, "chunk", kinds[0])

	r.start()
	b.ok(b.start(demoArgs...))
	r.same(b)
}
