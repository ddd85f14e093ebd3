package asl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"
)

// path is a JSONPath into a state's input or, when it starts with $$, into the context object.
type path struct {
	text    string
	context bool
	prefix  jp.Expr // the fields and indexes before the first operator that can select several values
	rest    jp.Expr // from that operator on; empty in a definite path
}

// overlong finds an index that does not fit: the JSONPath library would wrap it around.
var overlong = regexp.MustCompile(`\[[^'"\]]*\d{10}`)

// parsePath reads a Path. Filters, scripts, descent (..), steps, negative indexes and several names in one bracket are
// outside of the subset.
func parsePath(text string) (*path, error) {
	body := text
	p := &path{text: text}
	if strings.HasPrefix(text, "$$") {
		p.context, body = true, text[1:]
	}
	if !strings.HasPrefix(body, "$") {
		return nil, fmt.Errorf("%q is no JSONPath: it must start with $", text)
	}
	if overlong.MatchString(body) {
		return nil, fmt.Errorf("%q has an index that is too large", text)
	}
	expr, err := jp.ParseString(body)
	if err != nil {
		return nil, fmt.Errorf("%q is no JSONPath (write names with special characters as $['a-b'])", text)
	}
	expr = expr[1:]
	definite := len(expr)
	for i, frag := range expr {
		many, err := selectsMany(frag)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", text, err)
		}
		if many && definite == len(expr) {
			definite = i
		}
	}
	p.prefix, p.rest = expr[:definite], expr[definite:]
	if p.context {
		return p, p.checkContext()
	}
	return p, nil
}

func selectsMany(frag jp.Frag) (bool, error) {
	switch frag := frag.(type) {
	case jp.Child:
		return false, nil
	case jp.Nth:
		if frag < 0 {
			return false, errors.New("negative indexes are not supported")
		}
		return false, nil
	case jp.Wildcard:
		return true, nil
	case jp.Slice:
		if frag[2] != jp.SliceNotSet {
			return false, errors.New("a slice with a step is not supported")
		}
		return true, nil
	case jp.Union:
		for _, key := range frag {
			if i, ok := key.(int64); !ok || i < 0 {
				return false, errors.New("only indexes may be listed in one bracket")
			}
		}
		return true, nil
	default:
		return false, errors.New("filters, scripts and .. are not supported")
	}
}

// contextFields are the fields of the context object, by their parent ("" is the top).
var contextFields = map[string][]string{
	"":          {"Execution", "State", "StateMachine", "Map"},
	"Execution": {"Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount"}, "State": {"EnteredTime", "Name", "RetryCount"},
	"StateMachine": {"Id", "Name"}, "Map": {"Item"}, "Map.Item": {"Index", "Value"},
}

// checkContext refuses paths into the context object that can never resolve.
func (p *path) checkContext() error {
	parent := ""
	for _, frag := range p.prefix {
		allowed, closed := contextFields[parent]
		if !closed {
			return nil
		}
		child, ok := frag.(jp.Child)
		if !ok || !slices.Contains(allowed, string(child)) {
			if parent == "" && string(child) == "Task" {
				return fmt.Errorf("path %q: task tokens are not supported", p.text)
			}
			return fmt.Errorf("path %q: the context object has no such field (there: %s)", p.text, strings.Join(allowed, ", "))
		}
		parent = strings.TrimPrefix(parent+"."+string(child), ".")
	}
	return nil
}

// parseReferencePath reads a Reference Path: it can select one node only.
func parseReferencePath(text string) (*path, error) {
	p, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	if len(p.rest) > 0 {
		return nil, fmt.Errorf("%q is no reference path: it may hold only fields and indexes", text)
	}
	return p, nil
}

// inMap tells whether the path reads the item of the Map state around it.
func (p *path) inMap() bool {
	return p.context && len(p.prefix) > 0 && p.prefix[0] == jp.Child("Map")
}

// errNotFound says that a path selected nothing. The text of the input is left out: it may be personal.
var errNotFound = errors.New("could not be found")

// get selects from the input or from the context. A definite path gives its value; any other gives an array, which may
// be empty. An object under a wildcard is an error, since the order of its fields would differ from AWS's.
func (p *path) get(input any, sc *scope) (any, error) {
	data := input
	if p.context {
		data = sc.object()
	}
	for _, frag := range p.prefix {
		next, found := jp.Expr{frag}.FirstFound(data)
		if !found {
			return nil, errNotFound
		}
		data = next
	}
	if len(p.rest) == 0 {
		return data, nil
	}
	for i, frag := range p.rest {
		at := []any{data}
		if i > 0 {
			at = p.rest[:i].Get(data)
		}
		for _, v := range at {
			if err := applicable(frag, v); err != nil {
				return nil, err
			}
		}
	}
	found := p.rest.Get(data)
	if found == nil {
		found = []any{}
	}
	return found, nil
}

// applicable tells whether an operator that selects several values can be applied to v.
func applicable(frag jp.Frag, v any) error {
	_, array := v.([]any)
	_, object := v.(map[string]any)
	switch frag.(type) {
	case jp.Wildcard:
		if object {
			return errors.New("selects the fields of an object, whose order is not kept")
		}
	case jp.Slice, jp.Union:
		if !array {
			return errors.New("selects by index from what is no array")
		}
	}
	return nil
}

// set returns a copy of base with value at the path, creating the objects between. The path has only fields.
func (p *path) set(base, value any) (any, error) {
	return setField(base, p.prefix, value)
}

func setField(base any, at jp.Expr, value any) (any, error) {
	if len(at) == 0 {
		return value, nil
	}
	object, ok := base.(map[string]any)
	if !ok {
		return nil, errors.New("cannot be applied: what is there is no object")
	}
	out := make(map[string]any, len(object)+1)
	for k, v := range object {
		out[k] = v
	}
	key := string(at[0].(jp.Child)) //nolint:forcetypeassert // onlyFields has looked
	next, exists := object[key]
	if !exists {
		next = map[string]any{}
	}
	inner, err := setField(next, at[1:], value)
	if err != nil {
		return nil, err
	}
	out[key] = inner
	return out, nil
}
