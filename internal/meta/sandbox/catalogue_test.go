package sandbox_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// throttleHeaders are the headers that tell how long a throttle lasts, for a fault of 90 seconds.
var throttleHeaders = map[int][2]string{
	4:     {"X-App-Usage", `{"call_count":100,"total_cputime":0,"total_time":0}`},
	17:    {"X-Ad-Account-Usage", `{"acc_id_util_pct":100,"reset_time_duration":90}`},
	32:    {"X-App-Usage", `{"call_count":100,"total_cputime":0,"total_time":0}`},
	341:   {"X-App-Usage", `{"call_count":100,"total_cputime":0,"total_time":0}`},
	613:   {"X-Ad-Account-Usage", `{"acc_id_util_pct":100,"reset_time_duration":90}`},
	80000: {"X-Business-Use-Case-Usage", `{"42":[{"type":"custom_audience","call_count":100,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":2}]}`},
	80003: {"X-Business-Use-Case-Usage", `{"42":[{"type":"custom_audience","call_count":100,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":2}]}`},
	80004: {"X-Business-Use-Case-Usage", `{"42":[{"type":"custom_audience","call_count":100,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":2}]}`},
	80014: {"X-Business-Use-Case-Usage", `{"42":[{"type":"custom_audience","call_count":100,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":2}]}`},
}

// TestWholeCatalogue has every error that Meta is known to answer with, brought about by its code.
func TestWholeCatalogue(t *testing.T) {
	text, err := os.ReadFile("../testdata/error_codes.json")
	require.NoError(t, err)
	var known []struct {
		Code, Subcode int
		Class         string
	}
	require.NoError(t, json.Unmarshal(text, &known))
	require.GreaterOrEqual(t, len(known), 63)
	m := open(t, sandbox.Config{})
	id := m.audience("")
	for _, e := range known {
		t.Run(fmt.Sprintf("%d-%d", e.Code, e.Subcode), func(t *testing.T) {
			require.NoError(t, m.SetFault(sandbox.Fault{Fault: "error", On: "users", Count: 1, Code: e.Code, Subcode: e.Subcode, Seconds: 90}))
			a := m.add(id, "EMAIL", nil, hash("a"))
			a.fails(t, e.Code, e.Subcode)
			document, _ := a.body["error"].(map[string]any)
			assert.Equal(t, e.Code == 2, document["is_transient"])
			assert.NotContains(t, document["message"], "A fault was set", "it is in the catalogue, with words of its own")
			assert.Equal(t, e.Class == "transient" && e.Code < 5001 && e.Code != 803 || e.Subcode == 99, a.status >= 500, "status %d", a.status)
			if header, is := throttleHeaders[e.Code]; is && e.Class == "throttle" {
				assert.JSONEq(t, header[1], a.header.Get(header[0]))
			}
			assert.Empty(t, m.members(id))
		})
	}
	m.add(id, "EMAIL", nil, hash("a")).ack(t)
}

func TestErrorsAsTheFaultSays(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "error", Code: 77, Transient: true, Status: 503, Count: 1}))
	a := m.add(id, "EMAIL", nil, hash("a"))
	a.fails(t, 77, 0)
	assert.Equal(t, 503, a.status)
	assert.Contains(t, a.text, `"is_transient":true`)
	assert.Empty(t, m.members(id))

	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "server_error", Done: true, Count: 1}))
	m.add(id, "EMAIL", batch(1, 1), hash("a")).fails(t, 2, 0)
	assert.Equal(t, want("EMAIL=a"), m.members(id), "it was done all the same")
	received, _ := m.add(id, "EMAIL", batch(1, 1), hash("a")).ack(t)
	assert.Equal(t, 1, received)
}
