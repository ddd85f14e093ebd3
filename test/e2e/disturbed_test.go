package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

var demoArgs = []string{"-demo", "-rows", "12000", "-seed", "5"}

// A cut disturbs a run at its n-th upload of people, before the sandbox has seen it or after.
type cut struct {
	at     int64
	before func()
	after  func()
	seen   atomic.Int64
}

func (c *cut) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/users") && c.seen.Add(1) == c.at
		if now && c.before != nil {
			c.before()
		}
		next.ServeHTTP(w, r)
		if now && c.after != nil {
			c.after()
		}
	})
}

// timeless is what a disturbance must not change of a report.
func timeless(r audience.Report) audience.Report {
	r.Times, r.Throttled, r.StartedAt, r.FinishedAt = nil, 0, time.Time{}, time.Time{}
	return r
}

// same checks that a disturbed run came to what an undisturbed one of the same data does.
func same(t *testing.T, disturbed *bench) {
	t.Helper()
	calm := newBench(t, nil)
	calm.ok(calm.start(demoArgs...))
	require.Equal(t, len(calm.members()), len(disturbed.members()))
	want, got := calm.members(), disturbed.members()
	for i := range want {
		require.Equal(t, want[i], got[i])
	}
	assert.Equal(t, timeless(calm.report()), timeless(disturbed.report()))
}

func TestUploadIsKilled(t *testing.T) {
	t.Parallel()
	for name, disturb := range map[string]func(c *cut, kill func()){
		"before its batch arrives":   func(c *cut, kill func()) { c.before = kill },
		"before it has the answer":   func(c *cut, kill func()) { c.after = kill },
		"at the first batch of all":  func(c *cut, kill func()) { c.at, c.before = 1, kill },
		"and nobody noticed the ack": func(c *cut, kill func()) { c.at, c.after = 2, kill },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &cut{at: 4}
			b := newBench(t, c.wrap)
			killed := 0
			disturb(c, func() { killed = killUploads(t, b.out) })
			r := b.start(demoArgs...)
			b.ok(r)
			assert.Positive(t, killed)
			assert.Contains(t, r.stderr, "ended early; waiting to start it again")
			same(t, b)
		})
	}
}

// killUploads ends the upload tasks of one output folder as the kernel ends a task that is out of memory. The processes
// are told by their environment, which nobody else's have.
func killUploads(t *testing.T, out string) int {
	folders, err := filepath.Glob("/proc/[0-9]*")
	assert.NoError(t, err)
	killed := 0
	for _, folder := range folders {
		command, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
		if !strings.HasSuffix(string(command), "\x00upload\x00") || !strings.Contains(string(environment), "CLEANREACH_RUN=file://"+out+"/") {
			continue
		}
		pid := 0
		for _, digit := range filepath.Base(folder) {
			pid = 10*pid + int(digit-'0')
		}
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	return killed
}

func TestInterruptedRunGoesOn(t *testing.T) {
	t.Parallel()
	for _, at := range []int64{1, 3} {
		c := &cut{at: at}
		b := newBench(t, c.wrap)
		cmd := b.command(t.Context(), demoArgs...)
		c.before = func() { assert.NoError(t, cmd.Process.Signal(os.Interrupt)) }
		r := finish(t, cmd)
		require.Equal(t, 1, r.code, r.stderr)
		assert.Contains(t, r.stderr, "continue it with -run run-1")
		query := document[audience.QueryResult](b, audience.QueryFile)

		b.ok(b.start(demoArgs...))
		assert.Equal(t, query, document[audience.QueryResult](b, audience.QueryFile), "the query is not run, nor paid for, again")
		same(t, b)
	}
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	c := &cut{at: 1}
	b := newBench(t, c.wrap)
	var second result
	c.before = func() {
		other := *b
		other.run = "run-2"
		second = other.start(demoArgs...)
	}
	b.ok(b.start(demoArgs...))
	require.Equal(t, 3, second.code, second.stderr)
	assert.Contains(t, second.stderr, "run run-1 holds this audience until")

	third := *b
	third.run = "run-3"
	third.ok(third.start(demoArgs...))
	assert.Equal(t, b.members(), third.members())
}
