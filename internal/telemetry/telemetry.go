// Package telemetry sets up the log that a task writes: JSON lines for CloudWatch, text for people.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
)

// The keys of log lines. A row is named by file and row number, never by a value.
const (
	KeyRun      = "run"
	KeyStage    = "stage"
	KeyChunk    = "chunk"
	KeyAudience = "audience"
	KeyFile     = "file"
	KeyRow      = "row"
	KeyRows     = "rows"
	KeySeconds  = "seconds"
	KeyError    = "error"
	KeyClass    = "class"
	KeyNext     = "next"
	KeyRunbook  = "runbook"
	KeyOutcome  = "outcome"
)

// NewLog writes JSON lines, or text where a person reads it.
func NewLog(w io.Writer, text bool, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if text {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// PanicPlace is where a panic came from, for the deferred function that recovered it. It is the stack without its arguments:
// those of Go's own dump, in hexadecimal, could be somebody's phone number.
func PanicPlace() string {
	const before = 3 // runtime.Callers, PanicPlace and the deferred function
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(before, pcs)])
	var place strings.Builder
	for {
		frame, more := frames.Next()
		fmt.Fprintf(&place, "%s:%d ", frame.Function, frame.Line)
		if !more {
			return strings.TrimSpace(place.String())
		}
	}
}
