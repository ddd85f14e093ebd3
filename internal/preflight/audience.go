package preflight

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// audience finds the audience that the definition means and checks that it can be uploaded to.
func (f *Findings) audience(ctx context.Context, q Question) {
	id, found := f.find(ctx, q)
	if !found {
		return
	}
	a, err := q.Meta.Audience(ctx, id)
	if err != nil {
		f.unseen(id, q, err)
		return
	}
	f.AudienceID, f.Status, f.LowerBound = id, a.OperationStatus.Code, a.LowerBound
	f.belongs(a, q.Definition)
	f.owner(a, q.Definition)
	f.subtype(a)
	f.values(a, q.Definition)
	f.source(a)
	f.status(ctx, q, a)
	f.replace(a, q)
}

// unseen is the failure of an audience that Meta does not show.
func (f *Findings) unseen(id string, q Question, err error) {
	switch known := id == q.Known; {
	case code(err) != codeUnknownObject || !known:
		f.refused(checkAudience, err)
	case q.Created:
		f.fail(checkAudience, audience.Transient, "start it again in a few minutes; if it goes on, start a new run",
			"Meta does not show audience %s yet, which this run created", id)
	default:
		f.fail(checkAudience, audience.Invalid, "start a new run", "audience %s, which this run began with, is gone", id)
	}
}

// find gives the id of the audience: the definition's, the one that this run began with, or the one that carries our mark.
func (f *Findings) find(ctx context.Context, q Question) (id string, found bool) {
	def := q.Definition
	if def.Meta.AudienceID != "" {
		return def.Meta.AudienceID, true
	}
	if q.Known != "" {
		return q.Known, true
	}
	a, err := q.Meta.FindAudience(ctx, def.Meta.AdAccount, def.Mark())
	switch {
	case err != nil:
		f.refused(checkAudience, err)
	case a != nil:
		return a.ID, true
	case def.Meta.Mode == audience.ModeRemove:
		f.fail(checkAudience, audience.Invalid, "write its id into meta.audience_id, or run the definition with mode add first",
			"there is nothing to remove people from: no audience of %s carries the mark %s in its description", def.Meta.AdAccount, def.Mark())
	default:
		f.missing = true
		if def.Meta.Mode == audience.ModeReplace {
			f.nobodyToReplace()
		}
		f.ok(checkAudience, "there is none yet: the run creates %q when no check fails", def.Meta.AudienceName)
	}
	return "", false
}

// create makes the audience, and reports whether it did. It is not read again: Meta shows new ones late.
func (f *Findings) create(ctx context.Context, api meta.API, def *audience.Definition) bool {
	id, err := api.CreateAudience(ctx, def.Meta.AdAccount, meta.NewAudience{
		Name: def.Meta.AudienceName, Description: def.Meta.Description, Mark: def.Mark(),
		CustomerFileSource: def.Meta.CustomerFileSource, RetentionDays: def.Meta.RetentionDays, ValueBased: def.ValueBased(),
	})
	if err != nil {
		f.refused(checkAudience, err)
		return false
	}
	f.AudienceID, f.missing = id, false
	f.ok(checkAudience, "created %q as %s", def.Meta.AudienceName, id)
	return true
}

// belongs checks that the audience is in the definition's ad account.
func (f *Findings) belongs(a meta.CustomAudience, def *audience.Definition) {
	switch account := "act_" + a.AccountID; {
	case a.AccountID == "":
		f.warn(checkAudience, "", "%q (%s) can be read; Meta does not say whose it is", a.Name, a.ID)
	case account != def.Meta.AdAccount:
		f.fail(checkAudience, audience.Invalid, "write that account into meta.ad_account, or another audience into meta.audience_id",
			"audience %s belongs to ad account %s and the definition names %s", a.ID, account, def.Meta.AdAccount)
	default:
		f.ok(checkAudience, "%q (%s) can be read", a.Name, a.ID)
	}
}

// markPattern finds marks also where somebody has written something around them.
var markPattern = regexp.MustCompile(`(?i)cleanreach:[a-z0-9-]+/[a-z0-9-]+`)

// owner checks that the audience is not another definition's. One without a mark is taken: somebody wrote its id into
// this definition.
func (f *Findings) owner(a meta.CustomAudience, def *audience.Definition) {
	mark := def.Mark()
	marks := markPattern.FindAllString(a.Description, -1)
	foreign := slices.DeleteFunc(slices.Clone(marks), func(other string) bool { return other == mark })
	switch {
	case len(foreign) > 0:
		f.fail(checkOwner, audience.Invalid,
			"take meta.audience_id out, so that the definition gets an audience of its own, or, if that one is given up, take its mark out of the description in Ads Manager",
			"audience %s is another definition's: its description carries the mark %s, and ours is %s", a.ID, strings.Join(foreign, " "), mark)
	case len(marks) > 0:
		f.ok(checkOwner, "it carries the mark %s", mark)
	default:
		f.warn(checkOwner, "put "+mark+" into its description in Ads Manager, so that no other definition writes into it",
			"it carries no mark of CleanReach's: whatever else fills it is mixed with this definition's people")
	}
}

func (f *Findings) subtype(a meta.CustomAudience) {
	switch a.Subtype {
	case "CUSTOM":
		f.ok(checkSubtype, "it is a customer file")
	case "":
		f.warn(checkSubtype, "", "Meta does not say what kind of audience it is")
	default:
		f.fail(checkSubtype, audience.Invalid, "take meta.audience_id out, or name a customer-file audience",
			"audience %s is of subtype %s, and people can be uploaded only to CUSTOM", a.ID, a.Subtype)
	}
}

// source checks how the audience was filled before. Meta does not mix files of one key with files of several, and we send
// the latter. The names are those of Meta's reference of the custom audience's data source.
func (f *Findings) source(a meta.CustomAudience) {
	switch a.DataSource {
	case "MULTI_HASHES":
		f.ok(checkSource, "it was filled with files of several keys, as we send them")
	case "", "ANYTHING", "NOTHING":
		f.ok(checkSource, "nothing has been uploaded that would bind it")
	case "HASHES", "HASHES_OR_USER_IDS", "USER_IDS", "MOBILE_ADVERTISER_IDS", "EXTERNAL_IDS", "TOKENS":
		f.fail(checkSource, audience.Invalid, "take meta.audience_id out, so that the run creates an audience of its own",
			"audience %s was filled with files of a single key (data source %s), and Meta refuses files of several keys for it", a.ID, a.DataSource)
	default:
		f.warn(checkSource, "if Meta refuses the upload, take meta.audience_id out", "it was filled from data source %s, which Meta may not let us add to", a.DataSource)
	}
}

// status checks what Meta says of the audience. One that Meta is at work on is worth waiting for. A replace in progress is
// none of this run's business, but where a run of ours has left it: that one the run brings to its end.
func (f *Findings) status(ctx context.Context, q Question, a meta.CustomAudience) {
	code := a.OperationStatus.Code
	if code == meta.OperationReplacing {
		var err error
		if f.stuck, err = f.ours(ctx, q, a); err != nil {
			f.refused(checkStatus, err)
			return
		}
	}
	switch severity, text := a.OperationStatus.Operation(); {
	case severity == meta.StatusBlocked:
		f.fail(checkStatus, audience.Action, "open the audience in Ads Manager", "status %d: %s", code, text)
	case f.stuck && q.Open.Run == q.Run:
		f.ok(checkStatus, "status %d: the replace that this run has begun is in progress", code)
	case f.stuck:
		f.warn(checkStatus, "", "status %d: the replace that run %s began on %s was never ended: this run ends it, or waits until Meta does, before it sends anything",
			code, q.Open.Run, q.Open.OpenedAt.UTC().Format(time.DateTime))
	case severity == meta.StatusBusy:
		f.fail(checkStatus, audience.Throttled, "start it again when the audience's operation status is back to 200", "status %d: %s", code, text)
	case severity == meta.StatusWarn, severity == meta.StatusUnknown && code != 0:
		f.warn(checkStatus, "", "status %d: %s", code, text)
	case !a.DeleteAt.IsZero():
		f.warn(checkStatus, "use it in an ad set", "Meta deletes the audience on %s", a.DeleteAt.Format(time.DateOnly))
	default:
		f.ok(checkStatus, "status %d: %s", code, text)
	}
}
