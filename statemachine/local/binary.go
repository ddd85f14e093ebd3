package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// taskBinary finds the program that the tasks run: the one that was named, the one beside this program, or one that it
// builds from the module that it was started in.
func taskBinary(ctx context.Context, o options) (string, error) {
	if o.task != "" {
		path, err := filepath.Abs(o.task)
		if err == nil {
			_, err = os.Stat(path)
		}
		return path, audience.Fail(audience.Invalid, "check -task", err)
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "cleanreach")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	path := filepath.Join(o.out, ".bin", "cleanreach")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/cleanreach/cleanreach/tasks") //nolint:gosec // our own package
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", audience.Fail(audience.Invalid, "run it in the checkout with the go command installed, or name the binary with -task",
			fmt.Errorf("build the task binary: %w: %s", err, strings.TrimSpace(string(output))))
	}
	return path, nil
}
