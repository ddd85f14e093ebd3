package awssdk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/local"
)

type jobs interface {
	StartJobRun(context.Context, *glue.StartJobRunInput, ...func(*glue.Options)) (*glue.StartJobRunOutput, error)
	GetJobRun(context.Context, *glue.GetJobRunInput, ...func(*glue.Options)) (*glue.GetJobRunOutput, error)
	BatchStopJobRun(context.Context, *glue.BatchStopJobRunInput, ...func(*glue.Options)) (*glue.BatchStopJobRunOutput, error)
}

// Glue runs jobs.
type Glue struct {
	Client jobs
	Sleep  func(ctx context.Context, d time.Duration) error // between two looks at a job
}

// The pause between two looks at a job, and the time that stopping one may take.
const (
	jobPoll = 10 * time.Second
	jobStop = 10 * time.Second
)

// Call is glue:startJobRun.sync: it starts a job and waits for its end. One that does not succeed fails with
// States.TaskFailed and the description of its run as the Cause.
func (g *Glue) Call(ctx context.Context, call asl.Call) (any, error) {
	var p struct {
		JobName   string
		Arguments map[string]string
	}
	if err := local.Parameters(call, &p); err != nil {
		return nil, err
	}
	started, err := g.Client.StartJobRun(ctx, &glue.StartJobRunInput{JobName: &p.JobName, Arguments: p.Arguments})
	if err != nil {
		return nil, named("Glue", "Glue", err)
	}
	run, err := g.wait(ctx, p.JobName, aws.ToString(started.JobRunId))
	if err != nil {
		return nil, err
	}
	result := map[string]any{"JobName": p.JobName, "Id": aws.ToString(started.JobRunId), "JobRunState": string(run.JobRunState)}
	if run.ErrorMessage != nil {
		result["ErrorMessage"] = *run.ErrorMessage
	}
	if run.JobRunState == types.JobRunStateSucceeded {
		return result, nil
	}
	cause, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode run of a Glue job: %w", err)
	}
	return nil, &asl.Error{Name: asl.ErrTaskFailed, Cause: string(cause)}
}

func (g *Glue) wait(ctx context.Context, job, id string) (*types.JobRun, error) {
	for {
		out, err := g.Client.GetJobRun(ctx, &glue.GetJobRunInput{JobName: &job, RunId: &id})
		if err == nil && ended(out.JobRun.JobRunState) {
			return out.JobRun, nil
		}
		if err == nil {
			err = g.Sleep(ctx, jobPoll)
		}
		if ctx.Err() != nil {
			g.stop(ctx, job, id)
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, named("Glue", "Glue", err)
		}
	}
}

// stop stops a job whose execution has ended, as Step Functions does.
func (g *Glue) stop(ctx context.Context, job, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobStop)
	defer cancel()
	_, _ = g.Client.BatchStopJobRun(ctx, &glue.BatchStopJobRunInput{JobName: &job, JobRunIds: []string{id}}) // best effort, as there
}

func ended(state types.JobRunState) bool {
	switch state {
	case types.JobRunStateSucceeded, types.JobRunStateFailed, types.JobRunStateStopped, types.JobRunStateTimeout,
		types.JobRunStateError, types.JobRunStateExpired:
		return true
	default:
		return false
	}
}
