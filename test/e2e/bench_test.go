// Package e2e runs the compiled binaries on real files, against a sandbox for Meta, and looks at what came of it.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// binaries is the folder with the programs under test.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cleanreach-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binaries = dir
	for name, from := range map[string]string{"cleanreach": "tasks", "cleanreach-local": "statemachine/local", "sandbox": "internal/meta/sandbox/cmd"} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), "github.com/cleanreach/cleanreach/"+from)
		if name != "cleanreach-local" {
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", name, err, out)
			return 1
		}
	}
	return m.Run()
}

// A bench is a user's machine: a folder with the user's files, an output folder, and a sandbox.
type bench struct {
	t    *testing.T
	dir  string // the user's files
	out  string
	run  string // id of the run
	meta *sandbox.Server
	url  string
	web  *httptest.Server
}

// newBench starts a sandbox in this process. wrap, if given, stands in front of it.
func newBench(t *testing.T, wrap func(http.Handler) http.Handler) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), out: t.TempDir(), run: "run-1"}
	server, err := sandbox.New(sandbox.Config{})
	require.NoError(t, err)
	b.meta = server
	handler := http.Handler(server)
	if wrap != nil {
		handler = wrap(handler)
	}
	b.web = httptest.NewServer(handler)
	t.Cleanup(func() {
		b.web.Close()
		require.NoError(t, server.Close())
	})
	b.url = b.web.URL
	return b
}

// A result is what a program left behind.
type result struct {
	code           int
	stdout, stderr string
}

// command prepares a run of the state machine. Its waits take a hundredth of their time.
func (b *bench) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{"-out", b.out, "-run", b.run, "-meta", b.url, "-waits", "0.01"}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(binaries, "cleanreach-local"), args...)
	cmd.Dir = b.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "CLEANREACH_META_TOKEN=e2e-token"}
	return cmd
}

// start runs the state machine to its end.
func (b *bench) start(args ...string) result {
	b.t.Helper()
	return finish(b.t, b.command(b.t.Context(), args...))
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// ok fails the test unless the run succeeded.
func (b *bench) ok(r result) {
	b.t.Helper()
	require.Equal(b.t, 0, r.code, "stdout:\n%s\nstderr:\n%s\n%s", r.stdout, r.stderr, b.logs())
}

// logs are the tasks' own words, for a test that fails.
func (b *bench) logs() string {
	var all bytes.Buffer
	names, _ := filepath.Glob(filepath.Join(b.out, b.run, "logs", "*.log"))
	for _, name := range names {
		data, _ := os.ReadFile(name)
		fmt.Fprintf(&all, "%s:\n%s\n", filepath.Base(name), data)
	}
	return all.String()
}

// document reads one of the run's documents.
func document[T any](b *bench, name string) T {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.out, b.run, name))
	require.NoError(b.t, err)
	var d T
	require.NoError(b.t, json.Unmarshal(data, &d))
	return d
}

// report is the run's report.
func (b *bench) report() audience.Report {
	b.t.Helper()
	return document[audience.Report](b, audience.ReportFile)
}

// write puts a file of the user's.
func (b *bench) write(name, content string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	require.NoError(b.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(b.t, os.WriteFile(path, []byte(content), 0o600))
}

// lines reads a file of JSON lines; one that is not there has none.
func (b *bench) lines(name string) []map[string]any {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.out, name))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(b.t, err)
	var all []map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	for dec.More() {
		var line map[string]any
		require.NoError(b.t, dec.Decode(&line))
		all = append(all, line)
	}
	return all
}
