package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestEstimate(t *testing.T) {
	def := filepath.Join(t.TempDir(), "vip.json")
	require.NoError(t, os.WriteFile(def, []byte(`{"tenant": "acme", "name": "vip", "source": {"path": "a.csv", "columns": {"EMAIL": "e"}},
		"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"}, "meta": {"ad_account": "act_1", "secret": "acme/meta"}}`), 0o600))
	var out, problems bytes.Buffer
	estimating := func(args ...string) int {
		out.Reset()
		problems.Reset()
		return run(t.Context(), append([]string{"estimate"}, args...), env{}, strings.NewReader(""), &out, &problems)
	}
	require.Zero(t, estimating("-rows", "10000000", def), problems.String())
	for _, want := range []string{"10,000,000 customers, 5,000,000 matched", "500 batches and 20 chunks", "2h", "Clean Rooms", "limits.chunk_rows 250,000 (now 250,000)", "measured: a vCPU prepares "} {
		assert.Contains(t, out.String(), want)
	}
	limited := out.String()
	require.Zero(t, estimating("-rows", "10000000", "-tier", "full", def))
	assert.NotEqual(t, limited, out.String())

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{def}, "-rows 1000000"},
		{[]string{"-rows", "5"}, "name one audience definition"},
		{[]string{"-rows", "5", "-match", "1.5", def}, "shares, from 0 to 1"},
		{[]string{"-rows", "5", "-match", "NaN", def}, "shares, from 0 to 1"},
		{[]string{"-rows", "5", "-answer", "0s", def}, "more than 0s"},
		{[]string{"-rows", "5", "-tier", "gold", def}, "limited or full"},
		{[]string{"-rows", "5", def + "x"}, "no such file"},
		{[]string{"-rows", "five", def}, "see cleanreach estimate -help"},
	} {
		assert.Equal(t, int(audience.Invalid), estimating(c.args...), c)
		assert.Contains(t, problems.String(), c.want)
		assert.Empty(t, out.String())
	}
	require.Zero(t, estimating("-help"))
	assert.Contains(t, out.String(), "usage: cleanreach estimate -rows N")
}

// TestEstimateOfModes: what a mode makes of the figures is said, and what they leave out.
func TestEstimateOfModes(t *testing.T) {
	for _, c := range []struct{ mode, limits, rows, want, not string }{
		{"mirror", "{}", "10000000", "a first run sends the whole match", "80 minutes"},
		{"replace", "{}", "10000000", "The others are added when Meta is done with it", "a first run"},
		{"replace", `{"replace_overflow": "refuse"}`, "10000000", "would stop before it sends anything", "The others"},
		{"replace", "{}", "100000", "mode replace", "80 minutes"},
	} {
		def := filepath.Join(t.TempDir(), "vip.json")
		require.NoError(t, os.WriteFile(def, fmt.Appendf(nil, `{"tenant": "acme", "name": "vip", "source": {"path": "a.csv", "columns": {"EMAIL": "e"}},
			"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"}, "meta": {"ad_account": "act_1", "mode": %q}, "limits": %s}`, c.mode, c.limits), 0o600))
		var out, problems bytes.Buffer
		require.Zero(t, run(t.Context(), []string{"estimate", "-rows", c.rows, def}, env{}, strings.NewReader(""), &out, &problems), problems.String())
		assert.Contains(t, out.String(), c.want)
		assert.NotContains(t, out.String(), c.not)
	}
}
