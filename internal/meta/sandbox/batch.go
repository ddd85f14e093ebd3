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
	Replace  bool     `json:"replace,omitempty"`
	Stuck    bool     `json:"stuck,omitempty"`   // the replace that it begins does not time out
	Settled  *int64   `json:"settled,omitempty"` // members before it, when all of them were processed by then
	At       int64    `json:"at"`                // milliseconds since 1970
	Schema   []string `json:"schema"`
	Session  int64    `json:"session,omitempty"` // 0: none was sent
	Seq      int64    `json:"seq,omitempty"`
	Last     bool     `json:"last,omitempty"`
	Total    int64    `json:"total,omitempty"`
	Received int64    `json:"received"`
	Invalid  int64    `json:"invalid"`
	Matched  int64    `json:"matched"`
}

// mode is what the batch does.
func (r *batchRecord) mode() mode {
	switch {
	case r.Remove:
		return removing
	case r.Replace:
		return replacing
	}
	return adding
}

// empties reports whether the batch removes everybody first: it begins a replace.
func (r *batchRecord) empties() bool { return r.Replace && r.Seq == 1 }

func (r *batchRecord) tally() tally { return tally{r.Received, r.Invalid, r.Matched} }

func (r *batchRecord) at() time.Time { return time.UnixMilli(r.At) }

// take puts a batch's people into the audience or out of it, writes the journal, and only then counts the batch: a request
// that was not answered may have been taken, but one that was answered has been. The caller holds a.mu.
func (a *customAudience) take(record batchRecord, s schema, rows []row) error {
	block, takeBack := a.add(record, s, rows)
	if err := a.log.append(record, block); err != nil {
		takeBack()
		return err
	}
	if record.Remove {
		for i := range rows {
			if rows[i].wrong == "" {
				a.people.remove(&rows[i], record.at())
			}
		}
	}
	a.note(record, s)
	return nil
}

// renewal is how old a member must be for its row to count as new, where age matters: finer would fill the journal with the
// rows of retried batches.
const renewal = time.Hour

// add puts people into the audience. It gives the rows that the journal must keep, of a removal all, and what undoes it.
func (a *customAudience) add(record batchRecord, s schema, rows []row) (block []byte, takeBack func()) {
	before := a.people
	if record.empties() {
		a.people = emptied(before.next)
	}
	ages := a.Retention > 0 || s.has("EXTERN_ID")
	again := func(position uint64) bool {
		return s.updates || ages && record.at().Sub(a.people.came(position)) >= renewal
	}
	var additions []undo
	if !record.Remove {
		a.people.stamp(record.at())
	}
	for i := range rows {
		r := &rows[i]
		if r.wrong != "" {
			continue
		}
		if !record.Remove {
			addition, fresh := a.people.add(r, again)
			if !fresh {
				continue
			}
			additions = append(additions, addition)
		}
		block = append(append(block, r.raw...), '\n')
	}
	return block, func() {
		if record.empties() {
			a.people = before
			return
		}
		a.people.takeBack(additions)
	}
}

// note notes a batch that was taken.
func (a *customAudience) note(record batchRecord, s schema) {
	if a.single == nil {
		a.single = &s.single
	}
	if record.Settled != nil {
		a.settled = *record.Settled
	}
	a.updated = record.at()
	a.batches++
	if record.Session == 0 {
		return
	}
	open := a.sessions[record.Session]
	if open == nil {
		open = newSession(record, s)
		a.sessions[record.Session] = open
		if record.Replace {
			a.replace = open
		}
	}
	if open.note(record) {
		a.repeats++
	}
}

// acknowledge notes that the client was told that a batch was taken.
func (a *customAudience) acknowledge(p place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if open := a.sessions[p.session]; open != nil {
		if open.acknowledged[p.seq] {
			a.again++
		}
		open.acknowledged[p.seq] = true
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
	if record.empties() {
		a.people = emptied(a.people.next)
	}
	if !record.Remove {
		a.people.stamp(record.at())
	}
	always := func(uint64) bool { return true } // the journal has only what changed something
	err := newRowReader(parsed, block).lines(func(r *row) error {
		if record.Remove {
			a.people.remove(r, record.at())
		} else {
			a.people.add(r, always)
		}
		return nil
	})
	if err != nil {
		return errors.New("the journal of audience " + a.id + " holds a row that cannot be read")
	}
	a.note(record, parsed)
	return nil
}

// expired reports whether rows that came at a time have been in the audience for longer than it keeps people.
func (a *customAudience) expired(came, now time.Time) bool {
	return a.Retention > 0 && now.Sub(came) >= time.Duration(a.Retention)*24*time.Hour
}

// each gives the audience's members in the order in which they came. The caller holds a.mu.
func (a *customAudience) each(now time.Time, member func(s schema, r *row) error) error {
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
			if !a.people.in(r, at) || a.expired(record.at(), now) {
				return nil
			}
			return member(parsed, r)
		})
	})
	return err
}

// count counts the members. After a removal, and always when people leave by themselves, it has to look through the journal.
// The caller holds a.mu for writing.
func (a *customAudience) count(now time.Time) int64 {
	if a.people.counted < 0 || a.Retention > 0 {
		n := int64(0)
		if a.each(now, func(schema, *row) error { n++; return nil }) == nil {
			a.people.counted = n
		}
	}
	return a.people.counted
}

// matches tells whether "Meta" recognises a person: a share of them, the same ones each time.
func (s *Server) matches(r *row) bool {
	return float64(r.fingerprint>>11)/(1<<53) < s.cfg.MatchRate
}

// refuses tells whether "Meta" refuses a person: a share of them, the same ones each time, and not those of matches alone.
func (s *Server) refuses(r *row) bool {
	const mixing = 0x9E3779B97F4A7C15 // an odd number: no two fingerprints become one
	return float64(r.fingerprint*mixing>>11)/(1<<53) < s.cfg.RefuseRate
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
