package preflight_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/preflight"
)

const runDocument = `{"schema": 1, "run": "r1", "tenant": "acme", "audience": "vip", "definition": {
	"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_42", "audience_name": "VIPs", "mode": %q, "audience_id": %q, "description": "Our best", "retention_days": 30}}}`

func newRun(t testing.TB, mode, audienceID string) *audience.Run {
	t.Helper()
	run, err := audience.ParseRun(fmt.Appendf(nil, runDocument, mode, audienceID))
	require.NoError(t, err)
	return run
}

const (
	good = audience.CheckOK
	warn = audience.CheckWarn
	fail = audience.CheckFail
)

// TestEachCheck spoils one thing and looks at the check that must tell.
func TestEachCheck(t *testing.T) {
	status := func(code int) func(*fakeMeta) {
		return func(f *fakeMeta) { f.audience.OperationStatus = meta.Status{Code: code} }
	}
	source := func(name string) func(*fakeMeta) { return func(f *fakeMeta) { f.audience.DataSource = name } }
	described := func(text string) func(*fakeMeta) { return func(f *fakeMeta) { f.audience.Description = text } }
	expires := func(at time.Time) func(*fakeMeta) { return func(f *fakeMeta) { f.token.ExpiresAt = at } }
	dataEnds := func(at time.Time) func(*fakeMeta) { return func(f *fakeMeta) { f.token.DataAccess = at } }
	scopes := func(names ...string) func(*fakeMeta) { return func(f *fakeMeta) { f.token.Scopes = names } }
	refuse := func(call string, code, subcode int) func(*fakeMeta) {
		return func(f *fakeMeta) { f.errs[call] = refusal(code, subcode) }
	}
	account := func(status int) func(*fakeMeta) { return func(f *fakeMeta) { f.account.Status = status } }
	tasks := func(names ...string) func(*fakeMeta) { return func(f *fakeMeta) { f.tasks = names } }
	tier := func(name meta.Tier) func(*fakeMeta) { return func(f *fakeMeta) { f.usage.Tier = name } }
	const none, action, invalid, transient, throttled = audience.Class(0), audience.Action, audience.Invalid, audience.Transient, audience.Throttled

	for _, c := range []struct {
		name   string
		spoil  func(*fakeMeta)
		check  string
		status string
		class  audience.Class // of the whole
		detail string
		fix    string
	}{
		{"valid", nil, "token", good, none, "valid, of app 100", ""},
		{"not valid", func(f *fakeMeta) { f.token = meta.TokenInfo{} }, "token", fail, action, "not valid", "system-users"},
		{"refused", refuse("token", 190, 460), "token", fail, action, "password behind the access token was changed", "system user token"},
		{"wrong app secret", refuse("token", 104, 0), "token", fail, action, "signature", "app secret"},
		{"may not be inspected", refuse("token", 100, 0), "token", warn, none, "does not tell about this token", ""},
		{"inspected by nobody", refuse("token", 10, 0), "token", warn, none, "does not tell about this token", ""},
		{"Meta is down", refuse("token", 2, 0), "token", fail, transient, "interrupted", "a little later"},
		{"no network", func(f *fakeMeta) { f.errs["token"] = errors.New("reach Meta: refused") }, "token", fail, transient, "reach Meta", "https://metastatus.com"},
		{"throttled", refuse("token", 80003, 0), "token", fail, throttled, "hourly limit", "later"},
		{"system user", nil, "token type", good, none, "system user", ""},
		{"person", func(f *fakeMeta) { f.token.Type = "USER" }, "token type", warn, none, `"USER"`, "system user"},
		{"page", func(f *fakeMeta) { f.token.Type = "PAGE" }, "token type", warn, none, `"PAGE"`, "system user"},
		{"for ever", nil, "token expiry", good, none, "never expires", ""},
		{"expired", expires(now), "token expiry", fail, action, "expired on 2026-11-24", "new system user token"},
		{"expires tonight", expires(now.Add(time.Hour)), "token expiry", warn, none, "2026-11-24, in less than 1 days", "new system user token"},
		{"expires in 13 days", expires(days(14).Add(-1)), "token expiry", warn, none, "2026-12-08, in less than 14 days", "new system user token"},
		{"expires in 14 days", expires(days(14)), "token expiry", good, none, "good until 2026-12-08", ""},
		{"data for ever", nil, "data access", good, none, "never expires", ""},
		{"data expired", dataEnds(days(-1)), "data access", fail, action, "access to data expired on 2026-11-23", "authorize the app again"},
		{"data expires", dataEnds(days(2)), "data access", warn, none, "expires on 2026-11-26", "authorize the app again"},
		{"data for a month", dataEnds(days(30)), "data access", good, none, "2026-12-24", ""},
		{"permitted", nil, "permissions", good, none, "ads_management", ""},
		{"not permitted", scopes("ads_read"), "permissions", fail, action, "lacks ads_management", "system user token with ads_management"},
		{"nothing permitted", func(f *fakeMeta) { f.token.Scopes = []string{} }, "permissions", fail, action, "lacks ads_management", "ads_management"},
		{"permissions unknown", scopes(), "permissions", warn, none, "does not say", "ads_management"},
		{"version", nil, "API version", good, none, meta.DefaultVersion, ""},
		{"version gone at once", refuse("token", 2635, 0), "API version", fail, action, "version of the Marketing API is gone", "meta.api_version"},
		{"version gone", refuse("account", 2635, 0), "API version", fail, action, "version of the Marketing API is gone", "meta.api_version"},
		{"account", nil, "ad account", good, none, "act_42 (Shop)", ""},
		{"account disabled", account(2), "ad account", fail, action, "disabled", "enabled again"},
		{"account closed", account(101), "ad account", fail, action, "closed", "meta.ad_account"},
		{"account in debt", account(3), "ad account", warn, none, "unpaid", "https://business.facebook.com/settings/ad-accounts"},
		{"account's status not told", account(0), "ad account", good, none, "does not say whether it is active", ""},
		{"account's status is news", account(77), "ad account", good, none, "77, which is unknown", ""},
		{"account unknown", refuse("account", 100, 33), "ad account", fail, action, "does not exist, or the system user may not see it", "role Admin"},
		{"account down", refuse("account", 2, 0), "ad account", fail, transient, "interrupted", "later"},
		{"admin", nil, "role", good, none, "role Admin on act_42", ""},
		{"advertiser", tasks("ANALYZE", "ADVERTISE"), "role", warn, none, "not its Admin", "role Admin"},
		{"analyst", tasks("ANALYZE"), "role", fail, action, "may only look at act_42", "https://business.facebook.com/settings/ad-accounts"},
		{"role not told", tasks(), "role", warn, none, "does not tell the token's role", "role Admin"},
		{"role not asked for", refuse("tasks", 100, 0), "role", warn, none, "a parameter is not valid", "role Admin"},
		{"role down", refuse("tasks", 2, 0), "role", fail, transient, "interrupted", "later"},
		{"role throttled", refuse("tasks", 17, 0), "role", fail, throttled, "request limit", "later"},
		{"full tier", nil, "limits tier", good, none, "9,000 points", ""},
		{"limited tier", tier(meta.TierLimited), "limits tier", warn, none, "20 batches of 10,000 people in 5 minutes", "full access tier"},
		{"tier not told", tier(""), "limits tier", good, none, "do not tell it", ""},
		{"terms", nil, "terms", good, none, "accepted", ""},
		{"no terms", func(f *fakeMeta) { f.account.TOSAccepted = nil }, "terms", fail, action, "not accepted for act_42", "https://business.facebook.com/ads/manage/customaudiences/tos/?act=42"},
		{"found", nil, "audience", good, none, `"VIPs" (7)`, ""},
		{"list refused", refuse("find", 200, 0), "audience", fail, action, "no permission", "ad account"},
		{"gone", refuse("audience", 803, 0), "audience", fail, invalid, "does not know the audience", "audience's id"},
		{"another account's", func(f *fakeMeta) { f.audience.AccountID = "43" }, "audience", fail, invalid, "belongs to ad account act_43", "meta.ad_account"},
		{"nobody's", func(f *fakeMeta) { f.audience.AccountID = "" }, "audience", warn, none, "whose", ""},
		{"ours", nil, "audience owner", good, none, "cleanreach:acme/vip", ""},
		{"no mark", described("VIPs"), "audience owner", warn, none, "no mark", "cleanreach:acme/vip"},
		{"another's", described("cleanreach:acme/vip-old"), "audience owner", fail, invalid, "cleanreach:acme/vip-old, and ours is cleanreach:acme/vip", "meta.audience_id"},
		{"another's and ours", described("cleanreach:acme/vip cleanreach:b/c"), "audience owner", fail, invalid, "mark cleanreach:b/c,", "meta.audience_id"},
		{"another's in brackets", described("(CleanReach:b/c)."), "audience owner", fail, invalid, "mark CleanReach:b/c,", "meta.audience_id"},
		{"customer file", nil, "audience subtype", good, none, "customer file", ""},
		{"lookalike", func(f *fakeMeta) { f.audience.Subtype = "LOOKALIKE" }, "audience subtype", fail, invalid, "subtype LOOKALIKE", "meta.audience_id"},
		{"subtype unknown", func(f *fakeMeta) { f.audience.Subtype = "" }, "audience subtype", warn, none, "does not say", ""},
		{"no values", nil, "audience values", good, none, "not value-based", ""},
		{"values", func(f *fakeMeta) { f.audience.ValueBased = true }, "audience values", fail, invalid, "LOOKALIKE_VALUE", "meta.audience_id"},
		{"several keys", nil, "audience data source", good, none, "several keys", ""},
		{"nothing yet", source("ANYTHING"), "audience data source", good, none, "nothing", ""},
		{"one key", source("HASHES_OR_USER_IDS"), "audience data source", fail, invalid, "single key", "meta.audience_id"},
		{"events", source("WEB_PIXEL_HITS"), "audience data source", warn, none, "WEB_PIXEL_HITS", "meta.audience_id"},
		{"normal", nil, "audience status", good, none, "status 200", ""},
		{"not filled", status(410), "audience status", good, none, "status 410", ""},
		{"no status", status(0), "audience status", good, none, "no status", ""},
		{"few matched", status(411), "audience status", warn, none, "few of the people", ""},
		{"unknown status", status(433), "audience status", warn, none, "433", ""},
		{"replace", status(414), "audience status", fail, throttled, "replace is in progress", "back to 200"},
		{"integrity", status(471), "audience status", fail, action, "integrity", "act=42"},
		{"error", status(500), "audience status", fail, action, "advertiser must mend", "act=42"},
		{"to be deleted", func(f *fakeMeta) { f.audience.DeleteAt = days(3) }, "audience status", warn, none, "2026-11-27", "ad set"},
	} {
		t.Run(c.check+"/"+c.name, func(t *testing.T) {
			f := newFake()
			if c.spoil != nil {
				c.spoil(f)
			}
			found := preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, "add", "").Def(), Meta: f, Now: now})
			check := named(t, found.Checks, c.check)
			assert.Equal(t, c.status, check.Status)
			assert.Contains(t, check.Detail, c.detail)
			assert.Contains(t, check.Fix+" "+check.Link, c.fix)
			if c.status == fail {
				require.ErrorContains(t, found.Err(), check.Detail)
				assert.ErrorContains(t, found.Err(), check.Fix)
				assert.Equal(t, c.class, audience.ClassOf(found.Err()))
			} else {
				assert.NoError(t, found.Err())
				assert.Equal(t, "7", found.AudienceID)
			}
			for _, other := range found.Checks {
				if other.Name != c.check && c.status != warn {
					assert.Equal(t, good, other.Status, other)
				}
			}
		})
	}
}

// TestEndOfTheVersion is about Meta's announcements of November 2026.
func TestEndOfTheVersion(t *testing.T) {
	for _, c := range []struct {
		version string
		at      time.Time
		status  string
		detail  string
		fix     string
	}{
		{"", now, good, "v26.0, which does not end before 2027-06-29", ""},
		{"", now.AddDate(0, 6, 0), warn, "v26.0, which may end from 2027-06-29 on", "look its end up"},
		{"v24.0", now, warn, "Meta ended v24.0 on 2026-11-10", "take meta.api_version out"},
		{"v25.0", now, good, "v25.0 until 2027-02-23", ""},
		{"v25.0", now.AddDate(0, 0, 40), warn, "v25.0 on 2027-02-23, in less than 51 days", "take meta.api_version out"},
		{"v99.0", now, warn, "v99.0, of which CleanReach does not know when it ends", "look its end up"},
	} {
		def := newRun(t, "add", "").Def()
		def.Meta.APIVersion = c.version
		found := preflight.Check(t.Context(), preflight.Question{Definition: def, Meta: newFake(), Now: c.at})
		check := named(t, found.Checks, "API version")
		assert.Equal(t, c.status, check.Status, c.detail)
		assert.Contains(t, check.Detail, c.detail)
		assert.Contains(t, check.Fix, c.fix)
		if c.status == warn {
			assert.Equal(t, meta.VersionsPage, check.Link)
		}
		require.NoError(t, found.Err(), "Meta serves it")
	}
}

// TestEveryFindingHasAPage is about findings of all kinds: what is not in order links the page where it is mended.
func TestEveryFindingHasAPage(t *testing.T) {
	f := newFake()
	f.token = meta.TokenInfo{Valid: true, Type: "USER", ExpiresAt: days(1), DataAccess: days(1)}
	f.tasks, f.usage.Tier, f.account = nil, meta.TierLimited, meta.Account{ID: "act_42", Status: 3}
	f.audience = meta.CustomAudience{ID: "7", ValueBased: true, DataSource: "NEWS", OperationStatus: meta.Status{Code: 471}}
	found := preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, "add", "7").Def(), Meta: f, Now: now})
	notOK := 0
	for _, c := range found.Checks {
		if c.Status == good {
			assert.Empty(t, c.Link, c)
			continue
		}
		notOK++
		assert.Regexp(t, `^https://[a-z.]+/`, c.Link, c)
	}
	assert.Equal(t, 14, notOK, found.Checks)
}

func named(t testing.TB, checks []audience.Check, name string) audience.Check {
	t.Helper()
	var hits []audience.Check
	for _, c := range checks {
		if c.Name == name {
			hits = append(hits, c)
		}
	}
	require.Len(t, hits, 1, name)
	return hits[0]
}

func TestEverythingIsToldAtOnce(t *testing.T) {
	f := newFake()
	f.token.Scopes, f.token.ExpiresAt = []string{"ads_read"}, days(3)
	f.account.TOSAccepted = nil
	f.audience = meta.CustomAudience{ID: "7", AccountID: "43", Subtype: "LOOKALIKE", Description: "cleanreach:b/c", ValueBased: true,
		DataSource: "HASHES", OperationStatus: meta.Status{Code: 414}}
	found := preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, "add", "7").Def(), Meta: f, Now: now})
	err := found.Err()
	require.ErrorContains(t, err, "8 checks failed:")
	assert.Equal(t, audience.Action, audience.ClassOf(err))
	for _, name := range []string{"permissions", "terms", "audience", "audience owner", "audience subtype", "audience values", "audience data source", "audience status"} {
		check := named(t, found.Checks, name)
		assert.Equal(t, fail, check.Status)
		assert.ErrorContains(t, err, "\n  "+name+": "+check.Detail+": "+check.Fix)
	}
	assert.NotContains(t, err.Error(), "in less than 3 days", "a warning is no failure")
}

func TestWorstClassWins(t *testing.T) {
	for _, c := range []struct {
		account, audience error
		want              audience.Class
	}{
		{refusal(2, 0), refusal(80003, 0), audience.Throttled},
		{refusal(80003, 0), refusal(803, 0), audience.Invalid},
		{refusal(803, 0), refusal(2, 0), audience.Invalid},
		{refusal(100, 0), refusal(200, 0), audience.Action},
		{errors.New("the network broke"), nil, audience.Transient},
	} {
		f := newFake()
		f.errs["account"], f.errs["audience"] = c.account, c.audience
		found := preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, "add", "7").Def(), Meta: f, Now: now})
		assert.Equal(t, c.want, audience.ClassOf(found.Err()), found.Err())
	}
}

func TestWhatIsAskedAfterAFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		errs map[string]error
		id   string
		want []string
	}{
		{"token refused: all else would be too", map[string]error{"token": refusal(190, 0)}, "", []string{"token"}},
		{"version gone", map[string]error{"token": refusal(2635, 0)}, "", []string{"token"}},
		{"token cannot be inspected", map[string]error{"token": refusal(10, 0)}, "", []string{"token", "account", "tasks", "find", "audience"}},
		{"Meta is down", map[string]error{"token": refusal(2, 0)}, "", []string{"token", "account", "tasks", "find", "audience"}},
		{"account refused: its audiences are too", map[string]error{"account": refusal(200, 0)}, "", []string{"token", "account"}},
		{"account refused: the audience may not be", map[string]error{"account": refusal(200, 0)}, "7", []string{"token", "account", "audience"}},
		{"held for an abuser", map[string]error{"token": refusal(613, 0)}, "", []string{"token"}},
		{"too many calls", map[string]error{"token": refusal(613, 1487742)}, "", []string{"token", "account", "tasks", "find", "audience"}},
		{"token revoked on the way", map[string]error{"account": refusal(190, 0)}, "7", []string{"token", "account"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake()
			f.errs = c.errs
			preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, "add", c.id).Def(), Meta: f, Now: now})
			assert.Equal(t, c.want, f.calls)
		})
	}
	f := newFake()
	f.token = meta.TokenInfo{ExpiresAt: days(-2)}
	found := preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, "add", "").Def(), Meta: f, Now: now})
	assert.Equal(t, []string{"token"}, f.calls)
	require.ErrorContains(t, found.Err(), "expired on 2026-11-22")
}

// TestEndOfTheToken is about the end that the metric counts the days to: also of a token that no longer works.
func TestEndOfTheToken(t *testing.T) {
	for _, c := range []struct {
		name        string
		token, data time.Time
		valid       bool
		want        time.Time
	}{
		{"never", time.Time{}, time.Time{}, true, time.Time{}},
		{"the token's", days(20), time.Time{}, true, days(20)},
		{"its data access's", time.Time{}, days(30), true, days(30)},
		{"the token's first", days(20), days(30), true, days(20)},
		{"its data access's first", days(40), days(30), true, days(30)},
		{"in the past", days(-2), days(30), false, days(-2)},
	} {
		f := newFake()
		f.token.ExpiresAt, f.token.DataAccess, f.token.Valid = c.token, c.data, c.valid
		found := preflight.Check(t.Context(), preflight.Question{Definition: newRun(t, "add", "").Def(), Meta: f, Now: now})
		assert.Equal(t, c.want, found.TokenExpiresAt, c.name)
	}
}
