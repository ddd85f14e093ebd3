package meta_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

func TestSpellingsOfAnAcknowledgement(t *testing.T) {
	refusedRow := meta.Samples{`["` + hash + `",""]`: "empty external ID"}
	for _, c := range []struct {
		name, answer string
		invalid      int64
		samples      meta.Samples
	}{
		{"numbers", `{"audience_id":"23","session_id":7,"num_received":1,"num_invalid_entries":0}`, 0, nil},
		{"strings", `{"audience_id":"23","session_id":"7","num_received":"1","num_invalid_entries":"1"}`, 1, nil},
		{"a fraction", `{"audience_id":"23","session_id":7.0,"num_received":1e0,"num_invalid_entries":1.0}`, 1, nil},
		{"a range", `{"audience_id":"23","session_id":"7","num_received":1,"num_invalid_entries":"1,000-2,000"}`, 2000, nil},
		{"an upper end", `{"audience_id":"23","session_id":"7","num_received":1,"num_invalid_entries":"< 100"}`, 100, nil},
		{"null", `{"audience_id":"23","session_id":"7","num_received":1,"num_invalid_entries":null,"invalid_entry_samples":null}`, 0, nil},
		{"empty map", `{"audience_id":"23","session_id":"7","num_received":1,"invalid_entry_samples":{}}`, 0, meta.Samples{}},
		{"empty array", `{"audience_id":"23","session_id":"7","num_received":1,"invalid_entry_samples":[]}`, 0, nil},
		{"map", `{"audience_id":"23","session_id":"7","num_received":1,"invalid_entry_samples":{"[\"` + hash + `\",\"\"]":"empty external ID"}}`, 0, refusedRow},
		{"samples of another form", `{"audience_id":"23","session_id":"7","num_received":1,"invalid_entry_samples":[["x"]]}`, 0, nil},
		{"unknown members", `{"audience_id":"23","session_id":"7","num_received":1,"more":{"a":[1]}}`, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ack, err := add(t, replying(t, 200, nil, c.answer))
			require.NoError(t, err)
			assert.Equal(t, meta.Ack{AudienceID: "23", SessionID: 7, Received: 1, Invalid: c.invalid, Samples: c.samples}, ack)
		})
	}
}

func TestAnswersThatAcknowledgeNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		answer string
		want   string
	}{
		{"empty", 200, ``, "is not what Meta documents"},
		{"no object", 200, `[]`, "is not what Meta documents"},
		{"null", 200, `null`, "is not what Meta documents"},
		{"cut off", 200, `{"audience_id":"23","session`, "is not what Meta documents"},
		{"a page", 200, `<html>` + personal[0] + `</html>`, "is not what Meta documents"},
		{"without audience", 200, `{"session_id":"7","num_received":1}`, "is not what Meta documents"},
		{"without session", 200, `{"audience_id":"23","num_received":1}`, "is not what Meta documents"},
		{"without count", 200, `{"audience_id":"23","session_id":"7"}`, "is not what Meta documents"},
		{"no count", 200, `{"audience_id":"23","session_id":"7","num_received":"many"}`, "is not what Meta documents"},
		{"a list of counts", 200, `{"audience_id":"23","session_id":"7","num_received":[1]}`, "is not what Meta documents"},
		{"a huge count", 200, `{"audience_id":"23","session_id":"7","num_received":"99999999999999999999"}`, "is not what Meta documents"},
		{"a negative count", 200, `{"audience_id":"23","session_id":"7","num_received":-1}`, "is not what Meta documents"},
		{"another audience", 200, `{"audience_id":"24","session_id":"7","num_received":1}`, "about another audience"},
		{"another session", 200, `{"audience_id":"23","session_id":"8","num_received":1}`, "about another upload session"},
		{"too long", 200, taken + strings.Repeat(" ", 32<<20), "longer than 32 MiB"},
		{"bad gateway", 502, `<html><h1>502 Bad Gateway</h1>` + personal[0] + `</html>`, "Meta's server failed (HTTP status 502)"},
		{"too many requests", 429, `slow down`, "too many calls (HTTP status 429)"},
		{"a proxy's refusal", 403, `<html>` + personal[1] + `</html>`, "HTTP status 403 and is none of Meta's"},
		{"an error that is no document", 400, `{"error":"` + personal[0] + `"}`, "HTTP status 400 and is none of Meta's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ack, err := add(t, replying(t, c.status, nil, c.answer))
			require.ErrorContains(t, err, "add 1 people to audience 23: ")
			require.ErrorContains(t, err, c.want)
			assertPrivate(t, err.Error())
			assert.Zero(t, ack)
			want := audience.Transient
			if c.status == 429 {
				want = audience.Throttled
			}
			assert.Equal(t, want, audience.ClassOf(err))
		})
	}
}

func TestSpellingsOfAnAudience(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         meta.CustomAudience
	}{
		{"as documented", `{"id":"23","account_id":"42","name":"VIPs","subtype":"CUSTOM","data_source":{"sub_type":"MULTI_HASHES"},"is_value_based":false,
			"approximate_count_lower_bound":1200,"approximate_count_upper_bound":1400,"operation_status":{"code":200,"description":"Normal"},
			"delivery_status":{"code":300},"time_updated":1790856000,"delete_time":0}`,
			meta.CustomAudience{ID: "23", AccountID: "42", Name: "VIPs", Subtype: "CUSTOM", DataSource: "MULTI_HASHES", LowerBound: 1200, UpperBound: 1400,
				OperationStatus: meta.Status{Code: 200}, DeliveryStatus: meta.Status{Code: 300}, Updated: time.Unix(1790856000, 0).UTC()}},
		{"strings, and code spelled status", `{"id":"23","approximate_count_lower_bound":"-1","approximate_count_upper_bound":"1000",
			"operation_status":{"status":"471"},"delivery_status":{"status":200},"time_updated":"2026-10-01T12:00:00+0000","delete_time":"2026-10-01T14:00:00+02:00"}`,
			meta.CustomAudience{ID: "23", LowerBound: -1, UpperBound: 1000, OperationStatus: meta.Status{Code: 471}, DeliveryStatus: meta.Status{Code: 200}, Updated: noon, DeleteAt: noon}},
		{"a word for a status", `{"id":"23","operation_status":{"code":414,"status":"replacing"},"delivery_status":{"status":"ready"}}`,
			meta.CustomAudience{ID: "23", OperationStatus: meta.Status{Code: 414}}},
		{"null and what is no status", `{"id":"23","operation_status":null,"delivery_status":"ready","time_updated":null,"delete_time":"soon"}`, meta.CustomAudience{ID: "23"}},
		{"a time past all calendars", `{"id":"23","time_updated":9223372036854775807,"delete_time":-5}`, meta.CustomAudience{ID: "23"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := replying(t, 200, nil, c.answer).Audience(t.Context(), "23")
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for _, answer := range []string{`{}`, `{"id":"24"}`, `{"id":23}`, `{"data":[]}`} {
		_, err := replying(t, 200, nil, answer).Audience(t.Context(), "23")
		require.ErrorContains(t, err, "read audience 23: the answer is not what Meta documents", answer)
	}
}

func TestSpellingsOfASession(t *testing.T) {
	want := meta.SessionStatus{ID: 7, Stage: "uploading", Progress: 40, Received: 10, Invalid: 1, Matched: 6, Start: noon}
	for _, answer := range []string{
		`{"data":[{"session_id":"7","stage":"uploading","progress":"40","num_received":"10","num_invalid_entries":"1","num_matched":"6","start_time":"2026-10-01T12:00:00+0000"}]}`,
		`{"data":[{"session_id":6},{"session_id":7,"stage":"uploading","progress":40,"num_received":10,"num_invalid_entries":1,"num_matched":6,"start_time":1790856000,"end_time":null}]}`,
	} {
		got, err := replying(t, 200, nil, answer).SessionStatus(t.Context(), "23", 7)
		require.NoError(t, err)
		assert.Equal(t, &want, got)
	}
	got, err := replying(t, 200, nil, `{"data":[{"session_id":"7","stage":"`+personal[0]+`"}]}`).SessionStatus(t.Context(), "23", 7)
	require.NoError(t, err)
	assert.Empty(t, got.Stage)
}

func TestSpellingsOfAcceptedTerms(t *testing.T) {
	for answer, want := range map[string]bool{
		`{"custom_audience_tos":1}`:     true,
		`{"custom_audience_tos":"1"}`:   true,
		`{"custom_audience_tos":0}`:     false,
		`{"web_custom_audience_tos":1}`: false,
		`{}`:                            false,
		`[]`:                            false,
		`null`:                          false,
	} {
		account, err := replying(t, 200, nil, `{"id":"act_42","tos_accepted":`+answer+`}`).AdAccount(t.Context(), "act_42")
		require.NoError(t, err, answer)
		assert.Equal(t, want, account.TermsAccepted(), answer)
		assert.False(t, account.ValueTermsAccepted(), answer)
	}
	account, err := replying(t, 200, nil, `{"id":"act_42","tos_accepted":{"value_based_custom_audience_tos":1}}`).AdAccount(t.Context(), "act_42")
	require.NoError(t, err)
	assert.True(t, account.ValueTermsAccepted())
	assert.False(t, account.TermsAccepted())
}

func TestTokenInfo(t *testing.T) {
	info, err := replying(t, 200, nil, `{"data":{"app_id":"1","type":"USER","is_valid":false,"expires_at":1790856000,"data_access_expires_at":"0",
		"scopes":["ads_management"],"error":{"code":190,"message":"`+token+`"}}}`).DebugToken(t.Context())
	require.NoError(t, err)
	assert.Equal(t, meta.TokenInfo{Type: "USER", AppID: "1", ExpiresAt: time.Unix(1790856000, 0).UTC(), Scopes: []string{"ads_management"}}, info)
	_, err = replying(t, 200, nil, `{"data":{}}`).DebugToken(t.Context())
	require.ErrorContains(t, err, "is not what Meta documents")
}
