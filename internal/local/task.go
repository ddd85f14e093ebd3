package local

import "time"

// task is ECS's description of a task in the spelling of Step Functions: the result of ecs:runTask.sync, and the Cause
// when it fails. Times are in milliseconds.
type task struct {
	TaskArn, ClusterArn, TaskDefinitionArn string
	LaunchType, LastStatus, DesiredStatus  string
	CapacityProviderName                   string `json:",omitempty"`
	StartedBy                              string
	StopCode, StoppedReason                string
	CreatedAt                              int64
	StartedAt                              int64 `json:",omitempty"`
	StoppedAt                              int64
	Containers                             []taskContainer
	Overrides                              overrides
}

type taskContainer struct {
	Name, LastStatus, TaskArn string
	ExitCode                  *int   `json:",omitempty"` // a container that never ran has none
	Reason                    string `json:",omitempty"`
}

// The stop codes of ECS that can happen here.
const (
	essentialExited = "EssentialContainerExited"
	failedToStart   = "TaskFailedToStart"
	userInitiated   = "UserInitiated"
)

func (t *task) notStarted(at time.Time, err error) *task {
	t.StopCode, t.StoppedReason, t.StoppedAt = failedToStart, "CannotStartContainerError: "+err.Error(), at.UnixMilli()
	return t
}

func (t *task) exited(at time.Time, code int, stopped bool) {
	t.Containers[0].ExitCode, t.StoppedAt = &code, at.UnixMilli()
	t.StopCode, t.StoppedReason = essentialExited, "Essential container in task exited"
	if stopped {
		t.StopCode, t.StoppedReason = userInitiated, "Task stopped by the state machine"
	}
}
