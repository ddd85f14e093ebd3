package deployment

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deliver runs the starter for everything that was sent to it, as EventBridge would.
func (d *deployed) deliver(times int) []*execution {
	d.t.Helper()
	queue, ok := d.front.targets.of(d.out.starter)
	require.True(d.t, ok, "no rule has the starter for a target")
	m := d.machine(prefix + "-starter")
	var all []*execution
	for _, event := range d.messages(queue) {
		for range times {
			d.front.log.put(apiCall{role: prefix + "-start", action: "states:StartExecution", resource: d.out.starter})
			all = append(all, m.run(fmt.Sprintf("delivery-%d", time.Now().UnixNano()), json.RawMessage(event)))
		}
	}
	return all
}

// started are the executions of the main state machine that the starter started.
func (d *deployed) started() []string {
	d.t.Helper()
	out, err := sfn.NewFromConfig(d.admin).ListExecutions(d.t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &d.out.machine})
	require.NoError(d.t, err)
	var names []string
	for _, e := range out.Executions {
		names = append(names, aws.ToString(e.Name))
	}
	return names
}

func (d *deployed) send(t *testing.T, detail string) {
	t.Helper()
	_, err := eventbridge.NewFromConfig(d.admin).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []bustypes.PutEventsRequestEntry{
		{EventBusName: &d.out.bus.Name, Source: aws.String("crm"), DetailType: aws.String("Run Requested"), Detail: &detail},
	}})
	require.NoError(t, err)
}

func (d *deployed) requested(t *testing.T) {
	d.send(t, `{"tenant": "acme", "audience": "loyal", "id": "42"}`)
	for _, e := range d.deliver(2) {
		require.NoError(t, e.err)
	}
	names := d.started()
	require.Len(t, names, 1, "an event that is delivered twice starts one run")
	assert.True(t, strings.HasPrefix(names[0], "event-"))

	d.send(t, `{"tenant": "nobody", "audience": "loyal"}`)
	for _, e := range d.deliver(1) {
		require.Error(t, e.err)
	}
	letters := d.messages(d.out.queues.Undelivered)
	require.Len(t, letters, 1)
	assert.Contains(t, letters[0], "there is no audience definition at audiences/nobody/loyal.json")
	assert.Len(t, d.started(), 1)
}

func (d *deployed) marked(t *testing.T) {
	for _, c := range []struct{ key, reason string }{
		{"acme/lapsed/_SUCCESS", ""},
		{"acme/unknown/_SUCCESS", "there is no audience definition at audiences/acme/unknown.json"},
	} {
		before := len(d.started())
		d.write(d.out.buckets.Raw, c.key, nil)
		d.front.log.put(apiCall{role: prefix + "-forward", action: "events:PutEvents", resource: d.out.bus.ARN})
		deliveries := d.deliver(2) // twice, as EventBridge may; the emulator also forwards a marker twice
		require.NotEmpty(t, deliveries, c.key)
		if c.reason == "" {
			assert.Len(t, d.started(), before+1)
			continue
		}
		assert.Len(t, d.started(), before)
		letters := d.messages(d.out.queues.Undelivered)
		require.Len(t, letters, len(deliveries))
		assert.Contains(t, letters[0], c.reason)
	}
}

// scheduled does what EventBridge Scheduler does: it takes the schedule's role, puts the time into its input, and starts
// its target, sometimes twice.
func (d *deployed) scheduled(t *testing.T) {
	var schedule struct {
		Target struct {
			ARN     string `json:"Arn"`
			RoleARN string `json:"RoleArn"`
			Input   string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(d.ask("scheduler", "/schedules/loyal?groupName="+prefix+"-acme", "", "")), &schedule))
	require.Equal(t, d.out.starter, schedule.Target.ARN)
	input := strings.ReplaceAll(schedule.Target.Input, "<aws.scheduler.scheduled-time>", "2026-11-24T04:00:00Z")
	require.NotEqual(t, input, schedule.Target.Input)
	before := len(d.started())
	m := d.machine(prefix + "-starter")
	for _, name := range []string{"schedule-1", "schedule-2"} {
		d.front.log.put(apiCall{role: schedule.Target.RoleARN[strings.LastIndexByte(schedule.Target.RoleARN, '/')+1:], action: "states:StartExecution", resource: d.out.starter})
		require.NoError(t, m.run(name, json.RawMessage(input)).err)
	}
	assert.Len(t, d.started(), before+1)
}
