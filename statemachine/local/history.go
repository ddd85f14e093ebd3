package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// history is the execution's events as JSON lines, without the data that flows through it.
type history struct {
	mu   sync.Mutex
	file *os.File
	out  *bufio.Writer
	err  error
}

func newHistory(path string) (*history, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // a run that goes on adds to it
	if err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	return &history{file: f, out: bufio.NewWriter(f)}, nil
}

func (h *history) add(e asl.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.err = json.NewEncoder(h.out).Encode(e)
	}
}

func (h *history) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := errors.Join(h.err, h.out.Flush(), h.file.Close()); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}
