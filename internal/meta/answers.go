package meta

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Meta spells numbers now as numbers, now as strings, and rounds some into a range. A number takes all of them; of a range
// it is the upper end.
type number int64

// UnmarshalJSON reads any of the spellings. null leaves the number as it is.
func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" {
		return nil
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		*n = number(i)
		return nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > -1e15 && f < 1e15 {
		*n = number(f)
		return nil
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) == 0 {
		return errors.New("no number")
	}
	i, err := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	if err != nil {
		return errors.New("no number") // the cause would echo the text
	}
	*n = number(i)
	return nil
}

// A moment is a time as seconds since 1970 or as ISO 8601; 0 and what is neither are no time.
type moment struct{ time.Time }

// UnmarshalJSON reads either spelling.
func (m *moment) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds > 0 {
			m.Time = time.Unix(seconds, 0).UTC()
		}
		return nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return nil
}

// statusAnswer is an operation_status or a delivery_status. Some of Meta's pages spell code as status.
type statusAnswer struct {
	Code   number `json:"code"`
	Status number `json:"status"`
}

func (s statusAnswer) status() Status {
	if s.Code == 0 {
		return Status{Code: int(s.Status)}
	}
	return Status{Code: int(s.Code)}
}

type audienceAnswer struct {
	ID          string `json:"id"`
	AccountID   string `json:"account_id"`
	Name        string `json:"name"`
	Subtype     string `json:"subtype"`
	Description string `json:"description"`
	DataSource  struct {
		SubType string `json:"sub_type"`
	} `json:"data_source"`
	ValueBased bool         `json:"is_value_based"`
	Lower      number       `json:"approximate_count_lower_bound"`
	Upper      number       `json:"approximate_count_upper_bound"`
	Delivery   statusAnswer `json:"delivery_status"`
	Operation  statusAnswer `json:"operation_status"`
	Updated    moment       `json:"time_updated"`
	DeleteAt   moment       `json:"delete_time"`
}

func (a audienceAnswer) audience() CustomAudience {
	return CustomAudience{
		ID: a.ID, AccountID: a.AccountID, Name: a.Name, Subtype: a.Subtype, Description: a.Description,
		DataSource: a.DataSource.SubType, ValueBased: a.ValueBased, LowerBound: int64(a.Lower), UpperBound: int64(a.Upper),
		DeliveryStatus: a.Delivery.status(), OperationStatus: a.Operation.status(), Updated: a.Updated.Time, DeleteAt: a.DeleteAt.Time,
	}
}

// ackAnswer is the answer to a batch. The pointers tell what is missing.
type ackAnswer struct {
	AudienceID string  `json:"audience_id"`
	SessionID  *number `json:"session_id"`
	Received   *number `json:"num_received"`
	Invalid    number  `json:"num_invalid_entries"`
	Samples    samples `json:"invalid_entry_samples"`
}

// samples takes the map that was recorded, and the empty array that some encoders write for an empty map.
type samples map[string]string

// UnmarshalJSON reads a map of row to reason; what is no such map counts as no samples, for the batch was taken anyway.
func (s *samples) UnmarshalJSON(data []byte) error {
	var m map[string]string
	if json.Unmarshal(data, &m) == nil {
		*s = m
	}
	return nil
}

type sessionAnswer struct {
	ID       *number `json:"session_id"`
	Stage    string  `json:"stage"`
	Progress number  `json:"progress"`
	Received number  `json:"num_received"`
	Invalid  number  `json:"num_invalid_entries"`
	Matched  number  `json:"num_matched"`
	Start    moment  `json:"start_time"`
	End      moment  `json:"end_time"`
}

type errorAnswer struct {
	Error *struct {
		Code      number          `json:"code"`
		Subcode   number          `json:"error_subcode"`
		Type      string          `json:"type"`
		Trace     string          `json:"fbtrace_id"`
		Transient bool            `json:"is_transient"`
		Data      json.RawMessage `json:"error_data"`
	} `json:"error"`
}

// errorOf finds an error document in an answer, whatever its HTTP status; nil when there is none.
func errorOf(body []byte, status int) *Error {
	if !bytes.Contains(body, []byte(`"error"`)) {
		return nil
	}
	var a errorAnswer
	if json.Unmarshal(body, &a) != nil || a.Error == nil {
		return nil
	}
	return &Error{
		Code: int(a.Error.Code), Subcode: int(a.Error.Subcode), HTTPStatus: status, IsTransient: a.Error.Transient,
		Type: plain(a.Error.Type, 64), TraceID: plain(a.Error.Trace, 64), Fields: blamed(a.Error.Data),
	}
}

// blamed gives the names of the parameters in error_data.blame_field_specs: [["session"], ["payload", "schema"]].
// error_data is an object, or a string that holds one.
func blamed(data json.RawMessage) []string {
	var text string
	if json.Unmarshal(data, &text) == nil {
		data = []byte(text)
	}
	var d struct {
		Specs [][]string `json:"blame_field_specs"`
	}
	if json.Unmarshal(data, &d) != nil {
		return nil
	}
	var names []string
	for _, path := range d.Specs {
		// A parameter is a short word in lower case. Anything else might be data.
		name := plain(strings.Join(path, "."), 48)
		if name != "" && strings.ToLower(name) == name && !strings.ContainsAny(name, "0123456789") && len(names) < 8 {
			names = append(names, name)
		}
	}
	return names
}
