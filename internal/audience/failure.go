package audience

import (
	"errors"
	"fmt"
)

// A Class says who can do something about a failure. Its number is the exit code of the task, and so the contract with
// the state machine: 1 and 5 are worth another task, the others never are.
type Class int

// The classes of failure.
const (
	// Transient: the same call may succeed a little later (network, 5xx, a task that was killed).
	Transient Class = 1
	// Invalid: the definition or the call is wrong; somebody must change it.
	Invalid Class = 2
	// Gate: a guard on the data stopped the run: too many invalid rows, too few rows, empty input, or another run holds the audience.
	Gate Class = 3
	// Action: Meta refuses and a person must act: token, permission, terms, integrity.
	Action Class = 4
	// Throttled: Meta asks to wait for longer than the task's budget.
	Throttled Class = 5
)

// String is the class as documents and events name it.
func (c Class) String() string {
	switch c {
	case Transient:
		return "transient"
	case Invalid:
		return "invalid"
	case Gate:
		return "gate"
	case Action:
		return "action"
	case Throttled:
		return "throttled"
	}
	return fmt.Sprintf("class %d", int(c))
}

// A Failure is an error whose class is known. Its text says what was being done to what; Next says what to do about it.
type Failure struct {
	Class Class
	Next  string // a sentence for the person who must act; empty when the text says it all
	Err   error
}

// Error gives the cause and, behind it, what to do.
func (f *Failure) Error() string {
	if f.Next == "" {
		return f.Err.Error()
	}
	return f.Err.Error() + ": " + f.Next
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Fail wraps err into a failure of a class. A nil err stays nil.
func Fail(class Class, next string, err error) error {
	if err == nil {
		return nil
	}
	return &Failure{Class: class, Next: next, Err: err}
}

// Failf is Fail with a formatted cause and no advice.
func Failf(class Class, format string, args ...any) error {
	return &Failure{Class: class, Err: fmt.Errorf(format, args...)}
}

// ClassOf gives the class of an error. An error that nobody classified is transient: trying again is bounded and does no harm.
func ClassOf(err error) Class {
	var f *Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return Transient
}

// NextOf gives what to do about an error, or nothing.
func NextOf(err error) string {
	var f *Failure
	if errors.As(err, &f) {
		return f.Next
	}
	return ""
}
