package local

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// lines is a file of JSON lines that grows.
type lines struct {
	mu   sync.Mutex
	path string
}

func (l *lines) append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode line of %s: %w", l.path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil { //nolint:gosec // as readable as the run's other folders
		return err
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // likewise
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// Queue is an SQS queue as a file of JSON lines, a message each.
type Queue struct {
	url   string
	now   func() time.Time
	lines lines
}

// A Message is a line of the queue's file, in the names of SQS.
type Message struct {
	MessageID string `json:"MessageId"`
	Body      string
	SentAt    time.Time
}

// NewQueue makes a queue that answers to url and lies in a file.
func NewQueue(url, path string, now func() time.Time) *Queue {
	return &Queue{url: url, now: now, lines: lines{path: path}}
}

// Call is sqs:sendMessage.
func (q *Queue) Call(_ context.Context, call asl.Call) (any, error) {
	var p struct {
		QueueURL    string `json:"QueueUrl"`
		MessageBody json.RawMessage
	}
	if err := Parameters(call, &p); err != nil {
		return nil, err
	}
	if p.QueueURL != q.url {
		return nil, &asl.Error{Name: "SQS.QueueDoesNotExistException", Cause: "The specified queue does not exist."}
	}
	m := Message{MessageID: uuid.NewString(), Body: Text(p.MessageBody), SentAt: q.now().UTC()}
	if err := q.lines.append(m); err != nil {
		return nil, &asl.Error{Name: "SQS.SqsException", Cause: err.Error()}
	}
	return map[string]any{"MessageId": m.MessageID}, nil
}

// Text is what Step Functions makes of a parameter that a service takes as text: a string stays, and anything else is
// written as JSON.
func Text(parameter json.RawMessage) string {
	var s string
	if json.Unmarshal(parameter, &s) == nil {
		return s
	}
	return string(parameter)
}

// Bus is an EventBridge bus as a file of JSON lines, an event each, as a rule's target would get it.
type Bus struct {
	name  string
	now   func() time.Time
	lines lines
}

// An Event is a line of the bus's file.
type Event struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
}

// NewBus makes a bus that answers to name and lies in a file.
func NewBus(name, path string, now func() time.Time) *Bus {
	return &Bus{name: name, now: now, lines: lines{path: path}}
}

// Call is events:putEvents.
func (b *Bus) Call(_ context.Context, call asl.Call) (any, error) {
	var p struct {
		Entries []struct {
			EventBusName, Source, DetailType string
			Detail                           json.RawMessage
		}
	}
	if err := Parameters(call, &p); err != nil {
		return nil, err
	}
	for _, e := range p.Entries {
		if e.EventBusName != b.name {
			return nil, &asl.Error{Name: "EventBridge.FailedEntry", Cause: fmt.Sprintf("Event bus %s does not exist.", e.EventBusName)}
		}
		event := Event{ID: uuid.NewString(), Source: e.Source, DetailType: e.DetailType, Time: b.now().UTC(), Detail: e.Detail}
		if err := b.lines.append(event); err != nil {
			return nil, &asl.Error{Name: "EventBridge.EventBridgeException", Cause: err.Error()}
		}
	}
	return map[string]any{"FailedEntryCount": 0}, nil
}
