package awssdk

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/local"
)

type starter interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
}

// States starts executions of state machines.
type States struct{ Client starter }

// Call is states:startExecution: it does not wait for the execution's end. A name that was used before, with another input
// or by an execution that has ended, is StepFunctions.ExecutionAlreadyExistsException.
func (s *States) Call(ctx context.Context, call asl.Call) (any, error) {
	var p struct {
		StateMachineArn, Name string
		Input                 json.RawMessage
	}
	if err := local.Parameters(call, &p); err != nil {
		return nil, err
	}
	in := &sfn.StartExecutionInput{StateMachineArn: &p.StateMachineArn}
	if p.Name != "" {
		in.Name = &p.Name
	}
	if len(p.Input) > 0 {
		in.Input = aws.String(local.Text(p.Input))
	}
	out, err := s.Client.StartExecution(ctx, in)
	if err != nil {
		return nil, named("StepFunctions", "Sfn", err)
	}
	return map[string]any{"ExecutionArn": aws.ToString(out.ExecutionArn), "StartDate": aws.ToTime(out.StartDate).UnixMilli()}, nil
}
