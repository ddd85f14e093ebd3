package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Person is a member of an audience: the values that were sent for it, by key, empty ones left out.
type Person map[string]string

// Members lists the people of an audience in the order in which they came.
func (s *Server) Members(audience string) ([]Person, error) {
	a := s.audience(audience)
	if a == nil {
		return nil, fmt.Errorf("there is no audience %s", audience)
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	var list []Person
	err := a.each(s.clock.Now(), func(parsed schema, r *row) error {
		var values []any
		if json.Unmarshal(rowArray(parsed, r), &values) != nil || len(values) != len(parsed.columns) {
			return errors.New("a row cannot be read")
		}
		p := Person{}
		for i, v := range values {
			if text := fmt.Sprint(v); v != nil && text != "" && text != "[]" {
				p[parsed.columns[i].key] = text
			}
		}
		list = append(list, p)
		return nil
	})
	return list, err
}

// rowArray is a row as a JSON array, also when it came as the bare value of a single-key upload.
func rowArray(parsed schema, r *row) []byte {
	if parsed.single && r.raw[0] != '[' {
		return append(append([]byte{'['}, r.raw...), ']')
	}
	return r.raw
}

// admin answers the requests that Meta does not have.
func (s *Server) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/audiences", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.overview()) })
	mux.HandleFunc("POST /sandbox/audiences/{id}", s.ofAudience(s.adminStatus))
	mux.HandleFunc("GET /sandbox/audiences/{id}/members", s.ofAudience(s.dump))
	mux.HandleFunc("GET /sandbox/usage", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.limits.list(s.clock.Now())) })
	mux.HandleFunc("GET /sandbox/clock", s.readClock)
	mux.HandleFunc("POST /sandbox/clock", s.advanceClock)
	mux.HandleFunc("GET /sandbox/faults", s.listFaults)
	mux.HandleFunc("POST /sandbox/faults", s.addFault)
	mux.HandleFunc("DELETE /sandbox/faults", s.clearFaults)
	mux.HandleFunc("POST /sandbox/release", s.releaseHeld)
	return mux
}

// ofAudience finds the audience that a request is about.
func (s *Server) ofAudience(next func(http.ResponseWriter, *http.Request, *customAudience)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := s.audience(r.PathValue("id"))
		if a == nil {
			http.Error(w, "there is no such audience", http.StatusNotFound)
			return
		}
		next(w, r, a)
	}
}

// overviewEntry is a line of GET /sandbox/audiences.
type overviewEntry struct {
	ID          string `json:"id"`
	Account     string `json:"account"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Status      int    `json:"operation_status"`
	Members     int64  `json:"members"`
	Batches     int64  `json:"batches"` // taken, repeated ones included
	Repeats     int64  `json:"repeats"` // batches that were in their session already
	Again       int64  `json:"again"`   // of them those whose client had been told, since the sandbox runs: it need not have sent them
}

func (s *Server) overview() []overviewEntry {
	list := []overviewEntry{}
	for _, a := range s.ofAccount("") {
		a.mu.Lock()
		list = append(list, overviewEntry{a.id, a.account, a.Name, a.Description, s.operation(a, s.clock.Now()), a.count(s.clock.Now()), a.batches, a.repeats, a.again})
		a.mu.Unlock()
	}
	return list
}

// dump writes an audience's members, a line each: {"schema":[…],"row":[…]}.
func (s *Server) dump(w http.ResponseWriter, _ *http.Request, a *customAudience) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 1<<16)
	name, prefix := "", []byte(nil)
	err := a.each(s.clock.Now(), func(parsed schema, r *row) error {
		if parsed.String() != name || prefix == nil {
			keys := make([]string, len(parsed.columns))
			for i, c := range parsed.columns {
				keys[i] = c.key
			}
			encoded, err := json.Marshal(keys)
			if err != nil {
				return err
			}
			name, prefix = parsed.String(), []byte(`{"schema":`+string(encoded)+`,"row":`)
		}
		_, _ = out.Write(prefix)
		_, _ = out.Write(rowArray(parsed, r))
		_, err := out.WriteString("}\n")
		return err
	})
	if err != nil || out.Flush() != nil {
		panic(http.ErrAbortHandler) // half a list must not look like a whole one
	}
}
