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
			{"name": "customers", "owner": "us", "catalog": strings.ReplaceAll(tenant, "-", "_") + "_vip", "columns": []string{"extern_id", "email", "email_sha256", "phone"},
				"analysis_rule": map[string]any{"type": "LIST", "join_columns": []string{"email_sha256"}, "list_columns": []string{"extern_id", "email", "phone"}}},
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
