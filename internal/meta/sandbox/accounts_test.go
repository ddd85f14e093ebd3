package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func TestAccountAndToken(t *testing.T) {
	m := open(t, sandbox.Config{Tokens: []string{"token"}})
	a := m.call("GET", "/v26.0/act_42?fields=tos_accepted", nil)
	assert.Equal(t, map[string]any{"id": "act_42", "tos_accepted": map[string]any{"custom_audience_tos": 1.0, "value_based_custom_audience_tos": 1.0}}, a.body)

	mine := m.call("POST", "/v26.0/debug_token", `{"method":"get","input_token":"token"}`).body["data"].(map[string]any)
	assert.Equal(t, true, mine["is_valid"])
	assert.Contains(t, mine["scopes"], "ads_management")
	other := m.call("GET", "/v26.0/debug_token?input_token=other", nil).body["data"].(map[string]any)
	assert.Equal(t, false, other["is_valid"])
}

func TestRefusals(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.audience("")
	create := func(change string) string {
		return `{"name":"n","subtype":"CUSTOM","customer_file_source":"USER_PROVIDED_ONLY"` + change + `}`
	}
	tests := []struct {
		name, method, path, body string
		status, code, subcode    int
	}{
		{"older version", "GET", "/v25.0/act_42", "", 400, 2635, 0},
		{"no version", "GET", "/act_42", "", 404, 2500, 0},
		{"unknown node", "GET", "/v26.0/nobody", "", 404, 2500, 0},
		{"unknown edge", "GET", "/v26.0/act_42/campaigns", "", 400, 100, 33},
		{"audience that is not there", "GET", "/v26.0/1", "", 400, 100, 33},
		{"wrong method", "PUT", "/v26.0/" + id, "", 400, 100, 33},
		{"unknown field", "GET", "/v26.0/" + id + "?fields=id,shoe_size", "", 400, 100, 0},
		{"unknown field of a list", "GET", "/v26.0/act_42/customaudiences?fields=shoe_size", "", 400, 100, 0},
		{"unknown cursor", "GET", "/v26.0/act_42/customaudiences?after=MQ", "", 400, 100, 0},
		{"limit", "GET", "/v26.0/act_42/customaudiences?limit=0", "", 400, 100, 0},
		{"no input token", "GET", "/v26.0/debug_token", "", 400, 100, 0},
		{"audience without a name", "POST", "/v26.0/act_42/customaudiences", `{"name":" "}`, 400, 100, 0},
		{"audience with a long name", "POST", "/v26.0/act_42/customaudiences", `{"name":"` + strings.Repeat("n", 201) + `"}`, 400, 100, 0},
		{"audience without a subtype", "POST", "/v26.0/act_42/customaudiences", `{"name":"n"}`, 400, 100, 0},
		{"audience without a source", "POST", "/v26.0/act_42/customaudiences", `{"name":"n","subtype":"CUSTOM"}`, 400, 100, 0},
		{"audience kept for too long", "POST", "/v26.0/act_42/customaudiences", create(`,"retention_days":181`), 400, 100, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := m.call(test.method, test.path, test.body)
			code, subcode := a.code()
			assert.Equal(t, []int{test.status, test.code, test.subcode}, []int{a.status, code, subcode}, a.text)
			document := a.body["error"].(map[string]any)
			for _, field := range []string{"message", "type", "fbtrace_id"} {
				assert.NotEmpty(t, document[field], field)
			}
		})
	}
	for range 499 {
		m.audience("")
	}
	code, _ := m.call("POST", "/v26.0/act_42/customaudiences", create("")).code()
	assert.Equal(t, 2654, code, "an account has at most 500")
}

func TestTokens(t *testing.T) {
	proof := func(secret string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("good"))
		return hex.EncodeToString(mac.Sum(nil))
	}
	tests := []struct {
		name, header, query string
		code, subcode       int
	}{
		{"in the header", "Bearer good", "appsecret_proof=" + proof("s"), 0, 0},
		{"in the query", "", "access_token=good&appsecret_proof=" + proof("s"), 0, 0},
		{"none", "", "", 190, 0},
		{"no bearer", "Basic good", "", 190, 0},
		{"unknown", "Bearer bad", "", 190, 467},
		{"no proof", "Bearer good", "", 104, 0},
		{"wrong proof", "Bearer good", "appsecret_proof=" + proof("t"), 104, 0},
	}
	m := open(t, sandbox.Config{Tokens: []string{"good"}, AppSecret: "s"})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/v26.0/act_42?"+test.query, nil)
			r.Header.Set("Authorization", test.header)
			code, subcode := m.send(r).code()
			assert.Equal(t, []int{test.code, test.subcode}, []int{code, subcode})
		})
	}
}

func TestListPages(t *testing.T) {
	m := open(t, sandbox.Config{})
	var ids []string
	for i := range 7 {
		ids = append(ids, m.audience(fmt.Sprint("number ", i)))
	}
	m.call("POST", "/v26.0/act_43/customaudiences", `{"name":"n","subtype":"CUSTOM","customer_file_source":"USER_PROVIDED_ONLY"}`)
	var seen []string
	after := ""
	for page := 0; ; page++ {
		require.Less(t, page, 4)
		a := m.call("GET", "/v26.0/act_42/customaudiences?fields=id,name&limit=3&after="+after, nil)
		for _, node := range a.body["data"].([]any) {
			seen = append(seen, node.(map[string]any)["id"].(string))
		}
		paging := a.body["paging"].(map[string]any)
		if paging["next"] == nil {
			break
		}
		assert.Contains(t, paging["next"], "access_token=token", "Meta's link has the token in it")
		after = paging["cursors"].(map[string]any)["after"].(string)
	}
	require.Len(t, seen, 7)
	for i, id := range ids {
		assert.Equal(t, id, seen[6-i], "newest first")
	}
}

func TestAudienceFields(t *testing.T) {
	m := open(t, sandbox.Config{MatchRate: 1})
	id := m.audience("ours")
	read := func(fields string) map[string]any { return m.call("GET", "/v26.0/"+id+"?fields="+fields, nil).body }
	const bounds = "approximate_count_lower_bound,approximate_count_upper_bound"
	code := func(node map[string]any, field string) float64 {
		return node[field].(map[string]any)["code"].(float64)
	}
	fresh := read("account_id,name,subtype,description,is_value_based,operation_status,delivery_status,delete_time," + bounds)
	assert.Equal(t, []any{id, "42", "People", "CUSTOM", "ours", false, -1.0, nil}, []any{fresh["id"], fresh["account_id"], fresh["name"],
		fresh["subtype"], fresh["description"], fresh["is_value_based"], fresh["approximate_count_lower_bound"], fresh["delete_time"]})
	assert.Equal(t, []float64{410, 300}, []float64{code(fresh, "operation_status"), code(fresh, "delivery_status")})

	m.add(id, "EMAIL", nil, rowsOf(900, 0)...).ack(t)
	few := read("operation_status,delivery_status,data_source," + bounds)
	assert.Equal(t, []float64{200, 300}, []float64{code(few, "operation_status"), code(few, "delivery_status")})
	assert.Equal(t, []any{1000.0, 1000.0}, []any{few["approximate_count_lower_bound"], few["approximate_count_upper_bound"]}, "a placeholder")
	assert.Equal(t, "MULTI_HASHES", few["data_source"].(map[string]any)["sub_type"])

	m.add(id, "EMAIL", nil, rowsOf(5000, 900)...).ack(t)
	m.users("DELETE", id, "EMAIL", nil, rowsOf(345, 0)...).ack(t)
	many := read("delivery_status," + bounds)
	assert.Equal(t, 200.0, code(many, "delivery_status"))
	assert.Equal(t, []any{5500.0, 6100.0}, []any{many["approximate_count_lower_bound"], many["approximate_count_upper_bound"]}, "5,555 people")
}
