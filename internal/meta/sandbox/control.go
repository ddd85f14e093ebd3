package sandbox

import (
	"encoding/json"
	"net/http"
	"time"
)

// clockState is what GET /sandbox/clock tells.
type clockState struct {
	Now      time.Time `json:"now"`
	Sleeping int       `json:"sleeping"` // requests that wait for the clock
	Held     int       `json:"held"`     // answers that a fault holds back, those that wait for the clock among them
}

func (s *Server) readClock(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, clockState{s.clock.Now(), s.clock.Sleeping(), s.Held()})
}

// advanceClock puts the clock forward: {"advance": "90m"}.
func (s *Server) advanceClock(w http.ResponseWriter, r *http.Request) {
	var document struct {
		Advance string `json:"advance"`
	}
	err := readJSON(w, r, &document)
	d, bad := time.ParseDuration(document.Advance)
	if err != nil || bad != nil || d < 0 {
		http.Error(w, `send {"advance": "<duration>"}, such as 90m or 24h`, http.StatusBadRequest)
		return
	}
	s.clock.Advance(d)
	s.readClock(w, r)
}

func (s *Server) listFaults(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.faults.list()) }

func (s *Server) addFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := readJSON(w, r, &f); err != nil {
		http.Error(w, "a fault is a JSON object as in docs/sandbox.md: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.SetFault(f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.listFaults(w, r)
}

func (s *Server) clearFaults(w http.ResponseWriter, r *http.Request) {
	s.ClearFaults()
	s.listFaults(w, r)
}

func (s *Server) releaseHeld(w http.ResponseWriter, r *http.Request) {
	s.Release()
	s.readClock(w, r)
}

// adminStatus sets an audience's statuses: {"operation_status": 471, "delivery_status": 400}. 0 lets one follow from the
// uploads again.
func (s *Server) adminStatus(w http.ResponseWriter, r *http.Request, a *customAudience) {
	var document struct {
		Operation *int `json:"operation_status"`
		Delivery  *int `json:"delivery_status"`
	}
	err := readJSON(w, r, &document)
	if err != nil || document.Operation == nil && document.Delivery == nil {
		http.Error(w, `send {"operation_status": <code>}, {"delivery_status": <code>} or both`, http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	operation, delivery := a.status, a.delivery
	if document.Operation != nil {
		operation = *document.Operation
	}
	if document.Delivery != nil {
		delivery = *document.Delivery
	}
	known := operationWords[operation] != "" && (delivery == 0 || delivery >= 200 && delivery <= 999)
	if known {
		a.status, a.delivery = operation, delivery
	}
	a.mu.Unlock()
	if !known {
		http.Error(w, "docs/sandbox.md lists the codes of a status", http.StatusBadRequest)
		return
	}
	writeJSON(w, map[string]any{"id": a.id, "operation_status": operation, "delivery_status": delivery})
}

func writeJSON(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(document)
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
