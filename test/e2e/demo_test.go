package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// members lists an audience's people as demoMembers does.
func (b *bench) members() []string {
	b.t.Helper()
	people, err := b.meta.Members(b.report().AudienceID)
	require.NoError(b.t, err)
	all := make([]string, 0, len(people))
	for _, p := range people {
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(p)) {
			parts = append(parts, key+"="+p[key])
		}
		all = append(all, strings.Join(parts, " "))
	}
	slices.Sort(all)
	return all
}

func TestDemoAgainstSQL(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.start("-demo", "-rows", "20000", "-seed", "3")
	b.ok(r)

	want := query(t, demoSQL(b.out, demoMembers))
	require.Greater(t, len(want), 5000)
	got := b.members()
	require.Equal(t, len(want), len(got))
	for i := range want { // not the slices: a difference would print them whole
		require.Equal(t, want[i], got[i])
	}
	rows := b.report().Rows
	assert.Equal(t, []string{fmt.Sprintf("%d|%d|%d|%d", rows.Source, rows.NoConsent, rows.Prepared, rows.Matched)}, query(t, demoSQL(b.out, demoRows)))
	assert.NoError(t, rows.Balance())
	assert.Positive(t, rows.Quarantined)
	assert.Equal(t, rows.Sent, rows.Received)
	assert.Zero(t, rows.Failed)
	assert.Zero(t, rows.Invalid)

	assert.Contains(t, r.stdout, "it balances")
	assert.Contains(t, r.stdout, "report.html")
	assert.Empty(t, b.lines("queue/dead-letter.jsonl"))
	events := b.lines("bus/events.jsonl")
	require.Len(t, events, 1)
	assert.Equal(t, "Run Completed", events[0]["detail-type"])
}
