package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// valueBased is an audience in which every row needs a LOOKALIKE_VALUE.
func (m meta) valueBased() string {
	m.t.Helper()
	a := m.call("POST", "/v26.0/act_42/customaudiences", `{"name":"n","subtype":"CUSTOM","customer_file_source":"USER_PROVIDED_ONLY","is_value_based":true}`)
	id, _ := a.body["id"].(string)
	return id
}

// sendJSON adds rows that are written in JSON.
func (m meta) sendJSON(id, schema, rows string) answer {
	m.t.Helper()
	return m.call("POST", "/v26.0/"+id+"/users", fmt.Sprintf(`{"payload":{"schema":[%s],"data":[%s]}}`, schema, rows))
}

// TestValues has one line for each value that says how to use a row. Where a reason is given, the row is counted as invalid;
// where a code is, the request is refused.
func TestValues(t *testing.T) {
	const lookalike, ldu = `"LOOKALIKE_VALUE"`, `"DATA_PROCESSING_OPTIONS"`
	const country, state = `"DATA_PROCESSING_OPTIONS_COUNTRY"`, `"DATA_PROCESSING_OPTIONS_STATE"`
	tests := []struct {
		key, value string
		based      bool // the audience is value-based
		reason     string
		code       int
	}{
		{lookalike, `44.5`, true, "", 0},
		{lookalike, `"44.5"`, true, "", 0},
		{lookalike, `0`, true, "", 0},
		{lookalike, `-1`, true, "invalid LOOKALIKE_VALUE", 0},
		{lookalike, `"much"`, true, "invalid LOOKALIKE_VALUE", 0},
		{lookalike, `1e999`, true, "invalid LOOKALIKE_VALUE", 0},
		{lookalike, `""`, true, "", 100},
		{lookalike, `null`, true, "", 100},
		{lookalike, `[]`, true, "", 100},
		{`"FN"`, `""`, true, "", 100}, // no LOOKALIKE_VALUE at all
		{lookalike, `""`, false, "", 0},
		{lookalike, `-1`, false, "invalid LOOKALIKE_VALUE", 0},
		{ldu, `[]`, false, "", 0},
		{ldu, `["LDU"]`, false, "", 0},
		{ldu, `["LDU","LDU"]`, false, "invalid DATA_PROCESSING_OPTIONS", 0},
		{ldu, `["ldu"]`, false, "invalid DATA_PROCESSING_OPTIONS", 0},
		{ldu, `[1]`, false, "invalid DATA_PROCESSING_OPTIONS", 0},
		{ldu, `"LDU"`, false, "invalid DATA_PROCESSING_OPTIONS", 0},
		{ldu, `""`, false, "", 0},
		{country, `1`, false, "", 0},
		{country, `"1"`, false, "", 0},
		{country, `"US"`, false, "invalid DATA_PROCESSING_OPTIONS_COUNTRY", 0},
		{state, `1000`, false, "", 0},
		{state, `-1000`, false, "invalid DATA_PROCESSING_OPTIONS_STATE", 0},
		{state, `10.5`, false, "invalid DATA_PROCESSING_OPTIONS_STATE", 0},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %s %v", test.key, test.value, test.based), func(t *testing.T) {
			m := open(t, sandbox.Config{})
			id := m.audience("")
			if test.based {
				id = m.valueBased()
			}
			a := m.sendJSON(id, `"EMAIL",`+test.key, `["`+hash("a")+`",`+test.value+`]`)
			if test.code != 0 {
				a.fails(t, test.code, 0)
				assert.Empty(t, m.members(id))
				return
			}
			_, invalid := a.ack(t)
			if test.reason == "" {
				assert.Zero(t, invalid)
				assert.Len(t, m.members(id), 1)
				return
			}
			assert.Equal(t, 1, invalid)
			assert.Empty(t, m.members(id))
			for _, reason := range a.body["invalid_entry_samples"].(map[string]any) {
				assert.Equal(t, test.reason, reason)
			}
		})
	}
}

// TestLatestValueHolds sends a person again with another value: there is one member, with what came last.
func TestLatestValueHolds(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	id := m.valueBased()
	const schema = `"EMAIL","LOOKALIKE_VALUE","DATA_PROCESSING_OPTIONS"`
	m.sendJSON(id, schema, `["`+hash("a")+`",10,[]],["`+hash("b")+`",5,[]]`).ack(t)
	m.sendJSON(id, schema, `["`+hash("a")+`",20,["LDU"]]`).ack(t)
	for _, m := range []meta{m, open(t, cfg)} {
		people, err := m.Members(id)
		assert.NoError(t, err)
		assert.Equal(t, []sandbox.Person{
			{"EMAIL": hash("b"), "LOOKALIKE_VALUE": "5"},
			{"EMAIL": hash("a"), "LOOKALIKE_VALUE": "20", "DATA_PROCESSING_OPTIONS": "[LDU]"},
		}, people)
		assert.Contains(t, m.call("GET", "/sandbox/audiences", nil).text, `"members":2,`)
	}
	m.users("DELETE", id, "EMAIL", nil, hash("a")).ack(t) // removing needs no value
	assert.Equal(t, want("EMAIL=b"), m.members(id))
}

// TestStatuses has an operator set every status that Meta documents, and some that it does not.
func TestStatuses(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	set := func(text string) int { return m.call("POST", "/sandbox/audiences/"+id, text).status }
	for _, code := range []int{100, 200, 400, 410, 411, 412, 414, 415, 421, 422, 423, 431, 432, 433, 434, 441, 442, 450, 470, 471, 500} {
		assert.Equal(t, 200, set(fmt.Sprintf(`{"operation_status":%d}`, code)))
		assert.Equal(t, code, m.status(id))
	}
	for _, text := range []string{`{"operation_status":201}`, `{"operation_status":-1}`, `{"delivery_status":1}`, `{"status":200}`, `{}`, `[]`} {
		assert.Equal(t, 400, set(text), text)
		assert.Equal(t, 500, m.status(id), "nothing is changed")
	}
	assert.Equal(t, 200, set(`{"operation_status":100,"delivery_status":400}`))
	node := m.call("GET", "/v26.0/"+id+"?fields=operation_status,delivery_status,delete_time", nil)
	assert.Contains(t, node.text, `"delivery_status":{"code":400,"description":"This audience cannot be used"}`)
	assert.Contains(t, node.text, `"delete_time":`)
	assert.Equal(t, 200, set(`{"operation_status":0,"delivery_status":0}`))
	assert.Equal(t, 410, m.status(id))
}
