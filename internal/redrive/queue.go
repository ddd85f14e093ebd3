package redrive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueAPI is what is asked of SQS.
type queueAPI interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

const (
	// hold is for how long a letter that was read is kept from other readers, unless it is given back or held on to before.
	// A reader that was killed keeps it no longer than that.
	hold = 5 * time.Minute
	// batch is how many messages SQS takes in a call.
	batch = 10
	// stale is how many receives in a row may bring nothing but what is known: then letters come back faster than
	// they are read.
	stale = 3
)

// A Queue is the dead-letter queue. Reading it removes nothing: what was read is held for a while, and given back.
type Queue struct {
	api  queueAPI
	url  string
	wait time.Duration // of a receive for a first letter; a queue that is asked briefly may say that it is empty when it is not
	most int           // letters that are read at once
}

// NewQueue is the queue at a URL.
func NewQueue(api queueAPI, url string) *Queue {
	return &Queue{api: api, url: url, wait: 2 * time.Second, most: 10_000}
}

// read receives all letters that nobody else holds, and holds them. It also gives about how many others hold.
func (q *Queue) read(ctx context.Context) (messages []message, elsewhere int, err error) {
	if elsewhere, err = q.held(ctx); err != nil {
		return nil, 0, err
	}
	place := map[string]int{}
	for old := 0; len(messages) < q.most && old < stale; {
		out, err := q.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &q.url, MaxNumberOfMessages: batch, VisibilityTimeout: seconds(hold), WaitTimeSeconds: seconds(q.wait),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
		})
		if err != nil {
			return messages, elsewhere, fmt.Errorf("read the queue %s: %w", q.url, err)
		}
		if len(out.Messages) == 0 {
			break
		}
		old++
		for _, m := range out.Messages {
			read := message{id: aws.ToString(m.MessageId), receipt: aws.ToString(m.ReceiptHandle), body: aws.ToString(m.Body), sent: sentAt(m)}
			if i, known := place[read.id]; known { // delivered twice: the newest receipt is the one that counts
				messages[i].receipt = read.receipt
				continue
			}
			place[read.id] = len(messages)
			messages = append(messages, read)
			old = 0
		}
	}
	slices.SortStableFunc(messages, func(a, b message) int { return cmp.Or(a.sent.Compare(b.sent), cmp.Compare(a.id, b.id)) })
	return messages, elsewhere, nil
}

// held is about how many letters other readers hold.
func (q *Queue) held(ctx context.Context) (int, error) {
	const name = types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	out, err := q.api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		return 0, fmt.Errorf("ask the queue %s how much is in it: %w", q.url, err)
	}
	n, err := strconv.Atoi(cmp.Or(out.Attributes[string(name)], "0"))
	if err != nil {
		return 0, fmt.Errorf("ask the queue %s how much is in it: %w", q.url, err)
	}
	return n, nil
}

func sentAt(m types.Message) time.Time {
	millis, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// keep holds letters for the given time from now: 0 gives them back. A letter whose hold has ended is somebody else's
// and is left alone.
func (q *Queue) keep(ctx context.Context, messages []message, visibility time.Duration) error {
	for some := range slices.Chunk(messages, batch) {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url}
		for i, m := range some {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.receipt), VisibilityTimeout: seconds(visibility),
			})
		}
		if _, err := q.api.ChangeMessageVisibilityBatch(ctx, in); err != nil {
			return fmt.Errorf("hold letters of the queue %s: %w", q.url, err)
		}
	}
	return nil
}

// giveBack lets other readers have the letters at once, also after ctx has ended. Should it not succeed, their hold ends
// by itself.
func (q *Queue) giveBack(ctx context.Context, messages []message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_ = q.keep(ctx, messages, 0)
}

// remove deletes letters.
func (q *Queue) remove(ctx context.Context, messages []message) error {
	for some := range slices.Chunk(messages, batch) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.url}
		for i, m := range some {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.receipt)})
		}
		out, err := q.api.DeleteMessageBatch(ctx, in)
		if err != nil {
			return fmt.Errorf("delete letters from the queue %s: %w", q.url, err)
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("delete letters from the queue %s: %d were not, the first for %s", q.url, len(out.Failed), aws.ToString(out.Failed[0].Code))
		}
	}
	return nil
}

func seconds(d time.Duration) int32 { return int32(d / time.Second) } //nolint:gosec // minutes at the most
