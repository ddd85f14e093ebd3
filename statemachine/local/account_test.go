package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// TestAccount: what is added up is what the report's own sums add up, in every mode.
func TestAccount(t *testing.T) {
	rows := audience.Rows{Source: 1010, NoConsent: 1, Suppressed: 2, Quarantined: 3, Prepared: 1004, Matched: 21, Unusable: 1, Withheld: 4, Sent: 16, Received: 16}
	mirrored := rows
	mirrored.Duplicate, mirrored.Kept, mirrored.Sent, mirrored.Received = 5, 6, 5, 5
	mirrored.Leaves = audience.Leaves{Planned: 9, Unusable: 1, Sent: 8, Received: 8}
	cases := []struct {
		name   string
		report audience.Report
		want   []string
	}{
		{"add", audience.Report{Mode: audience.ModeAdd, Rows: rows}, []string{"1,010 = 1 + 2 + 3 + 1,004, and 21 = 1 + 4 + 16 + 0", "received by Meta     16"}},
		{"mirror", audience.Report{Mode: audience.ModeMirror, Rows: mirrored},
			[]string{"1,010 = 1 + 2 + 3 + 1,004, 21 = 1 + 5 + 6 + 4 + 5 + 0, and 9 = 1 + 8 + 0", "received by Meta     13", "in it already      6", "taken out      8"}},
		{"a mirror that cannot be one", audience.Report{Mode: audience.ModeReplace, AskedMode: audience.ModeMirror, ModeReason: "nobody knows who is in", Rows: rows},
			[]string{"mode replace, not mirror: nobody knows who is in\n", "and 21 = 1 + 4 + 16 + 0"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, c.report.Rows.Balance())
			for _, s := range accountOf(c.report) {
				total := s.count
				for _, part := range s.parts {
					total -= part.count
				}
				assert.Zero(t, total, s.name)
			}
			var out strings.Builder
			writeRows(&out, c.report)
			for _, want := range c.want {
				assert.Contains(t, out.String(), want)
			}
		})
	}
	rows.Failed++
	var out strings.Builder
	writeRows(&out, audience.Report{Mode: audience.ModeAdd, Rows: rows})
	assert.NotContains(t, out.String(), "it balances")
}
