package audience_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// node is as much of JSON Schema as the definition's uses.
type node struct {
	Ref        string           `json:"$ref"`
	Properties map[string]*node `json:"properties"`
	Additional any              `json:"additionalProperties"`
	Required   []string         `json:"required"`
	Items      *node            `json:"items"`
	Default    any              `json:"default"`
	Defs       map[string]*node `json:"$defs"`
}

func schemaOf(t *testing.T) *node {
	t.Helper()
	var root node
	require.NoError(t, json.Unmarshal(audience.DefinitionSchema, &root))
	return &root
}

// fields are the JSON names of a struct's fields, with their types.
func fields(of reflect.Type) map[string]reflect.Type {
	list := map[string]reflect.Type{}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		list[name] = of.Field(i).Type
	}
	return list
}

// TestSchemaAndStructsAgree walks both at once: a field that only one of them knows would be refused, or silently lost.
func TestSchemaAndStructsAgree(t *testing.T) {
	compared := 0
	var compare func(path string, is *node, of reflect.Type)
	compare = func(path string, is *node, of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			if of.Kind() == reflect.Slice {
				is = is.Items
			}
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		compared++
		known := fields(of)
		assert.Equal(t, slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(is.Properties)), path)
		assert.Equal(t, false, is.Additional, "%s refuses unknown fields", path)
		for _, name := range is.Required {
			assert.Contains(t, known, name, path)
		}
		for name, property := range is.Properties {
			compare(path+"."+name, property, known[name])
		}
	}
	compare("definition", schemaOf(t), reflect.TypeFor[audience.Definition]())
	assert.Equal(t, 8, compared, "definition, source, kept column, match, worker, meta, data processing, limits")
}

func TestSchemaKnowsEveryKey(t *testing.T) {
	columns := schemaOf(t).Properties["source"].Properties["columns"]
	want := []string{string(audience.DOB)}
	for _, key := range audience.Keys {
		want = append(want, string(key))
	}
	assert.ElementsMatch(t, want, slices.Collect(maps.Keys(columns.Properties)))
	assert.Equal(t, false, columns.Additional)
}

// TestDefaultsAreTheSchemas compares the defaults that are applied with those that the schema promises.
func TestDefaultsAreTheSchemas(t *testing.T) {
	def, err := audience.ParseDefinition([]byte(smallest))
	require.NoError(t, err)
	encoded, err := json.Marshal(def)
	require.NoError(t, err)
	var applied any
	require.NoError(t, json.Unmarshal(encoded, &applied))
	promised := 0
	var compare func(path string, is *node, value any)
	compare = func(path string, is *node, value any) {
		if is.Default != nil {
			promised++
			assert.Equal(t, is.Default, value, path)
		}
		members, _ := value.(map[string]any)
		for name, property := range is.Properties {
			compare(path+"."+name, property, members[name])
		}
	}
	compare("definition", schemaOf(t), applied)
	assert.Equal(t, 12, promised)
}

func TestProblemsAreListedInOrder(t *testing.T) {
	_, err := audience.ParseDefinition([]byte(`{"tenant": "acme", "name": "vip", "zeal": 1,
	  "source": {"path": "", "columns": {"EMAIL": ""}, "keep": [{"type": "int"}, 7], "date_order": "dym"},
	  "match": {"membership_id": "x", "worker": {"type": "CR.9X", "number": 1}}, "meta": {"ad_account": "1"}, "limits": {"min_rows": 0.5}}`))
	var problems *audience.ProblemsError
	require.ErrorAs(t, err, &problems)
	var named []string
	for _, p := range problems.Problems {
		named = append(named, p.Field)
		assert.NotEmpty(t, p.Message)
	}
	assert.Equal(t, []string{"limits.min_rows", "match.membership_id", "match.worker.number", "match.worker.type", "meta.ad_account", "source.columns.EMAIL",
		"source.date_order", "source.keep.0.column", "source.keep.0.type", "source.keep.1", "source.path", "zeal"}, slices.Compact(named))
	assert.True(t, strings.HasPrefix(err.Error(), "audience definition has 12 problem(s):\n  limits.min_rows: "), err)
}

// TestProblemsBeyondTheSchemaComeTogether has several faults that no schema can see.
func TestProblemsBeyondTheSchemaComeTogether(t *testing.T) {
	_, err := audience.ParseDefinition([]byte(`{"tenant": "acme", "name": "vip", "source": {"path": "x", "columns": {"CT": "a", "ST": "a"}, "keep": ["zip", "phone_sha256"]},
	  "match": {"membership_id": "11111111-2222-3333-4444-555555555555"}, "meta": {"ad_account": "act_1", "description": "CleanReach:a/b"}}`))
	for _, want := range []string{"match: give exactly one", "meta.description: must not", "source.columns: map at least one", "already mapped", "source.keep[0]", "source.keep[1]"} {
		require.ErrorContains(t, err, want)
	}
}

func TestCheckSchema(t *testing.T) {
	problems, err := audience.CheckSchema("x", []byte(`{"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"c": {"const": 3}}}`), []byte(`{"a": 1, "c": 3}`))
	require.NoError(t, err)
	assert.Empty(t, problems)
	problems, err = audience.CheckSchema("x", []byte(`{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}`), []byte(`{}`))
	require.NoError(t, err)
	assert.Equal(t, []audience.Problem{{Message: "matches none of the allowed forms"}}, problems)

	_, err = audience.CheckSchema("x", []byte(`{`), []byte(`{}`))
	require.ErrorContains(t, err, "parse schema x")
	_, err = audience.CheckSchema("x", []byte(`{"type": 1}`), []byte(`{}`))
	require.ErrorContains(t, err, "compile schema x")
	_, err = audience.CheckSchema("x", []byte(`{}`), []byte(`nothing`))
	require.ErrorContains(t, err, "not valid JSON in line 1, column 2: ")
	_, err = audience.CheckSchema("x", []byte(`{}`), []byte("{\"tenant\":\n  \"acme\",}"))
	require.ErrorContains(t, err, "not valid JSON in line 2, column 10: ")
	_, err = audience.CheckSchema("x", []byte(`{}`), []byte(`{`))
	require.ErrorContains(t, err, "not valid JSON: ")
	var listed *audience.ProblemsError
	require.NotErrorAs(t, err, &listed, "what is no JSON has no fields")
}
