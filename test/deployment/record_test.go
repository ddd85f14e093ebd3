package deployment

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// asRole begins the access keys of the principals that are watched; the role's name follows. Terraform's and the test's own
// calls are nobody's.
const asRole = "role."

// An apiCall is a call as IAM sees it.
type apiCall struct {
	role     string // its name
	action   string // s3:GetObject
	resource string // an ARN
	context  map[string][]string
	status   int    // of the answer
	because  string // what it comes with, when no API call of ours shows it
}

// A record keeps the calls of the roles.
type record struct {
	mu       sync.Mutex
	all      []apiCall
	problems []string // calls that it could not read
}

func (c *record) calls() []apiCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]apiCall(nil), c.all...)
}

// put adds calls that something made in AWS's place.
func (c *record) put(calls ...apiCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, calls...)
}

// add reads a call that went through the front.
func (c *record) add(r *request, answer *answerWriter) {
	role, watched := strings.CutPrefix(r.principal, asRole)
	if !watched && r.principal != asCleanRooms {
		return
	}
	calls, err := read(r, answer)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.problems = append(c.problems, fmt.Sprintf("%s called %s %s %s: %v", role, r.service, r.Method, cmp.Or(r.operation, r.URL.Path), err))
	}
	for _, call := range calls {
		call.role, call.status = role, answer.status
		if !watched {
			call = forCleanRooms(call)
		}
		c.all = append(c.all, call)
	}
}

// read tells what IAM is asked about a call.
func read(r *request, answer *answerWriter) ([]apiCall, error) {
	switch r.service {
	case "s3":
		return readS3(r)
	case "sqs":
		var in queueCall
		if err := json.Unmarshal(r.body, &in); err != nil {
			return nil, err
		}
		parts := strings.Split(in.QueueURL, "/")
		return one("sqs:"+r.operation, queueARN(parts[len(parts)-1])), nil
	case "events":
		return readEvents(r)
	case "states":
		var in struct {
			StateMachineArn string `json:"stateMachineArn"`
		}
		err := json.Unmarshal(r.body, &in)
		return one("states:"+r.operation, in.StateMachineArn), err
	case "secretsmanager":
		return readSecret(r, answer)
	case "glue":
		return readGlue(r)
	}
	return nil, fmt.Errorf("the record does not know the service %s", r.service)
}

func one(action, resource string) []apiCall { return []apiCall{{action: action, resource: resource}} }

// readS3 reads a call in path style.
func readS3(r *request) ([]apiCall, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	if key == "" {
		switch {
		case r.Method == http.MethodHead:
			return one("s3:ListBucket", "arn:aws:s3:::"+bucket), nil
		case r.Method == http.MethodGet && (query.Has("list-type") || query.Has("prefix")):
			context := map[string][]string{"s3:prefix": {query.Get("prefix")}}
			if query.Has("delimiter") {
				context["s3:delimiter"] = []string{query.Get("delimiter")}
			}
			return []apiCall{{action: "s3:ListBucket", resource: "arn:aws:s3:::" + bucket, context: context}}, nil
		}
		return nil, fmt.Errorf("the record does not know %s of a bucket with %v", r.Method, query)
	}
	var action string
	switch {
	case query.Has("uploadId") && r.Method == http.MethodDelete:
		action = "s3:AbortMultipartUpload"
	case query.Has("uploadId") && r.Method == http.MethodGet:
		action = "s3:ListMultipartUploadParts"
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") == "", r.Method == http.MethodPost && (query.Has("uploads") || query.Has("uploadId")):
		action = "s3:PutObject"
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		action = "s3:GetObject"
	case r.Method == http.MethodDelete:
		action = "s3:DeleteObject"
	default:
		return nil, fmt.Errorf("the record does not know %s of an object with %v", r.Method, query)
	}
	if query.Has("versionId") {
		action += "Version"
	}
	call := apiCall{action: action, resource: "arn:aws:s3:::" + bucket + "/" + key}
	if query.Has("uploads") || query.Has("uploadId") {
		call.because = inParts
	}
	return []apiCall{call}, nil
}

// inParts marks what belongs to an object that is written in parts.
const inParts = "an object in parts"

func readEvents(r *request) ([]apiCall, error) {
	var in struct {
		Entries []struct{ EventBusName, Source, DetailType string }
	}
	if err := json.Unmarshal(r.body, &in); err != nil {
		return nil, err
	}
	var calls []apiCall
	for _, e := range in.Entries {
		bus := e.EventBusName
		if !strings.HasPrefix(bus, "arn:") {
			bus = fmt.Sprintf("arn:aws:events:%s:%s:event-bus/%s", region, account, cmp.Or(bus, "default"))
		}
		calls = append(calls, apiCall{action: "events:" + r.operation, resource: bus,
			context: map[string][]string{"events:source": {e.Source}, "events:detail-type": {e.DetailType}}})
	}
	return calls, nil
}

// secretARN finds a secret's ARN in an answer, which has it also when there is no value.
var secretARN = regexp.MustCompile(`arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]+`)

// openSecret stands for the six random characters at the end of a secret's ARN, when the answer does not tell them.
const openSecret = "-??????"

func readSecret(r *request, answer *answerWriter) ([]apiCall, error) {
	var in struct {
		SecretID string `json:"SecretId"`
	}
	if err := json.Unmarshal(r.body, &in); err != nil {
		return nil, err
	}
	arn := in.SecretID
	if !strings.HasPrefix(arn, "arn:") {
		if arn = secretARN.FindString(answer.kept.String()); arn == "" {
			arn = fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s%s", region, account, in.SecretID, openSecret)
		}
	}
	return one("secretsmanager:"+r.operation, arn), nil
}

// readGlue: a call to a table is one to its database and to the catalog too.
func readGlue(r *request) ([]apiCall, error) {
	var in struct {
		DatabaseName, Name, JobName string
		TableInput                  struct{ Name string }
	}
	if err := json.Unmarshal(r.body, &in); err != nil {
		return nil, err
	}
	arn := func(rest string) string { return fmt.Sprintf("arn:aws:glue:%s:%s:%s", region, account, rest) }
	if in.JobName != "" {
		return one("glue:"+r.operation, arn("job/"+in.JobName)), nil
	}
	table := cmp.Or(in.Name, in.TableInput.Name)
	if in.DatabaseName == "" || table == "" {
		return nil, fmt.Errorf("the record does not know what it is about")
	}
	var calls []apiCall
	for _, resource := range []string{"catalog", "database/" + in.DatabaseName, "table/" + in.DatabaseName + "/" + table} {
		calls = append(calls, apiCall{action: "glue:" + r.operation, resource: arn(resource)})
	}
	return calls, nil
}
