package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// A TaskDefinition is what ECS knows of a task before it starts: the program and its fixed environment, secrets included.
type TaskDefinition struct {
	Name        string
	Binary      string            // path of the program
	Command     []string          // its arguments, unless the task says others
	Environment map[string]string // nothing else is inherited
	// Secrets reads what is added to the environment of a task that starts. An error is a task that does not start.
	// It may be nil.
	Secrets func(ctx context.Context) (map[string]string, error)
}

// A Stopped is a task that has ended, for whoever watches.
type Stopped struct {
	Command  []string
	ExitCode int
	Took     time.Duration
	PeakRSS  int64 // bytes
	CPU      time.Duration
}

// Tasks runs ECS tasks as processes.
type Tasks struct {
	Cluster     string
	Definitions []TaskDefinition
	Define      func(ctx context.Context, name string) (TaskDefinition, error) // of one that is not among Definitions; may be nil
	Log         func(command []string) (io.WriteCloser, error)                 // where the next task's output goes; a writer each
	StopTimeout time.Duration                                                  // from SIGTERM to SIGKILL; ECS's default is 30 seconds, and so is ours
	Now         func() time.Time
	OnStopped   func(Stopped) // may be nil
}

// The parts of ecs:runTask.sync that the definition uses, in Step Functions' spelling.
type runTask struct {
	LaunchType, Cluster, TaskDefinition, PropagateTags string
	CapacityProviderStrategy                           []capacityProvider
	NetworkConfiguration                               network
	Overrides                                          overrides
}

type capacityProvider struct {
	CapacityProvider string
	Weight           int // without it ECS never chooses this one
}

type network struct{ AwsvpcConfiguration vpc }

type vpc struct {
	Subnets, SecurityGroups []string
	AssignPublicIP          string `json:"AssignPublicIp"`
}

type overrides struct {
	ContainerOverrides []containerOverride
}

type containerOverride struct {
	Name        string
	Command     []string
	Environment []variable
}

type variable struct{ Name, Value string }

// container is the name of the one container in every task definition.
const container = "cleanreach"

// maxOverrides is ECS's limit on the JSON of Overrides, in characters.
const maxOverrides = 8192

// Call is ecs:runTask.sync: it starts the task, waits for its end and gives its description. A task that exits with
// another code than 0, or cannot start, fails with States.TaskFailed and that description as the Cause.
func (t *Tasks) Call(ctx context.Context, call asl.Call) (any, error) {
	var p runTask
	if err := Parameters(call, &p); err != nil {
		return nil, err
	}
	override, err := t.check(p)
	if err != nil {
		return nil, err
	}
	definition, err := t.definition(ctx, p.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if len(override.Command) == 0 {
		override.Command = definition.Command
	}
	task := t.run(ctx, p, definition, override)
	if task.StopCode == essentialExited && task.Containers[0].ExitCode != nil && *task.Containers[0].ExitCode == 0 {
		return task, nil
	}
	cause, err := json.Marshal(task)
	if err != nil {
		return nil, fmt.Errorf("encode task: %w", err)
	}
	return nil, &asl.Error{Name: asl.ErrTaskFailed, Cause: string(cause)}
}

func (t *Tasks) check(p runTask) (containerOverride, error) {
	refuse := func(name, format string, args ...any) (containerOverride, error) {
		return containerOverride{}, &asl.Error{Name: name, Cause: fmt.Sprintf(format, args...)}
	}
	if p.Cluster != t.Cluster {
		return refuse("ECS.ClusterNotFoundException", "Cluster %q not found.", p.Cluster)
	}
	if message := p.refusedCapacity(); message != "" {
		return refuse("ECS.InvalidParameterException", "%s", message)
	}
	if text, err := json.Marshal(p.Overrides); err != nil || len(text) > maxOverrides {
		return refuse("ECS.InvalidParameterException", "Container Overrides length must be at most %d", maxOverrides)
	}
	if len(p.Overrides.ContainerOverrides) != 1 || p.Overrides.ContainerOverrides[0].Name != container {
		return refuse("ECS.InvalidParameterException", "Override for container that is not a part of the TaskDefinition.")
	}
	return p.Overrides.ContainerOverrides[0], nil
}

func (t *Tasks) definition(ctx context.Context, name string) (TaskDefinition, error) {
	for _, d := range t.Definitions {
		if d.Name == name {
			return d, nil
		}
	}
	if t.Define != nil {
		return t.Define(ctx, name)
	}
	return TaskDefinition{}, &asl.Error{Name: "ECS.ClientException", Cause: fmt.Sprintf("TaskDefinition %q not found.", name)}
}

// fargate is the launch type of every task, whichever of Fargate's two capacity providers gives the room.
const fargate = "FARGATE"

// refusedCapacity is what ECS has against the way in which the task names its capacity. Here the cluster has no default.
func (p runTask) refusedCapacity() string {
	switch {
	case p.LaunchType != "" && len(p.CapacityProviderStrategy) > 0:
		return "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
	case p.LaunchType != "" && p.LaunchType != fargate:
		return fmt.Sprintf("The task definition does not support launch_type %s.", p.LaunchType)
	case p.LaunchType == "" && len(p.CapacityProviderStrategy) != 1:
		return "Name a launch type, or one capacity provider."
	}
	for _, c := range p.CapacityProviderStrategy {
		if c.CapacityProvider != fargate && c.CapacityProvider != "FARGATE_SPOT" {
			return fmt.Sprintf("The specified capacity provider %q was not found.", c.CapacityProvider)
		}
		if c.Weight < 1 {
			return "The capacity provider strategy must have a provider whose weight is greater than zero."
		}
	}
	return ""
}

// run runs the process to its end.
func (t *Tasks) run(ctx context.Context, p runTask, definition TaskDefinition, override containerOverride) *task {
	environment := maps.Clone(definition.Environment)
	if environment == nil {
		environment = map[string]string{}
	}
	description := t.describe(p)
	if definition.Secrets != nil {
		secrets, err := definition.Secrets(ctx)
		if err != nil {
			return description.notStarted(t.Now(), err)
		}
		maps.Copy(environment, secrets)
	}
	for _, v := range override.Environment {
		environment[v.Name] = v.Value
	}
	output, err := t.Log(override.Command)
	if err != nil {
		return description.notStarted(t.Now(), err)
	}
	defer func() { _ = output.Close() }()

	cmd := exec.CommandContext(ctx, definition.Binary, override.Command...) //nolint:gosec // the program that we built
	cmd.Env = []string{}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		cmd.Env = append(cmd.Env, name+"="+environment[name])
	}
	shared := &lockedWriter{w: output}
	cmd.Stdout, cmd.Stderr = shared, shared
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C at the terminal reaches it only as ECS's SIGTERM
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = t.StopTimeout
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = 30 * time.Second
	}
	if err := cmd.Start(); err != nil {
		return description.notStarted(t.Now(), err)
	}
	description.StartedAt = t.Now().UnixMilli()
	peak := watchPeak(cmd.Process.Pid)
	_ = cmd.Wait() // ProcessState says it better
	highest := peak()
	stopped := t.Now()
	description.exited(stopped, exitCode(cmd.ProcessState), ctx.Err() != nil)
	if t.OnStopped != nil {
		t.OnStopped(usage(cmd.ProcessState, override.Command, stopped.Sub(time.UnixMilli(description.StartedAt)), highest))
	}
	return description
}

// exitCode is a process's code as a container reports it: a signal is 128 and its number.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// usage is what a process took. peak is its highest memory, where that could be watched.
func usage(state *os.ProcessState, command []string, took time.Duration, peak int64) Stopped {
	s := Stopped{Command: command, ExitCode: exitCode(state), Took: took, CPU: state.UserTime() + state.SystemTime(), PeakRSS: peak}
	if u, ok := state.SysUsage().(*syscall.Rusage); ok && peak == 0 {
		s.PeakRSS = u.Maxrss * rssUnit
	}
	return s
}

func (t *Tasks) describe(p runTask) *task {
	arn := "arn:aws:ecs:local:000000000000:task/" + t.Cluster + "/" + uuid.NewString()
	provider := ""
	for _, c := range p.CapacityProviderStrategy {
		provider = c.CapacityProvider
	}
	return &task{
		TaskArn: arn, ClusterArn: "arn:aws:ecs:local:000000000000:cluster/" + t.Cluster, TaskDefinitionArn: p.TaskDefinition,
		LaunchType: fargate, CapacityProviderName: provider, LastStatus: "STOPPED", DesiredStatus: "STOPPED", StartedBy: "AWS Step Functions",
		CreatedAt: t.Now().UnixMilli(), Overrides: p.Overrides,
		Containers: []taskContainer{{Name: container, LastStatus: "STOPPED", TaskArn: arn}},
	}
}

// lockedWriter lets standard output and standard error share a log.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes as a whole.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
