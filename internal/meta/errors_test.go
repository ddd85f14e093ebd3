package meta_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A verdict is what follows from a class of the catalogue.
type verdict struct {
	class       audience.Class
	next        string // part of the advice
	waits       bool
	sessionOver bool
}

// verdicts are by the classes that testdata/error_codes.json names. The advice of single codes is in adviceOf.
var verdicts = map[string]verdict{
	"transient":           {audience.Transient, "a little later", false, false},
	"transient_or_client": {audience.Transient, "a little later", false, false},
	"throttle":            {audience.Throttled, "start it again later", true, false},
	"throttle_hard":       {audience.Action, "ask Meta's support", false, false},
	"wait":                {audience.Throttled, "operation status is back to 200", true, false},
	"session":             {audience.Transient, "", false, true},
	"auth":                {audience.Action, "", false, false},
	"permission":          {audience.Action, "", false, false},
	"terms":               {audience.Action, "must accept", false, false},
	"policy":              {audience.Action, "use another audience", false, false},
	"policy_or_throttle":  {audience.Action, "ask for a review", false, false},
	"version":             {audience.Action, "meta.api_version", false, false},
	"client":              {audience.Invalid, "", false, false},
	"business_rule":       {audience.Invalid, "lower the number of removals", false, false},
	"depends":             {audience.Invalid, "MULTI_HASHES", false, false},
}

// adviceOf is advice that the catalogue has for one code, by code/subcode.
var adviceOf = map[string]string{
	"10/0": "ads_management", "100/33": "role Admin", "104/0": "app secret", "190/0": "new system user token", "190/463": "new system user token",
	"200/1870034": "https://business.facebook.com/ads/manage/customaudiences/tos/", "200/1870090": "https://business.facebook.com/ads/manage/customaudiences/tos/",
	"2663/0": "https://www.facebook.com/customaudiences/app/tos", "2664/0": "https://business.facebook.com/ads/manage/customaudiences/tos.php",
	"270/0": "Advanced Access", "2650/1870144": "mode mirror", "2650/1870147": "new upload session", "2650/1870148": "add everybody again",
	"2650/1870158": "new upload session", "2650/1870159": "new upload session", "100/0": "change the definition or the call",
	"1487366/0": "take audience_id out", "1487301/0": "ad account that owns the audience", "2656/0": "delete them first",
}

func TestEveryCodeOfTheCatalogue(t *testing.T) {
	data, err := os.ReadFile("testdata/error_codes.json")
	require.NoError(t, err)
	var codes []struct {
		Code    int    `json:"code"`
		Subcode int    `json:"subcode"`
		Class   string `json:"class"`
	}
	require.NoError(t, json.Unmarshal(data, &codes))
	require.Len(t, codes, 63)
	advised := 0
	for _, c := range codes {
		name := fmt.Sprintf("%d/%d", c.Code, c.Subcode)
		t.Run(name, func(t *testing.T) {
			want, known := verdicts[c.Class]
			require.True(t, known, c.Class)
			e := refused(t, 400, nil, refusal(c.Code, c.Subcode))
			if c.Code == 803 { // just after the creation only; see TestAnAudienceThatWasJustMade
				want = verdict{audience.Invalid, "check the audience's id", false, false}
			}
			assert.Equal(t, want.class, e.Class())
			assert.Contains(t, e.Next(), want.next)
			assert.NotEmpty(t, e.Next())
			assert.Equal(t, want.waits, e.RetryAfter() > 0)
			assert.Equal(t, want.sessionOver, e.SessionOver())
			assert.NotContains(t, e.Error(), "Meta refused the call", "the code is in the catalogue")
			if advice := adviceOf[name]; advice != "" {
				assert.Contains(t, e.Next(), advice)
				advised++
			}
		})
	}
	assert.Equal(t, len(adviceOf), advised, "all advice is about known codes")
}

func TestCodesThatTheCatalogueDoesNotName(t *testing.T) {
	for _, c := range []struct {
		name          string
		status        int
		code, subcode int
		transient     bool
		class         audience.Class
		what          string
	}{
		{"unknown", 400, 123456, 0, false, audience.Invalid, "Meta refused the call"},
		{"unknown, says Meta, but transient", 400, 123456, 7, true, audience.Transient, "Meta refused the call"},
		{"unknown, with a server error", 500, 123456, 0, false, audience.Transient, "Meta's server failed"},
		{"unknown, with too many requests", 429, 123456, 0, false, audience.Throttled, "too many calls"},
		{"no code, but transient", 400, 0, 0, true, audience.Transient, "Meta refused the call"},
		{"613 with a subcode that is news", 400, 613, 99, false, audience.Throttled, "too many calls"},
		{"613 without subcode", 400, 613, 0, false, audience.Action, "abuse prevention"},
		{"613 without subcode stops whatever else Meta says", 500, 613, 0, true, audience.Action, "abuse prevention"},
		{"permissions end at 299", 400, 299, 5, false, audience.Action, "no permission"},
		{"300 is none", 400, 300, 0, false, audience.Invalid, "Meta refused the call"},
		{"a subcode that is news falls back to its code", 400, 190, 999, false, audience.Action, "the access token is not valid"},
		{"integrity by its range", 400, 100, 1713299, false, audience.Action, "reasons of integrity"},
		{"a parameter with a subcode that is news", 400, 100, 1713300, false, audience.Invalid, "a parameter is not valid"},
		{"business use cases by their range", 400, 80008, 0, false, audience.Throttled, "hourly limit"},
		{"codes count, not the HTTP status", 500, 190, 0, false, audience.Action, "the access token is not valid"},
		{"throttled by a 403", 403, 80003, 0, false, audience.Throttled, "hourly limit"},
		{"an error under HTTP 200", 200, 190, 0, false, audience.Action, "the access token is not valid"},
		{"a transient refusal", 400, 100, 0, true, audience.Transient, "a parameter is not valid"},
		{"throttled and transient", 400, 17, 0, true, audience.Throttled, "request limit"},
		{"a session that is over stays so", 400, 2650, 1870158, true, audience.Transient, "timed out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := refused(t, c.status, nil, fmt.Sprintf(`{"error":{"code":%d,"error_subcode":%d,"is_transient":%v}}`, c.code, c.subcode, c.transient))
			assert.Equal(t, c.class, e.Class())
			assert.Contains(t, e.Error(), c.what)
			assert.NotEmpty(t, e.Next())
			assert.Equal(t, c.subcode == 1870158, e.SessionOver())
		})
	}
}

func TestSpellingsOfARefusal(t *testing.T) {
	for _, document := range []string{
		`{"error":{"code":"190","error_subcode":"463","type":"OAuthException","fbtrace_id":"AX5pd_H2rD6bVBcN"}}`,
		`{"error":{"code":190,"error_subcode":463,"type":"OAuthException","fbtrace_id":"AX5pd_H2rD6bVBcN","is_transient":"no","message":7}}`,
		`{"error":{"is_transient":0,"type":"OAuthException","fbtrace_id":"AX5pd_H2rD6bVBcN","code":190,"error_subcode":463,"error_data":[]},"data":[]}`,
	} {
		e := refused(t, 401, nil, document)
		assert.Equal(t, "the access token has expired (HTTP status 401, Meta's code 190, subcode 463, OAuthException, trace AX5pd_H2rD6bVBcN)", e.Error(), document)
	}
}

func TestAnAudienceThatWasJustMade(t *testing.T) {
	now, creating := noon, true
	client := open(t, meta.Config{Now: func() time.Time { return now }, HTTP: clientOf(func() string {
		if creating {
			return `{"id":"23"}`
		}
		return refusal(803, 0)
	})})
	_, err := client.CreateAudience(t.Context(), "act_42", newAudience)
	require.NoError(t, err)
	creating = false
	_, err = client.Audience(t.Context(), "23")
	assert.Equal(t, audience.Transient, audience.ClassOf(err), "Meta shows it late")
	_, err = client.Audience(t.Context(), "24")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err), "another one is not new")
	now = now.Add(3 * time.Minute)
	_, err = client.Audience(t.Context(), "23")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
}

func TestTermsAreLinkedForTheAccount(t *testing.T) {
	client := replying(t, 400, nil, refusal(200, 1870034))
	_, err := client.AdAccount(t.Context(), "act_42")
	assert.True(t, strings.HasSuffix(audience.NextOf(err), "https://business.facebook.com/ads/manage/customaudiences/tos/?act=42"), audience.NextOf(err))
	_, err = add(t, client) // which does not know the account
	assert.True(t, strings.HasSuffix(audience.NextOf(err), "/tos/"), audience.NextOf(err))
	assert.Equal(t, "https://business.facebook.com/ads/manage/customaudiences/tos/?act=42", meta.TermsPage("act_42"))
}
