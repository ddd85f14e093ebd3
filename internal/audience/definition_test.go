package audience_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// smallest is a definition with nothing that could be left out; the cases below break it.
const smallest = `{"tenant": "acme", "name": "vip",
  "source": {"path": "customers.csv", "columns": {"EMAIL": "mail"}},
  "match": {"membership_id": "11111111-2222-3333-4444-555555555555", "sql": "SELECT 1"},
  "meta": {"ad_account": "act_1"}}`

func TestExamplesParseToTheirGoldens(t *testing.T) {
	examples, err := filepath.Glob("testdata/*.definition.json")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		data, err := os.ReadFile(example)
		require.NoError(t, err)
		def, err := audience.ParseDefinition(data)
		require.NoError(t, err, example)
		got, err := json.MarshalIndent(def, "", "  ")
		require.NoError(t, err)
		golden := strings.Replace(example, ".definition.", ".parsed.", 1)
		if *update {
			require.NoError(t, os.WriteFile(golden, append(got, '\n'), 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(got), example)
		again, err := audience.ParseDefinition(got)
		require.NoError(t, err, "a parsed definition is a definition")
		assert.Equal(t, def, again)
	}
}

func TestWrongDefinitionsNameTheField(t *testing.T) {
	cases := []struct{ name, from, to, want string }{
		{"unknown field", `"tenant"`, `"color": "red", "tenant"`, "color: is not a field of this document"},
		{"unknown nested field", `"path"`, `"folder": "x", "path"`, "source.folder: is not a field of this document"},
		{"required", `"path": "customers.csv",`, ``, "source.path: is required"},
		{"enum lists the allowed", `"path"`, `"format": "xlsx", "path"`, "source.format: must be one of csv, jsonl, parquet"},
		{"unknown key", `"EMAIL": "mail"`, `"EMAIL": "mail", "TWITTER": "t"`, "source.columns.TWITTER: is not a field"},
		{"type", `"customers.csv"`, `7`, "source.path: must be string, not number"},
		{"pattern", `"act_1"`, `"1"`, "meta.ad_account: must match ^act_[0-9]{1,20}$"},
		{"slash in the tenant", `"acme"`, `"ac/me"`, "tenant: must match"},
		{"neither sql nor template", `, "sql": "SELECT 1"`, ``, "match: give exactly one of sql and template_arn"},
		{"parameters without template", `"SELECT 1"`, `"SELECT 1", "parameters": {"a": "b"}`, "match.parameters: only a template takes parameters"},
		{"nothing that identifies", `"EMAIL": "mail"`, `"CT": "city"`, "source.columns: map at least one of EMAIL, PHONE, MADID, EXTERN_ID, LN"},
		{"a column twice", `"EMAIL": "mail"`, `"EMAIL": "mail", "PHONE": "mail"`, `column "mail" is already mapped`},
		{"DOB and its parts", `"EMAIL": "mail"`, `"EMAIL": "mail", "DOB": "d", "DOBY": "y"`, "source.columns.DOBY: give either DOB or its parts"},
		{"kept column collides with a key", `"path"`, `"keep": ["Email"], "path"`, "source.keep[0]"},
		{"kept columns collide", `"path"`, `"keep": ["a b", "a_b"], "path"`, "source.keep[1]"},
		{"ratio above one", `"meta"`, `"limits": {"max_invalid_ratio": 2}, "meta"`, "limits.max_invalid_ratio: must be at most 1"},
		{"too many at once", `"meta"`, `"limits": {"concurrency": 0}, "meta"`, "limits.concurrency: must be at least 1"},
		{"empty text", `"customers.csv"`, `""`, "source.path: must have at least 1 character(s)"},
		{"too long", `"act_1"`, `"act_1", "audience_name": "` + strings.Repeat("x", 51) + `"`, "meta.audience_name: must have at most 50 characters"},
		{"no columns", `{"EMAIL": "mail"}`, `{}`, "source.columns: must have at least 1 entry"},
		{"name of a parameter", `"sql": "SELECT 1"`, `"parameters": {"a b": "x"}`, `(document): the name "a b" must match ^[0-9a-zA-Z_]{1,100}$`},
		{"a rule without words of its own", `"path"`, `"keep": [` + strings.Repeat(`"a",`, 50) + `"a"], "path"`, `source.keep: breaks the rule "maxItems" of the schema`},
		{"sql and template", `"SELECT 1"`, `"SELECT 1", "template_arn": "arn:aws:cleanrooms:eu-west-1:123456789012:membership/0b7a3f0e-6f0e-4c64-9a53-5d3c1b8f2a10/analysistemplate/4c1de8a2-7c65-4c7e-9b42-0d2f6f5a9e11"`, "match: give exactly one of"},
		{"retention", `"act_1"`, `"act_1", "retention_days": 181`, "meta.retention_days: must be at most 180"},
		{"another audience's mark", `"act_1"`, `"act_1", "description": "VIPs cleanreach:other/vip"`, "meta.description: must not contain cleanreach:"},
		{"no JSON", smallest, `{"tenant":`, "not valid JSON"},
		{"something behind the JSON", `{"tenant"`, `{} {"tenant"`, "not valid JSON"},
		{"not an object", smallest, `[]`, "(document): must be object, not array"},
		{"not even LDU", `"act_1"`, `"act_1", "data_processing_options": {}`, "meta.data_processing_options.options: is required"},
		{"another option", `"act_1"`, `"act_1", "data_processing_options": {"options": ["ldu"]}`, "meta.data_processing_options.options.0: must be one of LDU"},
		{"an option twice", `"act_1"`, `"act_1", "data_processing_options": {"options": ["LDU", "LDU"]}`, "meta.data_processing_options.options: breaks the rule"},
		{"a country without a state", `"act_1"`, `"act_1", "data_processing_options": {"options": ["LDU"], "country": 1}`, "meta.data_processing_options: give country and state, or neither"},
		{"a state without a country", `"act_1"`, `"act_1", "data_processing_options": {"options": [], "state": 1000}`, "meta.data_processing_options: give country and state, or neither"},
		{"worth alone", `"EMAIL": "mail"`, `"LOOKALIKE_VALUE": "ltv"`, "source.columns: map at least one of"},
		{"a kept worth", `"path"`, `"keep": ["Lookalike Value"], "path"`, "source.keep[0]"},
		{"version", `"tenant"`, `"schema": 2, "tenant"`, "schema: must be 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(smallest, c.from, c.to, 1)
			require.NotEqual(t, smallest, broken)
			_, err := audience.ParseDefinition([]byte(broken))
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
}

func TestLongDefinitions(t *testing.T) {
	of := func(bytes int) []byte { return append([]byte(smallest), strings.Repeat(" ", bytes-len(smallest))...) }
	_, err := audience.ParseDefinition(of(120_000))
	require.NoError(t, err)
	_, err = audience.ParseDefinition(of(120_001))
	require.ErrorContains(t, err, "move a long query into an analysis template")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	_, err := audience.ParseDefinition([]byte(`{"tenant": "A", "source": {"path": 1, "columns": {}}, "match": {}, "colour": 1}`))
	for _, field := range []string{"tenant", "name", "source.path", "source.columns", "match.membership_id", "meta", "colour"} {
		assert.ErrorContains(t, err, "\n  "+field+": ")
	}
}

func TestProblemsOfBothKindsAreNamedAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		want           []string
	}{
		{"in two places", `"sql": "SELECT 1"`, `"colour": 1`, []string{"match: give exactly one of sql and template_arn", "match.colour: is not a field of this document"}},
		{"about one field", `{"EMAIL": "mail"}`, `{}`, []string{"source.columns: must have at least 1 entry"}},
	} {
		_, err := audience.ParseDefinition([]byte(strings.Replace(smallest, c.from, c.to, 1)))
		require.EqualError(t, err, fmt.Sprintf("audience definition has %d problem(s):\n  %s", len(c.want), strings.Join(c.want, "\n  ")), c.name)
	}
}

func TestRunRefusesAnotherAudiencesDefinition(t *testing.T) {
	_, err := audience.ParseRun([]byte(`{"schema": 1, "run": "r", "tenant": "other", "audience": "vip", "definition": ` + smallest + `}`))
	require.ErrorContains(t, err, "put it at audiences/acme/vip.json")
	_, err = audience.ParseRun([]byte(`{"schema": 9, "run": "r", "tenant": "acme", "audience": "vip", "definition": ` + smallest + `}`))
	require.ErrorContains(t, err, "schema version is 9")
	run, err := audience.ParseRun([]byte(`{"schema": 1, "run": "r", "tenant": "acme", "audience": "vip", "definition": ` + smallest + `}`))
	require.NoError(t, err)
	assert.Equal(t, "vip", run.Def().Meta.AudienceName)
	assert.Equal(t, int64(250_000), run.Def().Limits.ChunkRows)
}

func TestColumnNames(t *testing.T) {
	for from, want := range map[string]string{"Lifetime Value": "lifetime_value", " a-b.c ": "a_b_c", "été": "_t_", "": "_", "x9": "x9"} {
		assert.Equal(t, want, audience.ColumnName(from), from)
	}
}

func TestKeyOfColumn(t *testing.T) {
	cases := []struct {
		column string
		key    audience.Key
		hashed bool
		ok     bool
	}{
		{"email", audience.Email, false, true},
		{"EMAIL", audience.Email, false, true},
		{"email_sha256", audience.Email, true, true},
		{"extern_id", audience.ExternID, false, true},
		{"extern_id_sha256", "", false, false},
		{"lookalike_value", audience.LookalikeValue, false, true},
		{"lookalike_value_sha256", "", false, false},
		{"data_processing_options", audience.DataProcessing, false, true},
		{"data_processing_options_country", "", false, false},
		{"lifetime_value", "", false, false},
	}
	for _, c := range cases {
		key, hashed, ok := audience.KeyOfColumn(c.column)
		assert.Equal(t, c.key, key, c.column)
		assert.Equal(t, c.hashed, hashed, c.column)
		assert.Equal(t, c.ok, ok, c.column)
	}
}

func TestRowsBalance(t *testing.T) {
	good := audience.Rows{Source: 10, NoConsent: 2, Quarantined: 1, Prepared: 7, Matched: 5, Unusable: 1, Sent: 3, Failed: 1}
	require.NoError(t, good.Balance())
	lost := good
	lost.Prepared--
	require.ErrorContains(t, lost.Balance(), "source has 10 rows")
	lost = good
	lost.Failed--
	require.ErrorContains(t, lost.Balance(), "matched has 5 rows")
}

func TestFailureCarriesItsClassThroughWrapping(t *testing.T) {
	err := audience.Fail(audience.Action, "renew the token", os.ErrPermission)
	assert.Equal(t, "permission denied: renew the token", err.Error())
	assert.Equal(t, audience.Action, audience.ClassOf(err))
	assert.Equal(t, audience.Transient, audience.ClassOf(os.ErrClosed))
	require.NoError(t, audience.Fail(audience.Gate, "", nil))
	doc := audience.NewFailureDoc("upload", err, audience.Run{}.StartedAt)
	assert.Equal(t, 4, doc.ExitCode)
	assert.Equal(t, "action", doc.Class)
	assert.Equal(t, "renew the token", doc.Next)
}
