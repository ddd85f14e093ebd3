package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const someOutputs = `{
  "state_machine_arn": {"sensitive": false, "type": "string", "value": "arn:aws:states:eu-west-1:123456789012:stateMachine:cleanreach"},
  "queues": {"sensitive": false, "value": {"dead_letters": "https://sqs.eu-west-1.amazonaws.com/123456789012/cleanreach-dead-letters", "undelivered": "u"}},
  "bus": {"sensitive": false, "value": {"name": "cleanreach", "archive_arn": "arn:aws:events:eu-west-1:123456789012:archive/cleanreach"}},
  "next_steps": {"value": "…"}
}`

// terraformThat puts a program called terraform into the path, which prints and exits as it is told.
func terraformThat(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "terraform"), []byte("#!/bin/sh\n"+script), 0o700))
	t.Setenv("PATH", dir)
}

func TestDeployment(t *testing.T) {
	want := deployment{
		stateMachine: "arn:aws:states:eu-west-1:123456789012:stateMachine:cleanreach",
		queue:        "https://sqs.eu-west-1.amazonaws.com/123456789012/cleanreach-dead-letters",
		archive:      "arn:aws:events:eu-west-1:123456789012:archive/cleanreach",
	}
	file := filepath.Join(t.TempDir(), "outputs.json")
	require.NoError(t, os.WriteFile(file, []byte(someOutputs), 0o600))
	t.Run("a file", func(t *testing.T) {
		var d deployment
		require.NoError(t, d.complete(t.Context(), file))
		assert.Equal(t, want, d)
	})
	t.Run("a root", func(t *testing.T) {
		root := t.TempDir()
		terraformThat(t, `[ "$*" = "-chdir=`+root+` output -json -no-color" ] && /bin/cat `+file)
		var d deployment
		require.NoError(t, d.complete(t.Context(), root))
		assert.Equal(t, want, d)
	})
	t.Run("flags come first", func(t *testing.T) {
		d := deployment{queue: "https://q"}
		require.NoError(t, d.complete(t.Context(), file))
		assert.Equal(t, "https://q", d.queue)
		assert.Equal(t, want.stateMachine, d.stateMachine)
	})
	t.Run("a root that was never initialised", func(t *testing.T) {
		terraformThat(t, "echo 'Backend initialization required' >&2; exit 1")
		var d deployment
		err := d.complete(t.Context(), t.TempDir())
		require.ErrorContains(t, err, "Backend initialization required")
		assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	})
	t.Run("interrupted", func(t *testing.T) {
		terraformThat(t, "/bin/cat "+file)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := (&deployment{}).complete(ctx, t.TempDir())
		require.ErrorContains(t, err, "it was interrupted")
		assert.Equal(t, audience.Transient, audience.ClassOf(err), "nothing is wrong with the call")
	})
	for name, text := range map[string]string{"no JSON": "Warning: …", "another form": `{"queues": {"value": 3}}`} {
		t.Run(name, func(t *testing.T) {
			other := filepath.Join(t.TempDir(), "x")
			require.NoError(t, os.WriteFile(other, []byte(text), 0o600))
			err := (&deployment{}).complete(t.Context(), other)
			require.ErrorContains(t, err, "what terraform output -json prints")
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
	require.ErrorContains(t, (&deployment{}).complete(t.Context(), filepath.Join(t.TempDir(), "none")), "-deployment is the folder")
}

func TestRegionOfADeployment(t *testing.T) {
	for want, d := range map[string]deployment{
		"eu-west-1":     {stateMachine: "arn:aws:states:eu-west-1:123456789012:stateMachine:cleanreach", queue: "https://sqs.us-east-1.amazonaws.com/1/q"},
		"us-gov-west-1": {archive: "arn:aws-us-gov:events:us-gov-west-1:123456789012:archive/cleanreach"},
		"us-east-1":     {queue: "https://sqs.us-east-1.amazonaws.com/1/q"},
		"":              {archive: "cleanreach", queue: "http://127.0.0.1:5000/1/q"},
	} {
		assert.Equal(t, want, d.region())
	}
}

func TestTimeRange(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 30, 15, 99, time.UTC)
	cases := []struct{ from, to, first, last, fails string }{
		{"2026-11-24", "", "2026-11-24T00:00:00Z", "2026-11-24T12:30:15Z", ""},
		{"2026-11-23", "2026-11-23", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", ""},
		{"2026-11-24T10:00:00+02:00", "2026-11-24t09:00:00.5z", "2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z", ""},
		{"", "2026-11-24", "", "", "say from when"},
		{"yesterday", "", "", "", `-from "yesterday" is no time`},
		{"2026-11-24", "2026-11-24T10:00:00", "", "", "with its zone"},
		{"2026-13-01", "", "", "", "is no time"},
	}
	for _, c := range cases {
		first, last, err := timeRange(c.from, c.to, now)
		if c.fails != "" {
			require.ErrorContains(t, err, c.fails)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, []string{c.first, c.last}, []string{first.Format(time.RFC3339Nano), last.Format(time.RFC3339Nano)})
	}
}

// What is wrong with a call is said before anything is asked of AWS.
func TestCallsOfOperatorsCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "outputs.json")
	require.NoError(t, os.WriteFile(file, []byte(`{}`), 0o600))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"redrive"}, 2, "it does not know the deployment: name its Terraform root by -deployment terraform/examples/complete, or give -queue"},
		{[]string{"redrive", "-deployment", file}, 2, "has no output queues.dead_letters"},
		{[]string{"redrive", "-queue", "https://sqs.eu-west-1.amazonaws.com/1/q", "-send"}, 2, "or give -state-machine"},
		{[]string{"redrive", "-queue", "https://sqs.eu-west-1.amazonaws.com/1/q", "-state-machine", "cleanreach", "-send"}, 2, "no ARN of a state machine"},
		{[]string{"redrive", "all"}, 2, `does not know "all"`},
		{[]string{"redrive", "-all"}, 2, "see cleanreach redrive -help"},
		{[]string{"redrive", "-force", "-run", "r-1"}, 2, "it takes -send and the -run that it is meant for"},
		{[]string{"redrive", "-force", "-send"}, 2, "it takes -send and the -run that it is meant for"},
		{[]string{"redrive", "-help"}, 0, "exit codes"},
		{[]string{"replay", "-from", "2026-11-24"}, 2, "or give -archive"},
		{[]string{"replay", "-deployment", file, "-from", "2026-11-24"}, 2, "has no output bus.archive_arn"},
		{[]string{"replay", "-archive", "a"}, 2, "say from when"},
		{[]string{"replay", "--help"}, 0, "-rule"},
	} {
		var out bytes.Buffer
		code := run(context.Background(), c.args, env{}, nil, &out, &out)
		assert.Equal(t, c.code, code, c.args)
		assert.Contains(t, out.String(), c.want, c.args)
	}
}
