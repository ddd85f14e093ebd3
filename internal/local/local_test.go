package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/storage"
)

type discard struct{ bytes.Buffer }

func (*discard) Close() error { return nil }

// shell is a task definition whose program runs its second argument as a script.
func shell(t *testing.T, script string) (*local.Tasks, *discard) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	var output discard
	return &local.Tasks{
		Cluster: "laptop", Now: time.Now,
		Definitions: []local.TaskDefinition{{Name: "upload", Binary: program, Environment: map[string]string{"FIXED": "yes", "BOTH": "definition"}}},
		Log:         func([]string) (io.WriteCloser, error) { return &output, nil },
	}, &output
}

func runTask(edit func(p map[string]any)) asl.Call {
	p := map[string]any{
		"LaunchType": "FARGATE", "Cluster": "laptop", "TaskDefinition": "upload", "PropagateTags": "TASK_DEFINITION",
		"NetworkConfiguration": map[string]any{},
		"Overrides": map[string]any{"ContainerOverrides": []any{map[string]any{
			"Name": "cleanreach", "Command": []any{"upload", "now"},
			"Environment": []any{map[string]any{"Name": "CLEANREACH_CHUNK", "Value": "00001"}, map[string]any{"Name": "BOTH", "Value": "override"}},
		}}},
	}
	if edit != nil {
		edit(p)
	}
	return asl.Call{Resource: "arn:aws:states:::ecs:runTask.sync", Parameters: p}
}

func TestATaskGetsItsEnvironmentAndNothingElse(t *testing.T) {
	t.Setenv("SECRET_OF_THE_CALLER", "x")
	tasks, output := shell(t, `env | grep -v '^PWD=\|^_=\|^SHLVL=\|^OLDPWD=' | sort; echo "$@"`)
	result, err := tasks.Call(t.Context(), runTask(nil))
	require.NoError(t, err)
	assert.Equal(t, "BOTH=override\nCLEANREACH_CHUNK=00001\nFIXED=yes\nupload now\n", output.String())
	text, err := json.Marshal(result)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"ExitCode":0`)
}

func TestATaskThatFailsFailsAsOnECS(t *testing.T) {
	cases := []struct {
		name, script, stop string
		code               float64
	}{
		{"exit code", "exit 4", "EssentialContainerExited", 4},
		{"killed", "kill -9 $$", "EssentialContainerExited", 137},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tasks, _ := shell(t, c.script)
			cause := causeOf(t, tasks, t.Context())
			assert.Equal(t, c.stop, cause["StopCode"])
			container := cause["Containers"].([]any)[0].(map[string]any)
			assert.InDelta(t, c.code, container["ExitCode"], 0)
			command := cause["Overrides"].(map[string]any)["ContainerOverrides"].([]any)[0].(map[string]any)["Command"]
			assert.Equal(t, []any{"upload", "now"}, command, "the state machine reads the stage from it")
		})
	}
}

func causeOf(t *testing.T, tasks *local.Tasks, ctx context.Context) map[string]any { //nolint:revive // t first, as everywhere
	t.Helper()
	_, err := tasks.Call(ctx, runTask(nil))
	var failed *asl.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "States.TaskFailed", failed.Name)
	var cause map[string]any
	require.NoError(t, json.Unmarshal([]byte(failed.Cause), &cause))
	return cause
}

func TestAProgramThatIsNotThereDoesNotStart(t *testing.T) {
	tasks, _ := shell(t, "")
	tasks.Definitions[0].Binary = filepath.Join(t.TempDir(), "nothing")
	cause := causeOf(t, tasks, t.Context())
	assert.Equal(t, "TaskFailedToStart", cause["StopCode"])
	assert.NotContains(t, cause["Containers"].([]any)[0], "ExitCode", "it never ran")
}

func TestAStoppedTaskGetsATermAndThenAKill(t *testing.T) {
	tasks, output := shell(t, `trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.01; done`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tasks.Log = func([]string) (io.WriteCloser, error) {
		return cancelOnWrite{output, cancel}, nil
	}
	cause := causeOf(t, tasks, ctx)
	assert.Equal(t, "UserInitiated", cause["StopCode"])
	assert.Contains(t, output.String(), "asked")

	tasks, output = shell(t, `trap '' TERM; echo ready; while :; do sleep 0.01; done`)
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	tasks.StopTimeout = time.Millisecond
	tasks.Log = func([]string) (io.WriteCloser, error) {
		return cancelOnWrite{output, cancel}, nil
	}
	cause = causeOf(t, tasks, ctx)
	assert.InDelta(t, 137, cause["Containers"].([]any)[0].(map[string]any)["ExitCode"], 0)
}

// cancelOnWrite stops the task as soon as it says something.
type cancelOnWrite struct {
	*discard
	cancel func()
}

func (c cancelOnWrite) Write(p []byte) (int, error) {
	defer c.cancel()
	return c.discard.Write(p)
}

func provider(name string, weight int) []any {
	return []any{map[string]any{"CapacityProvider": name, "Weight": weight}}
}

// onCapacity has a task name a capacity provider in place of a launch type.
func onCapacity(name string, weight int) func(p map[string]any) {
	return func(p map[string]any) {
		delete(p, "LaunchType")
		p["CapacityProviderStrategy"] = provider(name, weight)
	}
}

func TestATaskOnSpotSaysSo(t *testing.T) {
	tasks, _ := shell(t, "exit 0")
	result, err := tasks.Call(t.Context(), runTask(onCapacity("FARGATE_SPOT", 1)))
	require.NoError(t, err)
	text, err := json.Marshal(result)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"LaunchType":"FARGATE"`)
	assert.Contains(t, string(text), `"CapacityProviderName":"FARGATE_SPOT"`)
}

func TestTasksRefuseWhatECSRefuses(t *testing.T) {
	override := func(p map[string]any) map[string]any {
		return p["Overrides"].(map[string]any)["ContainerOverrides"].([]any)[0].(map[string]any)
	}
	cases := []struct {
		name string
		edit func(p map[string]any)
		want string
	}{
		{"cluster", func(p map[string]any) { p["Cluster"] = "x" }, "ECS.ClusterNotFoundException"},
		{"task definition", func(p map[string]any) { p["TaskDefinition"] = "x" }, "ECS.ClientException"},
		{"container", func(p map[string]any) { override(p)["Name"] = "x" }, "ECS.InvalidParameterException"},
		{"launch type and capacity provider", func(p map[string]any) { p["CapacityProviderStrategy"] = provider("FARGATE", 1) }, "both a launch type and capacity provider"},
		{"neither", func(p map[string]any) { delete(p, "LaunchType") }, "ECS.InvalidParameterException"},
		{"another launch type", func(p map[string]any) { p["LaunchType"] = "EC2" }, "launch_type EC2"},
		{"unknown capacity provider", onCapacity("FARGATE_SPOTS", 1), `"FARGATE_SPOTS" was not found`},
		{"no weight", onCapacity("FARGATE_SPOT", 0), "weight"},
		{"long overrides", func(p map[string]any) { override(p)["Command"] = []any{strings.Repeat("x", 9000)} }, "ECS.InvalidParameterException"},
		{"a name in other case", func(p map[string]any) { p["cluster"] = "x" }, "States.Runtime"},
		{"unknown parameter of the network", func(p map[string]any) {
			p["NetworkConfiguration"] = map[string]any{"AwsVpcConfiguration": map[string]any{}}
		}, "States.Runtime"},
		{"unknown parameter", func(p map[string]any) { p["Clutser"] = "x" }, "States.Runtime"},
	}
	for _, c := range cases {
		tasks, _ := shell(t, "exit 0")
		_, err := tasks.Call(t.Context(), runTask(c.edit))
		require.ErrorContains(t, err, c.want, c.name)
	}
}

func TestS3(t *testing.T) {
	folder, err := storage.Open(t.Context(), "mem://")
	require.NoError(t, err)
	s3 := &local.S3{Buckets: map[string]*storage.Folder{"work": folder}}
	call := func(p map[string]any) asl.Call { return asl.Call{Resource: "s3", Parameters: p} }
	_, err = s3.PutObject(t.Context(), call(map[string]any{"Bucket": "work", "Key": "a.json", "Body": map[string]any{"n": 1}, "ContentType": "application/json"}))
	require.NoError(t, err)
	_, err = s3.PutObject(t.Context(), call(map[string]any{"Bucket": "work", "Key": "b.txt", "Body": `{"text": true}`}))
	require.NoError(t, err)

	got, err := s3.GetObject(t.Context(), call(map[string]any{"Bucket": "work", "Key": "a.json"}))
	require.NoError(t, err)
	assert.JSONEq(t, `{"n": 1}`, got.(map[string]any)["Body"].(string), "an object is written as JSON")
	got, err = s3.GetObject(t.Context(), call(map[string]any{"Bucket": "work", "Key": "b.txt"}))
	require.NoError(t, err)
	assert.Equal(t, `{"text": true}`, got.(map[string]any)["Body"], "a string is written as it is")

	_, err = s3.GetObject(t.Context(), call(map[string]any{"Bucket": "work", "Key": "c"}))
	require.ErrorContains(t, err, "S3.NoSuchKeyException")
	_, err = s3.GetObject(t.Context(), call(map[string]any{"bucket": "work", "Key": "a.json"}))
	require.ErrorContains(t, err, "States.Runtime", "names have one spelling")
	_, err = s3.GetObject(t.Context(), call(map[string]any{"Bucket": "other", "Key": "c"}))
	require.ErrorContains(t, err, "S3.NoSuchBucketException")
	_, err = s3.PutObject(t.Context(), call(map[string]any{"Bucket": "work", "Key": "", "Body": ""}))
	require.ErrorContains(t, err, "S3.S3Exception")
}

func TestQueueAndBus(t *testing.T) {
	dir := t.TempDir()
	now := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	queue := local.NewQueue("file:///queue", filepath.Join(dir, "q", "dead-letter.jsonl"), now)
	bus := local.NewBus("bus", filepath.Join(dir, "bus.jsonl"), now)

	for range 2 {
		_, err := queue.Call(t.Context(), asl.Call{Parameters: map[string]any{"QueueUrl": "file:///queue", "MessageBody": map[string]any{"chunk": "1"}}})
		require.NoError(t, err)
	}
	_, err := queue.Call(t.Context(), asl.Call{Parameters: map[string]any{"QueueUrl": "file:///other", "MessageBody": "x"}})
	require.ErrorContains(t, err, "SQS.QueueDoesNotExist")
	data, err := os.ReadFile(filepath.Join(dir, "q", "dead-letter.jsonl"))
	require.NoError(t, err)
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	require.Len(t, all, 2)
	var m local.Message
	require.NoError(t, json.Unmarshal([]byte(all[1]), &m))
	assert.JSONEq(t, `{"chunk": "1"}`, m.Body)

	entry := map[string]any{"EventBusName": "bus", "Source": "cleanreach", "DetailType": "Run Failed", "Detail": map[string]any{"run": "r"}}
	_, err = bus.Call(t.Context(), asl.Call{Parameters: map[string]any{"Entries": []any{entry}}})
	require.NoError(t, err)
	entry["EventBusName"] = "other"
	_, err = bus.Call(t.Context(), asl.Call{Parameters: map[string]any{"Entries": []any{entry}}})
	require.ErrorContains(t, err, "EventBridge.FailedEntry")
	data, err = os.ReadFile(filepath.Join(dir, "bus.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, 1, bytes.Count(data, []byte("\n")))
	assert.Contains(t, string(data), `"detail-type":"Run Failed"`)
}

func TestATaskDefinitionThatIsLookedUp(t *testing.T) {
	tasks, output := shell(t, `echo "$@ $FIXED $SECRET"`)
	found := tasks.Definitions[0]
	tasks.Definitions = nil
	found.Command = []string{"by", "default"}
	tasks.Define = func(_ context.Context, name string) (local.TaskDefinition, error) {
		if name != found.Name {
			return local.TaskDefinition{}, &asl.Error{Name: "ECS.ClientException", Cause: "not found"}
		}
		return found, nil
	}
	withoutCommand := runTask(func(p map[string]any) {
		delete(p["Overrides"].(map[string]any)["ContainerOverrides"].([]any)[0].(map[string]any), "Command")
	})
	found.Secrets = func(context.Context) (map[string]string, error) { return map[string]string{"SECRET": "s"}, nil }
	_, err := tasks.Call(t.Context(), withoutCommand)
	require.NoError(t, err)
	assert.Equal(t, "by default yes s\n", output.String())

	found.Secrets = func(context.Context) (map[string]string, error) { return nil, errors.New("no such secret") }
	cause := causeOf(t, tasks, t.Context())
	assert.Equal(t, "TaskFailedToStart", cause["StopCode"])
	assert.Contains(t, cause["StoppedReason"], "no such secret")

	_, err = tasks.Call(t.Context(), runTask(func(p map[string]any) { p["TaskDefinition"] = "other" }))
	require.ErrorContains(t, err, "ECS.ClientException")
}
