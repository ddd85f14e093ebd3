package sandbox

import (
	"cmp"
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
	State         string                                     // folder that makes the sandbox survive its own end; the default is memory only
	Tokens        []string                                   // accepted access tokens; the default is any
	AppSecret     string                                     // when given, calls need the appsecret_proof that belongs to it
	Version       string                                     // of the API that is answered; the default is v26.0
	Tier          string                                     // limited or full: whose rate limits hold; the default is none
	CallsPerHour  float64                                    // of an ad account; the default is the tier's, which its score keeps an app from reaching
	MatchRate     float64                                    // share of the people whom "Meta" recognises, for num_matched and the bounds; the default is 0.6
	RefuseRate    float64                                    // share of the people whom "Meta" refuses although nothing is wrong with them; the default is none
	Processing    time.Duration                              // until an upload is in the matches and the bounds, up to 24 hours at Meta; the default is none
	Replacing     time.Duration                              // from the end of a replace until the audience is back at 200; the default is none
	ReplaceBelow  int64                                      // the size from which on an audience cannot be replaced; the default is Meta's, 100 million
	RoundsInvalid bool                                       // num_invalid_entries above ten comes as a rounded range, such as "20-30"; the default is the number, as recorded
	Latency       time.Duration                              // of each answer; the default is none
	Clock         *Clock                                     // the default goes with Now
	Now           func() time.Time                           // the default is time.Now
	Sleep         func(context.Context, time.Duration) error // for Latency and slow answers; the default waits for the clock
}

// Server is a sandbox. It implements http.Handler and is safe for concurrent use.
type Server struct {
	cfg      Config
	clock    *Clock
	sleep    func(context.Context, time.Duration) error
	operator http.Handler // of what is below /sandbox/
	faults   faults
	gate     gate
	limits   limits

	mu        sync.RWMutex
	registry  *journal // of audiences
	audiences map[string]*customAudience
	order     []string          // ids, oldest first
	sessions  map[string]string // account/session → audience: a session id is unique in its account
	lastID    int64
}

// New opens a sandbox, with the state that an earlier one left in cfg.State.
func New(cfg Config) (*Server, error) {
	cfg.Version = cmp.Or(cfg.Version, "v26.0")
	cfg.MatchRate = cmp.Or(cfg.MatchRate, 0.6)
	cfg.ReplaceBelow = cmp.Or(cfg.ReplaceBelow, 100_000_000)
	s := &Server{cfg: cfg, clock: cfg.Clock, sleep: cfg.Sleep, audiences: map[string]*customAudience{}, sessions: map[string]string{}, lastID: 23850000000000000}
	s.gate.open, s.operator = make(chan struct{}), s.admin()
	s.limits.of, s.limits.calls = map[string]*meter{}, cfg.CallsPerHour
	if s.clock == nil && cfg.Now != nil {
		s.clock = newRunningClock(cfg.Now)
	} else if s.clock == nil {
		s.clock = newRunningClock(time.Now)
	}
	if s.sleep == nil {
		s.sleep = s.clock.Sleep
	}
	var err error
	if s.limits.tier, err = tierOf(cfg.Tier); err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open sandbox: %w", err), s.Close())
	}
	return s, nil
}

// Clock is the time that the sandbox lives by.
func (s *Server) Clock() *Clock { return s.clock }

// Close closes the state's files and lets held answers go. The state stays.
func (s *Server) Close() error {
	s.Release()
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
	opDebugToken  operation = "debug_token"
	opAccount     operation = "ad_account"
	opList        operation = "list"
	opCreate      operation = "create"
	opAnyAudience operation = "usersofanyaudience"
	opRead        operation = "audience"
	opDelete      operation = "delete"
	opUsers       operation = "users"
	opReplace     operation = "usersreplace"
	opSessions    operation = "sessions"
)

var operations = []operation{opDebugToken, opAccount, opList, opCreate, opAnyAudience, opRead, opDelete, opUsers, opReplace, opSessions}

// isUpload tells the operations that send people.
func (o operation) isUpload() bool { return o == opUsers || o == opReplace || o == opAnyAudience }

// A reply is an answer before it is written: a JSON document, or an error.
type reply struct {
	status int
	body   any
}

func ok(body any) reply { return reply{http.StatusOK, body} }

// ServeHTTP answers a request as Meta would, or as an operator of the sandbox needs it below /sandbox/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/sandbox/") {
		s.operator.ServeHTTP(w, r)
		return
	}
	if s.cfg.Latency > 0 && s.sleep(r.Context(), s.cfg.Latency) != nil {
		return
	}
	h := w.Header()
	h.Set("Facebook-Api-Version", s.cfg.Version)
	c, err := s.readCall(w, r)
	refused := s.meter(h, c)
	switch {
	case err != nil:
		s.write(w, err.reply())
	case refused != nil:
		s.write(w, refused.reply())
	default:
		if f := s.faultOf(r.Context(), c.op); f != nil {
			s.misbehave(w, r, c, f)
			return
		}
		answer := s.answer(c)
		c.acknowledge()
		s.write(w, answer)
	}
}

// meter counts a call, tells the usage of its ad account, and says why the limits refuse it.
func (s *Server) meter(h http.Header, c *call) *apiError {
	if c.account == "" {
		h.Set(appHeader, appUsage(0))
		return nil
	}
	usage, refused := s.limits.charge(c, s.clock.Now(), s.countOf(c.account))
	for name, value := range usage {
		h.Set(name, value)
	}
	return refused
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
	case opAnyAudience:
		return s.removeEverywhere(c)
	}
	return s.users(c)
}

// write sends an answer.
func (s *Server) write(w http.ResponseWriter, answer reply) {
	body, err := json.Marshal(answer.body)
	if err != nil {
		http.Error(w, "the sandbox cannot write its answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(answer.status)
	_, _ = w.Write(body)
}

// traceID is an fbtrace_id.
func traceID() string { return "A" + rand.Text()[:22] }
