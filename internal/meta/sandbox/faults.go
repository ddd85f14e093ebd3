package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A Fault is a misbehaviour that waits for its turn. Faults are asked in the order in which they were set; the first that
// applies to a request is the only one that does.
type Fault struct {
	Fault     string `json:"fault"`               // one of the names of docs/sandbox.md
	On        string `json:"on,omitempty"`        // the operation that it hits; the default is every one
	Count     int    `json:"count,omitempty"`     // requests that it hits; the default is all until it is cleared
	After     int    `json:"after,omitempty"`     // requests that it lets pass first
	Seconds   int    `json:"seconds,omitempty"`   // of slow: how long the answer takes, the default is until it is released; of errors that are throttles: how long their headers say, the default is a minute
	Status    int    `json:"status,omitempty"`    // of error: the HTTP status; the default is the catalogue's, else 400
	Code      int    `json:"code,omitempty"`      // of error
	Subcode   int    `json:"subcode,omitempty"`   // of error
	Transient bool   `json:"transient,omitempty"` // of error: it says that it is transient, whatever the catalogue says
	Done      bool   `json:"done,omitempty"`      // of errors: the request is done all the same
}

// The faults that are more than an error document.
const (
	faultDrop   = "drop_response"
	faultLost   = "drop_request"
	faultBroken = "broken_response"
	faultSlow   = "slow"
	faultStuck  = "stuck_replace"
	faultTerms  = "terms_not_accepted"
	faultLimit  = "rate_limit"
	faultError  = "error"
)

// failures are the faults that are an error document, by its code and subcode.
var failures = map[string][2]int{
	"expired_token": {190, 463},
	"server_error":  {2, 0},
	"gone":          {100, 33},
	faultLimit:      {80003, 0},
}

func (f *Fault) check() error {
	names := []string{faultDrop, faultLost, faultBroken, faultSlow, faultStuck, faultTerms, faultError}
	for name := range failures {
		names = append(names, name)
	}
	slices.Sort(names)
	switch {
	case !slices.Contains(names, f.Fault):
		return fmt.Errorf("fault must be one of %s", strings.Join(names, ", "))
	case f.Fault == faultError && f.Code <= 0:
		return fmt.Errorf("fault error needs a code")
	case f.On != "" && !slices.Contains(operations, operation(f.On)):
		return fmt.Errorf("on must be one of %v", operations)
	case f.Count < 0 || f.After < 0 || f.Seconds < 0:
		return fmt.Errorf("count, after and seconds must not be negative")
	}
	return nil
}

// failure is the error document that the fault answers with.
func (f *Fault) failure() *apiError {
	if f.Fault != faultError {
		pair := failures[f.Fault]
		return refusal(pair[0], pair[1])
	}
	e := listed(f.Code, f.Subcode)
	if e == nil {
		e = &apiError{status: http.StatusBadRequest, code: f.Code, subcode: f.Subcode, message: fmt.Sprintf("(#%d) A fault was set in the sandbox", f.Code)}
	}
	if f.Status >= 400 && f.Status <= 599 {
		e.status = f.Status
	}
	e.transient = e.transient || f.Transient
	return e
}

// faults are the faults that are set.
type faults struct {
	mu  sync.Mutex
	set []*Fault
}

// take finds the fault for a request and uses it up by one; nil when the request is served.
func (fs *faults) take(op operation) *Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i, f := range fs.set {
		switch {
		case f.On != "" && operation(f.On) != op:
			continue
		case f.After > 0:
			f.After--
			continue
		}
		hit := *f
		if f.Count == 1 {
			fs.set = slices.Delete(fs.set, i, i+1)
		} else if f.Count > 1 {
			f.Count--
		}
		return &hit
	}
	return nil
}

func (fs *faults) list() []Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	list := make([]Fault, 0, len(fs.set))
	for _, f := range fs.set {
		list = append(list, *f)
	}
	return list
}

type faultKey struct{}

// WithFault gives a request a fault of its own, which goes before those that are set. It is for clients in the same process:
// which request a fault hits then does not depend on which of several comes first.
func WithFault(ctx context.Context, f Fault) context.Context {
	return context.WithValue(ctx, faultKey{}, &f)
}

// faultOf is the fault for a request; nil when it is served.
func (s *Server) faultOf(ctx context.Context, op operation) *Fault {
	if f, own := ctx.Value(faultKey{}).(*Fault); own {
		return f
	}
	return s.faults.take(op)
}

// SetFault sets a fault behind those that are set already.
func (s *Server) SetFault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.set = append(s.faults.set, &f)
	return nil
}

// ClearFaults ends all faults. Answers that are held stay so until Release.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.set = nil
}
