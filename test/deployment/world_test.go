package deployment

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/awssdk"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// A world is AWS and Meta around what was deployed, with what AWS does by itself.
type world struct {
	t     *testing.T
	front *front
	admin aws.Config // the operator's

	meta    *sandbox.Server
	metaURL string
	room    asl.Integration // Clean Rooms

	keys          keys
	demo          string // folder of the demo
	collaboration string // its id

	mu   sync.Mutex
	logs bytes.Buffer // of all tasks
}

func newWorld(t *testing.T) *world {
	t.Helper()
	f := startFront(t)
	server, err := sandbox.New(sandbox.Config{})
	require.NoError(t, err)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		web.Close()
		require.NoError(t, server.Close())
	})
	return &world{t: t, front: f, admin: configFor(f.url, "operator"), meta: server, metaURL: web.URL}
}

// A machine is a deployed state machine.
type machine struct {
	w       *world
	name    string
	arn     string
	role    string // its name
	loaded  *asl.Machine
	cluster string // that its tasks run in
	key     string // that encrypts its history
}

// machine fetches a deployed definition and loads it.
func (w *world) machine(name string) *machine {
	w.t.Helper()
	arn := "arn:aws:states:" + region + ":" + account + ":stateMachine:" + name
	out, err := sfn.NewFromConfig(w.admin).DescribeStateMachine(w.t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	require.NoError(w.t, err)
	loaded, err := asl.Load([]byte(aws.ToString(out.Definition)))
	require.NoError(w.t, err)
	role := aws.ToString(out.RoleArn)
	m := &machine{w: w, name: name, arn: arn, role: role[strings.LastIndexByte(role, '/')+1:], loaded: loaded}
	if out.EncryptionConfiguration != nil {
		m.key = aws.ToString(out.EncryptionConfiguration.KmsKeyId)
	}
	return m
}

// An execution is one that has ended.
type execution struct {
	output any
	err    error
	events []asl.Event
}

// entered tells whether a state was entered.
func (e *execution) entered(state string) bool {
	for _, event := range e.events {
		if event.State == state {
			return true
		}
	}
	return false
}

// run runs the machine as Step Functions would, with the rights of its role.
func (m *machine) run(name string, input any) *execution {
	m.w.t.Helper()
	encoded, err := json.Marshal(input)
	require.NoError(m.w.t, err)
	e := &execution{}
	m.w.front.log.put(m.startCalls()...)
	e.output, e.err = m.loaded.Run(m.w.t.Context(), asl.Options{
		Name: name, Input: encoded, StateMachineARN: m.arn, RoleARN: roleARN(m.role),
		Integrations: m.integrations(), Sleep: quick, OnEvent: func(event asl.Event) { e.events = append(e.events, event) },
	})
	m.w.front.log.put(m.mapCalls(e)...)
	return e
}

// quick waits for a hundredth of the time: what is waited for here is a query on this machine.
func quick(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d / 100)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// integrations are the AWS SDK's with the role's access key, and what has no API here: tasks and Clean Rooms.
func (m *machine) integrations() map[string]asl.Integration {
	w, config := m.w, configFor(m.w.front.url, asRole+m.role)
	hosts := &awssdk.ECS{
		Client: ecs.NewFromConfig(w.admin), Binary: filepath.Join(programs, "cleanreach"), Host: w.host,
		Secrets: secretsmanager.NewFromConfig(w.admin),
	}
	tasks := &local.Tasks{Cluster: m.cluster, Define: hosts.Define, Log: w.openLog, Now: time.Now}
	services := awssdk.Services{
		S3: &awssdk.S3{Client: s3.NewFromConfig(config)}, Queue: &awssdk.Queue{Client: sqs.NewFromConfig(config)},
		Bus: &awssdk.Bus{Client: eventbridge.NewFromConfig(config)}, States: &awssdk.States{Client: sfn.NewFromConfig(config)},
		Glue:  &awssdk.Glue{Client: glue.NewFromConfig(config), Sleep: quick},
		Tasks: m.recorded(tasks, m.taskCalls),
	}
	if w.room != nil {
		services.Room = m.recorded(w.room, m.roomCalls)
	}
	return services.Integrations()
}

// recorded notes what IAM is asked when AWS makes a call in the machine's name.
func (m *machine) recorded(i asl.Integration, calls func(asl.Call) []apiCall) asl.Integration {
	return asl.IntegrationFunc(func(ctx context.Context, call asl.Call) (any, error) {
		m.w.front.log.put(calls(call)...)
		return i.Call(ctx, call)
	})
}

// host is what Fargate and the network add to a task: region, the role's credentials, and where AWS and Meta are.
func (w *world) host(roleARN string) map[string]string {
	return map[string]string{
		"AWS_REGION": region, "AWS_ENDPOINT_URL": w.front.url, "AWS_ACCESS_KEY_ID": asRole + roleARN[strings.LastIndexByte(roleARN, '/')+1:],
		"AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true", "CLEANREACH_META_URL": w.metaURL,
	}
}

// openLog lets all tasks share a log, for a test that fails.
func (w *world) openLog([]string) (io.WriteCloser, error) { return shared{w}, nil }

type shared struct{ w *world }

func (s shared) Write(p []byte) (int, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.w.logs.Write(p)
}

func (shared) Close() error { return nil }

// said is what the tasks have written.
func (w *world) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.String()
}

// put puts a folder's files into a bucket.
func (w *world) put(dir, bucket, prefix string) {
	w.t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(w.t, err)
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(w.t, err)
		w.write(bucket, prefix+entry.Name(), data)
	}
}

func (w *world) write(bucket, key string, data []byte) {
	w.t.Helper()
	_, err := s3.NewFromConfig(w.admin).PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
	require.NoError(w.t, err)
}

// read reads an object.
func (w *world) read(bucket, key string) []byte {
	w.t.Helper()
	out, err := s3.NewFromConfig(w.admin).GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	require.NoError(w.t, err, key)
	data, err := io.ReadAll(out.Body)
	require.NoError(w.t, err)
	return data
}

// messages takes all messages out of a queue.
func (w *world) messages(url string) []string {
	w.t.Helper()
	client := sqs.NewFromConfig(w.admin)
	var all []string
	for {
		out, err := client.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		require.NoError(w.t, err)
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			all = append(all, aws.ToString(m.Body))
			_, err := client.DeleteMessage(w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
			require.NoError(w.t, err)
		}
	}
}
