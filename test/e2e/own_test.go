package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A setup is a small advertiser's files: three customers of whom the partner knows two, and what a case changes.
type setup struct {
	customers string         // name of the file; the default is customers.csv
	content   string         // of the file; the default has three good rows
	source    map[string]any // fields of the definition's source
	meta      map[string]any // fields of its meta
	limits    map[string]any // fields of its limits
	sql       string         // of its match
	further   []string       // columns of the customers' table that queries may select, too
	tenant    string
}

const goodRows = "id,mail,phone\nc-1,Ann@Example.com,+1 650 555 1212\nc-2,bob@example.com,\nc-3,eve@example.com,\n"

// own writes the files and gives the flags that run them.
func (b *bench) own(s setup) []string {
	b.t.Helper()
	name, content, tenant := or(s.customers, "customers.csv"), or(s.content, goodRows), or(s.tenant, "acme")
	b.write(name, content)
	query(b.t, `COPY (SELECT sha256(mail) AS email_sha256, 'gold' AS tier FROM (VALUES ('ann@example.com'), ('bob@example.com'), ('zoe@example.com')) AS people (mail)) TO '`+
		filepath.Join(b.dir, "partner.parquet")+`' (FORMAT parquet)`)
	definition := map[string]any{
		"tenant": tenant, "name": "vip",
		"source": merged(map[string]any{"path": name, "columns": map[string]string{"EXTERN_ID": "id", "EMAIL": "mail", "PHONE": "phone"}, "default_country": "US"}, s.source),
		"match": map[string]any{"membership_id": "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01",
			"sql": or(s.sql, "SELECT DISTINCT c.extern_id, c.email, c.phone FROM customers c INNER JOIN loyalty p ON c.email_sha256 = p.email_sha256")},
		"meta":   merged(map[string]any{"ad_account": "act_42", "audience_name": "VIPs"}, s.meta),
		"limits": merged(map[string]any{"min_rows": 1}, s.limits),
	}
	room := map[string]any{
		"collaboration_id": "7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02", "runner": "us",
		"members": []map[string]string{
			{"name": "us", "account_id": "111111111111", "membership_id": "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"},
			{"name": "partner", "account_id": "222222222222", "membership_id": "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"}},
		"tables": []map[string]any{
			{"name": "customers", "owner": "us", "catalog": strings.ReplaceAll(tenant, "-", "_") + "_vip", "columns": append([]string{"extern_id", "email", "email_sha256", "phone"}, s.further...),
				"analysis_rule": map[string]any{"type": "LIST", "join_columns": []string{"email_sha256"}, "list_columns": append([]string{"extern_id", "email", "phone"}, s.further...)}},
			{"name": "loyalty", "owner": "partner", "path": "partner.parquet", "columns": []string{"email_sha256", "tier"},
				"analysis_rule": map[string]any{"type": "LIST", "join_columns": []string{"email_sha256"}, "list_columns": []string{"tier"}}},
		},
	}
	for file, document := range map[string]any{"vip.json": definition, "room.json": room} {
		data, err := json.MarshalIndent(document, "", "  ")
		require.NoError(b.t, err)
		b.write(file, string(data))
	}
	return []string{"-audience", "vip.json", "-room", "room.json"}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func merged(into, from map[string]any) map[string]any {
	for k, v := range from {
		if v == nil {
			delete(into, k)
		} else {
			into[k] = v
		}
	}
	return into
}

func TestOwnFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.ok(b.start(b.own(setup{})...))
	require.Equal(t, query(t, `SELECT 'EMAIL=' || sha256('ann@example.com') || ' EXTERN_ID=c-1 PHONE=' || sha256('16505551212') AS m
		UNION SELECT 'EMAIL=' || sha256('bob@example.com') || ' EXTERN_ID=c-2' ORDER BY m`), b.members())
	rows := b.report().Rows
	require.Equal(t, "3 3 2 2", fmt.Sprint(rows.Source, rows.Prepared, rows.Matched, rows.Sent))
}

func TestNobodyMatched(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.start(b.own(setup{content: "id,mail,phone\nc-3,eve@example.com,\n"})...)
	b.ok(r)
	require.Equal(t, "empty", b.report().Outcome)
	require.Empty(t, b.members())
}

func TestRemoveMode(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.ok(b.start(b.own(setup{})...))
	require.Len(t, b.members(), 2)
	second := *b
	second.run = "run-2"
	second.ok(second.start(second.own(setup{content: "id,mail,phone\nc-2,bob@example.com,\n", meta: map[string]any{"mode": "remove"}})...))
	require.Len(t, second.members(), 1)
}

// TestValueBasedAudience tells Meta what each person is worth and whose use is limited. Whoever has no value that can be read is
// left out, and counted.
func TestValueBasedAudience(t *testing.T) {
	t.Parallel()
	s := setup{
		content: "id,mail,phone,worth,ccpa\nc-1,Ann@Example.com,+1 650 555 1212,44.50,yes\nc-2,bob@example.com,,0,\n,zoe@example.com,,1e3,perhaps\nc-4,ann@example.com,,\"1,000\",no\nc-5,bob@example.com,,,no\n",
		source: map[string]any{
			"columns": map[string]string{"EXTERN_ID": "id", "EMAIL": "mail", "PHONE": "phone", "LOOKALIKE_VALUE": "worth", "DATA_PROCESSING_OPTIONS": "ccpa"},
		},
		meta:    map[string]any{"data_processing_options": map[string]any{"options": []string{}, "country": 1, "state": 1000}},
		limits:  map[string]any{"max_invalid_ratio": 0.3},
		sql:     "SELECT DISTINCT c.extern_id, c.email, c.phone, c.lookalike_value, c.data_processing_options FROM customers c INNER JOIN loyalty p ON c.email_sha256 = p.email_sha256",
		further: []string{"lookalike_value", "data_processing_options"},
	}
	b := newBench(t, nil)
	b.ok(b.start(b.own(s)...))
	const ldu = `DATA_PROCESSING_OPTIONS=[LDU] DATA_PROCESSING_OPTIONS_COUNTRY=1 DATA_PROCESSING_OPTIONS_STATE=1000 `
	require.Equal(t, query(t, `SELECT '`+ldu+`EMAIL=' || sha256('ann@example.com') || ' EXTERN_ID=c-1 LOOKALIKE_VALUE=44.5 PHONE=' || sha256('16505551212') AS m
		UNION SELECT 'EMAIL=' || sha256('bob@example.com') || ' EXTERN_ID=c-2 LOOKALIKE_VALUE=0'
		UNION SELECT '`+ldu+`EMAIL=' || sha256('zoe@example.com') || ' LOOKALIKE_VALUE=1000' ORDER BY m`), b.members())
	r := b.report()
	require.Equal(t, "5 5 5 2 3 0", fmt.Sprint(r.Rows.Source, r.Rows.Prepared, r.Rows.Matched, r.Rows.Unusable, r.Rows.Sent, r.Rows.Invalid))
	require.Equal(t, map[string]int64{"LOOKALIKE_VALUE:missing": 2}, r.SendReasons, "what could not be read in the source is blank in the match")
	require.Equal(t, map[string]int64{"ambiguous_value": 1}, r.Keys["LOOKALIKE_VALUE"].Invalid)
	require.Equal(t, map[string]int64{"not_yes_or_no": 1}, r.Keys["DATA_PROCESSING_OPTIONS"].Invalid)

	second := *b
	second.run = "run-2"
	s.meta["mode"], s.sql = "remove", ""
	second.ok(second.start(second.own(s)...))
	require.Empty(t, second.members(), "removing needs no values")
}

// TestMirrorOfValues sends again whose value has changed.
func TestMirrorOfValues(t *testing.T) {
	t.Parallel()
	s := setup{
		content: "id,mail,phone,worth,ccpa\nc-1,ann@example.com,,5,yes\nc-2,bob@example.com,,6,no\n",
		source: map[string]any{
			"columns": map[string]string{"EXTERN_ID": "id", "EMAIL": "mail", "PHONE": "phone", "LOOKALIKE_VALUE": "worth", "DATA_PROCESSING_OPTIONS": "ccpa"},
		},
		meta:    map[string]any{"mode": "mirror"},
		limits:  map[string]any{"max_removed_ratio": 1},
		sql:     "SELECT DISTINCT c.extern_id, c.email, c.lookalike_value, c.data_processing_options FROM customers c INNER JOIN loyalty p ON c.email_sha256 = p.email_sha256",
		further: []string{"lookalike_value", "data_processing_options"},
	}
	b := newBench(t, nil)
	b.ok(b.start(b.own(s)...))
	worth := func(b *bench) string {
		var values []string
		for _, m := range b.members() {
			for _, part := range strings.Fields(m) {
				if strings.HasPrefix(part, "LOOKALIKE") || strings.HasPrefix(part, "EXTERN") || strings.HasPrefix(part, "DATA") {
					values = append(values, part)
				}
			}
		}
		return strings.Join(values, " ")
	}
	require.Equal(t, "DATA_PROCESSING_OPTIONS=[LDU] EXTERN_ID=c-1 LOOKALIKE_VALUE=5 EXTERN_ID=c-2 LOOKALIKE_VALUE=6", worth(b))
	second := *b
	second.run = "run-2"
	s.content = strings.NewReplacer(",6,", ",7.5,").Replace(s.content)
	second.ok(second.start(second.own(s)...))
	require.Equal(t, "DATA_PROCESSING_OPTIONS=[LDU] EXTERN_ID=c-1 LOOKALIKE_VALUE=5 EXTERN_ID=c-2 LOOKALIKE_VALUE=7.5", worth(&second))
	rows := second.report().Rows
	require.Equal(t, "2 1 1", fmt.Sprint(rows.Matched, rows.Kept, rows.Sent))
}
