package meta

import (
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

// A remedy is what all errors of a kind have in common.
type remedy struct {
	class audience.Class
	next  string // who must do what
	wait  time.Duration
}

// NewToken says what a person must do about a token that is of no more use.
const NewToken = "make a new system user token with ads_management at https://business.facebook.com/settings/system-users and store it in the secret (on a laptop, in CLEANREACH_META_TOKEN)" //nolint:gosec // how to get one

var remedies = map[kind]remedy{
	request:    {audience.Invalid, "change the definition or the call: trying again does not help", 0},
	transient:  {audience.Transient, "it may succeed a little later", 0},
	created:    {audience.Invalid, "check the audience's id", 0},
	throttle:   {audience.Throttled, "start it again later, or run fewer uploads of this ad account at once", time.Minute},
	busy:       {audience.Throttled, "start it again when the audience's operation status is back to 200", time.Minute},
	session:    {audience.Transient, "send the rest in a new upload session", 0},
	auth:       {audience.Action, NewToken, 0},
	permission: {audience.Action, "give the system user and the app access to the ad account (role Admin, permission ads_management) at https://business.facebook.com/settings", 0},
	terms:      {audience.Action, "a person who manages the ad account must accept the terms once at " + termsPage, 0},
	policy:     {audience.Action, "read the reason at https://business.facebook.com/accountquality, then ask for a review or use another audience", 0},
	abuse:      {audience.Action, "stop every run of this app, find out what sends so much, and ask Meta's support before the next run", 0},
	version:    {audience.Action, "set meta.api_version in the definition to a version that https://developers.facebook.com/docs/graph-api/changelog lists, or update CleanReach", 0},
	rule:       {audience.Invalid, "leave the audience as it is, or change what the definition sends", 0},
}

// An entry says what one error of Meta's means.
type entry struct {
	code    int
	subcode int // 0: any that has no entry of its own
	kind    kind
	what    string        // a clause: what happened
	next    string        // instead of the kind's
	wait    time.Duration // instead of the kind's, when no header tells how long
}

const (
	removeless = "lower the number of removals, or keep the audience as it is: Meta lets no audience shrink to where people could be told apart"
	newAccount = "write the ad account that owns the audience into the definition"
	termsPage  = "https://business.facebook.com/ads/manage/customaudiences/tos/"
)

// catalogue follows Meta's error references of the Marketing API, the Graph API and the Custom Audience endpoints
// (2026-09), in our words. 21009 is known from public clients only.
var catalogue = []entry{
	{1, 0, transient, "Meta had an unknown error", "", 0},
	{1, 99, transient, "Meta had an unknown error, which more than 10,000 rows in a request can cause", "", 0},
	{2, 0, transient, "Meta's service is interrupted for the moment", "", 0},
	{5000, 0, transient, "Meta had an unknown error", "", 0},
	{21009, 0, transient, "Meta could not serve the request for the moment", "", 0},
	{803, 0, created, "Meta does not know the audience, or not yet", "", 0},

	{4, 0, throttle, "the app has reached its request limit", "", 5 * time.Minute},
	{17, 0, throttle, "the user has reached the request limit", "", 0},
	{17, 2446079, throttle, "the ad account has reached its request limit", "", 0},
	{32, 0, throttle, "the page has reached its request limit", "", 0},
	{341, 0, throttle, "the app has reached a temporary limit", "", 5 * time.Minute},
	{613, 1487742, throttle, "too many calls from this ad account", "", 0},
	{613, 5044001, throttle, "too many changes a second from this ad account", "", 0},
	{80000, 0, throttle, "the ad account has used up its hourly limit", "", 5 * time.Minute},
	{80003, 0, throttle, "the ad account has used up its hourly limit for custom audiences", "", 5 * time.Minute},
	{80004, 0, throttle, "the ad account has used up its hourly limit", "", 5 * time.Minute},
	{80014, 0, throttle, "the ad account has used up its hourly limit", "", 5 * time.Minute},
	{613, 0, abuse, "Meta's abuse prevention stopped the app", "", 0},
	{368, 0, policy, "Meta considers the action abusive or has disallowed it", "", 0},

	{102, 0, auth, "the session of the access token is invalid", "", 0},
	{104, 0, auth, "the signature of the request is wrong", "store the app secret that belongs to the app of the access token", 0},
	{190, 0, auth, "the access token is not valid", "", 0},
	{190, 458, auth, "the person of the access token has removed the app", "", 0},
	{190, 459, auth, "the person of the access token must log in at facebook.com and pass a check", "", 0},
	{190, 460, auth, "the password behind the access token was changed", "", 0},
	{190, 463, auth, "the access token has expired", "", 0},
	{190, 464, auth, "the person of the access token is not confirmed", "", 0},
	{190, 467, auth, "the access token was revoked", "", 0},
	{190, 492, auth, "the session behind the access token is invalid", "", 0},

	{10, 0, permission, "the app has no permission for this", "", 0},
	{100, 33, permission, "the object does not exist, or the system user may not see it", "check the ids, then give the system user the role Admin on the ad account at https://business.facebook.com/settings/system-users", 0},
	{200, 0, permission, "the token has no permission for this", "", 0},
	{200, 1870050, permission, "the ad account does not belong to the business", "", 0},
	{270, 0, permission, "the app has development access only", "ask for Advanced Access to ads_management at https://developers.facebook.com/apps", 0},
	{294, 0, permission, "the token lacks ads_management, or the app is not allowed to manage ads", "", 0},
	{2654, 1713092, permission, "the token may not write to this ad account", "", 0},
	{1487301, 0, permission, "the audience is not shared with this ad account", newAccount, 0},

	{200, 1870034, terms, "the Custom Audience terms are not accepted for the ad account", "", 0},
	{200, 1870090, terms, "the Custom Audience terms are not accepted for the business", "", 0},
	{1870092, 0, terms, "the Meta Business Tools terms are not accepted", "a person who manages the business must accept them at https://business.facebook.com/legal/technology_terms", 0},
	{2655, 0, terms, "the Marketing Messaging terms are not accepted", "", 0},
	{2663, 0, terms, "the terms are not accepted for the app", "a person who manages the app must accept them at https://www.facebook.com/customaudiences/app/tos", 0},
	{2664, 0, terms, "the terms are not accepted for the business", "a person who manages the business must accept them at https://business.facebook.com/ads/manage/customaudiences/tos.php", 0},

	{100, 1713228, policy, "the audience cannot be edited for reasons of integrity", "", 0},
	{100, 1713230, policy, "uploads to the audience are blocked for reasons of integrity", "", 0},
	{100, 1713231, policy, "the audience's name, description or rule is flagged for reasons of integrity", "change what is flagged, or use another audience", 0},
	{2635, 0, version, "this version of the Marketing API is gone", "", 0},

	{100, 0, request, "a parameter is not valid", "", 0},
	{100, 1713098, request, "the rule's JSON is not valid", "", 0},
	{105, 0, request, "there are too many parameters", "", 0},
	{194, 0, request, "a required parameter is missing", "", 0},
	{2500, 0, request, "Meta cannot parse the query", "", 0},
	{2654, 0, request, "Meta could not create the audience", "an ad account holds 500 customer-file audiences: delete unused ones, then check name and source", 0},
	{2656, 0, request, "lookalike audiences depend on the audience", "delete them first", 0},
	{1487366, 0, request, "the audience has been deleted", "take audience_id out of the definition, so that the next run creates one", 0},
	{200, 1870047, rule, "removing these people would make the audience too small", removeless, 0},

	{2650, 0, request, "Meta could not change the audience", "check that the audience is a customer file of several keys (data source MULTI_HASHES); if it is not, use another audience", 0},
	{2650, 1870144, request, "the audience has 100 million people or more, which a replace does not take", "use mode add and mode remove", 0},
	{2650, 1870145, busy, "another update of the audience is in progress", "", 0},
	{2650, 1870147, session, "Meta has not seen the session's first batch", "", 0},
	{2650, 1870148, session, "Meta updated the audience in part only", "check the audience's size, then run it again", 0},
	{2650, 1870158, session, "the upload session timed out after 90 minutes; what had arrived stays", "", 0},
	{2650, 1870159, session, "the upload session is finished already", "", 0},
}

// found indexes the catalogue by code and subcode.
var found = func() map[[2]int]entry {
	index := make(map[[2]int]entry, len(catalogue))
	for _, e := range catalogue {
		index[[2]int{e.code, e.subcode}] = e
	}
	return index
}()

// lookup gives what an error means: by code and subcode, by code alone, by the ranges that Meta documents, and at last by
// the HTTP status. Where nothing fits, Meta refused the call for a reason that is news to us, and a person must read it.
func lookup(code, subcode, httpStatus int) entry {
	if e, ok := found[[2]int{code, subcode}]; ok {
		return e
	}
	switch {
	case code == 613: // with a subcode
		return entry{kind: throttle, what: "too many calls"}
	case code == 100 && subcode/100 == 17132:
		return entry{kind: policy, what: "the audience is restricted for reasons of integrity"}
	}
	if e, ok := found[[2]int{code, 0}]; ok {
		return e
	}
	switch {
	case code >= 200 && code <= 299:
		return found[[2]int{200, 0}]
	case code >= 80000 && code <= 80014:
		return found[[2]int{80000, 0}]
	case httpStatus == 429:
		return entry{kind: throttle, what: "too many calls"}
	case httpStatus >= 500:
		return entry{kind: transient, what: "Meta's server failed"}
	}
	return entry{kind: request, what: "Meta refused the call", next: "look the code up at https://developers.facebook.com/docs/marketing-api/error-reference"}
}
