package cleanroom

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestRoomFile(t *testing.T) {
	dir := t.TempDir()
	writeMatch(t, dir)
	write(t, dir, "room.json", rulesRoom)
	room, err := LoadRoom(filepath.Join(dir, "room.json"))
	require.NoError(t, err)
	assert.Equal(t, 1, room.Schema)
	assert.Equal(t, "acme", room.Runner)
	assert.Equal(t, "globex", room.table("partner").Owner)
	assert.Equal(t, Column{Name: "segment"}, room.table("strict").Columns[2])
	assert.Equal(t, dir, room.dir, "paths are relative to the file")
}

// Each edit of a good file is one problem, at one field.
func TestRoomFileProblems(t *testing.T) {
	for _, c := range []struct{ what, old, new, field, text string }{
		{"unknown field", `"runner"`, `"x": 1, "runner"`, "x", "is not a field"},
		{"unknown field of a table", `"path": "stores.csv"`, `"path": "stores.csv", "format": "csv"`, "tables.3.format", "is not a field"},
		{"no runner", `"runner": "acme",`, ``, "runner", "is required"},
		{"runner unknown", `"runner": "acme"`, `"runner": "nobody"`, "runner", "no member's name"},
		{"collaboration", `"99999999-9999-4999-8999-999999999999"`, `"../../x"`, "collaboration_id", "must match"},
		{"account", `"account_id": "222222222222"`, `"account_id": "2222"`, "members.1.account_id", "must match"},
		{"member twice", `{"name": "globex"`, `{"name": "acme"`, "members.1.name", "there twice"},
		{"membership twice", `"` + globexMembership + `"}]`, `"` + acmeMembership + `"}]`, "members.1.membership_id", "there twice"},
		{"owner unknown", `"name": "stores", "owner": "globex"`, `"name": "stores", "owner": "x"`, "tables.3.owner", "no member's name"},
		{"table twice", `"name": "stores"`, `"name": "strict"`, "tables.3.name", "there twice"},
		{"table's name", `"name": "stores"`, `"name": "my stores"`, "tables.3.name", "must match"},
		{"catalog and path", `"path": "stores.csv"`, `"path": "stores.csv", "catalog": "stores"`, "tables.3", "exactly one of"},
		{"neither", `"path": "stores.csv", `, ``, "tables.3", "exactly one of"},
		{"no columns", `"columns": ["store", "region"]`, `"columns": []`, "tables.3.columns", ""},
		{"column's name", `["store", "region"]`, `["store", "Region"]`, "tables.3.columns.1", "must match"},
		{"column twice", `["store", "region"]`, `["store", "region", "store"]`, "tables.3.columns.2", "there twice"},
		{"column's type", `["store", "region"]`, `["store", {"name": "region", "type": "text"}]`, "tables.3.columns.1.type", "must be one of"},
		{"rule's type", `{"type": "LIST", "join_columns": ["store"]`, `{"type": "OPEN", "join_columns": ["store"]`, "tables.3.analysis_rule.type", "must be one of"},
		{"aggregation", `{"type": "LIST", "join_columns": ["store"]`, `{"type": "AGGREGATION", "join_columns": ["store"]`, "tables.3.analysis_rule.type", "counts and never rows"},
		{"no join column", `"join_columns": ["store"]`, `"join_columns": []`, "tables.3.analysis_rule.join_columns", "at least one"},
		{"join column unknown", `"join_columns": ["store"]`, `"join_columns": ["store", "x"]`, "tables.3.analysis_rule.join_columns.1", "not under the table's columns"},
		{"both kinds of column", `"list_columns": ["region"]`, `"list_columns": ["region", "store"]`, "tables.3.analysis_rule.list_columns.1", "cannot be both"},
		{"operator", `"list_columns": ["region"]`, `"list_columns": ["region"], "allowed_join_operators": ["XOR"]`, "tables.3.analysis_rule.allowed_join_operators.0", "must be one of"},
		{"fields of CUSTOM", `"list_columns": ["region"]`, `"list_columns": ["region"], "disallowed_output_columns": ["region"]`, "tables.3.analysis_rule", "belong to a CUSTOM rule"},
		{"fields of LIST", `"disallowed_output_columns": ["email_sha256", "age"]`, `"join_columns": ["email_sha256"]`, "tables.5.analysis_rule", "belong to a LIST rule"},
		{"no analyses", `"allowed_analyses": ["` + templateARN + `"]`, `"allowed_analyses": []`, "tables.6.analysis_rule.allowed_analyses", ""},
		{"analysis unknown", `"allowed_analyses": ["` + templateARN + `"]`, `"allowed_analyses": ["` + strings.Replace(templateARN, "/3333", "/5555", 1) + `"]`,
			"tables.6.analysis_rule.allowed_analyses.0", "no template of this room"},
		{"ANY_QUERY of nobody", `"allowed_analysis_providers": ["111111111111"],`, ``, "tables.5.analysis_rule.allowed_analysis_providers", "give both or neither"},
		{"providers without ANY_QUERY", `"allowed_analyses": ["` + templateARN + `"]`, `"allowed_analyses": ["` + templateARN + `"], "allowed_analysis_providers": ["111111111111"]`,
			"tables.6.analysis_rule.allowed_analysis_providers", "give both or neither"},
		{"template twice", otherARN + `", "sql"`, templateARN + `", "sql"`, "templates.1.arn", "there twice"},
		{"parameter unknown", `:min -- :x`, `:most -- :x`, "templates.0.sql", "not among the template's parameters"},
		{"parameter unused", `"SELECT segment AS segment FROM locked"`, `"SELECT segment AS segment FROM locked", "parameters": [{"name": "a", "type": "DATE"}]`, "templates.1.sql", "must be used"},
		{"parameter twice", `{"name": "min", "type": "INTEGER"}`, `{"name": "min", "type": "INTEGER"}, {"name": "min", "type": "DATE"}`, "templates.0.parameters.1.name", "there twice"},
		{"parameter's type", `"type": "INTEGER"`, `"type": "NUMBER"`, "templates.0.parameters.0.type", "must be one of"},
		{"parameter's default", `"type": "INTEGER"`, `"type": "INTEGER", "default_value": "x"`, "templates.0.parameters.0.default_value", "whole number"},
		{"schema", `"runner"`, `"schema": 2, "runner"`, "schema", "must be 1"},
	} {
		t.Run(c.what, func(t *testing.T) {
			require.Equal(t, 1, strings.Count(rulesRoom, c.old), "the edit must hit one place")
			_, err := ParseRoom([]byte(strings.Replace(rulesRoom, c.old, c.new, 1)), "")
			var problems *audience.ProblemsError
			require.ErrorAs(t, err, &problems)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			require.NotEmpty(t, problems.Problems)
			assert.Equal(t, c.field, problems.Problems[0].Field, "%v", problems)
			assert.Contains(t, problems.Problems[0].Message, c.text)
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	text := strings.NewReplacer(`"runner": "acme"`, `"runner": "x"`, `"name": "stores"`, `"name": "strict"`, `["store", "region"]`, `["store"]`).Replace(rulesRoom)
	_, err := ParseRoom([]byte(text), "")
	var problems *audience.ProblemsError
	require.ErrorAs(t, err, &problems)
	assert.Len(t, problems.Problems, 3)
}

func TestNoRoomFile(t *testing.T) {
	_, err := LoadRoom(filepath.Join(t.TempDir(), "room.json"))
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	require.ErrorContains(t, err, "check the path of the room file")
	name := filepath.Join(t.TempDir(), "our-room.json")
	require.NoError(t, os.WriteFile(name, []byte("{}"), 0o600))
	_, err = LoadRoom(name)
	require.ErrorContains(t, err, "check "+name)
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	for _, text := range []string{"", "{", "[]", "null", `"x"`} {
		_, err := ParseRoom([]byte(text), "")
		require.Error(t, err, text)
		assert.Equal(t, audience.Invalid, audience.ClassOf(err), text)
	}
}

func TestRoomThatCannotOpen(t *testing.T) {
	file := parseRoom(t, rulesRoom, "")
	_, err := New(file, Config{})
	require.ErrorContains(t, err, "no bucket")
	file.Tables[0].Path, file.Tables[0].Catalog = "", "acme"
	_, err = New(file, Config{Bucket: func(string) (string, error) { return "", nil }})
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	require.ErrorContains(t, err, "customers is in a catalog")
}

// The examples of the documentation and of the demo are good, and what the page says of them is true.
func TestDocumentedRooms(t *testing.T) {
	demo, err := os.ReadFile("../demo/room.json")
	require.NoError(t, err)
	_, err = ParseRoom(demo, "")
	require.NoError(t, err)
	page, err := os.ReadFile("../../../docs/clean-room.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	require.NotEmpty(t, examples)
	room, err := ParseRoom(examples[0][1], "")
	require.NoError(t, err)
	var withTemplate map[string]any
	require.NoError(t, json.Unmarshal(examples[0][1], &withTemplate))
	require.NoError(t, json.Unmarshal([]byte("{"+string(examples[1][1])+"}"), &withTemplate))
	data, err := json.Marshal(withTemplate)
	require.NoError(t, err)
	_, err = ParseRoom(data, "")
	require.NoError(t, err)
	query := regexp.MustCompile("(?s)```sql\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, query)
	_, err = openParser(t).statement(t.Context(), room, &SQLParameters{QueryString: string(query[1])})
	require.NoError(t, err)
}

// The page lists every function, and the schema's every field is explained.
func TestThePageIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../../docs/clean-room.md")
	require.NoError(t, err)
	for name := range allowedFunctions {
		if !writtenOtherwise[name] {
			assert.Contains(t, string(page), "`"+name+"`")
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^- (Text|Numbers|Dates|Choice|Aggregates|Windows):[^-]*`).FindAllString(string(page), -1) {
		for _, name := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(line, -1) {
			assert.True(t, allowedFunctions[name[1]] || name[1] == "coalesce", name[1]) // coalesce is an operator to the parser
		}
	}
	var schema any
	require.NoError(t, json.Unmarshal(RoomSchema, &schema))
	for _, field := range propertiesOf(schema) {
		assert.Contains(t, string(page), "`"+field+"`")
	}
	for _, code := range []string{codeNoData, codeBadFile, codeNoColumn, codeBadValue, codeBadQuery, codeMemory, codeDisk, codeMaintenance, codeInternal} {
		assert.Contains(t, string(page), "`"+code+"`")
	}
}

func propertiesOf(schema any) []string {
	var names []string
	switch s := schema.(type) {
	case []any:
		for _, v := range s {
			names = append(names, propertiesOf(v)...)
		}
	case map[string]any:
		if properties, ok := s["properties"].(map[string]any); ok {
			for name := range properties {
				names = append(names, name)
			}
		}
		for _, v := range s {
			names = append(names, propertiesOf(v)...)
		}
	}
	return names
}
