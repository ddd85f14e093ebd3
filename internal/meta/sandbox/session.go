package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
)

// sessionLife is how long Meta keeps an upload session open after its first batch.
const sessionLife = 90 * time.Minute

// tally is what came in.
type tally struct{ received, invalid, matched int64 }

// A mode is what the batches of a session do.
type mode string

const (
	adding    mode = "adding"
	removing  mode = "removing"
	replacing mode = "replacing"
)

// A session is an upload session as Meta keeps it.
type session struct {
	id       int64
	mode     mode
	schema   string // of its first batch: it holds for all
	first    time.Time
	last     time.Time
	finished bool
	stuck    bool  // it does not time out: a fault
	total    int64 // announced
	batches  map[int64]tally
	sum      tally

	acknowledged map[int64]bool // batches by number; the journal does not keep it
}

func newSession(record batchRecord, s schema) *session {
	return &session{
		id: record.Session, mode: record.mode(), schema: s.String(), first: record.at(), stuck: record.Stuck, batches: map[int64]tally{},
		acknowledged: map[int64]bool{},
	}
}

// end is when the session ended; the zero time as long as it takes batches.
func (s *session) end(now time.Time) time.Time {
	switch {
	case s.finished:
		return s.last
	case s.old(now) && !s.stuck:
		return s.first.Add(sessionLife)
	}
	return time.Time{}
}

func (s *session) old(now time.Time) bool { return now.Sub(s.first) > sessionLife }

// note counts a batch. A batch number that was there before is counted once, with what came last. It reports whether it was.
func (s *session) note(record batchRecord) bool {
	old, again := s.batches[record.Seq]
	now := record.tally()
	s.batches[record.Seq] = now
	s.sum.received += now.received - old.received
	s.sum.invalid += now.invalid - old.invalid
	s.sum.matched += now.matched - old.matched
	s.last = record.at()
	s.finished = s.finished || record.Last
	s.total = max(s.total, record.Total)
	return again
}

// A place is where a batch says it stands in its session.
type place struct {
	session int64 // 0: none was sent
	seq     int64
	last    bool
	total   int64
}

// parsePlace reads the session parameter.
func parsePlace(raw []byte) (place, *apiError) {
	if len(raw) == 0 || string(raw) == "null" {
		return place{}, nil
	}
	fields, err := members(unwrap(raw))
	if err != nil {
		return place{}, invalidParameter("session must be an object")
	}
	number := func(name string) (int64, bool) {
		n, err := strconv.ParseInt(strings.Trim(string(fields[name]), `"`), 10, 64)
		return n, err == nil
	}
	p := place{last: isTrue(strings.Trim(string(fields["last_batch_flag"]), `"`))}
	var valid bool
	if p.session, valid = number("session_id"); !valid || p.session <= 0 {
		return place{}, invalidParameter("session[session_id] must be a positive 64-bit integer")
	}
	if p.seq, valid = number("batch_seq"); !valid || p.seq < 1 {
		return place{}, invalidParameter("session[batch_seq] must be a positive integer, starting at 1")
	}
	if _, given := fields["estimated_num_total"]; given {
		if p.total, valid = number("estimated_num_total"); !valid || p.total < 0 {
			return place{}, invalidParameter("session[estimated_num_total] must not be negative")
		}
	}
	return p, nil
}

func sessionKey(account string, id int64) string { return account + "/" + strconv.FormatInt(id, 10) }

// claim reserves a session id for an audience: it is unique in the ad account.
func (s *Server) claim(a *customAudience, id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := sessionKey(a.account, id)
	if owner, taken := s.sessions[key]; taken {
		return owner == a.id
	}
	s.sessions[key] = a.id
	return true
}

// admit checks a batch against the rules of its session. The caller holds a.mu.
func (s *Server) admit(a *customAudience, p place, m mode, parsed schema, now time.Time) *apiError {
	if !s.claim(a, p.session) {
		return invalidParameter("session[session_id] %d is in use for another audience of the ad account", p.session)
	}
	open := a.sessions[p.session]
	switch {
	case open == nil && m == replacing:
		return s.beginReplace(a, p, now)
	case open == nil:
		return nil
	case open.mode != m:
		return invalidParameter("session[session_id] %d was begun for %s and is used for %s", p.session, open.mode, m)
	case open.finished && (m == replacing || !open.has(p.seq)):
		return refusal(2650, 1870159)
	case open.old(now) && (!open.stuck || !p.last):
		return refusal(2650, 1870158)
	case m == replacing && p.seq == 1:
		return refusal(2650, 1870145) // it began the update that is in progress, and may do so only once
	case open.schema != parsed.String():
		return invalidParameter("payload[schema] %s differs from the session's first batch, which had %s", parsed.String(), open.schema)
	}
	return nil
}

// has reports whether a batch number was there before.
func (s *session) has(seq int64) bool {
	_, is := s.batches[seq]
	return is
}

// impliedSession is the session_id that Meta answers with when none was sent: the same for the same account, direction
// and schema, whatever the audience, as recorded.
func impliedSession(account string, remove bool, s schema) int64 {
	return int64(xxh3.HashString(account+strconv.FormatBool(remove)+s.String()) >> 1)
}

// readSessions tells what came in by session. All fields are strings, as at Meta.
func (s *Server) readSessions(c *call) reply {
	a := c.audience
	a.mu.RLock()
	defer a.mu.RUnlock()
	wanted := c.text("session_id")
	data := []map[string]any{}
	for _, one := range a.sortedSessions() {
		id := strconv.FormatInt(one.id, 10)
		if wanted != "" && wanted != id {
			continue
		}
		node := s.describeSession(one, s.clock.Now())
		chosen, err := cut(c.text("fields"), node)
		if err != nil {
			return err.reply()
		}
		delete(chosen, "id") // a session has none
		chosen["session_id"] = id
		data = append(data, chosen)
	}
	return ok(map[string]any{"data": data})
}

// describeSession tells of a session: what was received and refused at once, what was matched when it is processed.
func (s *Server) describeSession(one *session, now time.Time) map[string]any {
	decimal := func(n int64) string { return strconv.FormatInt(n, 10) }
	stage, progress, matched := "uploading", int64(0), int64(0)
	if one.total > 0 {
		progress = min(99, one.sum.received*100/one.total)
	}
	processed := now.Sub(one.last) >= s.cfg.Processing
	if processed {
		matched = one.sum.matched
	}
	var stopped any
	end := one.end(now)
	switch {
	case end.IsZero():
	case !one.finished:
		stage, stopped = "timed_out", decimal(end.Unix())
	case !processed:
		stage, progress, stopped = "processing", 99, decimal(end.Unix())
	default:
		stage, progress, stopped = "finished", 100, decimal(end.Unix())
	}
	return map[string]any{
		"session_id": decimal(one.id), "stage": stage, "progress": decimal(progress), "num_received": decimal(one.sum.received),
		"num_invalid_entries": fmt.Sprint(s.invalid(one.sum.invalid)), "num_matched": decimal(matched),
		"start_time": decimal(one.first.Unix()), "end_time": stopped,
	}
}
