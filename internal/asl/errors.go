package asl

import (
	"fmt"
	"slices"
	"strings"
)

// Names of the errors that Step Functions itself raises (Developer Guide, "Handling errors in Step Functions workflows").
const (
	ErrAll                       = "States.ALL"
	ErrDataLimitExceeded         = "States.DataLimitExceeded"
	ErrExceedToleratedFailures   = "States.ExceedToleratedFailureThreshold"
	ErrIntrinsicFailure          = "States.IntrinsicFailure"
	ErrItemReaderFailed          = "States.ItemReaderFailed"
	ErrNoChoiceMatched           = "States.NoChoiceMatched"
	ErrPermissions               = "States.Permissions"
	ErrResultPathMatchFailure    = "States.ResultPathMatchFailure"
	ErrResultWriterFailed        = "States.ResultWriterFailed"
	ErrRuntime                   = "States.Runtime"
	ErrTaskFailed                = "States.TaskFailed"
	ErrTimeout                   = "States.Timeout"
	maxCauseBytes                = 32768
	maxErrorNameBytes            = 256
	reservedPrefix               = "States."
	errParameterPathFailure      = "States.ParameterPathFailure"
	errHeartbeatTimeout          = "States.HeartbeatTimeout"
	errBranchFailed              = "States.BranchFailed"
	errQueryEvaluation           = "States.QueryEvaluationError"
	reasonNeverRaised            = "is never raised by this subset"
	reasonParameterPathIsRuntime = "is documented, but Step Functions raises States.Runtime there, which nothing catches"
)

// Error is an error of the States Language: a name to match in Retry and Catch, and a cause to read.
// Integrations return it to fail a task. Step Functions keeps at most 256 bytes of the name and 32,768 of the cause.
type Error struct {
	Name  string
	Cause string
}

// Error gives name and cause.
func (e *Error) Error() string {
	if e.Cause == "" {
		return e.Name
	}
	return e.Name + ": " + e.Cause
}

func fail(name, format string, args ...any) *Error {
	return &Error{Name: name, Cause: fmt.Sprintf(format, args...)}
}

// limited cuts name and cause to what Step Functions keeps.
func (e *Error) limited() *Error {
	return &Error{Name: cut(e.Name, maxErrorNameBytes), Cause: cut(e.Cause, maxCauseBytes)}
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}

// output is the error as a catcher's state sees it. The States Language promises the name only: without a cause there is
// no field, so that a definition that takes one for granted is found out here.
func (e *Error) output() any {
	out := map[string]any{"Error": e.Name}
	if e.Cause != "" {
		out["Cause"] = e.Cause
	}
	return out
}

// matches tells whether ErrorEquals names the error. States.Runtime is never matched: it always fails the execution.
// States.DataLimitExceeded is matched by its own name only. (AWS was recorded catching it by States.ALL when a task's
// result was too large, in March 2024; its documentation says otherwise, and the stricter reading holds here.)
func (e *Error) matches(errorEquals []string) bool {
	switch e.Name {
	case ErrRuntime:
		return false
	case ErrDataLimitExceeded:
		return slices.Contains(errorEquals, e.Name)
	}
	for _, name := range errorEquals {
		if name == e.Name || name == ErrAll || name == ErrTaskFailed && e.Name != ErrTimeout {
			return true
		}
	}
	return false
}

// refusedErrorNames are names in ErrorEquals that could never match, or not as the reader expects.
var refusedErrorNames = map[string]string{
	ErrRuntime:              "cannot be caught or retried: it always fails the execution",
	errParameterPathFailure: reasonParameterPathIsRuntime,
	errHeartbeatTimeout:     reasonNeverRaised,
	errBranchFailed:         "is not what a Parallel state fails with: name the error of the branch",
	errQueryEvaluation:      "belongs to JSONata",
}

var knownErrorNames = []string{
	ErrAll, ErrDataLimitExceeded, ErrExceedToleratedFailures, ErrIntrinsicFailure, ErrItemReaderFailed,
	ErrNoChoiceMatched, ErrPermissions, ErrResultPathMatchFailure, ErrResultWriterFailed, ErrTaskFailed, ErrTimeout,
}

// DefinitionError lists everything that is wrong with a definition, one sentence each, naming the state.
type DefinitionError struct {
	Problems []string
}

// Error gives all problems, one a line.
func (e *DefinitionError) Error() string {
	if len(e.Problems) == 1 {
		return "state machine definition: " + e.Problems[0]
	}
	return fmt.Sprintf("state machine definition has %d problems:\n- %s", len(e.Problems), strings.Join(e.Problems, "\n- "))
}
