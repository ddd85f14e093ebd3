package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// TestUsersRefusesRequests has one line for each request that is refused as a whole. Nobody gets in by it.
func TestUsersRefusesRequests(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	many := `["` + hash("a") + `"]` + strings.Repeat(`,["`+hash("a")+`"]`, 10_000)
	payload := func(schema, data string) string {
		return fmt.Sprintf(`{"payload":{"schema":%s,"data":%s}}`, schema, data)
	}
	session := func(text string) string {
		return fmt.Sprintf(`{"payload":{"schema":["EMAIL"],"data":[["%s"]]},"session":%s}`, hash("a"), text)
	}
	tests := []struct {
		name, body    string
		code, subcode int
	}{
		{"no JSON", `{"payload":`, 100, 0},
		{"JSON and something else", `{} {}`, 100, 0},
		{"no payload", `{}`, 194, 0},
		{"payload is a list", `{"payload":[]}`, 100, 0},
		{"no schema", `{"payload":{"data":[]}}`, 100, 0},
		{"empty schema", payload(`[]`, `[[]]`), 100, 0},
		{"unknown key", payload(`["EMAIL","SHOE_SIZE"]`, `[["","44"]]`), 100, 0},
		{"key twice", payload(`["EMAIL","EMAIL"]`, `[["",""]]`), 100, 0},
		{"key in lower case", payload(`["email"]`, `[[""]]`), 100, 0},
		{"single key among others", payload(`["EMAIL_SHA256","FN"]`, `[["",""]]`), 100, 0},
		{"no data", `{"payload":{"schema":["EMAIL"]}}`, 100, 0},
		{"no rows", payload(`["EMAIL"]`, `[]`), 100, 0},
		{"data is an object", payload(`["EMAIL"]`, `{}`), 100, 0},
		{"row is a text", payload(`["EMAIL"]`, `["`+hash("a")+`"]`), 100, 0},
		{"row too short", payload(`["EMAIL","FN"]`, `[["`+hash("a")+`"]]`), 100, 0},
		{"row too long", payload(`["EMAIL"]`, `[["`+hash("a")+`",""]]`), 100, 0},
		{"value is an object", payload(`["EMAIL"]`, `[[{}]]`), 100, 0},
		{"value is a list", payload(`["EMAIL"]`, `[[[]]]`), 100, 0},
		{"value is true", payload(`["EMAIL"]`, `[[true]]`), 100, 0},
		{"too many rows", payload(`["EMAIL"]`, `[`+many+`]`), 1, 99},
		{"session is a number", session(`7`), 100, 0},
		{"session without id", session(`{"batch_seq":1}`), 100, 0},
		{"session id 0", session(`{"session_id":0,"batch_seq":1}`), 100, 0},
		{"session id below 0", session(`{"session_id":-1,"batch_seq":1}`), 100, 0},
		{"session id above int64", session(`{"session_id":9223372036854775808,"batch_seq":1}`), 100, 0},
		{"session id is a word", session(`{"session_id":"x","batch_seq":1}`), 100, 0},
		{"no batch number", session(`{"session_id":1}`), 100, 0},
		{"batch number 0", session(`{"session_id":1,"batch_seq":0}`), 100, 0},
		{"total below 0", session(`{"session_id":1,"batch_seq":1,"estimated_num_total":-1}`), 100, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := m.call("POST", "/v26.0/"+id+"/users", test.body)
			code, subcode := a.code()
			assert.GreaterOrEqual(t, a.status, 400)
			assert.Equal(t, []int{test.code, test.subcode}, []int{code, subcode}, a.text)
			assert.Empty(t, m.members(id))
		})
	}
}

// TestUsersCountsInvalidRows has one line for each way in which a row is refused while its request is taken.
func TestUsersCountsInvalidRows(t *testing.T) {
	good := hash("x")
	tests := []struct{ name, schema, row, reason string }{
		{"fine", "EMAIL", good, ""},
		{"upper case", "EMAIL", strings.ToUpper(good), "invalid EMAIL"},
		{"too short", "EMAIL", good[:63], "invalid EMAIL"},
		{"too long", "PHONE", good + "0", "invalid PHONE"},
		{"no hex", "FN", "g" + good[1:], "invalid FN"},
		{"not hashed", "EMAIL", "a@b.c", "invalid EMAIL"},
		{"hash of nothing", "EMAIL", hash(""), "invalid EMAIL"},
		{"nothing at all", "EMAIL,FN", ",", "no identifiers"},
		{"missing value", "EMAIL,FN", good + ",", ""},
		{"blank EXTERN_ID", "EXTERN_ID,EMAIL", "," + good, "empty external ID"},
		{"white EXTERN_ID", "EXTERN_ID,EMAIL", "  ," + good, "empty external ID"},
		{"EXTERN_ID alone", "EXTERN_ID", "67", ""},
		{"device id", "MADID", "2AE6E1D5-0b5c-4f3e-9d6a-3f1c2b4a5d6e", ""},
		{"device id without hyphens", "MADID", "2ae6e1d50b5c4f3e9d6a3f1c2b4a5d6e", "invalid MADID"},
		{"device id hashed", "MADID", good, "invalid MADID"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := open(t, sandbox.Config{})
			id := m.audience("")
			a := m.add(id, test.schema, nil, test.row)
			received, invalid := a.ack(t)
			assert.Equal(t, 1, received)
			samples := a.body["invalid_entry_samples"].(map[string]any)
			if test.reason == "" {
				assert.Zero(t, invalid)
				assert.Empty(t, samples)
				assert.Len(t, m.members(id), 1)
				return
			}
			assert.Equal(t, 1, invalid)
			key := `["` + strings.ReplaceAll(test.row, ",", `","`) + `"]`
			assert.Equal(t, map[string]any{key: test.reason}, samples)
			assert.Empty(t, m.members(id))
		})
	}
}

func TestUsersTakesOtherSpellings(t *testing.T) {
	payload := `{"schema": ["EMAIL", "EXTERN_ID"], "data": [["` + hash("a") + `", 67],` + "\n" + `[ "` + hash("b") + `" , "a\"b" ]]}`
	quoted := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(payload, `\`, `\\`), `"`, `\"`), "\n", `\n`)
	want := []string{"EXTERN_ID=67 EMAIL=" + short("a"), `EXTERN_ID=a"b EMAIL=` + short("b")}
	t.Run("object", func(t *testing.T) {
		m := open(t, sandbox.Config{})
		id := m.audience("")
		m.call("POST", "/v26.0/"+id+"/users", `{"payload":`+payload+`}`).ack(t)
		assert.Equal(t, want, m.members(id))
	})
	t.Run("text in JSON", func(t *testing.T) {
		m := open(t, sandbox.Config{})
		id := m.audience("")
		m.call("POST", "/v26.0/"+id+"/users", `{"payload":"`+quoted+`"}`).ack(t)
		assert.Equal(t, want, m.members(id))
	})
	t.Run("form", func(t *testing.T) {
		m := open(t, sandbox.Config{})
		id := m.audience("")
		form := url.Values{"payload": {payload}, "access_token": {"token"}, "session": {`{"session_id":1,"batch_seq":1}`}}
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/v26.0/"+id+"/users", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		a := m.send(r)
		a.ack(t)
		assert.Equal(t, "1", a.body["session_id"])
		assert.Equal(t, want, m.members(id))
	})
	t.Run("query", func(t *testing.T) {
		m := open(t, sandbox.Config{})
		id := m.audience("")
		m.add(id, "EMAIL", nil, hash("a"), hash("c")).ack(t)
		m.call("DELETE", query("/v26.0/"+id+"/users", url.Values{"payload": {`{"schema":["EMAIL"],"data":[["` + hash("a") + `"]]}`}}), nil).ack(t)
		assert.Equal(t, []string{"EMAIL=" + short("c")}, m.members(id))
	})
}

func TestSingleAndMultiKeyDoNotMix(t *testing.T) {
	m := open(t, sandbox.Config{})
	multi, single := m.audience(""), m.audience("")
	m.add(multi, "EMAIL", nil, hash("a")).ack(t)
	body := `{"payload":{"schema":"EMAIL_SHA256","data":["` + hash("a") + `"]}}`
	m.call("POST", "/v26.0/"+single+"/users", body).ack(t)

	a := m.call("POST", "/v26.0/"+multi+"/users", body)
	code, _ := a.code()
	assert.Equal(t, 2650, code)
	assert.Contains(t, a.text, "created from data source FILE_IMPORTED.MULTI_HASHES, which does not support FILE_IMPORTED.HASHES_OR_USER_IDS")
	code, _ = m.add(single, "EMAIL", nil, hash("b")).code()
	assert.Equal(t, 2650, code)
	assert.Equal(t, []string{"EMAIL=" + short("a")}, m.members(single))
	assert.Contains(t, m.call("GET", "/sandbox/audiences/"+single+"/members", nil).text, `{"schema":["EMAIL"],"row":["`+hash("a")+`"]}`)
}
