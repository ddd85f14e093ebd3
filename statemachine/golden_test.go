package statemachine

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	golden        = "testdata/rendered.json"
	goldenStarter = "testdata/starter.json"
)

// goldenValues are of the shape that a deployment's have. terraform/modules/orchestration/tests has the same ones.
var goldenValues = Values{
	WorkBucket: "cleanreach-work-111122223333-eu-west-1", WorkURL: "s3://cleanreach-work-111122223333-eu-west-1",
	ResultsBucket: "cleanreach-results-111122223333-eu-west-1", ResultsURL: "s3://cleanreach-results-111122223333-eu-west-1",
	Cluster:                 "arn:aws:ecs:eu-west-1:111122223333:cluster/cleanreach",
	PreflightTaskDefinition: "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-preflight",
	PrepareTaskDefinition:   "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-prepare",
	CompareTaskDefinition:   "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-compare",
	PlanTaskDefinition:      "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-plan",
	AdvanceTaskDefinition:   "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-advance",
	UploadTaskDefinition:    "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-upload",
	UploadCapacity:          "FARGATE_SPOT",
	ReportTaskDefinition:    "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-report",
	Subnets:                 []string{"subnet-0a", "subnet-0b"},
	SecurityGroups:          []string{"sg-0a"},
	DeadLetterQueueURL:      "https://sqs.eu-west-1.amazonaws.com/111122223333/cleanreach-dead-letters",
	EventBus:                "cleanreach",
}

// Terraform fills the definitions in by its own means. Both are compared with these files, so that what is deployed is
// what the tests here run.
func TestRenderedIsGolden(t *testing.T) {
	rendered, err := Render(goldenValues)
	require.NoError(t, err)
	isGolden(t, golden, rendered)
	rendered, err = RenderStarter(starterValues)
	require.NoError(t, err)
	isGolden(t, goldenStarter, rendered)
}

func isGolden(t *testing.T, path string, rendered []byte) {
	t.Helper()
	require.True(t, json.Valid(rendered))
	if *update {
		require.NoError(t, os.WriteFile(path, rendered, 0o644))
		return
	}
	old, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(old), string(rendered), "run make generate")
}
