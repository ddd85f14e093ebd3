package sandbox

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// users adds a batch of people to an audience, or removes them.
func (s *Server) users(c *call) reply {
	remove := c.method == http.MethodDelete
	parsed, rows, err := readPayload(c.params["payload"])
	if err != nil {
		return err.reply()
	}
	where, err := parsePlace(c.params["session"])
	if err != nil {
		return err.reply()
	}
	now := s.cfg.Now()
	record := batchRecord{
		Remove: remove, At: now.UnixMilli(), Schema: parsed.names, Session: where.session, Seq: where.seq, Last: where.last,
		Total: where.total, Received: int64(len(rows)),
	}
	samples := s.examine(rows, &record)

	a := c.audience
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.accepts(parsed); err != nil {
		return err.reply()
	}
	session, sum := impliedSession(a.account, remove, parsed), tally{record.Received, record.Invalid, record.Matched}
	if where.session != 0 {
		if err := s.admit(a, where, remove, parsed, now); err != nil {
			return err.reply()
		}
	}
	if err := a.take(record, parsed, rows); err != nil {
		return internal().reply()
	}
	if where.session != 0 {
		session, sum = where.session, a.sessions[where.session].sum
	}
	return ok(map[string]any{
		"audience_id": a.id, "session_id": strconv.FormatInt(session, 10), "num_received": sum.received,
		"num_invalid_entries": sum.invalid, "invalid_entry_samples": samples,
	})
}

// maxSamples is how many refused rows an answer shows.
const maxSamples = 100

// examine counts the refused and the recognised rows, and gives some of the refused ones.
func (s *Server) examine(rows []row, record *batchRecord) map[string]string {
	samples := map[string]string{}
	for i := range rows {
		r := &rows[i]
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

// accepts checks what an audience's own state says about an upload. The caller holds a.mu.
func (a *customAudience) accepts(parsed schema) *apiError {
	switch {
	case a.status == 471:
		return &apiError{status: 400, code: 100, subcode: 1713230, message: "(#100) Uploads to this custom audience are blocked"}
	case a.status == 414:
		e := notUpdated("an update of the audience is in progress")
		e.subcode = 1870145
		return e
	case a.single != nil && *a.single != parsed.single:
		return notUpdated("the custom audience was created from data source FILE_IMPORTED.%s, which does not support FILE_IMPORTED.%s",
			dataSource(*a.single), dataSource(parsed.single))
	case a.ValueBased && !parsed.has("LOOKALIKE_VALUE"):
		return invalidParameter("Value-Based Custom Audience requires LOOKALIKE_VALUE attribute")
	}
	return nil
}

// readPayload reads the payload parameter: an object, or text that holds one.
func readPayload(raw []byte) (schema, []row, *apiError) {
	if len(raw) == 0 {
		return schema{}, nil, &apiError{status: 400, code: 194, message: "(#194) Param payload is required"}
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
		return schema{}, nil, &apiError{status: 500, code: 1, subcode: 99, message: "An unknown error occurred"}
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
