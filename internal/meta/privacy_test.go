package meta_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta"
)

// TestRefusalsQuoteNothing has Meta echo what was sent, in each member of its error document.
func TestRefusalsQuoteNothing(t *testing.T) {
	for _, private := range append([]string{token, "16505551212", "jane", "Doe"}, personal...) {
		for _, member := range []string{"message", "type", "fbtrace_id", "error_user_title", "error_user_msg", "code", "error_subcode", "error_data", private} {
			t.Run(member+" "+private, func(t *testing.T) {
				document := map[string]any{"code": 100, member: "Invalid parameter: " + private}
				checkSilent(t, document, private)
				document[member] = private
				checkSilent(t, document, private)
				document[member] = json.Number("16505551212")
				checkSilent(t, document, "16505551212")
			})
		}
		for _, data := range []any{
			map[string]any{"blame_field_specs": [][]string{{private}, {"payload", "data", private}, {private, "payload"}}},
			`{"blame_field_specs":[["payload","data",` + fmt.Sprintf("%q", private) + `]]}`,
			map[string]any{"blame_field_specs": private, private: private},
		} {
			checkSilent(t, map[string]any{"code": 100, "error_data": data}, private)
		}
	}
}

func checkSilent(t *testing.T, document map[string]any, private string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"error": document})
	require.NoError(t, err)
	log, text := logged()
	client := meta.Retrying(replying(t, 400, nil, string(body)), meta.Policy{Attempts: 2, Sleep: new(clock).sleep, Log: log})
	_, err = add(t, client)
	require.Error(t, err)
	for _, out := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), text.String()} {
		assert.NotContains(t, out, private)
		assertPrivate(t, out)
	}
}

func TestRefusalsNameTheParameters(t *testing.T) {
	for data, want := range map[string][]string{
		`{"blame_field_specs":[["session"],["payload","schema"]]}`:                                                  {"session", "payload.schema"},
		`"{\"blame_field_specs\":[[\"session\",\"batch_seq\"]]}"`:                                                   {"session.batch_seq"},
		`{"blame_field_specs":[["payload","data","17"]]}`:                                                           {"payload.data"},
		`{"blame_field_specs":[["unheard_of"]]}`:                                                                    nil,
		`{"blame_field_specs":[[],["data","data","data","data","data"],["name"]]}`:                                  {"name"},
		`{"blame_field_specs":"session"}`:                                                                           nil,
		`{"blame_field_specs":[["name"],["name"],["name"],["name"],["name"],["name"],["name"],["name"],["limit"]]}`: {"name", "name", "name", "name", "name", "name", "name", "name"},
		`17`: nil,
	} {
		e := refused(t, 400, nil, `{"error":{"code":100,"error_data":`+data+`}}`)
		assert.Equal(t, want, e.Fields, data)
	}
	e := refused(t, 400, nil, `{"error":{"code":100,"error_data":{"blame_field_specs":[["session"],["payload","schema"]]}}}`)
	assert.Contains(t, e.Error(), ", about session payload.schema)")
}

// TestSamplesStayInTheAck checks that rows which Meta refused come back to the caller, and only there.
func TestSamplesStayInTheAck(t *testing.T) {
	log, text := logged()
	client := open(t, meta.Config{Log: log, HTTP: clientOf(func() string {
		return `{"audience_id":"23","session_id":"7","num_received":1,"num_invalid_entries":1,"invalid_entry_samples":{"[\"` + hash + `\",\"c-1234567\"]":"bad"}}`
	})})
	ack, err := add(t, client)
	require.NoError(t, err)
	assert.Equal(t, meta.Samples{`["` + hash + `","c-1234567"]`: "bad"}, ack.Samples)
	log.Info("took a batch", "ack", ack)
	assertPrivate(t, text.String())
	assertPrivate(t, fmt.Sprintf("%v %+v %#v", ack, ack, ack))
}
