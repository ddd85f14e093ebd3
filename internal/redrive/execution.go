package redrive

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// machineAPI is what is asked of Step Functions.
type machineAPI interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// A Machine is the state machine that runs audiences.
type Machine struct {
	api machineAPI
	arn string
}

// NewMachine is the state machine of an ARN.
func NewMachine(api machineAPI, arn string) (*Machine, error) {
	if !strings.HasPrefix(arn, "arn:") || !strings.Contains(arn, ":stateMachine:") {
		return nil, audience.Failf(audience.Invalid, "%q is no ARN of a state machine: it is like arn:aws:states:eu-west-1:123456789012:stateMachine:cleanreach", arn)
	}
	return &Machine{api, arn}, nil
}

// An input is what an execution is started with.
type input struct {
	Tenant   string `json:"tenant"`
	Audience string `json:"audience"`
	Run      string `json:"run"`
	Chunks   string `json:"chunks,omitempty"` // name of the list in the run's folder; without it all of them
}

// nameLength is the longest name of an execution.
const nameLength = 80

// nameOf is the name of a run's nth execution. The first has the run's own, the others are numbered: Step Functions takes
// a name once, so that nobody continues a run twice at the same time.
func nameOf(run string, n int) string {
	if n == 1 {
		return run
	}
	suffix := fmt.Sprintf("-%d", n)
	if len(run)+len(suffix) > nameLength { // what is cut off must still tell one run from another
		hash := fmt.Sprintf("-%.4x", sha256.Sum256([]byte(run)))
		run = run[:nameLength-len(hash)-len("-9999")] + hash
	}
	return run + suffix
}

func (m *Machine) execution(name string) string {
	return strings.Replace(m.arn, ":stateMachine:", ":execution:", 1) + ":" + name
}

// describe gives an execution, or nil when there is none of that name.
func (m *Machine) describe(ctx context.Context, name string) (*sfn.DescribeExecutionOutput, error) {
	out, err := m.api.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(m.execution(name))})
	var none *types.ExecutionDoesNotExist
	if errors.As(err, &none) {
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("ask how the execution %s is: %w", name, err)
	}
	return out, nil
}

// next finds the name for a run's next execution, and whether it is one that is under way already.
func (m *Machine) next(ctx context.Context, run string) (name string, running bool, err error) {
	for n := 1; ; n++ {
		name := nameOf(run, n)
		out, err := m.describe(ctx, name)
		switch {
		case err != nil:
			return "", false, err
		case out == nil && n > 1:
			return name, false, nil
		case out == nil: // continued by hand under another name, or longer ago than names are kept
			continue
		case out.Status == types.ExecutionStatusRunning && n == 1:
			return "", false, audience.Failf(audience.Gate, "the run is still under way: wait until it ends")
		case out.Status == types.ExecutionStatusRunning:
			return name, true, nil
		}
	}
}

// start starts an execution. One that somebody else has just started by the same name is as good.
func (m *Machine) start(ctx context.Context, name string, in input) error {
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the input: %w", err)
	}
	_, err = m.api.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &m.arn, Name: &name, Input: aws.String(string(text))})
	var exists *types.ExecutionAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("start the execution %s: %w", name, err)
	}
	return nil
}
