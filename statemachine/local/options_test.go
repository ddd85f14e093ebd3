package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		says string // of the error; empty: none
	}{
		{"demo", []string{"-demo"}, ""},
		{"definition and room", []string{"-audience", "a.json", "-room", "r.json"}, ""},
		{"nothing", nil, "give either -audience or -demo"},
		{"both", []string{"-demo", "-audience", "a.json", "-room", "r.json"}, "give either -audience or -demo"},
		{"no room", []string{"-audience", "elsewhere/a.json"}, "no room.json beside elsewhere/a.json"},
		{"made-up people to Meta", []string{"-demo", "-meta", "live"}, "made up"},
		{"another Meta", []string{"-demo", "-meta", "production"}, "-meta must be sandbox, live or a URL"},
		{"a run that is a path", []string{"-demo", "-run", "../x"}, "-run must have 1 to 80"},
		{"a run named as a folder", []string{"-demo", "-run", "results"}, "-run must not be audiences"},
		{"longer waits", []string{"-demo", "-waits", "2"}, "-waits must be from 0 to 1"},
		{"too many rows", []string{"-demo", "-rows", "10000001"}, "-rows must be from 1 to 10000000"},
		{"an unknown flag", []string{"-demo", "-fast"}, "see -help"},
		{"a stray word", []string{"-demo", "fast"}, `"fast" is no flag`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := parseOptions(c.args, &out)
			assert.Empty(t, out.String())
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := parseOptions([]string{"-meta", "x", "-run", "a b", "-waits", "-1"}, &bytes.Buffer{})
	for _, says := range []string{"-audience", "-meta", "-run", "-waits"} {
		require.ErrorContains(t, err, says)
	}
}

func TestRoomBesideTheDefinition(t *testing.T) {
	dir := t.TempDir()
	room := filepath.Join(dir, "room.json")
	require.NoError(t, os.WriteFile(room, []byte("{}"), 0o600))
	o, err := parseOptions([]string{"-audience", filepath.Join(dir, "a.json")}, &bytes.Buffer{})
	require.NoError(t, err)
	assert.Equal(t, room, o.room)
	assert.True(t, filepath.IsAbs(o.out))
	assert.Equal(t, filepath.Join(o.out, "sandbox"), o.state)
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"-help"}, func(string) string { return "" }, &out, &errs))
	assert.Empty(t, errs.String())
	for _, says := range []string{"usage", "exit codes", "-audience", "-meta", "CLEANREACH_META_TOKEN"} {
		assert.Contains(t, out.String(), says)
	}
}

func TestLiveNeedsAToken(t *testing.T) {
	m := &machine{options: options{meta: "live"}}
	_, err := m.connect(t.Context(), func(string) string { return "" })
	require.ErrorContains(t, err, "CLEANREACH_META_TOKEN")
	assert.Equal(t, audience.Action, audience.ClassOf(err))
	environment, err := m.connect(t.Context(), func(name string) string { return map[string]string{"CLEANREACH_META_TOKEN": "secret"}[name] })
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"CLEANREACH_META_TOKEN": "secret"}, environment)
}
