package cleanroom

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretRows fill the tables of rulesRoom. What a rule keeps out of results holds 77700 or the word secret, in columns
// that no other table has in common with it but by the hash that joins them.
const secretCustomers = `SELECT 'c' || i AS customer_id, 'e' || i AS email, 'p' || i AS phone, 'secret' || i AS email_sha256, 'secretphone' || i AS phone_sha256,
	'store' || i AS store, i AS spend, 'n' || i AS note, TIMESTAMP '2026-01-31 10:00:00' AS t FROM range(5) r(i)`

const secretPartner = `SELECT 'secret' || i AS email_sha256, 'secretphone' || i AS phone_sha256, 'segment' || i AS segment, i AS score, true AS active,
	777000 + i AS age FROM range(5) r(i)`

// Every query that the rules allow runs, and shows nothing of a column that it must not show.
func TestAllowedQueriesRunAndKeepSecrets(t *testing.T) {
	dir := t.TempDir()
	parquetOf(t, dir, "customers.parquet", secretCustomers)
	parquetOf(t, dir, "partner/1.parquet", secretPartner)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stores.csv"), []byte("store,region\nstore1,north\nstore2,south\n"), 0o600))
	room := open(t, parseRoom(t, rulesRoom, dir), Config{})
	ran := 0
	for _, c := range slices.Concat(listCases, customCases, attackCases) {
		if c.want != "" {
			continue
		}
		ran++
		query := room.run(t, startInput(c.sql))
		if !assert.Equal(t, Success, query.Status, "%s\n%+v", c.sql, query.Error) {
			continue
		}
		s, err := room.parser.statement(context.Background(), room.file, &SQLParameters{QueryString: c.sql})
		require.NoError(t, err)
		own := slices.ContainsFunc(s.tables, func(t *Table) bool { return t.Name == "people" }) // its hashes are nobody else's secret
		for _, file := range files(t, room.folder(t, query)) {
			text := ask(t, "SELECT string_agg(x::VARCHAR) FROM (FROM '%s') x", file)
			assert.NotContains(t, text, "77700", c.sql)
			if !own {
				assert.NotContains(t, text, "secret", c.sql)
			}
		}
	}
	assert.Greater(t, ran, 40)
}

// However many ORs a join has, the rows are those that DuckDB finds for the query as a whole.
func TestStages(t *testing.T) {
	dir := t.TempDir()
	writeMatch(t, dir)
	room := openRoom(t, matchTables, dir, Config{})
	const equal, phone = "c.email_sha256 = p.email_sha256", "c.phone_sha256 = p.phone_sha256"
	for _, c := range []struct {
		on     string
		stages int
	}{
		{equal, 1}, {equal + " AND " + phone, 1}, {equal + " OR " + phone, 2}, {equal + " OR (" + phone + " AND " + equal + ")", 2},
		{"(" + equal + " OR " + phone + ") AND (" + phone + " OR " + equal + ")", 4},
		{equal + strings.Repeat(" OR "+phone, maxBranches-1), maxBranches},
		{equal + strings.Repeat(" OR "+phone, maxBranches), 1}, // left to DuckDB
		{"(" + equal + " OR " + phone + ")" + strings.Repeat(" AND ("+phone+" OR "+equal+")", 4), 1},
	} {
		sql := "SELECT DISTINCT c.customer_id, p.segment FROM customers c JOIN partner p ON " + c.on
		s, err := room.parser.statement(t.Context(), room.file, &SQLParameters{QueryString: sql})
		require.NoError(t, err)
		assert.Len(t, s.stages.queries, c.stages, c.on)
		whole := strings.NewReplacer("customers c", fmt.Sprintf("'%s/customers.parquet' c", dir), "partner p", fmt.Sprintf("'%s/partner.csv' p", dir)).Replace(sql)
		got := room.parquet(t, room.run(t, startInput(sql)))
		assert.Equal(t, "0", ask(t, "SELECT (SELECT count(*) FROM ((FROM %[1]s) EXCEPT ALL (%[2]s))) + (SELECT count(*) FROM ((%[2]s) EXCEPT ALL (FROM %[1]s)))", got, whole), c.on)
	}
	for sql, stages := range map[string]int{
		"SELECT DISTINCT segment FROM users":                                  1,
		"SELECT DISTINCT segment FROM users LIMIT 3":                          1,
		"SELECT DISTINCT segment FROM users LIMIT 3 OFFSET 1":                 0,
		"SELECT DISTINCT segment FROM users ORDER BY segment":                 0,
		"SELECT segment FROM users":                                           0,
		"SELECT segment FROM users UNION SELECT email AS segment FROM people": 0,
		"SELECT DISTINCT u.segment FROM users u LEFT JOIN people p ON u.email_sha256 = p.email_sha256 OR u.segment = p.email": 1,
	} {
		s, err := room.parser.statement(t.Context(), parseRoom(t, rulesRoom, ""), &SQLParameters{QueryString: sql})
		require.NoError(t, err, sql)
		assert.Len(t, s.stages.queries, stages, sql)
	}
}
