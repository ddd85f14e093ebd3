package meta

import "fmt"

// A Status is an audience's operation or delivery status. Meta's own description of it is not kept: the code decides.
type Status struct {
	Code int // 0 when Meta gave none
}

// A Severity says how bad a status is for somebody who uploads.
type Severity int

// The severities. They are our judgement, not Meta's.
const (
	StatusUnknown Severity = iota
	StatusOK
	StatusInfo    // nothing to do
	StatusWarn    // works, but somebody should look at it
	StatusBusy    // Meta is at work on the audience: wait
	StatusBlocked // the audience takes no uploads, or is of no use, until somebody acts
)

// The codes of an operation status that decide what a run may do.
const (
	OperationNormal          = 200
	OperationNoUpload        = 410
	OperationReplacing       = 414
	OperationReplaceFailed   = 415
	OperationFilling         = 441
	OperationIntegrityFailed = 471
)

// A meaning is what a status code says and what follows from it.
type meaning struct {
	severity Severity
	text     string
}

// operationMeanings follows Meta's reference of the custom audience (operation_status), in our words.
var operationMeanings = map[int]meaning{
	0:                        {StatusUnknown, "Meta gives no status"},
	100:                      {StatusWarn, "the audience is expiring: no active ad set has used it for two years, and Meta deletes it 90 days after this notice: use it in an ad set"},
	OperationNormal:          {StatusOK, "the audience is normal"},
	400:                      {StatusWarn, "Meta has a warning for this audience: read it in Ads Manager"},
	OperationNoUpload:        {StatusInfo, "nothing has been uploaded yet"},
	411:                      {StatusWarn, "few of the people were matched: send more attributes for each"},
	412:                      {StatusWarn, "many rows of the last upload were invalid: look at the report's data quality"},
	OperationReplacing:       {StatusBusy, "a replace is in progress: wait until the status is 200 again"},
	OperationReplaceFailed:   {StatusWarn, "the last replace failed: compare its size with what was sent; people can be added, but not replaced until the status is 200"},
	OperationFilling:         {StatusInfo, "the audience is being filled: it can be used, and its size will grow"},
	450:                      {StatusWarn, "the audience is out of date: no ad has used it for 30 days or more"},
	470:                      {StatusBlocked, "the account that created the audience is no longer active: create the audience in an active account"},
	OperationIntegrityFailed: {StatusBlocked, "Meta flagged the audience for integrity (its name or description suggests health or finances) and blocks uploads: change it, ask for a review, or use a new audience"},
	500:                      {StatusBlocked, "Meta reports an error that the advertiser must mend: read it in Ads Manager"},
}

// Operation says what an operation_status means, and for whom it matters.
func (s Status) Operation() (Severity, string) {
	if m, known := operationMeanings[s.Code]; known {
		return m.severity, m.text
	}
	return StatusUnknown, fmt.Sprintf("operation status %d is none of a customer file's: look at the audience in Ads Manager", s.Code)
}

// Delivery says what a delivery_status means: whether ads can use the audience.
func (s Status) Delivery() (Severity, string) {
	switch {
	case s.Code == 0:
		return StatusUnknown, "Meta gives no delivery status"
	case s.Code == 200:
		return StatusOK, "ads can use the audience"
	case s.Code == 300:
		return StatusWarn, "the audience is too small for ads to use it"
	case s.Code >= 400:
		return StatusBlocked, fmt.Sprintf("ads cannot use the audience (delivery status %d): read the reason in Ads Manager", s.Code)
	}
	return StatusUnknown, fmt.Sprintf("delivery status %d is unknown: look at the audience in Ads Manager", s.Code)
}

// accountMeanings follows Meta's reference of the ad account (account_status), in our words.
var accountMeanings = map[int]meaning{
	0:   {StatusUnknown, "Meta does not say whether it is active"},
	1:   {StatusOK, "it is active"},
	2:   {StatusBlocked, "it is disabled"},
	3:   {StatusWarn, "it has an unpaid balance"},
	7:   {StatusWarn, "Meta is reviewing it for risk"},
	8:   {StatusWarn, "a payment is pending"},
	9:   {StatusWarn, "it is in a grace period after a payment failed"},
	100: {StatusWarn, "it is about to be closed"},
	101: {StatusBlocked, "it is closed"},
	201: {StatusOK, "it is active"},
	202: {StatusBlocked, "it is closed"},
}

// AccountStatus says what the account_status of an ad account means for somebody who uploads.
func (a Account) AccountStatus() (Severity, string) {
	if m, known := accountMeanings[a.Status]; known {
		return m.severity, m.text
	}
	return StatusUnknown, fmt.Sprintf("its account status is %d, which is unknown", a.Status)
}
