// Package asl loads and runs a closed subset of the Amazon States Language, so that the definition that AWS Step
// Functions runs can run, and be tested, on one machine.
//
// The subset is JSONPath only: Pass, Task, Choice, Wait, Parallel, Map (inline and distributed), Succeed and Fail, with
// the intrinsic functions. Load refuses whatever lies outside of it, in one error that lists every problem, so that a
// definition that loads here means the same on AWS. Where AWS documents one thing and is recorded doing another, the
// stricter of the two holds here; each such place says so.
//
// # Values
//
// A JSON value is nil, bool, json.Number, string, []any or map[string]any. Numbers keep their text, so that large
// integers survive. Values are shared between states and never changed in place.
//
// # Time
//
// The interpreter reads the time from Options.Now, pauses (Wait states and the intervals between retries) by
// Options.Sleep, and takes timeouts from the context package. Tests run in a bubble of testing/synctest, whose clock
// moves only when every goroutine waits: nothing in a test takes real time.
package asl
