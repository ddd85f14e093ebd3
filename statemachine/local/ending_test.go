package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// newTestMachine is a machine with a work folder and nothing else.
func newTestMachine(t *testing.T, out, tenant string) *machine {
	t.Helper()
	work, err := storage.Open(t.Context(), storage.FileURL(out))
	require.NoError(t, err)
	m := &machine{options: options{out: out}, def: &audience.Definition{Tenant: tenant, Name: "vip"}, id: "run-1", work: work}
	t.Cleanup(func() { assert.NoError(t, work.Close()) })
	require.NoError(t, m.makeFolder())
	return m
}

func TestExplain(t *testing.T) {
	m := newTestMachine(t, t.TempDir(), "acme")
	for _, c := range []struct {
		name, says string
		class      audience.Class
	}{
		{"CleanReach.transient", "the cause\ncontinue it with -run run-1", audience.Transient},
		{"CleanReach.throttled", "the cause\ncontinue it with -run run-1, in an hour or later", audience.Throttled},
		{"CleanReach.invalid", "the cause\nwhen that is mended, continue it with -run run-1; a changed definition takes a new run", audience.Invalid},
		{"CleanReach.gate", "the cause\nwhen that is mended, continue it with -run run-1; a changed definition takes a new run", audience.Gate},
		{"CleanReach.action", "the cause\nwhen that is mended, continue it with -run run-1; a changed definition takes a new run", audience.Action},
		{"States.Runtime", "run the state machine: ", audience.Transient},
	} {
		err := m.explain(t.Context(), &asl.Error{Name: c.name, Cause: "the cause"})
		require.ErrorContains(t, err, c.says)
		assert.Equal(t, c.class, audience.ClassOf(err))
	}
	require.NoError(t, m.explain(t.Context(), nil))

	m.options = options{demo: true, rows: 7, seed: 3}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	require.EqualError(t, m.explain(stopped, errors.New("anything")),
		"the run was stopped: continue it with -run run-1 (make demo ROWS=7 SEED=3 RUN=run-1)")
}

func TestStoppedBeforeItBegan(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := run(stopped, []string{"-demo", "-out", t.TempDir()}, func(string) string { return "" }, &out, &errs)
	assert.Equal(t, 1, code)
	assert.Contains(t, errs.String(), "cleanreach: the run was stopped before it began: start it again\n")
}

func TestPlainPaths(t *testing.T) {
	for message, want := range map[string]string{
		"read file:///a/K%C3%BCnde%201/x.csv: no":  "read /a/Künde 1/x.csv: no",
		"see file:///a/q/; and s3://b/c%20d":       "see /a/q/; and s3://b/c%20d",
		"a broken file:///a/%zz stays, nothing is": "a broken file:///a/%zz stays, nothing is",
	} {
		assert.Equal(t, want, plainPaths(message))
	}
}

func TestFrozenDefinition(t *testing.T) {
	m := newTestMachine(t, t.TempDir(), "acme")
	assert.Empty(t, m.frozen(t.Context(), []byte(`{"name": "vip"}`)), "a new run")
	require.NoError(t, os.WriteFile(filepath.Join(m.folder, audience.RunFile), []byte(`{"definition": {"name":"vip","tenant":"acme"}}`), 0o600))
	assert.Empty(t, m.frozen(t.Context(), []byte(`{"tenant": "acme", "name": "vip"}`)), "the same")
	assert.Contains(t, m.frozen(t.Context(), []byte(`{"name": "vip2"}`)), "has changed since run run-1 began")
}

func TestSameRunIDOfTwoAudiences(t *testing.T) {
	out := t.TempDir()
	for _, c := range []struct{ tenant, shown string }{
		{"acme", "run-1"}, {"globex", filepath.Join("runs", "globex", "vip", "run-1")}, {"acme", "run-1"},
	} {
		m := newTestMachine(t, out, c.tenant)
		assert.Equal(t, filepath.Join(out, c.shown), m.shown)
	}
}

func TestNobodyServesTheSandbox(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	m := &machine{options: options{meta: "http://" + listener.Addr().String()}}
	_, err = m.connect(t.Context(), func(string) string { return "" })
	require.ErrorContains(t, err, "start the sandbox")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
}
