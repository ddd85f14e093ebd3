package asl

import "context"

// Integration is a service that tasks call, chosen by the ARN in Resource.
//
// Call does the work and returns its result. Implementations are bound to this:
//
//   - It returns only when the work is over. For a .sync Resource that is the end of the job, not its start.
//   - When ctx ends (a timeout, a failure elsewhere, an abort), it stops the work, as AWS stops the job of a .sync
//     task, and returns soon; what it then returns is ignored. It leaves no goroutine behind.
//   - It is called from several goroutines at once.
//   - The result is anything that encoding/json writes; the interpreter copies it, and reads numbers as json.Number.
//     A larger result than 262,144 bytes fails the task with States.DataLimitExceeded, so an integration for tasks need
//     not check.
//   - Failures are *Error with the name that AWS gives: "<Service>.<Exception>" for an API's refusal
//     ("CleanRooms.ThrottlingException"), States.TaskFailed for a job that failed, with what AWS puts into its Cause.
//     Any other error fails the task with States.TaskFailed and the error's text as Cause; nothing personal belongs in it.
//
// A distributed Map uses two integrations by itself:
//
//   - arn:aws:states:::s3:getObject for ItemReader. Parameters are {"Bucket", "Key"}; the result is an object with
//     the text of the object in "Body". Its size is not limited.
//   - arn:aws:states:::s3:putObject for ResultWriter. Parameters are {"Bucket", "Key", "Body", "ContentType"}, all
//     strings; Body is JSON text of any size. The result is ignored.
type Integration interface {
	Call(ctx context.Context, call Call) (any, error)
}

// Call is one call of an integration.
type Call struct {
	// Resource is the ARN in the definition.
	Resource string
	// Parameters is what the state's Parameters gave, or its whole input without them. It is the callee's own copy.
	Parameters any
	// Execution is the ARN of the execution that calls: for a child of a distributed Map, the child's own.
	Execution string
	// State is the name of the state, and Attempt counts from 0 with its retries.
	State   string
	Attempt int
}

// IntegrationFunc makes an Integration of a function.
type IntegrationFunc func(ctx context.Context, call Call) (any, error)

// Call calls f.
func (f IntegrationFunc) Call(ctx context.Context, call Call) (any, error) { return f(ctx, call) }
