package preflight

import (
	"context"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// endNotice is how long before the end of an API version the checks begin to warn: to move to another one takes a release.
const endNotice = 60 * 24 * time.Hour

// version is asked when Meta has answered a question of the Marketing API: a version that is gone would have been refused, so
// an end that has passed is no failure. For a while Meta answers such calls as the next version would.
func (f *Findings) version(q Question) {
	version, fix := q.Definition.Meta.APIVersion, "take meta.api_version out of the definition, or set it to a later version"
	if version == "" {
		version, fix = meta.DefaultVersion, "update CleanReach"
	}
	ends, announced, known := meta.EndOf(version)
	date, left := ends.Format(time.DateOnly), ends.Sub(q.Now)
	switch {
	case !known:
		f.warn(checkVersion, "look its end up", "Meta serves %s, of which CleanReach does not know when it ends", version)
	case announced && left <= 0:
		f.warn(checkVersion, fix, "Meta ended %s on %s: that it still answers may stop any day", version, date)
	case announced && left < endNotice:
		f.warn(checkVersion, fix, "Meta ends %s on %s, in less than %d days", version, date, days(left))
	case announced:
		f.ok(checkVersion, "Meta serves %s until %s", version, date)
	case left < endNotice:
		f.warn(checkVersion, "look its end up", "Meta serves %s, which may end from %s on: CleanReach does not know when", version, date)
	default:
		f.ok(checkVersion, "Meta serves %s, which does not end before %s by all experience", version, date)
	}
}

// days rounds up: what is left is less than that.
func days(left time.Duration) int { return int(left/(24*time.Hour)) + 1 }

func (f *Findings) accountStatus(account meta.Account) {
	switch severity, text := account.AccountStatus(); severity {
	case meta.StatusBlocked:
		f.fail(checkAccount, audience.Action, "have it enabled again, or write another ad account into meta.ad_account", "%s (%s): %s", account.ID, account.Name, text)
	case meta.StatusWarn:
		f.warn(checkAccount, "settle it in the Business Manager before Meta disables the account", "%s (%s): %s", account.ID, account.Name, text)
	default:
		f.ok(checkAccount, "%s (%s) can be read; %s", account.ID, account.Name, text)
	}
}

// role asks what the token's user may do with the ad account. Meta's word on that is not needed to upload: that it cannot be
// had is no failure.
func (f *Findings) role(ctx context.Context, q Question) {
	const fix = "give the system user full control (role Admin) of the ad account"
	tasks, err := q.Meta.AccountTasks(ctx, f.account)
	switch class := audience.ClassOf(err); {
	case err != nil && (endsAll(err) || class == audience.Transient || class == audience.Throttled):
		f.refused(checkRole, err)
	case err != nil:
		f.warn(checkRole, fix, "Meta does not tell the token's role on %s: %s", f.account, cause(err))
	case slices.Contains(tasks, "MANAGE"):
		f.ok(checkRole, "the token has the role Admin on %s", f.account)
	case slices.Contains(tasks, "ADVERTISE"):
		f.warn(checkRole, fix, "the token may manage campaigns of %s, but is not its Admin: Meta refuses some calls to such tokens", f.account)
	case len(tasks) == 0:
		f.warn(checkRole, fix, "Meta does not tell the token's role on %s", f.account)
	default:
		f.fail(checkRole, audience.Action, fix, "the token may only look at %s", f.account)
	}
}

// tier is what the headers of the answers so far tell of Meta's limits; a Meta that was not asked by a client has none.
func (f *Findings) tier(q Question) {
	m, metered := q.Meta.(meta.Metered)
	if !metered {
		return
	}
	switch usage := m.Usage(); usage.Tier {
	case meta.TierFull:
		f.Tier = audience.TierFull
		f.ok(checkTier, "full access: the ad account's score may reach 9,000 points")
	case meta.TierLimited:
		f.Tier = audience.TierLimited
		f.warn(checkTier, "ask for the full access tier of the Marketing API, unless the audiences are small",
			"limited access: about 20 batches of 10,000 people in 5 minutes")
	default:
		f.ok(checkTier, "Meta's headers do not tell it; uploads keep to what they say of usage")
	}
}
