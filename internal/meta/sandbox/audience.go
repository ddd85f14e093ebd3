package sandbox

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
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
	status   int // operation status that an operator set; 0 when it follows from the uploads
	batches  int64
	repeats  int64
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
	for _, a := range s.audiences {
		if err := s.load(a); err != nil {
			return err
		}
	}
	return nil
}

// load opens an audience's journal and does again what it says.
func (s *Server) load(a *customAudience) error {
	a.people = newPeople()
	a.sessions = map[int64]*session{}
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

func (s *Server) readAudience(c *call) reply { return selectFields(c, s.describe(c.audience)) }

// describe gives all fields of an audience. A nil one is not set.
func (s *Server) describe(a *customAudience) map[string]any {
	a.mu.Lock() // counting may look through the journal and remembers what it found
	count, operation, single, updated := a.count(), a.operation(), a.single, a.updated
	a.mu.Unlock()

	lower, upper := int64(-1), int64(-1)
	delivery := map[string]any{"code": 300, "description": "This audience is too small to be used"}
	if single != nil {
		lower, upper = bounds(int64(float64(count) * s.cfg.MatchRate))
	}
	if lower > placeholder {
		delivery = map[string]any{"code": 200, "description": "This audience is ready for use."}
	}
	subType := "ANYTHING"
	if single != nil {
		subType = dataSource(*single)
	}
	node := map[string]any{
		"id": a.id, "account_id": a.account, "name": a.Name, "subtype": "CUSTOM", "description": a.Description,
		"customer_file_source": a.Source, "is_value_based": a.ValueBased, "time_created": a.Created,
		"data_source":                   map[string]any{"type": "FILE_IMPORTED", "sub_type": subType, "creation_params": "[]"},
		"approximate_count_lower_bound": lower, "approximate_count_upper_bound": upper,
		"operation_status": map[string]any{"code": operation, "description": "Status " + strconv.Itoa(operation)},
		"delivery_status":  delivery, "time_updated": a.Created, "delete_time": nil, "retention_days": nil,
	}
	if !updated.IsZero() {
		node["time_updated"] = updated.Unix()
	}
	if a.Retention > 0 {
		node["retention_days"] = a.Retention
	}
	return node
}

// operation is the audience's operation status: what an operator set, else that nothing was uploaded or that all is well.
func (a *customAudience) operation() int {
	switch {
	case a.status != 0:
		return a.status
	case a.single == nil:
		return 410
	}
	return 200
}

func dataSource(single bool) string {
	if single {
		return "HASHES_OR_USER_IDS"
	}
	return "MULTI_HASHES"
}

// placeholder is the size up to which Meta tells none.
const placeholder = 1000

// bounds rounds a size to two digits, down and up, as a range that protects the people in it.
func bounds(size int64) (lower, upper int64) {
	if size <= placeholder {
		return placeholder, placeholder
	}
	unit := int64(math.Pow10(int(math.Log10(float64(size))) - 1))
	lower = size / unit * unit
	return lower, lower + lower/10/unit*unit + unit
}
