// Package telemetry sets up the log that a task writes: JSON lines for CloudWatch, text for people.
package telemetry

import (
	"io"
	"log/slog"
)

// The keys of log lines. A row is named by file and row number, never by a value.
const (
	KeyRun     = "run"
	KeyStage   = "stage"
	KeyChunk   = "chunk"
	KeyFile    = "file"
	KeyRow     = "row"
	KeyRows    = "rows"
	KeySeconds = "seconds"
	KeyError   = "error"
	KeyClass   = "class"
	KeyNext    = "next"
)

// NewLog writes JSON lines, or text where a person reads it.
func NewLog(w io.Writer, text bool, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if text {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
