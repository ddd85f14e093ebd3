package deployment

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// targets are the rules' targets that the emulator cannot deliver to, state machines and topics: it fails the whole
// PutEvents that matches. It is shown a queue in the place of each, which takes the events that the rule's pattern chooses;
// everybody else sees the target.
type targets struct {
	front  *front
	queues shelf[string]         // name of a queue, by the target's ARN
	hidden shelf[map[string]any] // targets, by bus, rule and id
}

func newTargets(f *front) *targets { return &targets{front: f} }

var undeliverable = regexp.MustCompile(`^arn:aws:(states|sns):`)

// hide puts queues into the place of targets.
func (t *targets) hide(r *request) {
	if r.service != "events" || r.operation != "PutTargets" {
		return
	}
	var in map[string]any
	if json.Unmarshal(r.body, &in) != nil {
		return // the emulator refuses it
	}
	list, _ := in["Targets"].([]any)
	for i, one := range list {
		target, _ := one.(map[string]any)
		arn := fmt.Sprint(target["Arn"])
		if !undeliverable.MatchString(arn) {
			continue
		}
		name, err := t.queue(r, arn)
		if err != nil {
			continue // the emulator will refuse the target
		}
		t.hidden.put(fmt.Sprint(in["EventBusName"], in["Rule"], target["Id"]), target)
		list[i] = map[string]any{"Id": target["Id"], "Arn": queueARN(name)}
	}
	if changed, err := json.Marshal(in); err == nil {
		r.body = changed
	}
}

func queueARN(name string) string { return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, account, name) }

// queue gives the queue that stands for a target, and makes it when there is none.
func (t *targets) queue(r *request, arn string) (string, error) {
	if name, ok := t.queues.get(arn); ok {
		return name, nil
	}
	name := "front-" + arn[strings.LastIndexByte(arn, ':')+1:]
	_, err := sqs.NewFromConfig(configFor(t.front.moto, "front")).CreateQueue(r.Context(), &sqs.CreateQueueInput{QueueName: aws.String(name)})
	if err == nil {
		t.queues.put(arn, name)
	}
	return name, err
}

// show puts the targets back into what the emulator answers.
func (t *targets) show(r *request) func([]byte) []byte {
	var in map[string]any
	if r.service != "events" || r.operation != "ListTargetsByRule" || json.Unmarshal(r.body, &in) != nil {
		return nil
	}
	return func(body []byte) []byte {
		var out map[string]any
		if json.Unmarshal(body, &out) != nil {
			return body
		}
		list, _ := out["Targets"].([]any)
		for i, one := range list {
			target, _ := one.(map[string]any)
			if original, ok := t.hidden.get(fmt.Sprint(in["EventBusName"], in["Rule"], target["Id"])); ok {
				list[i] = original
			}
		}
		if shown, err := json.Marshal(out); err == nil {
			return shown
		}
		return body
	}
}

// of gives the URL of the queue that stands for a target.
func (t *targets) of(arn string) (string, bool) {
	name, ok := t.queues.get(arn)
	return fmt.Sprintf("%s/%s/%s", t.front.moto, account, name), ok
}
