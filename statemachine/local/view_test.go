package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// TestPlainLines follows an execution as the interpreter tells it.
func TestPlainLines(t *testing.T) {
	var out bytes.Buffer
	v := newView(&out, false) // a buffer is no terminal
	start := time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	task := func(typ asl.EventType, state string, seconds int) asl.Event {
		return asl.Event{Type: typ, State: state, Resource: "arn:aws:states:::ecs:runTask.sync", Time: at(seconds)}
	}
	child := func(i int, e asl.Event) asl.Event {
		e.MapRun, e.Index = "map", &i
		return e
	}
	for _, e := range []asl.Event{
		{Type: asl.TaskScheduled, State: "LoadAudience", Resource: "arn:aws:states:::aws-sdk:s3:getObject", Time: at(0)},
		task(asl.TaskScheduled, "Prepare", 0), task(asl.TaskSucceeded, "Prepare", 3),
		{Type: "PassStateEntered", State: "BeginPolling", Time: at(3)}, {Type: "TaskStateEntered", State: "RecordResult", Time: at(8)},
		{Type: asl.MapRunStarted, Items: 2, Time: at(8)},
		child(0, asl.Event{Type: asl.ExecutionSucceeded, Time: at(9)}),
		child(1, asl.Event{Type: "WaitStateEntered", State: "WaitToRetryChunk", Time: at(9)}),
		child(1, asl.Event{Type: asl.ExecutionFailed, Cause: "chunk 00002 failed", Time: at(9)}),
		{Type: asl.MapRunFailed, Time: at(10)},
		task(asl.TaskScheduled, "Report", 10), task(asl.TaskFailed, "Report", 11),
	} {
		v.event(e)
	}
	v.begin("Plan", time.Now())
	v.close()
	text := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d  `).ReplaceAllString(out.String(), "")
	assert.Equal(t, []string{
		"Prepare started", "Prepare done in 3s", "Query started", "Query done in 5s", "Upload started", "Upload 0 of 2 chunks", "Upload 1 of 2 chunks",
		"chunk 2 of 2: its task ended early; waiting to start another", "chunk 2 of 2 failed: the report says why", "Upload 1 of 2 chunks, 1 failed", "Upload failed in 2s",
		"Report started", "Report failed in 1s", "Plan started", "Plan stopped in 0s",
	}, strings.Split(strings.TrimSpace(text), "\n"))
}
