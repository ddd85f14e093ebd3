package cleanroom

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	acmeMembership   = "11111111-1111-4111-8111-111111111111"
	globexMembership = "22222222-2222-4222-8222-222222222222"
	templateARN      = "arn:aws:cleanrooms:us-east-1:222222222222:membership/" + globexMembership + "/analysistemplate/33333333-3333-4333-8333-333333333333"
	otherARN         = "arn:aws:cleanrooms:us-east-1:222222222222:membership/" + globexMembership + "/analysistemplate/44444444-4444-4444-8444-444444444444"
)

// rulesRoom has tables of every kind of rule. customers, partner, stores and loose are LIST; people, users and locked
// are CUSTOM. acme runs the queries.
const rulesRoom = `{
  "collaboration_id": "99999999-9999-4999-8999-999999999999", "runner": "acme",
  "members": [
    {"name": "acme", "account_id": "111111111111", "membership_id": "` + acmeMembership + `"},
    {"name": "globex", "account_id": "222222222222", "membership_id": "` + globexMembership + `"}],
  "tables": [
    {"name": "customers", "owner": "acme", "path": "customers.parquet",
     "columns": ["customer_id", "email", "phone", "email_sha256", "phone_sha256", "store", "spend", "note"],
     "analysis_rule": {"type": "LIST", "join_columns": ["email_sha256", "phone_sha256", "store"],
       "list_columns": ["customer_id", "email", "phone", "spend"], "allowed_join_operators": ["OR"]}},
    {"name": "partner", "owner": "globex", "path": "partner",
     "columns": ["email_sha256", "phone_sha256", "segment", "score", "active"],
     "analysis_rule": {"type": "LIST", "join_columns": ["email_sha256", "phone_sha256"],
       "list_columns": ["segment", "score", "active"], "allowed_join_operators": ["OR"]}},
    {"name": "strict", "owner": "globex", "path": "partner", "columns": ["email_sha256", "phone_sha256", "segment"],
     "analysis_rule": {"type": "LIST", "join_columns": ["email_sha256", "phone_sha256"], "list_columns": ["segment"]}},
    {"name": "stores", "owner": "globex", "path": "stores.csv", "columns": ["store", "region"],
     "analysis_rule": {"type": "LIST", "join_columns": ["store"], "list_columns": ["region"]}},
    {"name": "people", "owner": "acme", "path": "customers.parquet", "columns": ["customer_id", "email", "email_sha256", "spend", "t"],
     "analysis_rule": {"type": "CUSTOM", "allowed_analyses": ["ANY_QUERY"], "allowed_analysis_providers": ["111111111111", "222222222222"]}},
    {"name": "users", "owner": "globex", "path": "partner", "columns": ["email_sha256", "segment", "score", "age"],
     "analysis_rule": {"type": "CUSTOM", "allowed_analyses": ["ANY_QUERY"], "allowed_analysis_providers": ["111111111111"],
       "disallowed_output_columns": ["email_sha256", "age"]}},
    {"name": "locked", "owner": "globex", "path": "partner", "columns": ["email_sha256", "segment", "score"],
     "analysis_rule": {"type": "CUSTOM", "allowed_analyses": ["` + templateARN + `"]}}],
  "templates": [
    {"arn": "` + templateARN + `",
     "sql": "SELECT DISTINCT p.customer_id AS customer_id, l.segment AS segment, ':no' AS tag FROM people p JOIN locked l ON p.email_sha256 = l.email_sha256 WHERE l.score >= :min -- :x\n AND l.segment = :segment",
     "parameters": [{"name": "min", "type": "INTEGER"}, {"name": "segment", "type": "STRING", "default_value": "gold"}]},
    {"arn": "` + otherARN + `", "sql": "SELECT segment AS segment FROM locked"}]
}`

func openParser(t testing.TB) *parser {
	t.Helper()
	db, err := sql.Open("duckdb", closedToTheWorld+"&enable_external_access=false")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return &parser{db: db}
}

func parseRoom(t testing.TB, text, dir string) *RoomFile {
	t.Helper()
	room, err := ParseRoom([]byte(text), dir)
	require.NoError(t, err)
	return room
}

const join = " FROM customers c INNER JOIN partner p ON c.email_sha256 = p.email_sha256"

// An empty want means accepted; else the refusal holds it.
var ruleCases = []struct{ sql, want string }{
	// LIST: what it is for
	{"SELECT DISTINCT c.customer_id, p.segment" + join, ""},
	{"select distinct C.Customer_ID as Id, P.SEGMENT from Customers C join PARTNER P on C.EMAIL_SHA256 = P.Email_Sha256;", ""},
	{"SELECT DISTINCT customer_id, segment" + join + " WHERE spend * 2 - 1 >= 10.5 AND (segment IN ('a', 'b') OR score IS NOT NULL)", ""},
	{"SELECT DISTINCT customer_id" + join + " WHERE segment LIKE 'g%' AND NOT segment NOT LIKE 'x!%' ESCAPE '!' AND active = TRUE AND score BETWEEN -1 AND 5", ""},
	{"SELECT DISTINCT customer_id" + join + " AND c.phone_sha256 = p.phone_sha256 LIMIT 10", ""},
	{"SELECT DISTINCT customer_id" + join + " OR c.phone_sha256 = p.phone_sha256", ""},
	{"SELECT DISTINCT customer_id, region, segment" + join + " JOIN stores s ON s.store = c.store", ""},
	{"SELECT DISTINCT customer_id FROM stores s JOIN (customers c JOIN partner p ON c.email_sha256 = p.email_sha256) ON c.store = s.store", ""},
	{"SELECT DISTINCT customers.email FROM customers JOIN partner ON (customers.email_sha256 = partner.email_sha256)", ""},
	{"/* a comment */ SELECT DISTINCT customer_id -- another\n" + join + "\n;", ""},
	// LIST: the shape
	{"SELECT c.customer_id" + join, "wants SELECT DISTINCT"},
	{"SELECT DISTINCT ON (segment) customer_id" + join, "DISTINCT ON"},
	{"SELECT DISTINCT *" + join, "by name, not *"},
	{"SELECT DISTINCT c.*" + join, "by name, not *"},
	{"FROM customers", "wants SELECT DISTINCT"},
	{"SELECT DISTINCT COLUMNS('.*')" + join, "write * or table.* alone"},
	{"SELECT DISTINCT count(customer_id)" + join, "columns only here"},
	{"SELECT DISTINCT lower(email)" + join, "columns only here"},
	{"SELECT DISTINCT 1" + join, "columns only here"},
	{"SELECT DISTINCT segment || 'x' AS s" + join, "columns only here"},
	{"SELECT DISTINCT customer_id" + join + " GROUP BY customer_id", "no GROUP BY"},
	{"SELECT DISTINCT customer_id" + join + " GROUP BY ALL", "GROUP BY ALL"},
	{"SELECT DISTINCT customer_id" + join + " HAVING TRUE", "no GROUP BY"},
	{"SELECT DISTINCT customer_id" + join + " ORDER BY customer_id", "no ORDER BY"},
	{"SELECT DISTINCT customer_id" + join + " LIMIT 5 OFFSET 5", "no OFFSET"},
	{"SELECT DISTINCT customer_id" + join + " LIMIT (SELECT 5)", "take a whole number"},
	{"SELECT DISTINCT customer_id" + join + " LIMIT 10%", "not allowed"},
	{"SELECT DISTINCT customer_id" + join + " QUALIFY TRUE", "QUALIFY"},
	{"SELECT DISTINCT customer_id" + join + " USING SAMPLE 5", "sampling"},
	{"SELECT DISTINCT segment FROM partner TABLESAMPLE 5%", "sampling"},
	{"WITH q AS (SELECT 1 AS a) SELECT DISTINCT customer_id" + join, "no WITH"},
	{"SELECT DISTINCT customer_id" + join + " UNION SELECT DISTINCT segment FROM partner", "no set operation"},
	{"SELECT DISTINCT x.customer_id FROM (SELECT DISTINCT c.customer_id" + join + ") x", "no subquery"},
	{"SELECT DISTINCT customer_id" + join + " WHERE EXISTS (SELECT 1)", "only columns, literals"},
	{"SELECT DISTINCT customer_id" + join + " WHERE segment IN (SELECT segment FROM partner)", "only columns, literals"},
	{"SELECT DISTINCT customer_id" + join + " WHERE CASE WHEN spend > 1 THEN TRUE ELSE FALSE END", "only columns, literals"},
	{"SELECT DISTINCT customer_id" + join + " WHERE lower(segment) = 'a'", "allows no functions"},
	{"SELECT DISTINCT customer_id" + join + " WHERE coalesce(segment, 'a') = 'a'", "allows no functions"},
	{"SELECT DISTINCT customer_id" + join + " WHERE segment || 'a' = 'ba'", "allows no functions"},
	{"SELECT DISTINCT customer_id" + join + " WHERE score::VARCHAR = '1'", "allows no casts"},
	{"SELECT DISTINCT customer_id" + join + " WHERE segment ~ 'a.*'", "allows no functions"},
	{"SELECT DISTINCT customer_id" + join + " WHERE p.email_sha256 = 'ff'", "list columns only"},
	{"SELECT DISTINCT customer_id" + join + " WHERE c.note = 'x'", "list columns only"},
	{"SELECT DISTINCT customer_id" + join + " WHERE c.rowid = 1", "no table of the query has such a column"},
	// LIST: outputs
	{"SELECT DISTINCT c.email_sha256" + join, "is a join column"},
	{"SELECT DISTINCT p.phone_sha256 AS segment" + join, "is a join column"},
	{"SELECT DISTINCT email_sha256" + join, "several tables have this column"},
	{"SELECT DISTINCT c.note" + join, "is no list column"},
	{"SELECT DISTINCT p.age" + join, "no table of the query has such a column"},
	{"SELECT DISTINCT p" + join, "no table of the query has such a column"},
	{"SELECT DISTINCT main.partner.segment" + join, "no table of the query has such a column"},
	{"SELECT DISTINCT c.email, c.phone AS Email" + join, "same name"},
	// LIST: joins
	{"SELECT DISTINCT segment FROM partner", "wants a join with a table of acme"},
	{"SELECT DISTINCT customer_id FROM customers", "wants a join with a table of acme"},
	{"SELECT DISTINCT p.segment FROM partner p JOIN strict s ON p.email_sha256 = s.email_sha256", "wants a join with a table of acme"},
	{"SELECT DISTINCT segment FROM customers, partner", "not a comma or CROSS JOIN"},
	{"SELECT DISTINCT segment FROM customers c, partner p WHERE c.email_sha256 = p.email_sha256", "not a comma or CROSS JOIN"},
	{"SELECT DISTINCT segment FROM customers CROSS JOIN partner", "not a comma or CROSS JOIN"},
	{"SELECT DISTINCT segment FROM customers c LEFT JOIN partner p ON c.email_sha256 = p.email_sha256", "INNER JOIN only"},
	{"SELECT DISTINCT segment FROM customers c RIGHT JOIN partner p ON c.email_sha256 = p.email_sha256", "INNER JOIN only"},
	{"SELECT DISTINCT segment FROM customers c FULL JOIN partner p ON c.email_sha256 = p.email_sha256", "INNER JOIN only"},
	{"SELECT DISTINCT segment FROM partner p SEMI JOIN customers c ON c.email_sha256 = p.email_sha256", "only INNER, LEFT"},
	{"SELECT DISTINCT segment FROM partner p ANTI JOIN customers c ON c.email_sha256 = p.email_sha256", "only INNER, LEFT"},
	{"SELECT DISTINCT segment FROM customers NATURAL JOIN partner", "NATURAL, ASOF"},
	{"SELECT DISTINCT segment FROM customers POSITIONAL JOIN partner", "NATURAL, ASOF"},
	{"SELECT DISTINCT segment FROM customers c ASOF JOIN partner p ON c.email_sha256 >= p.email_sha256", "NATURAL, ASOF"},
	{"SELECT DISTINCT segment FROM customers JOIN partner USING (email_sha256)", "not USING"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON TRUE", "only equalities"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON 1 = 1", "columns only here"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.email_sha256 <> p.email_sha256", "only equalities"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.email_sha256 IS NOT DISTINCT FROM p.email_sha256", "only equalities"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON NOT c.email_sha256 = p.email_sha256", "only equalities"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.email_sha256 = p.email_sha256 OR TRUE", "only equalities"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON lower(c.email_sha256) = p.email_sha256", "columns only here"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON p.email_sha256 = p.email_sha256", "each equality in ON"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.email_sha256 = p.email_sha256 OR p.phone_sha256 = p.phone_sha256", "each equality in ON"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.email_sha256 = p.email_sha256 OR c.email_sha256 = c.phone_sha256", "each equality in ON"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.customer_id = p.email_sha256", "is no join column"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.email_sha256 = p.segment", "is no join column"},
	{"SELECT DISTINCT segment FROM customers c JOIN partner p ON c.email_sha256 = 'ff'", "columns only here"},
	{"SELECT DISTINCT region" + join + " JOIN stores s ON c.email_sha256 = p.email_sha256", "each equality in ON"},
	{"SELECT DISTINCT segment FROM customers c JOIN strict p ON c.email_sha256 = p.email_sha256 OR c.phone_sha256 = p.phone_sha256", "does not allow OR"},
	{"SELECT DISTINCT c.customer_id FROM customers c JOIN customers d ON c.email_sha256 = d.email_sha256 JOIN partner p ON p.email_sha256 = c.email_sha256", "each table once"},
	{"SELECT DISTINCT x.segment FROM customers x JOIN partner x ON x.email_sha256 = x.email_sha256", "each table once"},
	{"SELECT DISTINCT p.a FROM customers c JOIN partner AS p(a, b) ON c.email_sha256 = p.b", "not behind a table's alias"},
	{"SELECT DISTINCT customer_id, score" + join + " JOIN users u ON u.email_sha256 = p.email_sha256", "mixes tables"},
	// any rule: what is no query of the room's tables
	{"", "exactly one SELECT"},
	{"-- nothing", "exactly one SELECT"},
	{"SELECT 1", "none of the room's tables"},
	{"VALUES (1)", "only the room's tables"},
	{"SELECT DISTINCT customer_id" + join + "; SELECT 1", "exactly one SELECT"},
	{"SELECT DISTINCT customer_id" + join + "; DROP VIEW partner", "only a SELECT"},
	{"SELEC DISTINCT", "syntax error (line 1, column 1)"},
	{"SELECT DISTINCT customer_id\n  FROM FROM", "syntax error (line 2, column 8)"},
	{"SELECT 'unfinished", "syntax error"},
	{"COPY partner TO '/tmp/x'", "only a SELECT"},
	{"ATTACH '/tmp/x.db'", "only a SELECT"},
	{"INSTALL httpfs", "only a SELECT"},
	{"LOAD httpfs", "only a SELECT"},
	{"SET lock_configuration = false", "only a SELECT"},
	{"PRAGMA database_list", "only a SELECT"},
	{"CALL pragma_version()", "only a SELECT"},
	{"EXPLAIN SELECT segment FROM partner", "only a SELECT"},
	{"CREATE TABLE x AS SELECT segment FROM partner", "only a SELECT"},
	{"DESCRIBE partner", "only the room's tables"},
	{"SHOW TABLES", "only"},
	{"SUMMARIZE partner", "only"},
	{"PIVOT partner ON segment USING count(*)", "only a SELECT"},
	{"SELECT segment FROM 'partner/a.parquet'", "no such table"},
	{"SELECT * FROM \"/etc/passwd\"", "no such table"},
	{"SELECT * FROM read_parquet('partner/a.parquet')", "table functions"},
	{"SELECT * FROM read_csv('/etc/passwd')", "table functions"},
	{"SELECT * FROM read_text('/etc/passwd')", "table functions"},
	{"SELECT * FROM glob('/*')", "table functions"},
	{"SELECT * FROM query('SELECT 1')", "table functions"},
	{"SELECT * FROM query_table('users')", "table functions"},
	{"SELECT * FROM duckdb_settings()", "table functions"},
	{"SELECT * FROM range(10)", "table functions"},
	{"SELECT * FROM information_schema.tables", "without a schema"},
	{"SELECT * FROM main.users", "without a schema"},
	{"SELECT * FROM memory.main.users", "without a schema"},
	{"SELECT * FROM sqlite_master", "no such table"},
	{"SELECT * FROM pg_catalog.pg_tables", "without a schema"},
	{"SELECT $1 AS a FROM users", "only an analysis template takes parameters"},
	{"SELECT ? AS a FROM users", "only an analysis template takes parameters"},
	// CUSTOM: what it is for
	{"SELECT segment, score FROM users", ""},
	{"SELECT u.segment, count(*) AS n FROM people p JOIN users u ON p.email_sha256 = u.email_sha256 WHERE u.age > 30 GROUP BY u.segment HAVING count(*) > 2 ORDER BY n DESC LIMIT 3", ""},
	{"SELECT p.email_sha256, p.spend FROM people p LEFT JOIN users u ON p.email_sha256 = u.email_sha256", ""},
	{"WITH u AS (SELECT email_sha256 AS h, segment FROM users WHERE age BETWEEN 18 AND 65) SELECT p.customer_id, u.segment FROM people p JOIN u ON p.email_sha256 = u.h", ""},
	{"SELECT customer_id FROM people WHERE email_sha256 IN (SELECT email_sha256 FROM users)", ""},
	{"SELECT x.customer_id, CASE WHEN x.n > 1 THEN 'many' ELSE 'one' END AS how FROM (SELECT customer_id, row_number() OVER (PARTITION BY email ORDER BY spend) AS n FROM people) x", ""},
	{"SELECT customer_id AS c FROM people UNION ALL SELECT segment AS c FROM users", ""},
	{"SELECT sha2(lower(trim(email)), 256) AS h, spend / 2 AS half, CAST(spend AS STRING) AS s FROM people", ""},
	{"SELECT p.* FROM people p", ""},
	{"SELECT date_trunc('month', current_date) AS m, t + INTERVAL 1 DAY AS d FROM people", ""},
	// CUSTOM: whose query
	{"SELECT segment FROM locked", "does not allow acme to write queries"},
	{"SELECT p.customer_id FROM people p JOIN locked l ON p.email_sha256 = l.email_sha256", "does not allow acme to write queries"},
	{"SELECT customer_id FROM people WHERE EXISTS (SELECT 1 FROM locked)", "does not allow acme to write queries"},
	{"WITH x AS (SELECT segment FROM locked) SELECT customer_id FROM people", "does not allow acme to write queries"},
	{"SELECT (SELECT max(score) FROM locked) AS m FROM people", "does not allow acme to write queries"},
	// CUSTOM: disallowed output columns, by every door
	{"SELECT age FROM users", "made of users.age"},
	{"SELECT * FROM users", "made of users.email_sha256"},
	{"SELECT u.* FROM users u", "made of users.email_sha256"},
	{"FROM users", "made of users.email_sha256"},
	{"SELECT segment AS a, age AS segment FROM users", "made of users.age"},
	{"SELECT age + 1 AS a FROM users", "made of users.age"},
	{"SELECT max(age) AS a FROM users", "made of users.age"},
	{"SELECT sum(score) FILTER (WHERE age > 3) AS a FROM users", "made of users.age"},
	{"SELECT any_value(score ORDER BY age) AS a FROM users", "made of users.age"},
	{"SELECT lag(score) OVER (ORDER BY age) AS a FROM users", "made of users.age"},
	{"SELECT sum(score) OVER (PARTITION BY age) AS a FROM users", "made of users.age"},
	{"SELECT CASE WHEN age = 30 THEN 'thirty' END AS a FROM users", "made of users.age"},
	{"SELECT age = 30 AS a FROM users", "made of users.age"},
	{"SELECT age IN (1, 2) AS a FROM users", "made of users.age"},
	{"SELECT age BETWEEN 1 AND 2 AS a FROM users", "made of users.age"},
	{"SELECT CAST(age AS STRING) AS a FROM users", "made of users.age"},
	{"SELECT x FROM (SELECT age AS x FROM users) q", "made of users.age"},
	{"SELECT q.* FROM (SELECT age AS x FROM users) q", "made of users.age"},
	{"WITH q AS (SELECT age AS x FROM users) SELECT x FROM q", "made of users.age"},
	{"WITH q AS (SELECT age AS x FROM users), r AS (SELECT x + 0 AS y FROM q) SELECT y FROM r", "made of users.age"},
	{"SELECT score AS a FROM users UNION SELECT age AS a FROM users", "made of users.age"},
	{"SELECT a FROM (SELECT score AS a FROM users UNION ALL SELECT age AS a FROM users) q", "made of users.age"},
	{"SELECT (SELECT max(age) FROM users) AS a FROM people", "made of users.age"},
	{"SELECT customer_id, (SELECT u.age FROM users u WHERE u.email_sha256 = p.email_sha256) AS a FROM people p", "made of users.age"},
	{"SELECT (SELECT u.age) AS a FROM users u", "made of users.age"},
	{"SELECT EXISTS (SELECT age FROM users) AS a FROM people", "made of users.age"},
	{"SELECT 3 IN (SELECT age FROM users) AS a FROM people", "made of users.age"},
	{"SELECT age AS a, a + 1 AS b FROM users", "made of users.age"},
	{"SELECT score AS a, (SELECT max(age) FROM users) AS b FROM users", "made of users.age"},
	{"SELECT u FROM users u", "no table of the query has such a column"},
	{"SELECT users FROM users", "no table of the query has such a column"},
	{"SELECT (SELECT u FROM users u) AS a FROM (SELECT customer_id AS u FROM people) q", "no table of the query has such a column"},
	{"SELECT t FROM people t", "no table of the query has such a column"},
	{"SELECT concat_ws(',', u.*) AS a FROM users u", "stand alone in a select list"},
	{"SELECT a_1 FROM (SELECT score AS a, age AS a, segment AS a_1 FROM users) q", "same name"},
	{"SELECT x.segment FROM users x, users x", "same name"},
	{"SELECT x FROM (SELECT age FROM users) AS q(x)", "not behind a table's alias"},
	{"WITH q(x) AS (SELECT age FROM users) SELECT x FROM q", "not behind its name"},
	{"WITH users AS (SELECT 1 AS age) SELECT age FROM users", "must not have a table's name"},
	{"WITH q AS (SELECT score AS x FROM users) SELECT x FROM (WITH q AS (SELECT age AS x FROM users) SELECT x FROM q) y", "same name"},
	{"SELECT x FROM (WITH q AS (SELECT score AS x FROM users) SELECT x FROM q) y, q", "not in sight"},
	{"WITH RECURSIVE q AS (SELECT age AS x FROM users UNION ALL SELECT x FROM q) SELECT x FROM q", "recursive"},
	{"SELECT * EXCLUDE (email_sha256, age) FROM users", "write * or table.* alone"},
	{"SELECT COLUMNS('a.*') FROM users", "write * or table.* alone"},
	{"SELECT * REPLACE (1 AS age) FROM users", "write * or table.* alone"},
	{"SELECT #4 FROM users", "not allowed"},
	{"SELECT segment FROM users UNION BY NAME SELECT age FROM users", "only UNION"},
	{"SELECT u.age.x AS a FROM users u", "no table of the query has such a column"},
	{"SELECT email.age AS a FROM people", "no table of the query has such a column"},
	{"SELECT segment FROM users ORDER BY ALL", "write * or table.* alone"},
	{"SELECT score + 1 FROM users", "name by AS"},
	{"SELECT DISTINCT ON (age) segment FROM users", "DISTINCT ON"},
	// CUSTOM: functions and forms
	{"SELECT getenv('HOME') AS a FROM users", "function is not allowed"},
	{"SELECT current_setting('temp_directory') AS a FROM users", "function is not allowed"},
	{"SELECT content FROM users, read_text('/etc/passwd')", "table functions"},
	{"SELECT pg_get_viewdef(1) AS a FROM users", "function is not allowed"},
	{"SELECT nextval('s') AS a FROM users", "function is not allowed"},
	{"SELECT query('x') AS a FROM users", "function is not allowed"},
	{"SELECT write_log('x') AS a FROM users", "function is not allowed"},
	{"SELECT json_execute_serialized_sql('x') AS a FROM users", "function is not allowed"},
	{"SELECT concat(segment, 'x') AS a FROM users", "write a || b"},
	{"SELECT sha256(segment) AS a FROM users", "write sha2(x, 256)"},
	{"SELECT list_transform([1], x -> x) AS a FROM users", "lambda"},
	{"SELECT [score] AS a FROM users", "not allowed"},
	{"SELECT {'a': score} AS a FROM users", "not allowed"},
	{"SELECT unnest([1]) AS a FROM users", "not allowed"},
	{"SELECT segment[1:2] AS a FROM users", "not allowed"},
	{"SELECT segment.lower() AS a FROM users", "not allowed"},
	{"SELECT system.main.lower(segment) AS a FROM users", "not allowed"},
	{"SELECT CAST(segment AS JSON) AS a FROM users", "a cast may go to"},
	{"SELECT CAST(segment AS users) AS a FROM users", "a cast may go to"},
	{"SELECT x'41'::BLOB AS a FROM users", "a cast may go to"},
	{"SELECT TRY(score / 0) AS a FROM users", "not allowed"},
	{"SELECT approx_quantile(score, 0.5) OVER () AS a FROM users", "window function is not allowed"},
	{"SELECT segment COLLATE nocase AS a FROM users", "not allowed"},
	{"SELECT segment FROM users AT (VERSION => 1)", "not allowed"},
	{"SELECT rowid AS a FROM users", "no table of the query has such a column"},
	{"SELECT filename AS a FROM users", "no table of the query has such a column"},
	{"SELECT current_user AS a FROM users", "no table of the query has such a column"},
	{"SELECT nobody FROM users", "no table of the query has such a column"},
	{"SELECT u.score AS a FROM users u, (SELECT u.score AS b FROM people) x", "no table of the query has such a column"},
	{"SELECT a.segment FROM users b", "no table of the query has such a column"},
	{"SELECT x.* FROM users b", "names no table"},
}

func TestRules(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	for _, c := range ruleCases {
		s, err := p.statement(context.Background(), room, &SQLParameters{QueryString: c.sql})
		if c.want == "" {
			assert.NoError(t, err, c.sql)
			continue
		}
		var refused *Error
		if assert.ErrorAs(t, err, &refused, "%s\nruns as %+v", c.sql, s) {
			assert.Equal(t, nameValidation, refused.Name, c.sql)
			assert.Equal(t, reasonQuery, refused.Reason, c.sql)
			assert.Contains(t, refused.Message, c.want, c.sql)
		}
	}
}

// A refusal may be shown to anybody, and a query may hold what it likes: a hash, an address.
func TestRefusalsDoNotEchoTheQuery(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	const secret = "alice@example.com"
	for _, sql := range []string{
		"SELECT * FROM \"" + secret + "\"", "SELECT \"" + secret + "\" FROM users", "SELECT '" + secret + "' FROM users",
		"SELECT segment FROM users WHERE '" + secret + "' '", "SELECT \"" + secret + "\"(1) FROM users", "'" + secret + "'", secret,
		"SELECT CAST('" + secret + "' AS \"" + secret + "\") FROM users", "SELECT segment AS \"" + secret + "\", score AS \"" + secret + "\" FROM users",
		"WITH \"" + secret + "\" AS (SELECT 1 AS a), b AS (WITH \"" + secret + "\" AS (SELECT 1 AS a) SELECT 1 AS a) SELECT segment FROM users",
	} {
		_, err := p.statement(context.Background(), room, &SQLParameters{QueryString: sql})
		require.Error(t, err, sql)
		assert.NotContains(t, err.Error(), "alice", sql)
		assert.NotContains(t, err.Error(), "example", sql)
	}
}

func TestTemplates(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	for _, c := range []struct {
		name, arn  string
		parameters map[string]string
		want       string // in the error, or in the SQL that runs after "ok "
	}{
		{"integer", templateARN, map[string]string{"min": "5"}, "ok >= CAST('5' AS INTEGER)"},
		{"default", templateARN, map[string]string{"min": "5"}, "ok = 'gold'"},
		{"string is quoted", templateARN, map[string]string{"min": "5", "segment": "x' OR '1'='1"}, "ok = 'x'' OR ''1''=''1'"},
		{"string stays one", templateARN, map[string]string{"min": "5", "segment": "a'); DROP VIEW locked; --"}, "ok = 'a''); DROP VIEW locked; --'"},
		{"colon in a string", templateARN, map[string]string{"min": "5"}, "ok ':no' AS tag"},
		{"no value", templateARN, nil, "FIELD_VALIDATION_FAILED"},
		{"not a number", templateARN, map[string]string{"min": "5 OR 1=1"}, "must be a whole number"},
		{"too large", templateARN, map[string]string{"min": "99999999999"}, "must be a whole number"},
		{"unknown parameter", templateARN, map[string]string{"min": "5", "max": "6"}, "does not have"},
		{"not allowed by the table", otherARN, nil, "does not allow this template"},
		{"unknown template", templateARN + "x", nil, nameNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := p.statement(context.Background(), room, &SQLParameters{AnalysisTemplateArn: c.arn, Parameters: c.parameters})
			if want, ok := strings.CutPrefix(c.want, "ok "); ok {
				require.NoError(t, err)
				assert.Contains(t, s.sql, want)
				return
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestParameterTypes(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	for _, c := range []struct{ kind, value, want string }{
		{"SMALLINT", "-7", "CAST('-7' AS SMALLINT)"}, {"SMALLINT", "40000", ""},
		{"INTEGER", "7", "CAST('7' AS INTEGER)"}, {"INTEGER", "7.5", ""}, {"INTEGER", "", ""},
		{"BIGINT", "99999999999", "CAST('99999999999' AS BIGINT)"}, {"BIGINT", "x", ""},
		{"DECIMAL", "12.345", "CAST('12.345' AS DECIMAL(38,3))"}, {"DECIMAL", "-1", "CAST('-1' AS DECIMAL(38,0))"}, {"DECIMAL", "1e5", ""},
		{"REAL", "1.5", "CAST('1.5' AS FLOAT)"}, {"DOUBLE_PRECISION", "1e5", "CAST('1e5' AS DOUBLE)"}, {"DOUBLE_PRECISION", "x", ""},
		{"BOOLEAN", "true", "CAST('true' AS BOOLEAN)"}, {"BOOLEAN", "yes", ""},
		{"DATE", "2026-02-28", "CAST('2026-02-28' AS DATE)"}, {"DATE", "2026-02-30", ""}, {"DATE", "28.2.2026", ""},
		{"TIMESTAMP", "2026-02-28 10:00:00", "CAST('2026-02-28 10:00:00' AS TIMESTAMP)"}, {"TIMESTAMP", "now", ""},
		{"STRING", "Zoë's", "'Zoë''s'"}, {"VARCHAR", "", "''"}, {"CHAR", "\x00", ""},
	} {
		template := Template{ARN: otherARN, SQL: "SELECT :v AS v, segment AS segment FROM locked WHERE segment = segment OR :v IS NULL",
			Parameters: []Parameter{{Name: "v", Type: c.kind}}}
		one := *room
		one.Templates = []Template{template}
		one.Tables = append([]Table(nil), room.Tables...)
		one.table("locked").AnalysisRule.AllowedAnalyses = []string{otherARN}
		s, err := p.statement(context.Background(), &one, &SQLParameters{AnalysisTemplateArn: otherARN, Parameters: map[string]string{"v": c.value}})
		if c.want == "" {
			require.ErrorContains(t, err, "FIELD_VALIDATION_FAILED", "%s %s", c.kind, c.value)
			if len(c.value) > 2 {
				assert.NotContains(t, err.Error(), " "+c.value+" ", "%s %s", c.kind, c.value)
			}
			continue
		}
		if assert.NoError(t, err, "%s %s", c.kind, c.value) {
			assert.Contains(t, s.sql, c.want+" AS v")
		}
	}
}

// A template of an account that ANY_QUERY admits may run, as its queries may.
func TestAnyQueryAdmitsProvidersTemplates(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	table := room.table("locked")
	table.AnalysisRule = AnalysisRule{Type: ruleCustom, AllowedAnalyses: []string{anyQuery}, AllowedAnalysisProviders: []string{"222222222222"}}
	in := &SQLParameters{AnalysisTemplateArn: otherARN}
	_, err := p.statement(context.Background(), room, in)
	require.NoError(t, err)
	table.AnalysisRule.AllowedAnalysisProviders = []string{"111111111111"}
	_, err = p.statement(context.Background(), room, in)
	require.ErrorContains(t, err, "does not allow this template")
}

func TestTemplateOnListTable(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	room.Templates[1].SQL = "SELECT DISTINCT customer_id" + join
	_, err := p.statement(context.Background(), room, &SQLParameters{AnalysisTemplateArn: otherARN})
	require.ErrorContains(t, err, "takes no analysis template")
}
