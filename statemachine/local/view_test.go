package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/asl"
)

func at(seconds int) time.Time {
	return time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func task(typ asl.EventType, state string, seconds int) asl.Event {
	return asl.Event{Type: typ, State: state, Resource: "arn:aws:states:::ecs:runTask.sync", Time: at(seconds)}
}

func child(i int, e asl.Event) asl.Event {
	e.MapRun, e.Index = "map", &i
	return e
}

// shown is what is written of events, and what is left open after them.
func shown(events []asl.Event, open string) []string {
	var out bytes.Buffer
	v := newView(&out, false) // a buffer is no terminal
	for _, e := range events {
		v.event(e)
	}
	if open != "" {
		v.begin(open, time.Now())
	}
	v.close()
	return strings.Split(strings.TrimSpace(regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d  `).ReplaceAllString(out.String(), "")), "\n")
}

// TestPlainLines follows an execution as the interpreter tells it.
func TestPlainLines(t *testing.T) {
	lines := shown([]asl.Event{
		{Type: asl.TaskScheduled, State: "LoadAudience", Resource: "arn:aws:states:::aws-sdk:s3:getObject", Time: at(0)},
		task(asl.TaskScheduled, "Prepare", 0), task(asl.TaskSucceeded, "Prepare", 3),
		{Type: "PassStateEntered", State: "BeginPolling", Time: at(3)}, {Type: "TaskStateEntered", State: "RecordResult", Time: at(8)},
		{Type: asl.MapRunStarted, Items: 2, Time: at(8)},
		child(0, asl.Event{Type: asl.ExecutionSucceeded, Time: at(9)}),
		child(1, asl.Event{Type: "WaitStateEntered", State: "WaitToRetryChunk", Time: at(9)}),
		child(1, asl.Event{Type: asl.ExecutionFailed, Cause: "chunk 00002 failed", Time: at(9)}),
		{Type: asl.MapRunFailed, Time: at(10)},
		task(asl.TaskScheduled, "Report", 10), task(asl.TaskFailed, "Report", 11),
	}, "Plan")
	assert.Equal(t, []string{
		"Prepare started", "Prepare done in 3s", "Query started", "Query done in 5s", "Upload started", "Upload: 0 of 2 chunks", "Upload: 1 of 2 chunks",
		"chunk 2 of 2 ended early; waiting to start it again", "chunk 2 of 2 failed: the report says why", "Upload: 1 of 2 chunks, 1 failed", "Upload failed in 2s",
		"Report started", "Report failed in 1s", "Plan started", "Plan stopped in 0s",
	}, lines)
}

// TestPassesHaveLines: each pass of a replace has one, of its own count, and a day of waiting has one.
func TestPassesHaveLines(t *testing.T) {
	pass := func(seconds, items int) []asl.Event {
		events := []asl.Event{task(asl.TaskScheduled, "Advance", seconds), task(asl.TaskSucceeded, "Advance", seconds),
			{Type: "PassStateEntered", State: "UseList"}, {Type: asl.MapRunStarted, Items: items, Time: at(seconds)}}
		for i := range items {
			events = append(events, child(i, asl.Event{Type: asl.ExecutionSucceeded}))
		}
		return append(events, asl.Event{Type: asl.MapRunSucceeded, Time: at(seconds + 1)})
	}
	var waits []asl.Event
	for i := range 10 {
		waits = append(waits, asl.Event{Type: "WaitStateEntered", State: "WaitForAudience", Time: at(10 + 60*i)}, task(asl.TaskFailed, "Advance", 69))
	}
	assert.Equal(t, slices.Concat(
		[]string{"Compare started", "Compare done in 2s"},
		[]string{"Upload 1 started", "Upload 1: 0 of 1 task", "Upload 1: 1 of 1 task", "Upload 1 done in 1s"},
		[]string{"Upload 2 started", "Upload 2: 0 of 2 tasks", "Upload 2: 1 of 2 tasks", "Upload 2: 2 of 2 tasks", "Upload 2 done in 1s"},
		[]string{"Wait started", "waiting until Meta is done with the audience; that may take hours"}, slices.Repeat([]string{"Advance failed"}, 10), []string{"Wait done in 10m0s"},
		[]string{"Upload 3 started", "Upload 3: 0 of 1 task", "Upload 3: 1 of 1 task", "Upload 3 done in 1s"},
		[]string{"Wait started", "waiting until Meta is done with the audience; that may take hours", "Wait done in 1s", "Report started", "Report done in 0s"},
	), shown(slices.Concat([]asl.Event{task(asl.TaskScheduled, "Compare", 0), task(asl.TaskSucceeded, "Compare", 2)}, pass(2, 1), pass(4, 2), waits, pass(610, 1),
		[]asl.Event{{Type: "WaitStateEntered", State: "WaitForAudience", Time: at(620)}, task(asl.TaskScheduled, "Report", 621), task(asl.TaskSucceeded, "Report", 621)}), ""))
}

// TestPassesSayWhatTheyAreFor: the state machine names the list of a pass when it begins one.
func TestPassesSayWhatTheyAreFor(t *testing.T) {
	begins := func(list string) asl.Event {
		plan := map[string]any{"planned": map[string]any{"plan": map[string]any{"list": list}}}
		return asl.Event{Type: "PassStateEntered", State: "UseList", Detail: &asl.Detail{Input: plan}}
	}
	for list, says := range map[string]string{
		"chunks-replace-open-00001.json": "the first chunk goes alone: it begins the replace, which takes everybody out who was in the audience",
		"chunks-replace-end.json":        "an earlier run's replace was left open: now the batch that ends it",
		"chunks-leaves.json":             "first those who leave the audience",
		"chunks.json":                    "",
	} {
		assert.Equal(t, []string{says}, shown([]asl.Event{begins(list)}, ""), list)
	}
}
