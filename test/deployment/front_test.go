package deployment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A front stands before the emulator: it answers what that lacks, passes the rest on, and records the calls of the
// principals that are watched.
type front struct {
	url  string
	moto string
	pass *httputil.ReverseProxy

	stacks  *stacks
	budgets *budgets
	queues  *queues
	buckets *buckets
	queries queries
	targets *targets
	log     *record
	broken  shelf[string] // what the emulator cannot do, by call
}

// A request is a call of AWS as the front reads it.
type request struct {
	*http.Request

	principal string // the access key
	service   string // as in the signature
	operation string // of the protocols that name it apart from the path
	body      []byte
}

func startFront(t *testing.T) *front {
	t.Helper()
	f := &front{moto: startMoto(t), stacks: newStacks(), budgets: newBudgets(), queues: newQueues(), buckets: &buckets{}, log: &record{}}
	f.targets, f.buckets.moto = newTargets(f), f.moto
	target, err := url.Parse(f.moto)
	require.NoError(t, err)
	f.pass = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // a part of the signature, and of what the emulator answers
	}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

var credential = regexp.MustCompile(`Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request`)

// ServeHTTP answers a call.
func (f *front) ServeHTTP(w http.ResponseWriter, raw *http.Request) {
	r := &request{Request: raw}
	if found := credential.FindStringSubmatch(raw.Header.Get("Authorization")); found != nil {
		r.principal, r.service = found[1], found[3]
	}
	if r.service != "s3" { // an object may be large, and nothing of it matters here
		r.body, _ = io.ReadAll(raw.Body)
		r.operation = operation(raw, r.body)
		f.targets.hide(r)
		raw.Body, raw.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
	}
	answer := &answerWriter{ResponseWriter: w}
	if !f.answer(answer, r) {
		f.forward(answer, r)
	}
	f.log.add(r, answer)
	if answer.status >= http.StatusInternalServerError {
		f.broken.put(fmt.Sprintln(r.service, r.operation, raw.Method, raw.URL, answer.status), answer.kept.String())
	}
}

var action = regexp.MustCompile(`(?:^|&)Action=([A-Za-z0-9]+)`)

// operation is a call's name in the JSON protocols, the CBOR protocol and the query protocol.
func operation(r *http.Request, body []byte) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndexByte(target, '.')+1:]
	}
	if _, name, found := strings.Cut(r.URL.Path, "/operation/"); found {
		return name
	}
	if found := action.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

// answer answers what the emulator lacks.
func (f *front) answer(w http.ResponseWriter, r *request) bool {
	switch r.service {
	case "s3":
		return f.buckets.answer(w, r)
	case "states":
		return answerStates(w, r)
	case "cloudformation":
		return f.stacks.answer(w, r)
	case "budgets":
		return f.budgets.answer(w, r)
	case "sqs":
		return f.queues.answer(w, r)
	case "logs":
		return f.queries.answer(w, r)
	}
	return false
}

// forward passes a call on. Where the emulator's answer has to be mended, it is held back until it is whole.
func (f *front) forward(w http.ResponseWriter, r *request) {
	mend := f.queues.mend(r)
	if mend == nil {
		mend = f.targets.show(r)
	}
	if mend == nil {
		f.pass.ServeHTTP(w, r.Request)
		return
	}
	held := httptest.NewRecorder()
	f.pass.ServeHTTP(held, r.Request)
	body := mend(held.Body.Bytes())
	for name, values := range held.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(held.Code)
	_, _ = w.Write(body)
}

// An answerWriter keeps the status, and the beginning of the body of what is no object.
type answerWriter struct {
	http.ResponseWriter

	status int
	kept   bytes.Buffer
}

// WriteHeader keeps the status.
func (a *answerWriter) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write keeps what a recorder may want to look at.
func (a *answerWriter) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.kept.Len() < 1<<16 {
		a.kept.Write(p)
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets the proxy flush.
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func writeJSON(w http.ResponseWriter, status int, document any) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
	return true
}

// refuse answers with an error of the JSON protocols.
func refuse(w http.ResponseWriter, status int, kind, format string, args ...any) bool {
	w.Header().Set("X-Amzn-Errortype", kind)
	return writeJSON(w, status, map[string]string{"__type": kind, "message": fmt.Sprintf(format, args...)})
}

// A shelf keeps documents by a key. It is safe for concurrent use.
type shelf[T any] struct {
	mu  sync.Mutex
	all map[string]T
}

func (s *shelf[T]) get(key string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.all[key]
	return v, ok
}

func (s *shelf[T]) put(key string, v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]T{}
	}
	s.all[key] = v
}

func (s *shelf[T]) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, key)
}

func (s *shelf[T]) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for key := range s.all {
		all = append(all, key)
	}
	return all
}
