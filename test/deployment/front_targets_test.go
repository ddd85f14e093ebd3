package deployment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// targets are the rules' targets that the emulator cannot deliver to, state machines and topics: it fails the whole
// PutEvents that matches. It is shown a queue in the place of each, which takes what the target would have got, chosen by
// the rule's pattern and written by its transformer; everybody else sees the target.
type targets struct {
	front *front

	mu     sync.Mutex
	queues map[string]string // name of a queue, by the target's ARN
}

func newTargets(f *front) *targets { return &targets{front: f, queues: map[string]string{}} }

var undeliverable = regexp.MustCompile(`"Arn":\s*"(arn:aws:(?:states|sns):[^"]+)"`)

// hide puts queues into the place of targets.
func (t *targets) hide(r *request) {
	if r.service != "events" || r.operation != "PutTargets" {
		return
	}
	for _, found := range undeliverable.FindAllSubmatch(r.body, -1) {
		arn := string(found[1])
		name, err := t.queue(r, arn)
		if err != nil {
			continue // the emulator will refuse the target
		}
		r.body = bytes.ReplaceAll(r.body, []byte(`"`+arn+`"`), []byte(`"`+queueARN(name)+`"`))
	}
}

func queueARN(name string) string { return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, account, name) }

// queue gives the queue that stands for a target, and makes it when there is none.
func (t *targets) queue(r *request, arn string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if name, ok := t.queues[arn]; ok {
		return name, nil
	}
	name := fmt.Sprintf("front-%d-%s", len(t.queues), arn[strings.LastIndexByte(arn, ':')+1:])
	_, err := sqs.NewFromConfig(configFor(t.front.moto, "front")).CreateQueue(r.Context(), &sqs.CreateQueueInput{QueueName: aws.String(name)})
	if err != nil {
		return "", err
	}
	t.queues[arn] = name
	return name, nil
}

// show puts the targets back into what the emulator answers.
func (t *targets) show(r *request) func([]byte) []byte {
	if r.service != "events" || r.operation != "ListTargetsByRule" {
		return nil
	}
	return func(body []byte) []byte {
		t.mu.Lock()
		defer t.mu.Unlock()
		for arn, name := range t.queues {
			quoted, err := json.Marshal(arn)
			if err == nil {
				body = bytes.ReplaceAll(body, []byte(`"`+queueARN(name)+`"`), quoted)
			}
		}
		return body
	}
}

// of gives the URL of the queue that stands for a target.
func (t *targets) of(arn string) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name, ok := t.queues[arn]
	return fmt.Sprintf("%s/%s/%s", t.front.moto, account, name), ok
}
