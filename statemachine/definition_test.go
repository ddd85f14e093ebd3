package statemachine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func someValues() Values {
	return Values{
		WorkBucket: "work", WorkURL: "s3://work", ResultsBucket: "results", ResultsURL: "s3://results", Cluster: "cluster",
		PreflightTaskDefinition: "preflight", PrepareTaskDefinition: "prepare", CompareTaskDefinition: "compare", PlanTaskDefinition: "plan",
		AdvanceTaskDefinition: "advance",
		UploadTaskDefinition:  "upload", UploadCapacity: "FARGATE_SPOT", ReportTaskDefinition: "report", Subnets: []string{"subnet-1", "subnet-2"},
		SecurityGroups: []string{"sg-1"}, DeadLetterQueueURL: "https://queue", EventBus: "bus",
	}
}

func TestRenderFillsEveryPlaceholder(t *testing.T) {
	values := someValues()
	values.Cluster = `a "quoted" ${cluster}`
	rendered, err := Render(values)
	require.NoError(t, err)
	var machine map[string]any
	require.NoError(t, json.Unmarshal(rendered, &machine))
	assert.Contains(t, string(rendered), `"Cluster": "a \"quoted\" ${cluster}"`)
	assert.Contains(t, string(rendered), `"Subnets": ["subnet-1","subnet-2"]`)
	assert.Empty(t, placeholder.FindAll([]byte(strings.ReplaceAll(string(rendered), "${cluster}", "")), -1))
}

func TestRenderRefuses(t *testing.T) {
	cases := []struct {
		name string
		from string
		to   string
		edit func(*Values)
		want string
	}{
		{"a name that it does not know", `"${cluster}"`, `"${clutser}"`, nil, "${clutser} has no value"},
		{"a value that nothing uses", `"${event_bus}"`, `"bus"`, nil, "no placeholder uses the value event_bus"},
		{"a part of a string", `"${event_bus}"`, `"arn:${event_bus}"`, nil, "${event_bus} has no value, or is not a whole quoted string"},
		{"an empty value", "", "", func(v *Values) { v.WorkURL = "" }, "the value work_url is empty"},
		{"an empty list", "", "", func(v *Values) { v.Subnets = nil }, "the value subnets is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			values, template := someValues(), string(Definition)
			if c.edit != nil {
				c.edit(&values)
			} else {
				template = strings.ReplaceAll(template, c.from, c.to)
			}
			_, err := render([]byte(template), values)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestTheDefinitionIsJSONBeforeRendering(t *testing.T) {
	assert.True(t, json.Valid(Definition))
	assert.Less(t, len(Definition), 1<<20, "Step Functions takes a megabyte")
}
