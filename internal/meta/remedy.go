package meta

import (
	"cmp"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A kind is what sort of trouble an error code stands for: it decides the class and what to do next.
type kind int

const (
	request    kind = iota // the call or its data is wrong
	transient              // try again
	created                // transient just after the object was created, otherwise wrong
	throttle               // too many calls: wait
	busy                   // Meta is at work on the audience: wait
	session                // the upload session is over: a new one is needed, so the same request is not worth repeating
	auth                   // the token
	permission             // the right to do it
	terms                  // terms that nobody has accepted
	policy                 // integrity
	abuse                  // Meta holds the app for an abuser: every further call makes it worse
	version                // the API version is gone
	rule                   // a rule of Meta's that is no fault, such as a minimum size
)

// A remedy is what all errors of a kind have in common, or, beside one error, where that one differs.
type remedy struct {
	class audience.Class // of a kind only
	who   string         // must act
	next  string         // what they must do
	link  string         // where, or where it is documented
	wait  time.Duration  // when no header tells how long
}

// Who must act.
const (
	nobody        = "nobody for now: CleanReach tries again by itself"
	nobodyWaits   = "nobody for now: CleanReach waits, and then tries again by itself"
	author        = "whoever wrote the audience definition"
	operator      = "whoever runs CleanReach"
	tokenOwner    = "an admin of the business in Meta's Business Manager, together with whoever runs CleanReach"
	accountAdmin  = "an admin of the business or of the ad account in Meta's Business Manager"
	businessAdmin = "an admin of the business in Meta's Business Manager"
	appAdmin      = "whoever manages the app at Meta for Developers"
	marketer      = "whoever looks after the audience in Ads Manager"
)

// NewToken says what a person must do about a token that is of no more use, at SystemUsersPage.
const NewToken = "make a new system user token with ads_management and store it in the secret (on a laptop, in CLEANREACH_META_TOKEN)" //nolint:gosec // how to get one

var remedies = map[kind]remedy{
	request:    {audience.Invalid, author, "change the definition or the call: trying again does not help", uploadDocument, 0},
	transient:  {audience.Transient, nobody, "it may succeed a little later", StatusPage, 0},
	created:    {audience.Invalid, author, "check the audience's id", audiencesPage, 0},
	throttle:   {audience.Throttled, nobodyWaits, "start it again later, or run fewer uploads of this ad account at once", limitsPage, time.Minute},
	busy:       {audience.Throttled, nobodyWaits, "start it again when the audience's operation status is back to 200", audiencesPage, time.Minute},
	session:    {audience.Transient, nobody, "send the rest in a new upload session", uploadDocument, 0},
	auth:       {audience.Action, tokenOwner, NewToken, SystemUsersPage, 0},
	permission: {audience.Action, accountAdmin, "give the system user and the app access to the ad account (role Admin, permission ads_management)", AccountsPage, 0},
	terms:      {audience.Action, accountAdmin, "a person who manages the ad account must accept the terms once", termsPage, 0},
	policy:     {audience.Action, marketer, "read the reason, then ask for a review or use another audience", qualityPage, 0},
	abuse:      {audience.Action, operator, "stop every run of this app, find out what sends so much, and ask Meta's support before the next run", limitsPage, 0},
	version:    {audience.Action, operator, "set meta.api_version in the definition to a version that Meta still serves, or update CleanReach", VersionsPage, 0},
	rule:       {audience.Invalid, marketer, "leave the audience as it is, or change what the definition sends", errorsPage, 0},
}

// over gives r with whatever is set in own in place of it.
func (r remedy) over(own remedy) remedy {
	r.who = cmp.Or(own.who, r.who)
	r.next = cmp.Or(own.next, r.next)
	r.link = cmp.Or(own.link, r.link)
	r.wait = cmp.Or(own.wait, r.wait)
	return r
}
