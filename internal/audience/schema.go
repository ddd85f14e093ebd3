package audience

import (
	"bytes"
	_ "embed" // the schema is part of the binary
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// DefinitionSchema is the JSON Schema (2020-12) of a definition, as `cleanreach schema` prints it.
//
//go:embed definition.schema.json
var DefinitionSchema []byte

// A Problem is one thing that is wrong with a document.
type Problem struct {
	Field   string // dotted path, such as source.columns.EMAIL; empty for the document itself
	Message string // what is wrong, with the allowed values
}

// ProblemsError is every problem of a document at once.
type ProblemsError struct {
	Document string
	Problems []Problem
}

// Error lists the problems, one a line.
func (e *ProblemsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s has %d problem(s):", e.Document, len(e.Problems))
	for _, p := range e.Problems {
		field := p.Field
		if field == "" {
			field = "(document)"
		}
		fmt.Fprintf(&b, "\n  %s: %s", field, p.Message)
	}
	return b.String()
}

func sortProblems(p []Problem) {
	sort.SliceStable(p, func(i, j int) bool { return p[i].Field < p[j].Field })
}

// definitionSchema is compiled once: that takes longer than the rest of a small document's checks.
var definitionSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return compileSchema("definition.schema.json", DefinitionSchema)
})

func checkSchema(data []byte) ([]Problem, error) { return validate(definitionSchema, data) }

// CheckSchema validates a JSON document against a schema and gives every problem in plain words. The error is for a
// document that is no JSON at all.
func CheckSchema(name string, schema, data []byte) ([]Problem, error) {
	return validate(func() (*jsonschema.Schema, error) { return compileSchema(name, schema) }, data)
}

func validate(compile func() (*jsonschema.Schema, error), data []byte) ([]Problem, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("not valid JSON%s: %w", place(data, err), err)
	}
	compiled, err := compile()
	if err != nil {
		return nil, err
	}
	var invalid *jsonschema.ValidationError
	if err := compiled.Validate(document); errors.As(err, &invalid) {
		problems := flatten(invalid, nil)
		sortProblems(problems)
		return problems, nil
	} else if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	return nil, nil
}

// place says where in a document its JSON is broken, when the error tells.
func place(data []byte, err error) string {
	var broken *json.SyntaxError
	if !errors.As(err, &broken) || broken.Offset < 1 || broken.Offset > int64(len(data)) {
		return ""
	}
	before := data[:broken.Offset-1]
	line := bytes.Count(before, []byte("\n"))
	return fmt.Sprintf(" in line %d, column %d", line+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

func compileSchema(name string, schema []byte) (*jsonschema.Schema, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("parse schema %s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, parsed); err != nil {
		return nil, fmt.Errorf("add schema %s: %w", name, err)
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", name, err)
	}
	return compiled, nil
}

// flatten turns the validator's tree into its leaves: only they say what is wrong with the document.
func flatten(e *jsonschema.ValidationError, into []Problem) []Problem {
	if len(e.Causes) == 0 {
		return append(into, describe(strings.Join(e.InstanceLocation, "."), e.ErrorKind)...)
	}
	if k, ok := e.ErrorKind.(*kind.OneOf); ok && len(k.Subschemas) == 0 {
		return append(into, Problem{Field: strings.Join(e.InstanceLocation, "."), Message: "matches none of the allowed forms"})
	}
	var leaves []Problem
	for _, cause := range e.Causes {
		leaves = flatten(cause, leaves)
	}
	if k, ok := e.ErrorKind.(*kind.PropertyNames); ok {
		// The leaves are about the name alone, and the validator gives this error a location that it goes on to overwrite.
		for i := range leaves {
			leaves[i] = Problem{Message: fmt.Sprintf("the name %q %s", k.Property, leaves[i].Message)}
		}
	}
	return append(into, leaves...)
}

func describe(field string, k jsonschema.ErrorKind) []Problem {
	one := func(format string, args ...any) []Problem {
		return []Problem{{Field: field, Message: fmt.Sprintf(format, args...)}}
	}
	each := func(names []string, message string) []Problem {
		var all []Problem
		for _, n := range names {
			all = append(all, Problem{Field: strings.TrimPrefix(field+"."+n, "."), Message: message})
		}
		return all
	}
	switch k := k.(type) {
	case *kind.Required:
		return each(k.Missing, "is required")
	case *kind.AdditionalProperties:
		return each(k.Properties, "is not a field of this document")
	case *kind.Enum:
		return one("must be one of %s", list(k.Want))
	case *kind.Const:
		return one("must be %v", k.Want)
	case *kind.Type:
		return one("must be %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Pattern:
		return one("must match %s", k.Want)
	case *kind.Minimum:
		return one("must be at least %s", k.Want.RatString())
	case *kind.Maximum:
		return one("must be at most %s", k.Want.RatString())
	case *kind.MinLength:
		return one("must have at least %d character(s)", k.Want)
	case *kind.MaxLength:
		return one("must have at most %d characters", k.Want)
	case *kind.MinProperties:
		return one("must have at least %d entry", k.Want)
	}
	return one("breaks the rule %q of the schema", strings.Join(k.KeywordPath(), "/"))
}

func list(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, ", ")
}
