package awssdk

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
)

func nameOf(t *testing.T, err error) string {
	t.Helper()
	var failed *asl.Error
	require.ErrorAs(t, err, &failed)
	return failed.Name
}

func TestErrorsHaveTheNamesOfStepFunctions(t *testing.T) {
	for want, err := range map[string]error{
		"S3.NoSuchKeyException":                         refusedByS3(&s3types.NoSuchKey{}),
		"S3.NoSuchBucketException":                      refusedByS3(&smithy.GenericAPIError{Code: "NoSuchBucket"}),
		"S3.S3Exception":                                refusedByS3(&smithy.GenericAPIError{Code: "AccessDenied"}),
		"S3.SdkClientException":                         refusedByS3(errors.New("connection refused")),
		"StepFunctions.ExecutionAlreadyExistsException": named("StepFunctions", "Sfn", &sfntypes.ExecutionAlreadyExists{}),
		"Glue.ConcurrentRunsExceededException":          named("Glue", "Glue", &gluetypes.ConcurrentRunsExceededException{}),
		"ECS.ClientException":                           named("ECS", "Ecs", &ecstypes.ClientException{}),
	} {
		assert.Equal(t, want, nameOf(t, err))
	}
	assert.Equal(t, "S3.NoSuchKeyException", nameOf(t, refusedByS3(&s3types.NotFound{})), "the answer to a HEAD has no code")
}

type fakeBus struct{ out *eventbridge.PutEventsOutput }

func (b fakeBus) PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	return b.out, nil
}

func TestAnEventThatIsNotTakenFailsTheTask(t *testing.T) {
	bus := &Bus{Client: fakeBus{&eventbridge.PutEventsOutput{FailedEntryCount: 1, Entries: []bustypes.PutEventsResultEntry{
		{EventId: aws.String("1")}, {ErrorCode: aws.String("ThrottlingException")},
	}}}}
	_, err := bus.Call(t.Context(), asl.Call{Parameters: map[string]any{"Entries": []any{map[string]any{"Source": "s", "DetailType": "d", "Detail": "{}"}}}})
	assert.Equal(t, "EventBridge.FailedEntry", nameOf(t, err))
	assert.ErrorContains(t, err, "ThrottlingException")
}

type fakeStates struct{ in *sfn.StartExecutionInput }

func (s *fakeStates) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	s.in = in
	return &sfn.StartExecutionOutput{ExecutionArn: aws.String("arn"), StartDate: aws.Time(time.UnixMilli(5))}, nil
}

func TestStartExecution(t *testing.T) {
	var client fakeStates
	states := &States{Client: &client}
	out, err := states.Call(t.Context(), asl.Call{Parameters: map[string]any{"StateMachineArn": "m", "Name": "n", "Input": map[string]any{"a": 1}}})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"ExecutionArn": "arn", "StartDate": int64(5)}, out)
	assert.JSONEq(t, `{"a": 1}`, *client.in.Input)
	_, err = states.Call(t.Context(), asl.Call{Parameters: map[string]any{"StateMachine": "m"}})
	assert.Equal(t, "States.Runtime", nameOf(t, err))
}

// fakeJobs run a job through these states.
type fakeJobs struct {
	states  []gluetypes.JobRunState
	stopped bool
}

func (j *fakeJobs) StartJobRun(context.Context, *glue.StartJobRunInput, ...func(*glue.Options)) (*glue.StartJobRunOutput, error) {
	return &glue.StartJobRunOutput{JobRunId: aws.String("jr")}, nil
}

func (j *fakeJobs) GetJobRun(context.Context, *glue.GetJobRunInput, ...func(*glue.Options)) (*glue.GetJobRunOutput, error) {
	state := j.states[0]
	if len(j.states) > 1 {
		j.states = j.states[1:]
	}
	return &glue.GetJobRunOutput{JobRun: &gluetypes.JobRun{JobRunState: state}}, nil
}

func (j *fakeJobs) BatchStopJobRun(context.Context, *glue.BatchStopJobRunInput, ...func(*glue.Options)) (*glue.BatchStopJobRunOutput, error) {
	j.stopped = true
	return &glue.BatchStopJobRunOutput{}, nil
}

func TestAGlueJobRunsToItsEnd(t *testing.T) {
	call := asl.Call{Parameters: map[string]any{"JobName": "j", "Arguments": map[string]any{"--cleanreach_run": "s3://w/r/"}}}
	noSleep := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	jobs := &fakeJobs{states: []gluetypes.JobRunState{"STARTING", "RUNNING", "SUCCEEDED"}}
	out, err := (&Glue{Client: jobs, Sleep: noSleep}).Call(t.Context(), call)
	require.NoError(t, err)
	assert.Equal(t, "SUCCEEDED", out.(map[string]any)["JobRunState"])

	_, err = (&Glue{Client: &fakeJobs{states: []gluetypes.JobRunState{"FAILED"}}, Sleep: noSleep}).Call(t.Context(), call)
	assert.Equal(t, "States.TaskFailed", nameOf(t, err))

	ctx, cancel := context.WithCancel(t.Context())
	jobs = &fakeJobs{states: []gluetypes.JobRunState{"RUNNING"}}
	_, err = (&Glue{Client: jobs, Sleep: func(context.Context, time.Duration) error { cancel(); return ctx.Err() }}).Call(ctx, call)
	require.ErrorIs(t, err, context.Canceled)
	assert.True(t, jobs.stopped, "a job whose execution ended is stopped")
}

type fakeECS struct{ definition *ecstypes.TaskDefinition }

func (e fakeECS) DescribeTaskDefinition(context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error) {
	if e.definition == nil {
		return nil, &ecstypes.ClientException{Message: aws.String("Unable to describe task definition.")}
	}
	return &ecs.DescribeTaskDefinitionOutput{TaskDefinition: e.definition}, nil
}

type fakeSecrets map[string]string

func (s fakeSecrets) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	value, ok := s[*in.SecretId]
	if !ok {
		return nil, &secrettypes.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &value}, nil
}

func TestATaskDefinition(t *testing.T) {
	const secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/meta-AbCdEf"
	container := ecstypes.ContainerDefinition{
		Command: []string{"upload"}, Environment: []ecstypes.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}, {Name: aws.String("AWS_REGION"), Value: aws.String("eu-west-1")}},
		Secrets: []ecstypes.Secret{{Name: aws.String("WHOLE"), ValueFrom: aws.String(secret)}, {Name: aws.String("FIELD"), ValueFrom: aws.String(secret + ":token::")}},
	}
	host := &ECS{
		Client:  fakeECS{&ecstypes.TaskDefinition{TaskRoleArn: aws.String("role"), ContainerDefinitions: []ecstypes.ContainerDefinition{container}}},
		Secrets: fakeSecrets{secret: `{"token": "t"}`}, Binary: "b",
		Host: func(role string) map[string]string {
			return map[string]string{"ROLE": role, "AWS_REGION": "of the host"}
		},
	}
	d, err := host.Define(t.Context(), "name")
	require.NoError(t, err)
	assert.Equal(t, []string{"upload"}, d.Command)
	assert.Equal(t, map[string]string{"A": "1", "ROLE": "role", "AWS_REGION": "eu-west-1"}, d.Environment, "what the definition says counts")
	values, err := d.Secrets(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"WHOLE": `{"token": "t"}`, "FIELD": "t"}, values)

	for value, want := range map[string]string{`{"other": "t"}`: "has no field token", `secret-text`: "no JSON object"} {
		host.Secrets = fakeSecrets{secret: value}
		_, err = d.Secrets(t.Context())
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret-text")
	}
	host.Secrets = fakeSecrets{}
	_, err = d.Secrets(t.Context())
	require.ErrorContains(t, err, "ResourceInitializationError")

	host.Client = fakeECS{}
	_, err = host.Define(t.Context(), "name")
	assert.Equal(t, "ECS.ClientException", nameOf(t, err))
}
