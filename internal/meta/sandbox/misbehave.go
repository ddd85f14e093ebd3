package sandbox

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// misbehave answers a request as a fault says.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, c *call, f *Fault) {
	switch f.Fault {
	case faultLost:
		panic(http.ErrAbortHandler) // the connection breaks
	case faultDrop:
		s.answer(c)
		panic(http.ErrAbortHandler)
	case faultBroken:
		s.answer(c)
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_, _ = w.Write([]byte(`{"audience_id":"2385`))
	case faultSlow:
		answer := s.answer(c)
		if s.gate.hold(r.Context(), time.Duration(f.Seconds)*time.Second, s.sleep) == nil {
			c.acknowledge()
			s.write(w, answer)
		}
	case faultStuck:
		c.stuck = true
		answer := s.answer(c)
		c.acknowledge()
		s.write(w, answer)
	case faultTerms:
		s.write(w, s.withoutTerms(c))
	default:
		if f.Done {
			s.answer(c)
		}
		e := f.failure()
		f.headers(w.Header(), c.account, e)
		s.write(w, e.reply())
	}
}

// headers are those that come with a throttle: the one of its kind says that the limit is reached, and for how long.
func (f *Fault) headers(h http.Header, account string, e *apiError) {
	seconds := f.Seconds
	if seconds == 0 {
		seconds = 60
	}
	switch {
	case f.Fault == faultLimit && f.Seconds > 0:
		h.Set("Retry-After", strconv.Itoa(f.Seconds))
	case e.code >= 80_000 && e.code <= 80_014:
		h.Set(businessHeader, businessUsage(account, 100, (seconds+59)/60))
	case e.code == 17 || e.code == 613 && e.subcode != 0:
		h.Set(accountHeader, `{"acc_id_util_pct":100,"reset_time_duration":`+strconv.Itoa(seconds)+`}`)
	case e.code == 4 || e.code == 32 || e.code == 341:
		h.Set(appHeader, appUsage(100))
	}
}

// A gate holds answers until it is opened.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed to let go those who wait
	held int
}

// hold waits: for a time, or for ever when that is none, but no longer than until the gate is opened. It fails when the
// client has gone.
func (g *gate) hold(ctx context.Context, d time.Duration, sleep func(context.Context, time.Duration) error) error {
	g.mu.Lock()
	g.held++
	open := g.open
	g.mu.Unlock()
	waiting, wake := context.WithCancel(ctx)
	go func() {
		select {
		case <-open:
			wake()
		case <-waiting.Done():
		}
	}()
	if d > 0 {
		_ = sleep(waiting, d) // it ends early when the gate opens
	} else {
		<-waiting.Done()
	}
	wake()
	g.mu.Lock()
	g.held--
	g.mu.Unlock()
	return ctx.Err()
}

// Release lets go all answers that a fault holds back.
func (s *Server) Release() {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	close(s.gate.open)
	s.gate.open = make(chan struct{})
}

// Held is how many answers a fault holds back.
func (s *Server) Held() int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.held
}
