package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Config is how a sandbox behaves. The zero value is a sandbox that keeps everything in memory.
type Config struct {
	State     string                                     // folder that makes the sandbox survive its own end; the default is memory only
	Tokens    []string                                   // accepted access tokens; the default is any
	AppSecret string                                     // when given, calls need the appsecret_proof that belongs to it
	Version   string                                     // of the API that is answered; the default is v26.0
	MatchRate float64                                    // share of the people whom "Meta" recognises, for num_matched and the bounds; the default is 0.6
	Latency   time.Duration                              // of each answer; the default is none
	Now       func() time.Time                           // the default is time.Now
	Sleep     func(context.Context, time.Duration) error // for Latency; the default waits
}

// Server is a sandbox. It implements http.Handler and is safe for concurrent use.
type Server struct {
	cfg    Config
	faults faults

	mu        sync.RWMutex
	registry  *journal // of audiences
	audiences map[string]*customAudience
	order     []string          // ids, oldest first
	sessions  map[string]string // account/session → audience: a session id is unique in its account
	lastID    int64
	hour      time.Time // the hour that calls counts
	calls     int64
}

// New opens a sandbox, with the state that an earlier one left in cfg.State.
func New(cfg Config) (*Server, error) {
	if cfg.Version == "" {
		cfg.Version = "v26.0"
	}
	if cfg.MatchRate == 0 {
		cfg.MatchRate = 0.6
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = wait
	}
	s := &Server{cfg: cfg, audiences: map[string]*customAudience{}, sessions: map[string]string{}, lastID: 23850000000000000}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open sandbox: %w", err), s.Close())
	}
	return s, nil
}

// Close closes the state's files. The state stays.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, a := range s.audiences {
		errs = append(errs, a.log.close())
	}
	if s.registry != nil {
		errs = append(errs, s.registry.close())
	}
	return errors.Join(errs...)
}

// stateFile is where a part of the state lies; nothing when there is no folder.
func (s *Server) stateFile(name string) string {
	if s.cfg.State == "" {
		return ""
	}
	return filepath.Join(s.cfg.State, name)
}

// An operation is what a request asks for, as faults name it.
type operation string

const (
	opDebugToken operation = "debug_token"
	opAccount    operation = "ad_account"
	opList       operation = "list"
	opCreate     operation = "create"
	opRead       operation = "audience"
	opDelete     operation = "delete"
	opUsers      operation = "users"
	opSessions   operation = "sessions"
)

// A reply is an answer before it is written: a JSON document, or an error.
type reply struct {
	status int
	body   any
}

func ok(body any) reply { return reply{http.StatusOK, body} }

// ServeHTTP answers a request as Meta would, or as an operator of the sandbox needs it below /sandbox/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/sandbox/") {
		s.admin(w, r)
		return
	}
	if s.cfg.Latency > 0 {
		if s.cfg.Sleep(r.Context(), s.cfg.Latency) != nil {
			return
		}
	}
	c, err := s.readCall(w, r)
	if err != nil {
		s.write(w, c, err.reply())
		return
	}
	f := s.faults.take(c.op)
	switch {
	case f == nil:
		s.write(w, c, s.answer(c))
	case f.Fault == faultDrop:
		// The request is done and its answer lost: the connection breaks.
		s.answer(c)
		panic(http.ErrAbortHandler)
	case f.Fault == faultBroken:
		s.answer(c)
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_, _ = w.Write([]byte(`{"audience_id":"2385`))
	case f.Fault == faultTerms:
		s.write(w, c, s.withoutTerms(c))
	default:
		f.headers(w.Header(), c.account)
		s.write(w, c, f.failure().reply())
	}
}

// answer does what the request asks for.
func (s *Server) answer(c *call) reply {
	switch c.op {
	case opDebugToken:
		return s.debugToken(c)
	case opAccount:
		return s.readAccount(c, true)
	case opList:
		return s.listAudiences(c)
	case opCreate:
		return s.createAudience(c)
	case opRead:
		return s.readAudience(c)
	case opDelete:
		return s.deleteAudience(c)
	case opSessions:
		return s.readSessions(c)
	}
	return s.users(c)
}

// write sends the answer with the headers of its kind, as recorded: adding people tells the usage of the ad account and of
// the app, everything else that of the business use case.
func (s *Server) write(w http.ResponseWriter, c *call, answer reply) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Facebook-Api-Version", s.cfg.Version)
	used := s.countCall()
	switch {
	case c.account == "":
		h.Set("X-App-Usage", fmt.Sprintf(`{"call_count":%d,"total_cputime":0,"total_time":0}`, used))
	case c.op == opUsers && c.method == http.MethodPost:
		h.Set("X-Ad-Account-Usage", fmt.Sprintf(`{"acc_id_util_pct":%d}`, used))
		h.Set("X-App-Usage", fmt.Sprintf(`{"call_count":%d,"total_cputime":0,"total_time":0}`, used))
	case h.Get(usageHeader) == "":
		h.Set(usageHeader, businessUsage(c.account, used, 0))
	}
	body, err := json.Marshal(answer.body)
	if err != nil {
		http.Error(w, "the sandbox cannot write its answer", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(body)
}

const usageHeader = "X-Business-Use-Case-Usage"

func businessUsage(account string, percent, minutes int) string {
	return fmt.Sprintf(`{"%s":[{"type":"custom_audience","call_count":%d,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":%d}]}`,
		account, percent, minutes)
}

// countCall counts a call and gives the percentage of the hourly limit of 190,000 that is used. Nothing is refused for it.
func (s *Server) countCall() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hour := s.cfg.Now().Truncate(time.Hour); !hour.Equal(s.hour) {
		s.hour, s.calls = hour, 0
	}
	s.calls++
	return int(s.calls * 100 / 190_000)
}

// traceID is an fbtrace_id.
func traceID() string { return "A" + rand.Text()[:22] }

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
