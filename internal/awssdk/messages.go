package awssdk

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/local"
)

type sender interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Queue sends to SQS.
type Queue struct{ Client sender }

// Call is sqs:sendMessage.
func (q *Queue) Call(ctx context.Context, call asl.Call) (any, error) {
	var p struct {
		QueueURL    string `json:"QueueUrl"`
		MessageBody json.RawMessage
	}
	if err := local.Parameters(call, &p); err != nil {
		return nil, err
	}
	out, err := q.Client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &p.QueueURL, MessageBody: aws.String(local.Text(p.MessageBody))})
	if err != nil {
		return nil, named("SQS", "Sqs", err)
	}
	return map[string]any{"MessageId": aws.ToString(out.MessageId)}, nil
}

type putter interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Bus puts events on EventBridge.
type Bus struct{ Client putter }

// Call is events:putEvents. The API answers 200 also when it took none of the events; Step Functions then fails the task
// with EventBridge.FailedEntry and the answer as the Cause.
func (b *Bus) Call(ctx context.Context, call asl.Call) (any, error) {
	var p struct {
		Entries []struct {
			EventBusName, Source, DetailType string
			Detail                           json.RawMessage
		}
	}
	if err := local.Parameters(call, &p); err != nil {
		return nil, err
	}
	in := &eventbridge.PutEventsInput{}
	for _, e := range p.Entries {
		entry := bustypes.PutEventsRequestEntry{Source: aws.String(e.Source), DetailType: aws.String(e.DetailType), Detail: aws.String(local.Text(e.Detail))}
		if e.EventBusName != "" {
			entry.EventBusName = aws.String(e.EventBusName)
		}
		in.Entries = append(in.Entries, entry)
	}
	out, err := b.Client.PutEvents(ctx, in)
	if err != nil {
		return nil, named("EventBridge", "EventBridge", err)
	}
	result := map[string]any{"FailedEntryCount": out.FailedEntryCount, "Entries": entries(out.Entries)}
	if out.FailedEntryCount == 0 {
		return result, nil
	}
	cause, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode answer of EventBridge: %w", err)
	}
	return nil, &asl.Error{Name: "EventBridge.FailedEntry", Cause: string(cause)}
}

func entries(answers []bustypes.PutEventsResultEntry) []map[string]string {
	all := make([]map[string]string, len(answers))
	for i, a := range answers {
		all[i] = map[string]string{}
		for name, value := range map[string]*string{"EventId": a.EventId, "ErrorCode": a.ErrorCode, "ErrorMessage": a.ErrorMessage} {
			if value != nil {
				all[i][name] = *value
			}
		}
	}
	return all
}
