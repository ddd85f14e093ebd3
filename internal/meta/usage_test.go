package meta_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta"
)

func TestUsage(t *testing.T) {
	const business, account, app = "X-Business-Use-Case-Usage", "X-Ad-Account-Usage", "X-App-Usage"
	for _, c := range []struct {
		name    string
		header  map[string]string
		percent int
		regain  time.Duration
	}{
		{"none", nil, 0, 0},
		{"business", map[string]string{business: `{"42":[{"type":"custom_audience","call_count":32,"total_cputime":3,"total_time":7,"estimated_time_to_regain_access":0}]}`}, 32, 0},
		{"the highest counts", map[string]string{business: `{"42":[{"type":"custom_audience","call_count":3,"total_cputime":40,"total_time":7}]}`}, 40, 0},
		{"minutes", map[string]string{business: `{"42":[{"type":"custom_audience","call_count":100,"estimated_time_to_regain_access":"12"}]}`}, 100, 12 * time.Minute},
		{"several", map[string]string{business: `{"42":[{"type":"ads_management","call_count":50,"estimated_time_to_regain_access":2},{"type":"custom_audience","call_count":1}],"43":[{"call_count":60}]}`}, 60, 2 * time.Minute},
		{"what others use up", map[string]string{business: `{"42":[{"type":"ads_insights","call_count":100,"estimated_time_to_regain_access":30},{"type":"custom_audience","call_count":1}]}`}, 1, 0},
		{"account", map[string]string{account: `{"acc_id_util_pct":9.67}`}, 9, 0},
		{"app", map[string]string{app: `{"call_count":5,"total_cputime":0,"total_time":81}`}, 81, 0},
		{"all", map[string]string{account: `{"acc_id_util_pct":"20"}`, app: `{"call_count":5}`, business: `{"42":[{"call_count":3}]}`}, 20, 0},
		{"not JSON", map[string]string{account: `high`, app: `[]`, business: `{"42":{"call_count":100}}`}, 0, 0},
		{"absurd minutes", map[string]string{business: `{"42":[{"estimated_time_to_regain_access":9223372036854775807}]}`}, 0, 24 * time.Hour},
		{"negative minutes", map[string]string{business: `{"42":[{"estimated_time_to_regain_access":-5}]}`}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := replying(t, 200, c.header, taken)
			_, err := add(t, client)
			require.NoError(t, err)
			got := client.Usage()
			assert.Equal(t, c.percent, got.Percent)
			assert.Equal(t, c.regain, got.Regain)
		})
	}
}

func TestTier(t *testing.T) {
	const business, account = "X-Business-Use-Case-Usage", "X-Ad-Account-Usage"
	for _, c := range []struct {
		name   string
		header map[string]string
		want   meta.Tier
	}{
		{"none", nil, ""},
		{"by the account", map[string]string{account: `{"acc_id_util_pct":0,"ads_api_access_tier":"standard_access"}`}, meta.TierFull},
		{"by the business", map[string]string{business: `{"42":[{"type":"custom_audience","ads_api_access_tier":"development_access"}]}`}, meta.TierLimited},
		{"of other limits", map[string]string{business: `{"42":[{"type":"ads_insights","ads_api_access_tier":"development_access"}]}`}, ""},
		{"a new word", map[string]string{account: `{"ads_api_access_tier":"golden_access"}`}, ""},
		{"a new word beside a known one", map[string]string{business: `{"42":[{"ads_api_access_tier":"standard_access"}]}`, account: `{"ads_api_access_tier":"x"}`}, meta.TierFull},
	} {
		client := replying(t, 200, c.header, taken)
		_, err := add(t, meta.Retrying(meta.Paced(client, meta.Pace{}), meta.Policy{}))
		require.NoError(t, err)
		assert.Equal(t, c.want, client.Usage().Tier, c.name)
		assert.Equal(t, client.Usage(), meta.Retrying(meta.Paced(client, meta.Pace{}), meta.Policy{}).Usage(), "through the decorators")
	}
}

func TestRetryAfter(t *testing.T) {
	date := func(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		name   string
		code   int
		header map[string]string
		want   time.Duration
	}{
		{"seconds", 17, map[string]string{"Retry-After": "120"}, 120 * s},
		{"a date", 17, map[string]string{"Retry-After": date(90 * s)}, 90 * s},
		{"a date that is over", 17, map[string]string{"Retry-After": date(-90 * s)}, time.Minute},
		{"a date of the next century", 17, map[string]string{"Retry-After": date(900_000 * time.Hour)}, 24 * time.Hour},
		{"no seconds", 17, map[string]string{"Retry-After": "soon"}, time.Minute},
		{"negative seconds", 17, map[string]string{"Retry-After": "-5"}, time.Minute},
		{"absurd seconds", 17, map[string]string{"Retry-After": "9223372036854775807"}, 24 * time.Hour},
		{"minutes of the usage", 80003, businessUsage(100, 7), 7 * time.Minute},
		{"reset of the account's score", 17, map[string]string{"X-Ad-Account-Usage": `{"acc_id_util_pct":100,"reset_time_duration":300}`}, 300 * s},
		{"an account's score that is not used up", 17, map[string]string{"X-Ad-Account-Usage": `{"acc_id_util_pct":99,"reset_time_duration":300}`}, time.Minute},
		{"the longest counts", 80003, map[string]string{"Retry-After": "600", "X-Business-Use-Case-Usage": businessUsage(100, 7)["X-Business-Use-Case-Usage"]}, 600 * s},
		{"no header", 17, nil, time.Minute},
		{"no header, for the whole app", 4, nil, 5 * time.Minute},
		{"transient", 2, map[string]string{"Retry-After": "9"}, 9 * s},
		{"transient without header", 2, nil, 0},
		{"waiting does not help", 190, map[string]string{"Retry-After": "9"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, refused(t, 400, c.header, refusal(c.code, 0)).RetryAfter())
		})
	}
	assert.Equal(t, 30*s, refused(t, 429, map[string]string{"Retry-After": "30"}, "slow down").RetryAfter())
	assert.Equal(t, 30*s, refused(t, 503, map[string]string{"Retry-After": "30"}, "<html>").RetryAfter())
}

func TestUsageIsOfTheLatestAnswer(t *testing.T) {
	client := meter(t, answered{accountUsage(100), 0}, answered{accountUsage(3), 190}, answered{nil, -1})
	for _, want := range []int{100, 3, 3} {
		_, _ = add(t, client)
		assert.Equal(t, want, client.Usage().Percent)
	}
}
