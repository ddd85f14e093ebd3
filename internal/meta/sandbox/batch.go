package sandbox

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// A batchRecord is what an audience's journal keeps of a batch. The record's block holds its rows, one a line: of an
// addition those that were new, of a removal all.
type batchRecord struct {
	Remove   bool     `json:"remove,omitempty"`
	At       int64    `json:"at"` // milliseconds since 1970
	Schema   []string `json:"schema"`
	Session  int64    `json:"session,omitempty"` // 0: none was sent
	Seq      int64    `json:"seq,omitempty"`
	Last     bool     `json:"last,omitempty"`
	Total    int64    `json:"total,omitempty"`
	Received int64    `json:"received"`
	Invalid  int64    `json:"invalid"`
	Matched  int64    `json:"matched"`
}

// take puts a batch's people into the audience or out of it, writes the journal, and only then counts the batch: a request
// that was not answered may have been taken, but one that was answered has been. The caller holds a.mu.
func (a *customAudience) take(record batchRecord, s schema, rows []row) error {
	var block []byte
	var additions []undo
	for i := range rows {
		r := &rows[i]
		if r.wrong != "" {
			continue
		}
		if !record.Remove {
			addition, fresh := a.people.add(r)
			if !fresh {
				continue
			}
			additions = append(additions, addition)
		}
		block = append(append(block, r.raw...), '\n')
	}
	if err := a.log.append(record, block); err != nil {
		a.people.takeBack(additions)
		return err
	}
	if record.Remove {
		for i := range rows {
			if rows[i].wrong == "" {
				a.people.remove(&rows[i])
			}
		}
	}
	a.note(record, s)
	return nil
}

// note notes a batch that was taken.
func (a *customAudience) note(record batchRecord, s schema) {
	if a.single == nil {
		a.single = &s.single
	}
	a.updated = time.UnixMilli(record.At)
	a.batches++
	if record.Session == 0 {
		return
	}
	open := a.sessions[record.Session]
	if open == nil {
		open = newSession(record, s)
		a.sessions[record.Session] = open
	}
	if open.note(record) {
		a.repeats++
	}
}

// replay does again what a record of the journal says.
func (s *Server) replay(a *customAudience, head, block []byte) error {
	var record batchRecord
	if json.Unmarshal(head, &record) != nil {
		return errors.New("the journal of audience " + a.id + " is damaged")
	}
	parsed, bad := newSchema(record.Schema)
	if bad != nil {
		return errors.New("the journal of audience " + a.id + " has an unknown schema")
	}
	err := newRowReader(parsed, block).lines(func(r *row) error {
		if record.Remove {
			a.people.remove(r)
		} else {
			a.people.add(r)
		}
		return nil
	})
	if err != nil {
		return errors.New("the journal of audience " + a.id + " holds a row that cannot be read")
	}
	a.note(record, parsed)
	return nil
}

// each gives the audience's members in the order in which they came. The caller holds a.mu.
func (a *customAudience) each(member func(s schema, r *row) error) error {
	var position uint64
	_, err := a.log.each(func(head, block []byte) error {
		var record batchRecord
		if json.Unmarshal(head, &record) != nil {
			return errors.New("the journal is damaged")
		}
		parsed, bad := newSchema(record.Schema)
		if bad != nil || record.Remove {
			return nil
		}
		return newRowReader(parsed, block).lines(func(r *row) error {
			at := position
			position++
			if !a.people.in(r, at) {
				return nil
			}
			return member(parsed, r)
		})
	})
	return err
}

// count counts the members. After a removal it has to look through the journal once. The caller holds a.mu for writing.
func (a *customAudience) count() int64 {
	if a.people.counted < 0 {
		n := int64(0)
		if a.each(func(schema, *row) error { n++; return nil }) == nil {
			a.people.counted = n
		}
	}
	return a.people.counted
}

// matches tells whether "Meta" recognises a person: a share of them, the same ones each time.
func (s *Server) matches(r *row) bool {
	return float64(r.fingerprint>>11)/(1<<53) < s.cfg.MatchRate
}

// sortedSessions lists an audience's sessions by id. The caller holds a.mu.
func (a *customAudience) sortedSessions() []*session {
	list := make([]*session, 0, len(a.sessions))
	for _, one := range a.sessions {
		list = append(list, one)
	}
	slices.SortFunc(list, func(x, y *session) int { return int(min(1, max(-1, x.id-y.id))) })
	return list
}
