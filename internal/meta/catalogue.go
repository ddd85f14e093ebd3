package meta

import (
	"fmt"
	"time"
)

// An entry says what one error of Meta's means.
type entry struct {
	code    int
	subcode int // 0: any that has no entry of its own
	kind    kind
	what    string // a clause: what happened
	own     remedy // whatever of the kind's is different here
}

// otherSection is the anchor of all errors without an entry of their own.
const otherSection = "meta-other"

// section is the anchor of the entry in the runbook. Links in old reports and alerts must go on working: never change it.
func (e entry) section() string {
	switch {
	case e.code == 0:
		return otherSection
	case e.subcode == 0:
		return fmt.Sprintf("meta-%d", e.code)
	}
	return fmt.Sprintf("meta-%d-%d", e.code, e.subcode)
}

// Remedies that several entries share.
var (
	same     = remedy{}
	slower   = remedy{wait: 5 * time.Minute}
	ourFault = remedy{who: operator, next: "report it as a fault of CleanReach, with the trace of the message: no definition can mend it", link: errorsPage}
)

// restLater is what to do about a session that takes no more.
const restLater = "send the rest in a new upload session, after a replace when the audience's operation status is back to 200: a run does so by itself"

// catalogue follows Meta's error references of the Marketing API, the Graph API and the Custom Audience endpoints
// (2026-09), in our words. 21009 is known from public clients only.
var catalogue = []entry{
	{1, 0, transient, "Meta had an unknown error", same},
	{1, 99, transient, "Meta had an unknown error, which more than 10,000 rows in a request can cause", same},
	{2, 0, transient, "Meta's service is interrupted for the moment", same},
	{5000, 0, transient, "Meta had an unknown error", same},
	{21009, 0, transient, "Meta could not serve the request for the moment", same},
	{803, 0, created, "Meta does not know the audience, or not yet", same},

	{4, 0, throttle, "the app has reached its request limit", slower},
	{17, 0, throttle, "the user has reached the request limit", same},
	{17, 2446079, throttle, "the ad account has reached its request limit", same},
	{32, 0, throttle, "the page has reached its request limit", same},
	{341, 0, throttle, "the app has reached a temporary limit", slower},
	{613, 1487742, throttle, "too many calls from this ad account", same},
	{613, 5044001, throttle, "too many changes a second from this ad account", same},
	{80000, 0, throttle, "the ad account has used up its hourly limit", slower},
	{80003, 0, throttle, "the ad account has used up its hourly limit for custom audiences", slower},
	{80004, 0, throttle, "the ad account has used up its hourly limit", slower},
	{80014, 0, throttle, "the ad account has used up its hourly limit", slower},
	{613, 0, abuse, "Meta's abuse prevention stopped the app", same},
	{368, 0, policy, "Meta considers the action abusive or has disallowed it", same},

	{102, 0, auth, "the session of the access token is invalid", same},
	{104, 0, auth, "the signature of the request is wrong", remedy{next: "store the app secret that belongs to the app of the access token", link: appsPage}},
	{190, 0, auth, "the access token is not valid", same},
	{190, 458, auth, "the person of the access token has removed the app", same},
	{190, 459, auth, "the person of the access token must log in at facebook.com and pass a check", same},
	{190, 460, auth, "the password behind the access token was changed", same},
	{190, 463, auth, "the access token has expired", same},
	{190, 464, auth, "the person of the access token is not confirmed", same},
	{190, 467, auth, "the access token was revoked", same},
	{190, 492, auth, "the session behind the access token is invalid", same},

	{10, 0, permission, "the app has no permission for this", remedy{who: appAdmin, next: "give the app ads_management with Advanced Access, and its system user the role Admin on the ad account", link: appsPage}},
	{100, 33, permission, "the object does not exist, or the system user may not see it", remedy{next: "check the ids, then give the system user the role Admin on the ad account", link: SystemUsersPage}},
	{200, 0, permission, "the token has no permission for this", same},
	{200, 1870050, permission, "the ad account does not belong to the business", remedy{next: "add the ad account to the business, or use a token of the business that owns it"}},
	{270, 0, permission, "the app has development access only", remedy{who: appAdmin, next: "ask for Advanced Access to ads_management", link: appsPage}},
	{294, 0, permission, "the token lacks ads_management, or the app is not allowed to manage ads", remedy{who: tokenOwner, next: NewToken, link: SystemUsersPage}},
	{2654, 1713092, permission, "the token may not write to this ad account", same},
	{1487301, 0, permission, "the audience is not shared with this ad account", remedy{who: author, next: "write the ad account that owns the audience into the definition", link: audiencesPage}},

	{200, 1870034, terms, "the Custom Audience terms are not accepted for the ad account", same},
	{200, 1870090, terms, "the Custom Audience terms are not accepted for the business", same},
	{1870092, 0, terms, "the Meta Business Tools terms are not accepted", remedy{who: businessAdmin, next: "a person who manages the business must accept them once", link: toolsTermsPage}},
	{2655, 0, terms, "the Marketing Messaging terms are not accepted", same},
	{2663, 0, terms, "the terms are not accepted for the app", remedy{who: appAdmin, next: "a person who manages the app must accept them once", link: appTermsPage}},
	{2664, 0, terms, "the terms are not accepted for the business", remedy{who: businessAdmin, next: "a person who manages the business must accept them once", link: businessTermsPage}},

	{100, 1713228, policy, "the audience cannot be edited for reasons of integrity", same},
	{100, 1713230, policy, "uploads to the audience are blocked for reasons of integrity", same},
	{100, 1713231, policy, "the audience's name, description or rule is flagged for reasons of integrity", remedy{next: "change what is flagged, or use another audience", link: audiencesPage}},
	{2635, 0, version, "this version of the Marketing API is gone", same},

	{100, 0, request, "a parameter is not valid", remedy{
		next: "change the definition or the call, where the message says what it is about: trying again does not help; in a value-based audience every row needs a LOOKALIKE_VALUE"}},
	{100, 1713098, request, "the rule's JSON is not valid", ourFault},
	{105, 0, request, "there are too many parameters", ourFault},
	{194, 0, request, "a required parameter is missing", ourFault},
	{2500, 0, request, "Meta cannot parse the query", ourFault},
	{2654, 0, request, "Meta could not create the audience", remedy{who: marketer, next: "an ad account holds 500 customer-file audiences: delete unused ones, then check name and source", link: audiencesPage}},
	{2656, 0, request, "lookalike audiences depend on the audience", remedy{who: marketer, next: "delete them first", link: audiencesPage}},
	{1487366, 0, request, "the audience has been deleted", remedy{next: "take audience_id out of the definition, so that the next run creates one", link: audiencesPage}},
	{200, 1870047, rule, "removing these people would make the audience too small", remedy{
		next: "lower the number of removals, or keep the audience as it is: Meta lets no audience shrink to where people could be told apart"}},

	{2650, 0, request, "Meta could not change the audience", remedy{next: "check that the audience is a customer file of several keys (data source MULTI_HASHES), and before a replace that its operation status is 200; if it is not, use another audience or mode mirror", link: AudienceDocument}},
	{2650, 1870144, request, "the audience has 100 million people or more, which a replace does not take", remedy{next: "use mode mirror, which sends only what has changed"}},
	{2650, 1870145, busy, "another update of the audience is in progress", same},
	{2650, 1870147, session, "Meta has not seen the session's first batch", remedy{next: "start it again: a replace goes on once Meta knows its session, and begins a new upload session when Meta has taken nothing"}},
	{2650, 1870148, session, "Meta updated the audience in part only", remedy{next: "wait until the audience's operation status is back to 200, then add everybody again: a run does so by itself; check the audience's size afterwards"}},
	{2650, 1870158, session, "the upload session timed out after 90 minutes; what had arrived stays", remedy{next: restLater}},
	{2650, 1870159, session, "the upload session is finished already", remedy{next: restLater}},
}

// An other is an error without an entry of its own: fits says which.
type other struct {
	which string // for people
	fits  func(code, subcode, httpStatus int) bool
	entry entry
}

// bySubcode are the ranges within a code whose own entry means something else; byStatus is asked when not even the code is
// known. Where nothing fits, Meta refused the call for a reason that is news to us, and a person must read it.
var (
	bySubcode = []other{
		{"613 with another subcode", func(code, subcode, _ int) bool { return code == 613 && subcode != 0 },
			entry{kind: throttle, what: "too many calls"}},
		{"100 with another subcode from 1713200 to 1713299", func(code, subcode, _ int) bool { return code == 100 && subcode/100 == 17132 },
			entry{kind: policy, what: "the audience is restricted for reasons of integrity"}},
	}
	byStatus = []other{
		{"another code, with HTTP status 429", func(_, _, status int) bool { return status == 429 },
			entry{kind: throttle, what: "too many calls"}},
		{"another code, with HTTP status 500 or higher", func(_, _, status int) bool { return status >= 500 },
			entry{kind: transient, what: "Meta's server failed"}},
		{"any other code", func(int, int, int) bool { return true },
			entry{kind: request, what: "Meta refused the call", own: remedy{next: "look the code up in Meta's error reference", link: errorsPage}}},
	}
)

// found indexes the catalogue by code and subcode.
var found = func() map[[2]int]entry {
	index := make(map[[2]int]entry, len(catalogue))
	for _, e := range catalogue {
		index[[2]int{e.code, e.subcode}] = e
	}
	return index
}()

// lookup gives what an error means: by code and subcode, by code alone, by the ranges that Meta documents, and at last by
// the HTTP status.
func lookup(code, subcode, httpStatus int) entry {
	if e, ok := found[[2]int{code, subcode}]; ok {
		return e
	}
	if e, ok := fitting(bySubcode, code, subcode, httpStatus); ok {
		return e
	}
	for _, known := range []int{code, rangeOf(code)} {
		if e, ok := found[[2]int{known, 0}]; ok {
			return e
		}
	}
	e, _ := fitting(byStatus, code, subcode, httpStatus)
	return e
}

// rangeOf is the code that stands for the whole of a range that Meta documents, or 0.
func rangeOf(code int) int {
	switch {
	case code >= 200 && code <= 299:
		return 200
	case code >= 80000 && code <= 80014:
		return 80000
	}
	return 0
}

func fitting(others []other, code, subcode, httpStatus int) (entry, bool) {
	for _, o := range others {
		if o.fits(code, subcode, httpStatus) {
			return o.entry, true
		}
	}
	return entry{}, false
}
