package meta

import (
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Meta spells numbers now as numbers, now as strings, and rounds some into a range. A number takes all of them; of a range
// it is the upper end.
type number int64

var errNoNumber = errors.New("no number") // a cause would echo the text

// UnmarshalJSON reads any of the spellings. null leaves the number as it is.
func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.ReplaceAll(strings.Trim(string(data), `"`), ",", "")
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
	ends := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if len(ends) == 0 || data[0] != '"' {
		return errNoNumber
	}
	i, err := strconv.ParseInt(ends[len(ends)-1], 10, 64)
	if err != nil {
		return errNoNumber
	}
	*n = number(i)
	return nil
}

// A moment is a time as seconds since 1970 or as ISO 8601; 0 and what is neither are no time.
type moment struct{ time.Time }

// lastSecond is the end of the year 9999: no document can hold a later time.
const lastSecond = 253402300800

// UnmarshalJSON reads either spelling.
func (m *moment) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds > 0 && seconds < lastSecond {
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

// statusAnswer is an operation_status or a delivery_status. Some of Meta's pages spell code as status, which elsewhere is a
// word. A status that cannot be read counts as none: nothing else of the answer hangs on it.
type statusAnswer Status

// UnmarshalJSON reads either spelling.
func (s *statusAnswer) UnmarshalJSON(data []byte) error {
	var spellings struct {
		Code   json.RawMessage `json:"code"`
		Status json.RawMessage `json:"status"`
	}
	_ = json.Unmarshal(data, &spellings) // what is no object has none of the two
	s.Code = cmp.Or(codeOf(spellings.Code), codeOf(spellings.Status))
	return nil
}

// codeOf reads one of Meta's codes: 0 when it is none. The longest known has seven digits; a longer number is something
// else, perhaps a phone.
func codeOf(data json.RawMessage) int {
	var n number
	if len(data) == 0 || n.UnmarshalJSON(data) != nil || n < 0 || n > 9_999_999 {
		return 0
	}
	return int(n)
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
		DeliveryStatus: Status(a.Delivery), OperationStatus: Status(a.Operation), Updated: a.Updated.Time, DeleteAt: a.DeleteAt.Time,
	}
}

// acceptances are the accepted terms by name. The empty array is what some encoders write for an empty map.
type acceptances map[string]number

// UnmarshalJSON reads a map, or the empty array.
func (a *acceptances) UnmarshalJSON(data []byte) error {
	if string(data) == "[]" {
		return nil
	}
	return json.Unmarshal(data, (*map[string]number)(a))
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
