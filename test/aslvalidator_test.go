package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/statemachine"
)

// Somebody else's idea of the Amazon States Language agrees with ours. The validator is JavaScript; .ci/run installs it
// and names it, and without it there is nothing to ask.
func TestAnotherValidatorTakesTheDefinition(t *testing.T) {
	validator := os.Getenv("ASL_VALIDATOR")
	if validator == "" {
		t.Skip("ASL_VALIDATOR is not set: it is the path of npm's asl-validator")
	}
	rendered, err := statemachine.Render(statemachine.Values{
		WorkBucket: "work", WorkURL: "s3://work", ResultsBucket: "results", ResultsURL: "s3://results",
		Cluster:                 "arn:aws:ecs:eu-central-1:123456789012:cluster/cleanreach",
		PreflightTaskDefinition: "preflight", PrepareTaskDefinition: "prepare", PlanTaskDefinition: "plan",
		UploadTaskDefinition: "upload", UploadCapacity: "FARGATE_SPOT", ReportTaskDefinition: "report", Subnets: []string{"subnet-1"}, SecurityGroups: []string{"sg-1"},
		DeadLetterQueueURL: "https://sqs.eu-central-1.amazonaws.com/123456789012/dead-letter", EventBus: "cleanreach",
	})
	require.NoError(t, err)
	starter, err := statemachine.RenderStarter(statemachine.StarterValues{
		WorkBucket: "work", StateMachineARN: "arn:aws:states:eu-central-1:123456789012:stateMachine:cleanreach",
		UndeliveredQueueURL: "https://sqs.eu-central-1.amazonaws.com/123456789012/undelivered",
	})
	require.NoError(t, err)
	cases := []struct{ name, from, to, want string }{
		{"as it is", "", "", ""},
		{"the starter", "", "", ""},
		{"an unknown type", `"Type": "Succeed"`, `"Type": "Success"`, "/LeaveToGlue/Type is invalid"},
		{"a Next to nowhere", `"Next": "ReadSettings"`, `"Next": "ReadSetting"`, "MISSING_TRANSITION_TARGET"},
		{"a state that nothing reaches", `"Default": "RefuseInput"`, `"Default": "NameRun"`, "RefuseInput"},
		{"no Resource", `"Resource": "arn:aws:states:::events:putEvents",`, "", "/States/PublishCompleted is invalid"},
		{"no path", `"SecondsPath": "$.poll.wait"`, `"SecondsPath": "poll wait"`, "SecondsPath"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := string(rendered)
			if c.name == "the starter" {
				text = string(starter)
			}
			if c.from != "" {
				require.Contains(t, text, c.from)
				text = strings.ReplaceAll(text, c.from, c.to)
			}
			path := filepath.Join(t.TempDir(), "machine.json")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			out, err := exec.CommandContext(t.Context(), validator, "--json-path", path).CombinedOutput()
			if c.from == "" {
				require.NoError(t, err, "%s", out)
				return
			}
			require.Error(t, err, "it must be refused")
			assert.Contains(t, string(out), c.want)
		})
	}
}
