package audience_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestParseRunRefuses(t *testing.T) {
	const run = `{"schema": 1, "run": "r", "tenant": "acme", "audience": "vip", "definition": DEFINITION}`
	for _, c := range []struct{ name, from, to, want string }{
		{"no JSON", run, `{`, "read run.json: "},
		{"no version", `"schema": 1, `, ``, "its schema version is 0 and this binary knows only 1"},
		{"a later version", `"schema": 1`, `"schema": 2`, "its schema version is 2 and this binary knows only 1: use the version that wrote it"},
		{"a version that is no number", `"schema": 1`, `"schema": "1"`, "read run.json: "},
		{"an id that is a path", `"run": "r"`, `"run": ".."`, "name the execution with letters"},
		{"an id that no prefix of Clean Rooms takes", `"run": "r"`, `"run": "r+1"`, "name the execution with letters"},
		{"no definition", `, "definition": DEFINITION`, ``, "read audience definition: "},
		{"null for a definition", `DEFINITION`, `null`, "(document): must be object, not null"},
		{"a broken definition", `DEFINITION`, `{"tenant": "acme"}`, "source: is required"},
		{"another tenant", `"tenant": "acme"`, `"tenant": "other"`, "started for other/vip but the definition found there is of acme/vip: put it at audiences/acme/vip.json"},
		{"another audience", `"audience": "vip"`, `"audience": "all"`, "started for acme/all"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(run, c.from, c.to, 1)
			require.NotEqual(t, run, broken)
			got, err := audience.ParseRun([]byte(strings.Replace(broken, "DEFINITION", smallest, 1)))
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			assert.Nil(t, got)
		})
	}
}

// TestQueryOf checks the parameters against the spelling of Step Functions' SDK integration of Clean Rooms.
func TestQueryOf(t *testing.T) {
	const arn = "arn:template"
	for _, c := range []struct {
		name  string
		match audience.Match
		want  string
	}{
		{"sql", audience.Match{MembershipID: "m", SQL: "SELECT 1"},
			`{"MembershipIdentifier": "m", "SqlParameters": {"QueryString": "SELECT 1"}, "ComputeConfiguration": {"Worker": {"Type": "CR.1X", "Number": 16}}}`},
		{"template", audience.Match{MembershipID: "m", TemplateARN: arn, Worker: &audience.Worker{Type: "CR.4X", Number: 2}},
			`{"MembershipIdentifier": "m", "SqlParameters": {"AnalysisTemplateArn": "arn:template"}, "ComputeConfiguration": {"Worker": {"Type": "CR.4X", "Number": 2}}}`},
		{"template with parameters", audience.Match{MembershipID: "m", TemplateARN: arn, Parameters: map[string]string{"a": "b"}},
			`{"MembershipIdentifier": "m", "SqlParameters": {"AnalysisTemplateArn": "arn:template", "Parameters": {"a": "b"}}, "ComputeConfiguration": {"Worker": {"Type": "CR.1X", "Number": 16}}}`},
	} {
		got, err := json.Marshal(audience.QueryOf(&audience.Definition{Match: c.match}))
		require.NoError(t, err)
		assert.JSONEq(t, c.want, string(got), c.name)
	}
}

func TestRowsThatDoNotBalance(t *testing.T) {
	require.NoError(t, audience.Rows{}.Balance())
	good := audience.Rows{Source: 14, NoConsent: 2, Suppressed: 4, Quarantined: 1, Prepared: 7, Matched: 19, Unusable: 1, Duplicate: 5, Kept: 6, Withheld: 3, Sent: 3, Failed: 1, Received: 3, Invalid: 2,
		Leaves: audience.Leaves{Planned: 9, Unusable: 2, Sent: 4, Failed: 3, Received: 4, Invalid: 1}}
	require.NoError(t, good.Balance())
	for name, c := range map[string]struct {
		field *int64
		want  string
	}{
		"source": {&good.Source, "source has 15 rows but no_consent 2 + suppressed 4 + quarantined 1 + prepared 7 = 14"}, "no_consent": {&good.NoConsent, "no_consent 3"}, "suppressed": {&good.Suppressed, "suppressed 5"},
		"quarantined": {&good.Quarantined, "quarantined 2"}, "prepared": {&good.Prepared, "prepared 8"}, "matched": {&good.Matched, "matched has 20 rows but unusable 1 + duplicate 5 + kept 6 + withheld 3 + sent 3 + failed 1 = 19"},
		"unusable": {&good.Unusable, "unusable 2"}, "withheld": {&good.Withheld, "withheld 4"}, "sent": {&good.Sent, "sent 4"}, "failed": {&good.Failed, "failed 2"},
		"duplicate": {&good.Duplicate, "duplicate 6"}, "kept": {&good.Kept, "kept 7"}, "leaves": {&good.Leaves.Planned, "leaves has 10 rows but unusable 2 + sent 4 + failed 3 = 9"},
		"leaves that cannot be used": {&good.Leaves.Unusable, "unusable 3"}, "leaves sent": {&good.Leaves.Sent, "sent 5"}, "leaves that failed": {&good.Leaves.Failed, "failed 4"},
	} {
		*c.field++
		require.ErrorContains(t, good.Balance(), c.want, name)
		*c.field--
	}
}
