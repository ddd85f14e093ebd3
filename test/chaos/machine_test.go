package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/statemachine"
)

// execute runs the state machine once.
func (w *world) execute(ctx context.Context, name string, input map[string]string) error {
	text, err := json.Marshal(input)
	if err != nil {
		return err
	}
	s3 := &local.S3{Buckets: map[string]*storage.Folder{"work": w.work}}
	get, put := asl.IntegrationFunc(s3.GetObject), asl.IntegrationFunc(s3.PutObject)
	room := asl.IntegrationFunc(w.room)
	nothing := asl.IntegrationFunc(func(context.Context, asl.Call) (any, error) { return map[string]any{}, nil })
	_, err = w.machine.Run(ctx, asl.Options{
		Name: name, Input: text, Rand: drawn(w.seed, name), OnEvent: w.trace,
		Integrations: map[string]asl.Integration{
			"arn:aws:states:::aws-sdk:s3:getObject": get, "arn:aws:states:::aws-sdk:s3:putObject": put,
			"arn:aws:states:::s3:getObject": get, "arn:aws:states:::s3:putObject": put,
			"arn:aws:states:::aws-sdk:cleanrooms:startProtectedQuery":  room,
			"arn:aws:states:::aws-sdk:cleanrooms:getProtectedQuery":    room,
			"arn:aws:states:::aws-sdk:cleanrooms:updateProtectedQuery": room,
			"arn:aws:states:::sqs:sendMessage":                         asl.IntegrationFunc(w.letter),
			"arn:aws:states:::events:putEvents":                        nothing,
			"arn:aws:states:::glue:startJobRun.sync":                   nothing,
			"arn:aws:states:::ecs:runTask.sync":                        asl.IntegrationFunc(w.runTask),
		},
	})
	return err
}

// load loads the definition. Each task definition is called as its stage is.
func (w *world) load() (*asl.Machine, error) {
	var values statemachine.Values
	names := map[string]any{}
	encoded, err := json.Marshal(values)
	if err == nil {
		err = json.Unmarshal(encoded, &names)
	}
	for field := range names {
		if stage, is := strings.CutSuffix(field, "_task_definition"); is {
			names[field] = stage
		}
	}
	names["work_bucket"], names["work_url"] = "work", strings.TrimSuffix(w.url(""), "/")
	names["results_bucket"], names["results_url"] = "work", w.url("results")
	names["cluster"], names["event_bus"], names["dead_letter_queue_url"] = "cluster", "bus", "queue"
	names["upload_capacity"], names["subnets"], names["security_groups"] = "FARGATE_SPOT", []string{"subnet"}, []string{"group"}
	if encoded, err2 := json.Marshal(names); err == nil {
		err = errors.Join(err2, json.Unmarshal(encoded, &values))
	}
	if err != nil {
		return nil, err
	}
	rendered, err := statemachine.Render(values)
	if err != nil {
		return nil, err
	}
	return asl.Load(rendered)
}

// An ecsTask is ECS's description of a task, as far as the state machine looks at it.
type ecsTask struct {
	Containers []ecsContainer
	StopCode   string
	Overrides  ecsOverrides
}

type ecsContainer struct {
	Name     string
	ExitCode *int `json:",omitempty"`
}

type ecsOverrides struct {
	ContainerOverrides []struct {
		Name        string
		Command     []string
		Environment []struct{ Name, Value string }
	}
}

// runTask is ecs:runTask.sync: it runs a stage in this process, as the task's fate lets it.
func (w *world) runTask(ctx context.Context, call asl.Call) (any, error) {
	var p struct{ Overrides ecsOverrides }
	encoded, err := json.Marshal(call.Parameters)
	if err == nil {
		err = json.Unmarshal(encoded, &p)
	}
	if err != nil || len(p.Overrides.ContainerOverrides) != 1 {
		return nil, &asl.Error{Name: "ECS.InvalidParameterException", Cause: fmt.Sprint("bad overrides ", err)}
	}
	container := p.Overrides.ContainerOverrides[0]
	s := &stage{world: w, name: container.Command[0]}
	url := ""
	for _, v := range container.Environment {
		switch v.Name {
		case "CLEANREACH_RUN":
			url = v.Value
		case "CLEANREACH_CHUNK":
			s.chunk = v.Value
		}
	}
	description := w.runStage(ctx, s, url)
	description.Overrides = p.Overrides
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if code := description.Containers[0].ExitCode; code != nil && *code == 0 {
		return description, nil
	}
	cause, err := json.Marshal(description)
	if err != nil {
		return nil, err
	}
	return nil, &asl.Error{Name: asl.ErrTaskFailed, Cause: string(cause)}
}

const sigkill = 137 // the exit code of a container that was killed

func (w *world) runStage(ctx context.Context, s *stage, url string) ecsTask {
	t := w.newTask(s.name, s.chunk, url)
	s.task = t
	description := ecsTask{Containers: []ecsContainer{{Name: "cleanreach"}}, StopCode: "TaskFailedToStart"}
	if t.fate.kind == notStarted {
		return description
	}
	description.StopCode = "EssentialContainerExited"
	ctx, t.cancel = context.WithCancelCause(context.WithValue(ctx, taskKey{}, t))
	defer t.cancel(nil)
	code := 0
	if err := s.do(ctx, url); err != nil {
		code = int(audience.ClassOf(err))
		w.log.Info("a task failed", "task", t.name, "code", code, "error", err, "cause", context.Cause(ctx))
	}
	if t.Alive() != nil {
		code = sigkill
	}
	description.Containers[0].ExitCode = &code
	if ctx.Err() != nil { // killed, told to stop, or the execution was
		w.mu.Lock()
		w.broken++
		w.mu.Unlock()
		if errors.Is(context.Cause(ctx), errTold) {
			description.StopCode = "SpotInterruption"
		}
	}
	return description
}

// newTask makes a task with a fate of its own: how the same one ends that is started again is another matter.
func (w *world) newTask(stage, chunk, url string) *task {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := strings.TrimSuffix(stage+" "+chunk, " ") + " of " + url
	w.tried[key]++
	t := &task{name: fmt.Sprintf("%s, try %d", key, w.tried[key])}
	t.rand = drawn(w.seed, t.name)
	if fate := w.rates.fateOf(stage, t.rand); !w.calm {
		t.fate = fate
	}
	return t
}

// trace shows the way of an execution, for whoever repeats a seed.
func (w *world) trace(e asl.Event) {
	if e.Entered() || e.Error != "" {
		w.log.Info("state", "path", e.Path, "state", e.State, "type", e.Type, "error", e.Error)
	}
}
