package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Fault is a misbehaviour that waits for its turn. Faults are asked in the order in which they were set; the first that
// applies to a request is the only one that does.
type Fault struct {
	Fault   string `json:"fault"`             // one of the names of docs/sandbox.md
	On      string `json:"on,omitempty"`      // the operation that it hits; the default is every one
	Count   int    `json:"count,omitempty"`   // requests that it hits; the default is all until it is cleared
	After   int    `json:"after,omitempty"`   // requests that it lets pass first
	Seconds int    `json:"seconds,omitempty"` // of rate_limit: Retry-After; the default is a minute in the usage header
	Status  int    `json:"status,omitempty"`  // of error: the HTTP status; the default is 400
	Code    int    `json:"code,omitempty"`    // of error
	Subcode int    `json:"subcode,omitempty"` // of error
}

// The faults that are more than an error document.
const (
	faultDrop   = "drop_response"
	faultBroken = "broken_response"
	faultTerms  = "terms_not_accepted"
	faultLimit  = "rate_limit"
	faultError  = "error"
)

// failures are the faults that are an error document and nothing else.
var failures = map[string]apiError{
	"expired_token": {status: 400, code: 190, subcode: 463, message: "Error validating access token: Session has expired."},
	"server_error":  {status: 500, code: 2, transient: true, message: "An unexpected error has occurred. Please retry your request later."},
	"gone":          {status: 400, code: 100, subcode: 33, kind: "GraphMethodException", message: "Unsupported request. Object does not exist."},
	faultLimit:      {status: 400, code: 80003, message: "(#80003) There have been too many calls to this ad-account. Wait a bit and try again."},
}

func (f *Fault) check() error {
	names := []string{faultDrop, faultBroken, faultTerms, faultError}
	for name := range failures {
		names = append(names, name)
	}
	slices.Sort(names)
	if !slices.Contains(names, f.Fault) {
		return fmt.Errorf("fault must be one of %s", strings.Join(names, ", "))
	}
	if f.Fault == faultError && f.Code <= 0 {
		return fmt.Errorf("fault error needs a code")
	}
	operations := []operation{opDebugToken, opAccount, opList, opCreate, opRead, opDelete, opUsers, opSessions}
	if f.On != "" && !slices.Contains(operations, operation(f.On)) {
		return fmt.Errorf("on must be one of %v", operations)
	}
	if f.Count < 0 || f.After < 0 || f.Seconds < 0 {
		return fmt.Errorf("count, after and seconds must not be negative")
	}
	return nil
}

// failure is the error document that the fault answers with.
func (f *Fault) failure() *apiError {
	if f.Fault == faultError {
		status := f.Status
		if status < 400 || status > 599 {
			status = http.StatusBadRequest
		}
		return &apiError{status: status, code: f.Code, subcode: f.Subcode, message: fmt.Sprintf("(#%d) A fault was set in the sandbox", f.Code)}
	}
	e := failures[f.Fault]
	return &e
}

// headers are those that tell how long a rate limit lasts.
func (f *Fault) headers(h http.Header, account string) {
	switch {
	case f.Fault != faultLimit:
	case f.Seconds > 0:
		h.Set("Retry-After", strconv.Itoa(f.Seconds))
	default:
		h.Set(usageHeader, businessUsage(account, 100, 1))
	}
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

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.set = nil
}
