package asl

import (
	"strings"
	"time"
)

// EventType is a type of history event, named as in AWS's GetExecutionHistory.
type EventType string

// The types of events that have no state's name in front. Events of states are "<Type>StateEntered", "<Type>StateExited"
// and, where AWS has them, "<Type>StateStarted", "…Succeeded", "…Failed" and "…Aborted".
const (
	ExecutionStarted   EventType = "ExecutionStarted"
	ExecutionSucceeded EventType = "ExecutionSucceeded"
	ExecutionFailed    EventType = "ExecutionFailed"
	ExecutionTimedOut  EventType = "ExecutionTimedOut"
	ExecutionAborted   EventType = "ExecutionAborted"

	TaskScheduled EventType = "TaskScheduled"
	TaskStarted   EventType = "TaskStarted"
	TaskSucceeded EventType = "TaskSucceeded"
	TaskFailed    EventType = "TaskFailed"
	TaskTimedOut  EventType = "TaskTimedOut"

	MapIterationStarted   EventType = "MapIterationStarted"
	MapIterationSucceeded EventType = "MapIterationSucceeded"
	MapIterationFailed    EventType = "MapIterationFailed"
	MapIterationAborted   EventType = "MapIterationAborted"

	MapRunStarted   EventType = "MapRunStarted"
	MapRunSucceeded EventType = "MapRunSucceeded"
	MapRunFailed    EventType = "MapRunFailed"
	MapRunAborted   EventType = "MapRunAborted"
)

// Event is one event of an execution's history. It holds nothing of the data that flows: that is in Detail.
type Event struct {
	// ID counts from 1 in each execution; a child execution of a distributed Map counts by itself.
	ID   int64     `json:"id"`
	Time time.Time `json:"time"`
	Type EventType `json:"type"`
	// Execution is the ARN of the execution.
	Execution string `json:"execution"`
	// Path is where in the machine the event is, from the top: "Checks/1" in the second branch of the Parallel state
	// Checks, "Upload[3]" in the fourth item of the Map state Upload, "" at the top. Child executions have the path of
	// their item.
	Path string `json:"path,omitempty"`
	// State is the state's name, in events of states, tasks, iterations and Map Runs.
	State string `json:"state,omitempty"`
	// Resource is the ARN that a task calls, in events of tasks.
	Resource string `json:"resource,omitempty"`
	// Index is the item, from 0, in events of iterations and of child executions.
	Index *int `json:"index,omitempty"`
	// Items is how many there are, in MapStateStarted (0 when an ItemReader will read them) and MapRunStarted.
	Items int `json:"items,omitempty"`
	// MapRun is the ARN of the Map Run, in its own events and in those of its children's executions.
	MapRun string `json:"map_run,omitempty"`
	// Error and Cause are given in events of failures.
	Error string `json:"error,omitempty"`
	Cause string `json:"cause,omitempty"`
	// Detail is the data of the event, nil where it has none. It is not written as JSON, and must not be logged.
	Detail *Detail `json:"-"`
}

// Detail is the data that an event is about: JSON values as the package describes, not to be changed.
type Detail struct {
	Input  any
	Output any
}

// Entered tells whether the event says that a state was entered: the list of their states is the path of an execution.
func (e Event) Entered() bool { return strings.HasSuffix(string(e.Type), "StateEntered") }
