package deployment

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/redrive"
	"github.com/cleanreach/cleanreach/internal/replay"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// An office is what the operator's commands find in an account: a queue with letters, a state machine that is only a
// name, a bucket, and a bus with an archive.
type office struct {
	t       *testing.T
	url     string
	cfg     aws.Config
	queue   string
	machine string
	said    []string
}

func openOffice(t *testing.T) *office {
	o := &office{t: t, url: startMoto(t)}
	o.cfg = configFor(o.url, "operator")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": o.url, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": "operator", "AWS_SECRET_ACCESS_KEY": "secret",
	} {
		t.Setenv(name, value) // also for the buckets of package storage
	}
	queue, err := sqs.NewFromConfig(o.cfg).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("cleanreach-dead-letters")})
	require.NoError(t, err)
	machine, err := sfn.NewFromConfig(o.cfg).CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("cleanreach"), RoleArn: aws.String("arn:aws:iam::" + account + ":role/any"), Definition: aws.String(`{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}`),
	})
	require.NoError(t, err)
	_, err = s3.NewFromConfig(o.cfg).CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("work"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	require.NoError(t, err)
	o.queue, o.machine = *queue.QueueUrl, *machine.StateMachineArn
	return o
}

const theRun = "runs/acme/vip/run-1/"

func (o *office) put(name string, document any) {
	folder, err := storage.Open(o.t.Context(), "s3://work/"+theRun)
	require.NoError(o.t, err)
	defer func() { _ = folder.Close() }()
	require.NoError(o.t, folder.WriteJSON(o.t.Context(), name, document))
}

func (o *office) letter(chunk string) {
	body := fmt.Sprintf(`{"schema": 1, "kind": "chunk", "tenant": "acme", "audience": "vip", "run": "run-1", "url": "s3://work/%s", "chunk": %q, "attempts": 1, "class": "action", "reason": "exit code 4"}`, theRun, chunk)
	_, err := sqs.NewFromConfig(o.cfg).SendMessage(o.t.Context(), &sqs.SendMessageInput{QueueUrl: &o.queue, MessageBody: &body})
	require.NoError(o.t, err)
}

// letters is how many are in the queue, and how many of them a reader could have.
func (o *office) letters() (all, visible string) {
	out, err := sqs.NewFromConfig(o.cfg).GetQueueAttributes(o.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &o.queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	require.NoError(o.t, err)
	visible = out.Attributes["ApproximateNumberOfMessages"]
	return visible + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"], visible
}

func (o *office) tell(format string, args ...any) {
	o.said = append(o.said, fmt.Sprintf(format, args...))
}

// cleanreach runs the compiled binary as an operator does, and gives what it prints.
func (o *office) cleanreach(args ...string) string {
	o.t.Helper()
	out, err := exec.CommandContext(o.t.Context(), filepath.Join(programs, "cleanreach"), args...).CombinedOutput()
	require.NoError(o.t, err, string(out))
	return string(out)
}

// outputs is a file with what terraform output -json prints.
func (o *office) outputs() string {
	text, err := json.Marshal(map[string]any{
		"state_machine_arn": map[string]any{"value": o.machine},
		"queues":            map[string]any{"value": map[string]string{"dead_letters": o.queue}},
		"bus":               map[string]any{"value": map[string]string{"archive_arn": "arn:aws:events:" + region + ":" + account + ":archive/cleanreach"}},
	})
	require.NoError(o.t, err)
	name := filepath.Join(o.t.TempDir(), "outputs.json")
	require.NoError(o.t, os.WriteFile(name, text, 0o600))
	return name
}

func TestDeadLettersAreSentAgain(t *testing.T) {
	o := openOffice(t)
	o.put(audience.RunFile, map[string]any{"schema": 1})
	o.put(audience.ChunksFile, []audience.Chunk{{ID: "00001"}, {ID: "00002"}, {ID: "00003"}})
	o.put(audience.FailureFile("upload-00001"), audience.FailureDoc{Schema: 1, Message: "Meta refuses the token"})
	o.letter("00001")
	o.letter("00003")

	deployment := o.outputs()
	for range 2 { // a list takes nothing away
		text := o.cleanreach("redrive", "-deployment", deployment)
		assert.Contains(t, text, "2 letters in the queue\n\naction: exit code 4\n  acme/vip  run run-1  2 chunks (00001 00003), tried up to 1 time")
		assert.Contains(t, text, "      Meta refuses the token\n")
	}
	all, _ := o.letters()
	require.Equal(t, "2+0", all)

	machines := sfn.NewFromConfig(o.cfg)
	machine, err := redrive.NewMachine(machines, o.machine)
	require.NoError(t, err)
	execution := strings.Replace(o.machine, ":stateMachine:", ":execution:", 1) + ":run-1-2"
	var started map[string]string
	s := redrive.Sender{
		Queue: redrive.NewQueue(sqs.NewFromConfig(o.cfg), o.queue), Machine: machine, Open: storage.Open, Now: time.Now, Tell: o.tell,
		Sleep: func(ctx context.Context, _ time.Duration) error { // what the execution does meanwhile; it is then stopped, as the emulator runs none
			_, visible := o.letters()
			assert.Equal(t, "0", visible, "nobody else gets them meanwhile")
			described, err := machines.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &execution})
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal([]byte(*described.Input), &started))
			o.put(audience.ReceiptFile("00003"), audience.Receipt{Schema: 1, Chunk: "00003", Done: true})
			_, err = machines.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &execution})
			require.NoError(t, err)
			return ctx.Err()
		},
	}
	require.ErrorContains(t, s.Send(t.Context(), redrive.Filter{}), "1 letter left")
	assert.Equal(t, map[string]string{"tenant": "acme", "audience": "vip", "run": "run-1", "chunks": started["chunks"]}, started)
	list, err := s3.NewFromConfig(o.cfg).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("work"), Key: aws.String(theRun + started["chunks"])})
	require.NoError(t, err)
	var items []audience.Chunk
	require.NoError(t, json.NewDecoder(list.Body).Decode(&items))
	assert.Equal(t, []audience.Chunk{{ID: "00001"}, {ID: "00003"}}, items)
	all, _ = o.letters()
	assert.Equal(t, "1+0", all, "that of 00001, given back: %s", strings.Join(o.said, "\n"))
	assert.Contains(t, strings.Join(o.said, "\n"), "still failed: 00001")

	o.put(audience.ReceiptFile("00001"), audience.Receipt{Schema: 1, Chunk: "00001", Done: true})
	text := o.cleanreach("redrive", "-deployment", deployment, "-cause", "action", "-send")
	assert.Contains(t, text, "1 letter removed, 0 left", "somebody did it by hand meanwhile")
	all, _ = o.letters()
	assert.Equal(t, "0+0", all)
}

func TestTheArchiveIsReplayed(t *testing.T) {
	o := openOffice(t)
	bus := eventbridge.NewFromConfig(o.cfg)
	made, err := bus.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("cleanreach")})
	require.NoError(t, err)
	_, err = bus.CreateArchive(t.Context(), &eventbridge.CreateArchiveInput{ArchiveName: aws.String("cleanreach"), EventSourceArn: made.EventBusArn, RetentionDays: aws.Int32(90)})
	require.NoError(t, err)
	for _, name := range []string{"cleanreach-start-requests", "cleanreach-run-events"} {
		_, err = bus.PutRule(t.Context(), &eventbridge.PutRuleInput{
			Name: &name, EventBusName: aws.String("cleanreach"), EventPattern: aws.String(`{"source": ["x"]}`), Description: aws.String("why " + name),
		})
		require.NoError(t, err)
	}
	from := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	flags := []string{"replay", "-deployment", o.outputs(), "-from", from, "-rule", "cleanreach-start-requests"}
	text := o.cleanreach(flags...)
	assert.Contains(t, text, "  cleanreach-start-requests: why cleanreach-start-requests\n")
	assert.Contains(t, text, "nothing was replayed")
	replays, err := bus.ListReplays(t.Context(), &eventbridge.ListReplaysInput{})
	require.NoError(t, err)
	require.Empty(t, replays.Replays)

	r := replay.Replayer{API: bus, Archive: "cleanreach", Now: time.Now, Tell: o.tell, Sleep: func(context.Context, time.Duration) error { return nil }}
	plan, err := r.Plan(t.Context(), replay.Request{From: time.Now().Add(-time.Hour), To: time.Now(), Rules: []string{"cleanreach-start-requests"}})
	require.NoError(t, err)
	require.NoError(t, r.Run(t.Context(), plan))
	replays, err = bus.ListReplays(t.Context(), &eventbridge.ListReplaysInput{})
	require.NoError(t, err)
	require.Len(t, replays.Replays, 1)
	described, err := bus.DescribeReplay(t.Context(), &eventbridge.DescribeReplayInput{ReplayName: replays.Replays[0].ReplayName})
	require.NoError(t, err)
	assert.Equal(t, made.EventBusArn, described.Destination.Arn)
	require.Len(t, described.Destination.FilterArns, 1)
	assert.True(t, strings.HasSuffix(described.Destination.FilterArns[0], ":rule/cleanreach/cleanreach-start-requests"))
}

// redrives lets chunks fail at Meta and then sends them again, on the deployed definition and with its role: first the
// chunks that have letters, then the run.
func (d *deployed) redrives(t *testing.T) {
	require.NoError(t, d.meta.SetFault(sandbox.Fault{Fault: "error", On: "users", Code: 200}))
	require.Error(t, d.execute("again", "acme", "loyal").err)
	d.meta.ClearFaults()
	t.Setenv("AWS_ACCESS_KEY_ID", "operator") // whose the list of chunks is; everything else is the roles'
	main := d.machine(prefix)
	main.cluster = "arn:aws:ecs:" + region + ":" + account + ":cluster/" + d.out.cluster
	desk := &desk{machine: main, executions: map[string]*execution{"again": {}}}
	machine, err := redrive.NewMachine(desk, d.out.machine)
	require.NoError(t, err)
	var said strings.Builder
	s := redrive.Sender{
		Queue: redrive.NewQueue(sqs.NewFromConfig(d.admin), d.out.queues.DeadLetters), Machine: machine, Open: storage.Open, Now: time.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Tell:  func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) },
	}
	require.NoError(t, s.Send(t.Context(), redrive.Filter{Cause: "exit code 4"}), said.String())
	assert.Contains(t, said.String(), " sent again, as execution again-2", said.String())
	require.NoError(t, s.Send(t.Context(), redrive.Filter{}), said.String())
	assert.Contains(t, said.String(), "acme/loyal again: done, 1 letter removed", "the run's own")
	assert.Empty(t, d.messages(d.out.queues.DeadLetters))
	d.messages(d.out.queues.RunEvents)

	var report audience.Report
	require.NoError(t, json.Unmarshal(d.read(d.out.buckets.Work, "runs/acme/loyal/again/report.json"), &report))
	require.NoError(t, report.Rows.Balance(), "the report has all chunks again, and not only those of the list")
	assert.Equal(t, audience.OutcomeSucceeded, report.Outcome)
	assert.Positive(t, report.Rows.Sent)
}

// A desk stands for Step Functions' front door: what is started there has ended by the time that somebody asks.
type desk struct {
	machine    *machine
	executions map[string]*execution
}

func (d *desk) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	d.executions[*in.Name] = d.machine.run(*in.Name, json.RawMessage(*in.Input))
	return &sfn.StartExecutionOutput{}, nil
}

func (d *desk) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	e := d.executions[(*in.ExecutionArn)[strings.LastIndex(*in.ExecutionArn, ":")+1:]]
	switch {
	case e == nil:
		return nil, &sfntypes.ExecutionDoesNotExist{}
	case e.err != nil:
		return &sfn.DescribeExecutionOutput{Status: sfntypes.ExecutionStatusFailed, Cause: aws.String(e.err.Error())}, nil //nolint:nilerr // that it failed is the answer
	}
	return &sfn.DescribeExecutionOutput{Status: sfntypes.ExecutionStatusSucceeded}, nil
}
