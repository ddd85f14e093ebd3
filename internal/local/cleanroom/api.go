// Package cleanroom is AWS Clean Rooms for one machine: protected queries over the members' tables, run by DuckDB, under
// the analysis rules that Clean Rooms enforces, with its statuses, errors and output paths. docs/clean-room.md says how
// it differs from the service.
package cleanroom

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"
)

// The documents of the Clean Rooms API, spelled as Step Functions' SDK integration spells them.
type (
	// StartInput is StartProtectedQuery's.
	StartInput struct {
		MembershipIdentifier string
		Type                 string                // SQL
		SQLParameters        *SQLParameters        `json:"SqlParameters"`
		ResultConfiguration  *ResultConfiguration  `json:",omitempty"`
		ComputeConfiguration *ComputeConfiguration `json:",omitempty"`
	}
	// SQLParameters holds either a query or a template with its parameters.
	SQLParameters struct {
		QueryString         string            `json:",omitempty"`
		AnalysisTemplateArn string            `json:",omitempty"`
		Parameters          map[string]string `json:",omitempty"`
	}
	// ResultConfiguration says where the result goes.
	ResultConfiguration struct{ OutputConfiguration OutputConfiguration }
	// OutputConfiguration is a union of which a room knows S3 only.
	OutputConfiguration struct{ S3 *S3Output }
	// S3Output is a place in a bucket.
	S3Output struct {
		ResultFormat     string // PARQUET or CSV
		Bucket           string
		KeyPrefix        string `json:",omitempty"`
		SingleFileOutput bool   `json:",omitempty"`
	}
	// ComputeConfiguration sizes a query; here it only prices it.
	ComputeConfiguration struct{ Worker *Worker }
	// Worker is the size: CR.1X (2 CRPU) or CR.4X (8 CRPU), 2 to 400 of them.
	Worker struct {
		Type   string
		Number int
	}

	// QueryInput is GetProtectedQuery's, and with TargetStatus UpdateProtectedQuery's.
	QueryInput struct {
		MembershipIdentifier     string
		ProtectedQueryIdentifier string
		TargetStatus             string `json:",omitempty"` // CANCELLED
	}

	// ProtectedQuery is a query as every call gives it.
	ProtectedQuery struct {
		ID                   string `json:"Id"`
		MembershipID         string `json:"MembershipId"`
		MembershipArn        string
		CreateTime           time.Time
		Status               Status
		SQLParameters        SQLParameters `json:"SqlParameters"`
		ResultConfiguration  ResultConfiguration
		ComputeConfiguration *ComputeConfiguration `json:",omitempty"`
		Statistics           *Statistics           `json:",omitempty"`
		Result               *Result               `json:",omitempty"`
		Error                *QueryError           `json:",omitempty"`
	}
	// Result is there after SUCCESS.
	Result struct{ Output Output }
	// Output is a union of which a room knows S3 only.
	Output struct{ S3 *S3Location }
	// S3Location is the URL of the folder with the result's files; it ends in a slash.
	S3Location struct{ Location string }
	// Statistics are there after the query ended.
	Statistics struct {
		TotalDurationInMillis     int64
		BilledResourceUtilization BilledResourceUtilization
	}
	// BilledResourceUtilization is what the query would have cost on AWS, in CRPU hours, had it taken as long there.
	BilledResourceUtilization struct{ Units float64 }
	// QueryError says why a query failed, in words that hold nothing of the rows.
	QueryError struct {
		Code    string
		Message string
	}
)

// A Status is where a query stands.
type Status string

// The statuses. The last four are final.
const (
	Submitted  Status = "SUBMITTED"
	Started    Status = "STARTED"
	Cancelling Status = "CANCELLING"
	Cancelled  Status = "CANCELLED"
	Failed     Status = "FAILED"
	Success    Status = "SUCCESS"
	TimedOut   Status = "TIMED_OUT"
)

// Final reports whether the status is the last one.
func (s Status) Final() bool {
	return s == Cancelled || s == Failed || s == Success || s == TimedOut
}

// Call runs an action of the API, named as in a state's Resource (aws-sdk:cleanrooms:startProtectedQuery), on JSON-like
// parameters and gives its JSON-like output. Its errors are *Error, but for ctx's own.
func (r *Room) Call(ctx context.Context, action string, params any) (any, error) {
	var query ProtectedQuery
	var err error
	switch action {
	case "startProtectedQuery":
		var in StartInput
		if err = decode(params, &in); err == nil {
			query, err = r.Start(ctx, in)
		}
	case "getProtectedQuery", "updateProtectedQuery":
		var in QueryInput
		if err = decode(params, &in); err != nil {
			break
		}
		if action == "getProtectedQuery" {
			query, err = r.Get(ctx, in)
		} else {
			query, err = r.Cancel(ctx, in)
		}
	default:
		return nil, refuse(nameValidation, reasonField, "a clean room on one machine knows startProtectedQuery, getProtectedQuery and updateProtectedQuery only")
	}
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(map[string]any{"ProtectedQuery": query})
	if err != nil {
		return nil, refuse(nameInternal, "", "the answer cannot be encoded")
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, refuse(nameInternal, "", "the answer cannot be encoded")
	}
	return out, nil
}

// decode reads a call's parameters. As in Step Functions, names are in PascalCase and an unknown one is refused. The
// decoder's errors quote its input, so they stay here.
func decode(params, into any) error {
	data, err := json.Marshal(params)
	if err != nil {
		return invalidField("the parameters", "are no JSON")
	}
	err = strict.Unmarshal(data, into, strict.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	where := "the call"
	var wrong *strict.SemanticError
	if errors.As(err, &wrong) && wrong.JSONPointer != "" {
		where = strings.ReplaceAll(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/", ".")
	}
	if errors.Is(err, strict.ErrUnknownName) {
		return invalidField(where, "is no parameter of this action: names are in PascalCase, as the API's")
	}
	return invalidField(where, "is not of the type that the API wants")
}
