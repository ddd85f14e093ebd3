package deployment

import (
	"encoding/json"
	"net/http"
)

// queues remember the redrive allow policies of SQS queues, which the emulator drops.
type queues struct {
	policies shelf[string] // by URL
}

func newQueues() *queues { return &queues{} }

const allowPolicy = "RedriveAllowPolicy"

type queueCall struct {
	QueueURL       string `json:"QueueUrl"`
	Attributes     map[string]string
	AttributeNames []string
}

// answer takes note of a policy. A call that sets nothing else is answered here.
func (q *queues) answer(w http.ResponseWriter, r *request) bool {
	var in queueCall
	if json.Unmarshal(r.body, &in) != nil {
		return false
	}
	switch r.operation {
	case "DeleteQueue":
		q.policies.remove(in.QueueURL)
	case "GetQueueAttributes":
		if len(in.AttributeNames) != 1 || in.AttributeNames[0] != allowPolicy {
			return false
		}
		attributes := map[string]string{}
		if policy, ok := q.policies.get(in.QueueURL); ok && policy != "" {
			attributes[allowPolicy] = policy
		}
		return writeJSON(w, http.StatusOK, map[string]any{"Attributes": attributes})
	case "SetQueueAttributes":
		policy, ok := in.Attributes[allowPolicy]
		if !ok || len(in.Attributes) != 1 {
			return false
		}
		q.policies.put(in.QueueURL, policy)
		return writeJSON(w, http.StatusOK, map[string]any{})
	}
	return false
}

// mend adds the policy to a queue's attributes.
func (q *queues) mend(r *request) func([]byte) []byte {
	if r.service != "sqs" || r.operation != "GetQueueAttributes" {
		return nil
	}
	var in queueCall
	if json.Unmarshal(r.body, &in) != nil {
		return nil
	}
	policy, ok := q.policies.get(in.QueueURL)
	if !ok || policy == "" {
		return nil
	}
	return func(body []byte) []byte {
		var out queueCall
		if json.Unmarshal(body, &out) != nil || out.Attributes == nil {
			return body
		}
		out.Attributes[allowPolicy] = policy
		mended, err := json.Marshal(map[string]any{"Attributes": out.Attributes})
		if err != nil {
			return body
		}
		return mended
	}
}
