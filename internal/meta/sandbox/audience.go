package sandbox

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// audienceRecord is what the registry's journal keeps of an audience.
type audienceRecord struct {
	ID          string `json:"id"`
	Account     string `json:"account,omitempty"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Source      string `json:"customer_file_source,omitempty"`
	Retention   int    `json:"retention_days,omitempty"`
	ValueBased  bool   `json:"is_value_based,omitempty"`
	Created     int64  `json:"created,omitempty"` // seconds since 1970
	Deleted     bool   `json:"deleted,omitempty"`
}

// A customAudience is an audience with its people.
type customAudience struct {
	audienceRecord
	id      string
	account string

	mu       sync.RWMutex
	people   people
	log      *journal
	sessions map[int64]*session
	single   *bool // its uploads are single-key; nil before the first
	updated  time.Time
	replace  *session // the latest that replaces
	settled  int64    // members before the uploads that are not processed; -1 when nobody was there
	status   int      // operation status that an operator set; 0 when it follows from the uploads
	delivery int      // delivery status that an operator set; 0 when it follows from the size
	batches  int64
	repeats  int64
	again    int64 // batches that were acknowledged before, since the sandbox runs
}

func (s *Server) open() error {
	if s.cfg.State != "" {
		if err := os.MkdirAll(s.cfg.State, 0o700); err != nil {
			return err
		}
	}
	registry, err := openJournal(s.stateFile("audiences.log"), func(head, _ []byte) error {
		var record audienceRecord
		if err := json.Unmarshal(head, &record); err != nil {
			return errors.New("the registry of audiences is damaged")
		}
		if record.Deleted {
			s.forget(record.ID)
			return nil
		}
		a := &customAudience{audienceRecord: record, id: record.ID, account: record.Account}
		s.audiences[a.id] = a
		s.order = append(s.order, a.id)
		if n, err := strconv.ParseInt(a.id, 10, 64); err == nil {
			s.lastID = max(s.lastID, n)
		}
		return nil
	})
	s.registry = registry
	if err != nil {
		return err
	}
	var latest time.Time
	for _, a := range s.audiences {
		if err := s.load(a); err != nil {
			return err
		}
		if a.updated.After(latest) {
			latest = a.updated
		}
	}
	// The clock of the sandbox before may have been put forward: time never goes back.
	if behind := latest.Sub(s.clock.Now()); behind > 0 {
		s.clock.Advance(behind)
	}
	return nil
}

// load opens an audience's journal and does again what it says.
func (s *Server) load(a *customAudience) error {
	a.people = newPeople()
	a.sessions, a.settled = map[int64]*session{}, -1
	var err error
	a.log, err = openJournal(s.stateFile(a.id+".log"), func(head, block []byte) error { return s.replay(a, head, block) })
	for id := range a.sessions {
		s.sessions[sessionKey(a.account, id)] = a.id
	}
	return err
}

func (s *Server) addAudience(record audienceRecord) (*customAudience, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID += 10
	record.ID = strconv.FormatInt(s.lastID, 10)
	a := &customAudience{audienceRecord: record, id: record.ID, account: record.Account}
	if err := s.load(a); err != nil {
		return nil, err
	}
	if err := s.registry.append(record, nil); err != nil {
		return nil, errors.Join(err, a.log.close())
	}
	s.audiences[a.id] = a
	s.order = append(s.order, a.id)
	return a, nil
}

func (s *Server) deleteAudience(c *call) reply {
	a := c.audience
	if bad := s.unregister(a); bad != nil {
		return bad.reply()
	}
	a.mu.Lock() // never inside s.mu: a batch takes the two the other way round
	defer a.mu.Unlock()
	_ = a.log.close()
	if file := s.stateFile(a.id + ".log"); file != "" {
		if err := os.Remove(filepath.Clean(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return internal().reply()
		}
	}
	return ok(map[string]any{"success": true})
}

// unregister takes an audience out of the registry.
func (s *Server) unregister(a *customAudience) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.audiences[a.id] == nil {
		return unsupported(http.MethodDelete, a.id)
	}
	if err := s.registry.append(audienceRecord{ID: a.id, Deleted: true}, nil); err != nil {
		return internal()
	}
	s.forget(a.id)
	return nil
}

func (s *Server) forget(id string) {
	delete(s.audiences, id)
	for i, other := range s.order {
		if other == id {
			s.order = append(s.order[:i:i], s.order[i+1:]...)
			break
		}
	}
}

func (s *Server) audience(id string) *customAudience {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.audiences[id]
}

// countOf counts the audiences of an account.
func (s *Server) countOf(account string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := 0
	for _, a := range s.audiences {
		if a.account == account {
			n++
		}
	}
	return n
}

// ofAccount lists an account's audiences, oldest first.
func (s *Server) ofAccount(account string) []*customAudience {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*customAudience
	for _, id := range s.order {
		if a := s.audiences[id]; account == "" || a.account == account {
			list = append(list, a)
		}
	}
	return list
}
