package sandbox

import (
	"strconv"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
)

// sessionLife is how long Meta keeps an upload session open after its first batch.
const sessionLife = 90 * time.Minute

// tally is what came in.
type tally struct{ received, invalid, matched int64 }

// A session is an upload session as Meta keeps it.
type session struct {
	id       int64
	remove   bool
	schema   string // of its first batch: it holds for all
	first    time.Time
	last     time.Time
	finished bool
	total    int64 // announced
	batches  map[int64]tally
	sum      tally
}

func newSession(record batchRecord, s schema) *session {
	return &session{id: record.Session, remove: record.Remove, schema: s.String(), first: time.UnixMilli(record.At), batches: map[int64]tally{}}
}

// note counts a batch. A batch number that was there before is counted once, with what came last. It reports whether it was.
func (s *session) note(record batchRecord) bool {
	old, again := s.batches[record.Seq]
	now := tally{record.Received, record.Invalid, record.Matched}
	s.batches[record.Seq] = now
	s.sum.received += now.received - old.received
	s.sum.invalid += now.invalid - old.invalid
	s.sum.matched += now.matched - old.matched
	s.last = time.UnixMilli(record.At)
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

// admit checks a batch against the rules of its session. The caller holds a.mu.
func (s *Server) admit(a *customAudience, p place, remove bool, parsed schema, now time.Time) *apiError {
	s.mu.Lock()
	owner, taken := s.sessions[sessionKey(a.account, p.session)]
	if !taken {
		s.sessions[sessionKey(a.account, p.session)] = a.id
	}
	s.mu.Unlock()
	open := a.sessions[p.session]
	switch {
	case taken && owner != a.id:
		return invalidParameter("session[session_id] %d is in use for another audience of the ad account", p.session)
	case open == nil:
		return nil
	case now.Sub(open.first) > sessionLife:
		return sessionTimedOut()
	case open.remove != remove:
		return invalidParameter("session[session_id] %d was begun for adding and is used for removing, or the other way round", p.session)
	case open.schema != parsed.String():
		return invalidParameter("payload[schema] %s differs from the session's first batch, which had %s", parsed.String(), open.schema)
	case open.finished:
		if _, repeated := open.batches[p.seq]; !repeated {
			return sessionFinished()
		}
	}
	return nil
}

// impliedSession is the session_id that Meta answers with when none was sent: the same for the same account, direction
// and schema, whatever the audience, as recorded.
func impliedSession(account string, remove bool, s schema) int64 {
	return int64(xxh3.HashString(account+strconv.FormatBool(remove)+s.String()) >> 1)
}

const sessionStamp = "2006-01-02T15:04:05-0700"

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
		node := one.describe(s.cfg.Now())
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

func (s *session) describe(now time.Time) map[string]any {
	decimal := func(n int64) string { return strconv.FormatInt(n, 10) }
	stage, progress := "uploading", int64(0)
	if s.total > 0 {
		progress = min(99, s.sum.received*100/s.total)
	}
	var end any
	switch {
	case s.finished:
		stage, progress, end = "finished", 100, s.last.UTC().Format(sessionStamp)
	case now.Sub(s.first) > sessionLife:
		stage, end = "timed_out", s.first.Add(sessionLife).UTC().Format(sessionStamp)
	}
	return map[string]any{
		"session_id": decimal(s.id), "stage": stage, "progress": decimal(progress), "num_received": decimal(s.sum.received),
		"num_invalid_entries": decimal(s.sum.invalid), "num_matched": decimal(s.sum.matched),
		"start_time": s.first.UTC().Format(sessionStamp), "end_time": end,
	}
}
