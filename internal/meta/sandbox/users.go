package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// An upload is a batch that was understood.
type upload struct {
	parsed  schema
	rows    []row
	place   place
	record  batchRecord
	samples map[string]string // refused rows
}

// readUpload reads a batch's parameters and looks at its rows.
func (s *Server) readUpload(c *call) (*upload, *apiError) {
	parsed, rows, err := readPayload(c.params["payload"])
	if err != nil {
		return nil, err
	}
	where, err := parsePlace(c.params["session"])
	if err != nil {
		return nil, err
	}
	u := &upload{parsed: parsed, rows: rows, place: where, record: batchRecord{
		Remove: c.method == http.MethodDelete, Replace: c.op == opReplace, Stuck: c.stuck, Schema: parsed.names,
		Session: where.session, Seq: where.seq, Last: where.last, Total: where.total, Received: int64(len(rows)),
	}}
	u.samples = s.examine(rows, &u.record)
	return u, nil
}

// users adds a batch of people to an audience, removes them, or replaces others by them.
func (s *Server) users(c *call) reply {
	u, err := s.readUpload(c)
	switch {
	case err != nil:
		return err.reply()
	case c.op == opReplace && u.place.session == 0:
		return missingParameter("session").reply()
	}
	a := c.audience
	a.mu.Lock()
	defer a.mu.Unlock()
	now := s.clock.Now()
	u.record.At = now.UnixMilli()
	if err := s.accepts(a, u, now); err != nil {
		return err.reply()
	}
	if s.take(a, u, now) != nil {
		return internal().reply()
	}
	id, sum := impliedSession(a.account, u.record.Remove, u.parsed), u.record.tally()
	if u.place.session != 0 {
		id, sum = u.place.session, a.sessions[u.place.session].sum
		c.taken = u.place
	}
	answer := s.receipt(id, sum, u.samples)
	answer["audience_id"] = a.id
	return ok(answer)
}

// receipt is what the answer to a batch says of it.
func (s *Server) receipt(session int64, sum tally, samples map[string]string) map[string]any {
	return map[string]any{
		"session_id": strconv.FormatInt(session, 10), "num_received": sum.received, "num_invalid_entries": s.invalid(sum.invalid),
		"invalid_entry_samples": samples,
	}
}

// invalid is a number of refused rows as the sandbox is told to spell it.
func (s *Server) invalid(n int64) any {
	if !s.cfg.RoundsInvalid || n <= 10 {
		return n
	}
	return fmt.Sprintf("%d-%d", n/10*10, n/10*10+10)
}

// take takes a batch, and notes how many members there were before when all of them are processed: as long as the batch is
// not, they are what can be read. The caller holds a.mu.
func (s *Server) take(a *customAudience, u *upload, now time.Time) error {
	if s.cfg.Processing > 0 && a.single != nil && now.Sub(a.updated) >= s.cfg.Processing {
		n := a.count(now)
		u.record.Settled = &n
	}
	return a.take(u.record, u.parsed, u.rows)
}

// maxSamples is how many refused rows an answer shows.
const maxSamples = 100

// examine counts the refused and the recognised rows, and gives some of the refused ones.
func (s *Server) examine(rows []row, record *batchRecord) map[string]string {
	samples := map[string]string{}
	for i := range rows {
		r := &rows[i]
		if s.refuses(r) {
			r.refuse("invalid " + record.Schema[0])
		}
		switch {
		case r.wrong != "":
			record.Invalid++
			if len(samples) < maxSamples {
				samples[string(compact(r.raw))] = r.wrong
			}
		case s.matches(r):
			record.Matched++
		}
	}
	return samples
}

// accepts checks an upload against the audience's own state and the rules of its session. The caller holds a.mu.
func (s *Server) accepts(a *customAudience, u *upload, now time.Time) *apiError {
	switch {
	case a.status == 471:
		return refusal(100, 1713230)
	case !u.record.Replace && s.operation(a, now) == 414:
		return refusal(2650, 1870145)
	case a.single != nil && *a.single != u.parsed.single:
		return notUpdated("the custom audience was created from data source FILE_IMPORTED.%s, which does not support FILE_IMPORTED.%s",
			dataSource(*a.single), dataSource(u.parsed.single))
	case a.ValueBased && !u.record.Remove && u.worthless():
		return invalidParameter("Value-Based Custom Audience requires LOOKALIKE_VALUE attribute")
	case u.place.session != 0:
		return s.admit(a, u.place, u.record.mode(), u.parsed, now)
	}
	return nil
}

// worthless reports whether a row has no LOOKALIKE_VALUE.
func (u *upload) worthless() bool {
	return !u.parsed.has("LOOKALIKE_VALUE") || slices.ContainsFunc(u.rows, func(r row) bool { return r.worthless })
}

// readPayload reads the payload parameter: an object, or text that holds one.
func readPayload(raw []byte) (schema, []row, *apiError) {
	if len(raw) == 0 {
		return schema{}, nil, missingParameter("payload")
	}
	fields, err := members(unwrap(raw))
	if err != nil {
		return schema{}, nil, invalidParameter("payload must be an object")
	}
	parsed, bad := parseSchema(fields["schema"])
	if bad != nil {
		return schema{}, nil, bad
	}
	rows, err := newRowReader(parsed, fields["data"]).array()
	switch {
	case errors.Is(err, errTooMany):
		return schema{}, nil, refusal(1, 99)
	case errors.Is(err, errShape):
		wrong := string(rows[len(rows)-1].raw)
		return schema{}, nil, invalidParameter("payload[data][%d] does not fit the schema %s: %s", len(rows)-1, parsed.String(), wrong)
	case err != nil:
		return schema{}, nil, invalidParameter("payload[data] must be an array of rows")
	case len(rows) == 0:
		return schema{}, nil, invalidParameter("payload[data] is empty")
	}
	return parsed, rows, nil
}

// unwrap gives the JSON inside a JSON string, for clients that send parameters as text.
func unwrap(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return raw
	}
	return text
}
