package terraform

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// schemaNode is as much of JSON Schema as the definition's uses.
type schemaNode struct {
	Ref        string                 `json:"$ref"`
	Type       any                    `json:"type"`
	Enum       []string               `json:"enum"`
	Const      any                    `json:"const"`
	Properties map[string]*schemaNode `json:"properties"`
	Required   []string               `json:"required"`
	Items      *schemaNode            `json:"items"`
	Additional json.RawMessage        `json:"additionalProperties"`
	Defs       map[string]*schemaNode `json:"$defs"`
}

// only are the fields that the variable audiences has and a definition has not, and defaulted those that a definition
// must have and the root module fills in.
var (
	only      = []string{"collaboration", "schedule", "template"}
	defaulted = []string{"audience.match", "audience.match.membership_id", "audience.name", "audience.source.path"}
)

// TestAudiencesVariableAndSchemaAgree walks the type of the variable and the JSON Schema at once: a field that the type
// lacks would be dropped without a word, one that the schema lacks would be refused whatever it says.
func TestAudiencesVariableAndSchemaAgree(t *testing.T) {
	var root schemaNode
	require.NoError(t, json.Unmarshal(audience.DefinitionSchema, &root))
	of := variableType(t, filepath.Join(repository, "terraform", "variables.tf"), "audiences").ElementType()
	compared := 0
	var compare func(path string, is *schemaNode, of cty.Type)
	compare = func(path string, is *schemaNode, of cty.Type) {
		if is.Ref != "" {
			is = root.Defs[filepath.Base(is.Ref)]
		}
		compared++
		switch {
		case of.IsListType():
			require.NotNil(t, is.Items, path)
			compare(path+"[]", is.Items, of.ElementType())
		case of.IsMapType(): // the schema judges the names in it
			assert.True(t, is.Properties != nil || is.Additional != nil, path)
			assert.Equal(t, cty.String, of.ElementType(), path)
		case of.IsObjectType():
			fields := maps.Clone(of.AttributeTypes())
			if path == "audience" {
				for _, name := range only {
					require.Contains(t, fields, name)
					delete(fields, name)
				}
			}
			assert.Equal(t, slices.Sorted(maps.Keys(is.Properties)), slices.Sorted(maps.Keys(fields)), path)
			for name, property := range is.Properties {
				field := path + "." + name
				must := slices.Contains(is.Required, name) && !slices.Contains(defaulted, field)
				assert.Equal(t, !must, of.AttributeOptional(name), "%s: is it optional", field)
				compare(field, property, fields[name])
			}
		default:
			assert.Equal(t, primitive(is), of, path)
		}
	}
	compare("audience", &root, of)
	assert.Greater(t, compared, 40)
}

// A run reads the documents that the root module writes: terraform/tests/root.tftest.hcl wants these of it, to the byte.
func TestDocumentsAreDefinitions(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(repository, "terraform", "tests", "documents", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, documents)
	for _, path := range documents {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		def, err := audience.ParseDefinition(data)
		require.NoError(t, err, path)
		assert.Equal(t, filepath.Base(path), def.Tenant+"-"+def.Name+".json")
	}
}

// primitive is the type of a leaf: it names one, or shows it by the values that it allows.
func primitive(is *schemaNode) cty.Type {
	switch is.Type {
	case "integer", "number":
		return cty.Number
	case "string":
		return cty.String
	}
	if _, number := is.Const.(float64); number {
		return cty.Number
	}
	if len(is.Enum) > 0 {
		return cty.String
	}
	return cty.DynamicPseudoType
}

// variableType reads the type constraint of a variable.
func variableType(t *testing.T, path, name string) cty.Type {
	t.Helper()
	file, problems := hclparse.NewParser().ParseHCLFile(path)
	require.False(t, problems.HasErrors(), "%v", problems)
	content, _, problems := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}}})
	require.False(t, problems.HasErrors(), "%v", problems)
	for _, block := range content.Blocks {
		if block.Labels[0] != name {
			continue
		}
		attributes, _, problems := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "type", Required: true}}})
		require.False(t, problems.HasErrors(), "%v", problems)
		of, _, problems := typeexpr.TypeConstraintWithDefaults(attributes.Attributes["type"].Expr)
		require.False(t, problems.HasErrors(), "%v", problems)
		return of
	}
	require.Fail(t, "no variable "+name)
	return cty.NilType
}
