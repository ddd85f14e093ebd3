package cleanroom

import (
	"context"
	"database/sql"
	"slices"
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

// A ruleCase is a query and what its refusal holds; empty for a query that is allowed.
type ruleCase struct{ sql, want string }

func TestRules(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	for _, c := range slices.Concat(listCases, customCases, attackCases) {
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
