// Package tools gives tests the programs that .ci/tools found or installed.
package tools

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Need gives the path of a program or folder by its variable in .cache/tools.env, such as "TFLINT". The environment goes
// first. Without it the test is skipped, in words that .ci/run looks for: it knows which programs this machine lacks.
func Need(t *testing.T, variable string) string {
	t.Helper()
	path, err := find(os.Getenv(variable), filepath.Join(root(), ".cache", "tools.env"), variable)
	if err != nil {
		t.Skipf("NOT TESTED for want of %s: %v", variable, err)
	}
	return path
}

// Command is a program that ends with the test and reads nothing.
func Command(t *testing.T, variable string, args ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), Need(t, variable), args...) //nolint:gosec // programs that .ci/tools chose
}

func find(given, list, variable string) (string, error) {
	if given != "" {
		return given, nil
	}
	text, err := os.ReadFile(list) //nolint:gosec // a file of this repository
	if err != nil {
		return "", fmt.Errorf("run .ci/tools: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), variable+"="); ok {
			if value = strings.Trim(value, "'"); value != "" {
				return value, nil
			}
			return "", fmt.Errorf(".ci/tools did not find it, and could not install it; .cache/tools.log has why")
		}
	}
	return "", fmt.Errorf("%s does not name it: run .ci/tools again", list)
}

// root is the repository's folder, found by the place of this file in it.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
