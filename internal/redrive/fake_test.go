package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const (
	machineARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:cleanreach"
	executions = "arn:aws:states:eu-west-1:123456789012:execution:cleanreach:"
)

// A world is a queue, a state machine, and a folder with runs, under one clock.
type world struct {
	t     *testing.T
	now   time.Time
	dir   string
	queue fakeQueue
	// machine
	executions map[string]*execution // by name
	started    []input
	// during is called at each sleep, before executions are asked after.
	during func(slept int)
	slept  int
	force  bool
	said   []string
}

type execution struct {
	status sfntypes.ExecutionStatus
	cause  string
	asked  int // how often it has been
	broken int // answers that are lost before it is told
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), dir: t.TempDir(), executions: map[string]*execution{}}
	w.queue = fakeQueue{now: &w.now}
	return w
}

func (w *world) url(run string) string {
	return storage.FileURL(filepath.Join(w.dir, "runs", "acme", "vip", run)) + "/"
}

func (w *world) folder(url string) *storage.Folder {
	f, err := storage.Open(w.t.Context(), url)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = f.Close() })
	return f
}

func (w *world) put(run, name string, document any) {
	require.NoError(w.t, w.folder(w.url(run)).WriteJSON(w.t.Context(), name, document))
}

// run makes a run with chunks, of which none is done.
func (w *world) run(id string, chunks ...string) {
	w.put(id, audience.RunFile, map[string]any{"schema": 1, "run": id, "started_at": w.now})
	items := []audience.Chunk{}
	for _, c := range chunks {
		items = append(items, audience.Chunk{ID: c, File: "part-0", Rows: 7})
	}
	w.put(id, audience.ChunksFile, items)
	w.executions[id] = &execution{status: sfntypes.ExecutionStatusSucceeded}
}

func (w *world) done(run string, chunks ...string) {
	for _, c := range chunks {
		w.put(run, audience.ReceiptFile(c), audience.Receipt{Schema: 1, Chunk: c, Done: true})
	}
}

func (w *world) chunkLetter(run, chunk string) Letter {
	return Letter{Schema: 1, Kind: kindChunk, Tenant: "acme", Audience: "vip", Run: run, URL: w.url(run), Class: "action", Chunk: chunk, Attempts: 1, Reason: "exit code 4"}
}

func (w *world) runLetter(run, stage string) Letter {
	return Letter{Schema: 1, Kind: kindRun, Tenant: "acme", Audience: "vip", Run: run, URL: w.url(run), Class: "gate", Stage: stage}
}

// send puts letters into the queue, a minute after each other.
func (w *world) send(letters ...Letter) {
	for _, l := range letters {
		body, err := json.Marshal(l)
		require.NoError(w.t, err)
		w.queue.put(string(body))
		w.now = w.now.Add(time.Minute)
	}
}

func (w *world) queueOf() *Queue { return NewQueue(&w.queue, "https://queue") }

func (w *world) list(f Filter) *Listing {
	reader := Reader{Queue: w.queueOf(), Open: storage.Open}
	l, err := reader.List(w.t.Context(), f)
	require.NoError(w.t, err)
	return l
}

// redrive sends, and gives what was said and how it ended.
func (w *world) redrive(ctx context.Context, f Filter) (string, error) {
	machine, err := NewMachine(w, machineARN)
	require.NoError(w.t, err)
	w.said = nil
	s := Sender{
		Force: w.force, Queue: w.queueOf(), Machine: machine, Open: storage.Open, Now: func() time.Time { return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.now = w.now.Add(d)
			if w.slept++; w.during != nil {
				w.during(w.slept)
			}
			require.Less(w.t, w.slept, 1000, "it waits for ever")
			return ctx.Err()
		},
		Tell: func(format string, args ...any) { w.said = append(w.said, fmt.Sprintf(format, args...)) },
	}
	err = s.Send(ctx, f)
	return strings.Join(w.said, "\n"), err
}

// StartExecution starts one that runs until the test says otherwise.
func (w *world) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	assert.Equal(w.t, machineARN, *in.StateMachineArn)
	if w.executions[*in.Name] != nil {
		return nil, &sfntypes.ExecutionAlreadyExists{}
	}
	var i input
	require.NoError(w.t, json.Unmarshal([]byte(*in.Input), &i))
	w.started = append(w.started, i)
	w.executions[*in.Name] = &execution{status: sfntypes.ExecutionStatusRunning}
	return &sfn.StartExecutionOutput{}, nil
}

// DescribeExecution tells of one.
func (w *world) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	name, ok := strings.CutPrefix(*in.ExecutionArn, executions)
	require.True(w.t, ok, *in.ExecutionArn)
	e := w.executions[name]
	if e == nil {
		return nil, &sfntypes.ExecutionDoesNotExist{}
	}
	if e.asked++; e.broken > 0 {
		e.broken--
		return nil, errors.New("no route to host")
	}
	out := &sfn.DescribeExecutionOutput{Status: e.status}
	if e.cause != "" {
		out.Error, out.Cause = aws.String("CleanReach.action"), aws.String(e.cause)
	}
	return out, nil
}

// end ends an execution at the next sleep.
func (w *world) end(name string, status sfntypes.ExecutionStatus, cause string, then func()) {
	w.during = func(int) {
		if e := w.executions[name]; e != nil && e.status == sfntypes.ExecutionStatusRunning {
			e.status, e.cause = status, cause
			if then != nil {
				then()
			}
		}
	}
}

// fakeQueue is SQS: a message that was received is not seen until its time is over, and only its newest receipt counts.
type fakeQueue struct {
	now      *time.Time
	messages []*fakeMessage
	sent     int
	twice    bool // deliver each message twice in a receive, as SQS may
	refuse   string
	received int
	kept     int // messages whose hold was renewed
}

type fakeMessage struct {
	id, body string
	sent     time.Time
	receipt  string
	hidden   time.Time
	receives int
}

func (q *fakeQueue) put(body string) {
	q.sent++
	q.messages = append(q.messages, &fakeMessage{id: fmt.Sprintf("m%03d", q.sent), body: body, sent: *q.now})
}

// visible gives the bodies that another reader would see now.
func (q *fakeQueue) visible() (n int) {
	for _, m := range q.messages {
		if !q.now.Before(m.hidden) {
			n++
		}
	}
	return n
}

func (q *fakeQueue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if q.refuse == "receive" {
		return nil, errors.New("access denied")
	}
	q.received++
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range q.messages {
		if len(out.Messages) >= int(in.MaxNumberOfMessages) || q.now.Before(m.hidden) {
			continue
		}
		for range map[bool]int{false: 1, true: 2}[q.twice] {
			m.receives++
			m.receipt = fmt.Sprintf("%s-%d", m.id, m.receives)
			m.hidden = q.now.Add(time.Duration(in.VisibilityTimeout) * time.Second)
			out.Messages = append(out.Messages, types.Message{
				MessageId: aws.String(m.id), ReceiptHandle: aws.String(m.receipt), Body: aws.String(m.body),
				Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10)},
			})
		}
	}
	return out, ctx.Err()
}

// forgetful holds nothing.
type forgetful struct{ *fakeQueue }

func (q forgetful) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, o ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	in.VisibilityTimeout = 0
	return q.fakeQueue.ReceiveMessage(ctx, in, o...)
}

func (q *fakeQueue) by(receipt string) *fakeMessage {
	i := slices.IndexFunc(q.messages, func(m *fakeMessage) bool { return m.receipt == receipt })
	if i < 0 {
		return nil
	}
	return q.messages[i]
}

func (q *fakeQueue) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		m := q.by(*e.ReceiptHandle)
		if m == nil {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("ReceiptHandleIsInvalid")})
			continue
		}
		if m.hidden = q.now.Add(time.Duration(e.VisibilityTimeout) * time.Second); e.VisibilityTimeout > 0 {
			q.kept++
		}
	}
	return out, nil
}

func (q *fakeQueue) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	if q.refuse == "delete" {
		return &sqs.DeleteMessageBatchOutput{Failed: []types.BatchResultErrorEntry{{Code: aws.String("InternalError")}}}, nil
	}
	for _, e := range in.Entries {
		q.messages = slices.DeleteFunc(q.messages, func(m *fakeMessage) bool { return m.receipt == *e.ReceiptHandle })
	}
	return &sqs.DeleteMessageBatchOutput{}, nil
}

func (q *fakeQueue) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	hidden := strconv.Itoa(len(q.messages) - q.visible())
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"ApproximateNumberOfMessagesNotVisible": hidden}}, nil
}
