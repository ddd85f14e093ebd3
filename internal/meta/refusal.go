package meta

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
)

// errorAnswer is Meta's error document. Its message, error_user_title and error_user_msg are left out on purpose: they
// quote what was sent.
type errorAnswer struct {
	Error *struct {
		Code      json.RawMessage `json:"code"`
		Subcode   json.RawMessage `json:"error_subcode"`
		Type      string          `json:"type"`
		Trace     string          `json:"fbtrace_id"`
		Transient bool            `json:"is_transient"`
		Data      json.RawMessage `json:"error_data"`
	} `json:"error"`
}

// errorOf finds an error document in an answer, whatever its HTTP status; nil when there is none: without a code it is none
// of Meta's. A member of another type than documented does not hide the others.
func errorOf(body []byte, status int) *Error {
	if !bytes.Contains(body, []byte(`"error"`)) {
		return nil
	}
	var a errorAnswer
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &a); (err != nil && !errors.As(err, &mistyped)) || a.Error == nil {
		return nil
	}
	code := codeOf(a.Error.Code)
	if code == 0 && !a.Error.Transient {
		return nil
	}
	return &Error{
		Code: code, Subcode: codeOf(a.Error.Subcode), HTTPStatus: status, IsTransient: a.Error.Transient,
		Type: shaped(typePattern, a.Error.Type), TraceID: traceOf(a.Error.Trace), Fields: blamed(a.Error.Data),
	}
}

// What an error shows of Meta's document must look like what it is meant to be. Anything else might be data.
var (
	typePattern  = regexp.MustCompile(`^[A-Za-z]{0,40}(Exception|Error)$`)
	tracePattern = regexp.MustCompile(`^[A-Za-z0-9_/+=-]{8,32}$`)
	stagePattern = regexp.MustCompile(`^[A-Za-z_ -]{1,32}$`)
)

func shaped(pattern *regexp.Regexp, s string) string {
	if pattern.MatchString(s) {
		return s
	}
	return ""
}

// traceOf gives an fbtrace_id, such as AX5pd_H2rD6bVBcN. Numbers, hashes and lower-case ids have no capital.
func traceOf(s string) string {
	if strings.ToLower(s) == s {
		return ""
	}
	return shaped(tracePattern, s)
}

// parameters are the names of all that this client sends.
var parameters = map[string]bool{
	"payload": true, "schema": true, "data": true, "session": true, "session_id": true, "batch_seq": true, "last_batch_flag": true,
	"estimated_num_total": true, "name": true, "subtype": true, "description": true, "customer_file_source": true,
	"retention_days": true, "fields": true, "limit": true, "after": true, "appsecret_proof": true, "input_token": true,
}

// blamed gives the names of the parameters in error_data.blame_field_specs: [["session"], ["payload", "schema"]], as far as
// they are ours. error_data is an object, or a string that holds one.
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
		known := 0
		for known < len(path) && parameters[path[known]] {
			known++
		}
		if known > 0 && known <= 4 && len(names) < 8 {
			names = append(names, strings.Join(path[:known], "."))
		}
	}
	return names
}
