package preflight

import (
	"context"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// The names of the checks.
const (
	checkToken      = "token"
	checkTokenType  = "token type"
	checkExpiry     = "token expiry"
	checkDataAccess = "data access"
	checkScopes     = "permissions"
	checkVersion    = "API version"
	checkAccount    = "ad account"
	checkRole       = "role"
	checkTier       = "limits tier"
	checkTerms      = "terms"
	checkValueTerms = "value terms"
	checkAudience   = "audience"
	checkOwner      = "audience owner"
	checkSubtype    = "audience subtype"
	checkValues     = "audience values"
	checkSource     = "audience data source"
	checkStatus     = "audience status"
	checkReplace    = "replace"
)

// A Question is what Check is asked about.
type Question struct {
	Definition *audience.Definition
	Meta       meta.API
	Now        time.Time
	// Known is the id of the audience that an earlier attempt of the run found or created; empty when there was none. A run
	// sticks to it, for people may be in it already. Created says that the run created it: Meta may not show it yet.
	Known   string
	Created bool

	// Of a run, what is known of replaces; `doctor` knows nothing of them.
	Run   string                // its id
	Mode  string                // that an earlier attempt of it settled on; nothing when there was none
	Began bool                  // Meta has, or may have, the first batch of its own replace
	Open  *audience.OpenReplace // that it or an earlier run has left open; nil when none has
}

// Check asks Meta about the token, the ad account and the audience, and changes nothing. It asks on after a failure, so
// that everything wrong is known at once, unless the failure is the answer to every further question too.
func Check(ctx context.Context, q Question) *Findings {
	f := &Findings{account: q.Definition.Meta.AdAccount, Mode: q.Definition.Meta.Mode}
	if !f.token(ctx, q) {
		return f
	}
	account, err := q.Meta.AdAccount(ctx, f.account)
	if err != nil {
		f.refused(checkAccount, err)
		if endsAll(err) || q.Definition.Meta.AudienceID == "" { // the audience would have to be looked for in the account
			return f
		}
	} else {
		f.version(q)
		f.accountStatus(account)
		f.role(ctx, q)
		f.tier(q)
		f.terms(account)
		f.valueTerms(account, q.Definition)
	}
	f.audience(ctx, q)
	return f
}

// token asks about the token, and reports whether anything further is worth asking with it.
func (f *Findings) token(ctx context.Context, q Question) bool {
	info, err := q.Meta.DebugToken(ctx)
	class := audience.ClassOf(err)
	switch {
	case err == nil:
	case endsAll(err):
		f.refused(checkToken, err)
		return false
	case class == audience.Transient || class == audience.Throttled:
		f.refused(checkToken, err)
		return true
	default: // some apps may not inspect tokens; whether it works shows in what follows
		f.warn(checkToken, "", "Meta does not tell about this token: %s", cause(err))
		return true
	}
	f.TokenExpiresAt = earlierOf(info.ExpiresAt, info.DataAccess)
	if !info.Valid {
		f.fail(checkToken, audience.Action, meta.NewToken, "Meta says that the token is not valid")
		if !info.ExpiresAt.IsZero() {
			f.expiry(checkExpiry, "the token", meta.NewToken, info.ExpiresAt, q.Now)
		}
		return false
	}
	f.ok(checkToken, "the token is valid, of app %s", info.AppID)
	f.tokenType(info.Type)
	f.expiry(checkExpiry, "the token", meta.NewToken, info.ExpiresAt, q.Now)
	f.expiry(checkDataAccess, "the token's access to data", "its person must authorize the app again, or use a system user's token", info.DataAccess, q.Now)
	f.scopes(info.Scopes)
	return true
}

// earlierOf is the earlier of two ends; zero is no end.
func earlierOf(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func (f *Findings) tokenType(kind string) {
	if kind == "SYSTEM_USER" {
		f.ok(checkTokenType, "it is a system user's")
		return
	}
	f.warn(checkTokenType, "use a system user's token: it need not expire and outlasts people's jobs and passwords", "it is of type %q", kind)
}

// expiryNotice is how long before an end the checks begin to warn.
const expiryNotice = 14 * 24 * time.Hour

// expiry checks an end that Meta has announced; zero is never.
func (f *Findings) expiry(name, what, fix string, at, now time.Time) {
	date := at.UTC().Format(time.DateOnly)
	switch left := at.Sub(now); {
	case at.IsZero():
		f.ok(name, "%s never expires", what)
	case left <= 0:
		f.fail(name, audience.Action, fix, "%s expired on %s", what, date)
	case left < expiryNotice:
		f.warn(name, fix, "%s expires on %s, in less than %d days", what, date, days(left))
	default:
		f.ok(name, "%s is good until %s", what, date)
	}
}

// scopes checks the token's permissions. Meta leaves them out for some tokens.
func (f *Findings) scopes(scopes []string) {
	const needed = "ads_management"
	switch {
	case slices.Contains(scopes, needed):
		f.ok(checkScopes, "the token has %s", needed)
	case scopes == nil:
		f.warn(checkScopes, "see to it that the token has "+needed, "Meta does not say which permissions the token has")
	default:
		f.fail(checkScopes, audience.Action, meta.NewToken, "the token lacks %s", needed)
	}
}

func (f *Findings) terms(account meta.Account) {
	if account.TermsAccepted() {
		f.ok(checkTerms, "the Custom Audience terms are accepted")
		return
	}
	f.fail(checkTerms, audience.Action, "a person who manages the ad account must accept them once",
		"the Custom Audience terms are not accepted for %s", account.ID)
}
