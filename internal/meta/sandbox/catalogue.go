package sandbox

import "net/http"

// catalogue are the errors that Meta documents or that were seen, in words of our own. What is not said is status 400, an
// OAuthException, and not transient: throttles come as 400 without a hint, so that a client has to know the codes.
var catalogue = []apiError{
	{code: 1, status: http.StatusInternalServerError, message: "Please reduce the amount of data you're asking for, then retry your request"},
	{code: 1, subcode: 99, status: http.StatusInternalServerError, message: "An unknown error occurred"},
	{code: 2, status: http.StatusInternalServerError, transient: true, message: "An unexpected error has occurred. Please retry your request later."},
	{code: 5000, status: http.StatusInternalServerError, message: "Unknown error code"},
	{code: 21009, message: "The request could not be served"},
	{code: 803, message: "(#803) Some of the aliases you requested do not exist"},

	{code: 4, message: "(#4) Application request limit reached"},
	{code: 17, message: "(#17) User request limit reached"},
	{code: 17, subcode: 2446079, message: "User request limit reached"},
	{code: 32, message: "(#32) Page request limit reached"},
	{code: 341, message: "(#341) Application limit reached"},
	{code: 613, message: "(#613) Calls to this api have exceeded the rate limit."},
	{code: 613, subcode: 1487742, message: "There have been too many calls from this ad-account. Please wait a bit and try again."},
	{code: 613, subcode: 5044001, message: "There have been too many changes a second to this ad-account"},
	{code: 80000, message: "(#80000) There have been too many calls from this ad-account. Wait a bit and try again."},
	{code: 80003, message: "(#80003) There have been too many calls to this ad-account. Wait a bit and try again."},
	{code: 80004, message: "(#80004) There have been too many calls to this ad-account. Wait a bit and try again."},
	{code: 80014, message: "(#80014) There have been too many calls to this ad-account. Wait a bit and try again."},
	{code: 368, message: "The action attempted has been deemed abusive or is otherwise disallowed"},

	{code: 102, status: http.StatusUnauthorized, message: "Session key invalid or no longer valid"},
	{code: 104, message: "Incorrect signature"},
	{code: 190, status: http.StatusUnauthorized, message: "Invalid OAuth 2.0 Access Token"},
	{code: 190, subcode: 458, message: "Error validating access token: The user has not authorized the application."},
	{code: 190, subcode: 459, message: "Error validating access token: The user is checkpointed and must log in."},
	{code: 190, subcode: 460, message: "Error validating access token: The password has been changed."},
	{code: 190, subcode: 463, message: "Error validating access token: Session has expired."},
	{code: 190, subcode: 464, message: "Error validating access token: The user is not confirmed."},
	{code: 190, subcode: 467, message: "Error validating access token: The access token is invalid."},
	{code: 190, subcode: 492, message: "Error validating access token: The session is invalid."},

	{code: 10, status: http.StatusForbidden, message: "(#10) Application does not have permission for this action"},
	{code: 200, status: http.StatusForbidden, message: "(#200) Permissions error"},
	{code: 200, subcode: 1870050, status: http.StatusForbidden, message: "The ad account is not linked to the business"},
	{code: 270, message: "(#270) This Ads API request is not allowed for apps with development access level"},
	{code: 294, message: "(#294) Managing advertisements requires an access token with ads_management and an allow-listed app"},
	{code: 2654, subcode: 1713092, message: "No write permission for this ad account"},
	{code: 1487301, message: "The custom audience is unavailable: it is not shared with your ad account"},

	{code: 200, subcode: 1870034, message: "(#200) Custom Audience Terms have not been accepted: accept them at https://business.facebook.com/ads/manage/customaudiences/tos/"},
	{code: 200, subcode: 1870090, message: "(#200) Custom Audience Terms have not been accepted for the business"},
	{code: 1870092, message: "The Meta Business Tools Terms have not been accepted"},
	{code: 2655, message: "The Marketing Messaging Terms have not been accepted"},
	{code: 2663, message: "Terms of service have not been accepted: https://www.facebook.com/customaudiences/app/tos"},
	{code: 2664, message: "Corporate terms of service have not been accepted: https://business.facebook.com/ads/manage/customaudiences/tos.php"},

	{code: 100, message: "(#100) Invalid parameter"},
	{code: 100, subcode: 33, kind: "GraphMethodException", message: "Unsupported request. Object does not exist."},
	{code: 100, subcode: 1713098, message: "The rule is not in a valid JSON format"},
	{code: 100, subcode: 1713228, message: "The custom audience cannot be edited: resolve its integrity restrictions first"},
	{code: 100, subcode: 1713230, message: "(#100) Uploads to this custom audience are blocked"},
	{code: 100, subcode: 1713231, message: "Update the restricted fields and the rule of the custom audience"},
	{code: 105, message: "The number of parameters exceeded the maximum for this operation"},
	{code: 194, message: "(#194) Missing at least one required parameter"},
	{code: 2500, message: "Error parsing graph query"},
	{code: 2635, message: "(#2635) You are calling a deprecated version of the Ads API."},
	{code: 2654, message: "(#2654) Failed to create custom audience"},
	{code: 2656, message: "(#2656) Failed to delete custom audience because lookalikes depend on it"},
	{code: 1487366, message: "The custom audience has been deleted"},

	{code: 200, subcode: 1870047, message: "Audience size too low: removing these users would make the audience too small"},
	{code: 2650, message: "(#2650) Failed to update the custom audience"},
	{code: 2650, subcode: 1870144, message: "Audiences of 100 million people or more cannot be replaced"},
	{code: 2650, subcode: 1870145, message: "(#2650) Failed to update the custom audience: an update of the audience is in progress"},
	{code: 2650, subcode: 1870147, message: "The first batch of the replace session was not detected: begin a new session with batch_seq 1"},
	{code: 2650, subcode: 1870148, message: "Something went wrong: the audience was not fully updated"},
	{code: 2650, subcode: 1870158, message: "The upload session timed out: it is open for 90 minutes after its first batch."},
	{code: 2650, subcode: 1870159, message: "The upload session is finished: a batch with last_batch_flag was received."},
}

// listed finds an error of the catalogue; nil when it has none of this code and subcode.
func listed(code, subcode int) *apiError {
	for _, e := range catalogue {
		if e.code == code && e.subcode == subcode {
			if e.status == 0 {
				e.status = http.StatusBadRequest
			}
			return &e
		}
	}
	return nil
}

// refusal is an error of the catalogue, which must have it.
func refusal(code, subcode int) *apiError {
	e := listed(code, subcode)
	if e == nil {
		panic("the sandbox refuses for a reason that its catalogue lacks")
	}
	return e
}
