// Package statemachine holds the one definition that runs both on AWS Step Functions and on a laptop, and that of the
// starter, which a deployment has in front of it. It fills in the names that differ.
package statemachine

import (
	"bytes"
	_ "embed" // the definition is part of the binary
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Definition is the state machine in the Amazon States Language, with placeholders such as "${cluster}" in place of
// what only a deployment knows. It is valid JSON as it is.
//
//go:embed audience.asl.json
var Definition []byte

// Values are what a deployment knows. Every field is a placeholder of the definition.
type Values struct {
	WorkBucket              string   `json:"work_bucket"`
	WorkURL                 string   `json:"work_url"` // of the work bucket, as the tasks open it, without a slash at its end
	ResultsBucket           string   `json:"results_bucket"`
	ResultsURL              string   `json:"results_url"`
	Cluster                 string   `json:"cluster"`
	PreflightTaskDefinition string   `json:"preflight_task_definition"`
	PrepareTaskDefinition   string   `json:"prepare_task_definition"`
	CompareTaskDefinition   string   `json:"compare_task_definition"`
	PlanTaskDefinition      string   `json:"plan_task_definition"`
	AdvanceTaskDefinition   string   `json:"advance_task_definition"`
	UploadTaskDefinition    string   `json:"upload_task_definition"`
	UploadCapacity          string   `json:"upload_capacity"` // FARGATE_SPOT or FARGATE, of a chunk's first task
	ReportTaskDefinition    string   `json:"report_task_definition"`
	Subnets                 []string `json:"subnets"`
	SecurityGroups          []string `json:"security_groups"`
	DeadLetterQueueURL      string   `json:"dead_letter_queue_url"`
	EventBus                string   `json:"event_bus"`
}

// Render fills the values into the definition.
func Render(values Values) ([]byte, error) { return render(Definition, values) }

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// render replaces quoted placeholders by JSON values. It refuses names that the values do not have, values that no
// placeholder asks for, values left empty, and placeholders that are only a part of a string: Terraform's templatefile
// would take them, and a value with a quote in it would then break the definition.
func render(template []byte, values any) ([]byte, error) {
	encoded, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("encode values: %w", err)
	}
	var byName map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &byName); err != nil {
		return nil, fmt.Errorf("decode values: %w", err)
	}
	var problems []string
	rendered := template
	for name, value := range byName {
		quoted := []byte(`"${` + name + `}"`)
		if !bytes.Contains(template, quoted) {
			problems = append(problems, fmt.Sprintf("no placeholder uses the value %s", name))
		}
		if empty := string(value); empty == `""` || empty == "null" || empty == "[]" {
			problems = append(problems, fmt.Sprintf("the value %s is empty", name))
		}
		rendered = bytes.ReplaceAll(rendered, quoted, value)
	}
	for _, left := range placeholder.FindAllSubmatch(withoutValues(template, byName), -1) {
		problems = append(problems, fmt.Sprintf("the placeholder ${%s} has no value, or is not a whole quoted string", left[1]))
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, fmt.Errorf("render the state machine: %s", strings.Join(slices.Compact(problems), "; "))
	}
	return rendered, nil
}

// withoutValues is the template less its good placeholders: what is left of them is a mistake in the template, and a
// value that happens to look like a placeholder is none.
func withoutValues(template []byte, byName map[string]json.RawMessage) []byte {
	for name := range byName {
		template = bytes.ReplaceAll(template, []byte(`"${`+name+`}"`), []byte("0"))
	}
	return template
}
