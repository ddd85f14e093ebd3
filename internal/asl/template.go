package asl

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// template is a Payload Template: JSON in which a field "x.$" holds a path or an intrinsic function that gives field x.
// Strings in fields without that ending stay as they are, even when they start with $.
type template struct {
	literal any                  // what is neither object nor array
	array   []*template          // of an array
	object  map[string]*template // of an object, by the name of the field in the result
	dynamic expression           // of a field that ended in .$
	field   string               // the name of that field as written, for messages
}

// expression is a path or a call of an intrinsic function.
type expression interface {
	eval(input any, sc *scope) (any, error)
}

// pathExpression is a path in a template.
type pathExpression struct{ *path }

func (e pathExpression) eval(input any, sc *scope) (any, error) {
	v, err := e.get(input, sc)
	if err != nil {
		return nil, &pathError{path: e.text, err: err}
	}
	return v, nil
}

// pathError says which path selected nothing.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return fmt.Sprintf("the JSONPath '%s' %v", e.path, e.err) }
func (e *pathError) Unwrap() error { return e.err }

// parseExpression reads the value of a field that ends in .$.
func parseExpression(text string) (expression, error) {
	if strings.HasPrefix(text, "$") {
		p, err := parsePath(text)
		if err != nil {
			return nil, err
		}
		return pathExpression{p}, nil
	}
	if strings.HasPrefix(text, "States.") {
		c, err := parseIntrinsic(text)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	return nil, fmt.Errorf("%q is neither a path nor an intrinsic function", text)
}

// parseTemplate reads a template and reports each problem with the place where it is.
func parseTemplate(v any, at string, report func(string)) *template {
	switch v := v.(type) {
	case []any:
		t := &template{array: make([]*template, 0, len(v))}
		for i, e := range v {
			t.array = append(t.array, parseTemplate(e, fmt.Sprintf("%s[%d]", at, i), report))
		}
		return t
	case map[string]any:
		t := &template{object: make(map[string]*template, len(v))}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			where := at + "." + key
			name, dynamic := strings.CutSuffix(key, ".$")
			if _, twice := t.object[name]; twice {
				report(fmt.Sprintf("%s: field %q is given both with and without .$", at, name))
			}
			if !dynamic {
				t.object[name] = parseTemplate(v[key], where, report)
				continue
			}
			text, _ := v[key].(string)
			expr, err := parseExpression(text)
			if err != nil {
				report(fmt.Sprintf("%s: %v", where, err))
				continue
			}
			t.object[name] = &template{dynamic: expr, field: key}
		}
		return t
	default:
		return &template{literal: v}
	}
}

// each calls do for every expression of the template.
func (t *template) each(do func(expression)) {
	if t.dynamic != nil {
		do(t.dynamic)
	}
	for _, e := range t.array {
		e.each(do)
	}
	for _, e := range t.object {
		e.each(do)
	}
}

// build fills the template. A path that selects nothing is States.Runtime: AWS documents States.ParameterPathFailure,
// which could be caught, but is recorded failing with States.Runtime. A function that fails is States.IntrinsicFailure.
func (t *template) build(input any, sc *scope) (any, *Error) {
	switch {
	case t.dynamic != nil:
		v, err := t.dynamic.eval(input, sc)
		if err == nil {
			return v, nil
		}
		return nil, expressionError(t.field, err)
	case t.array != nil:
		out := make([]any, len(t.array))
		for i, e := range t.array {
			v, err := e.build(input, sc)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case t.object != nil:
		out := make(map[string]any, len(t.object))
		for name, e := range t.object {
			v, err := e.build(input, sc)
			if err != nil {
				return nil, err
			}
			out[name] = v
		}
		return out, nil
	default:
		return t.literal, nil
	}
}

// expressionError gives an expression's failure its name.
func expressionError(field string, err error) *Error {
	var missing *pathError
	if errors.As(err, &missing) {
		return fail(ErrRuntime, "The JSONPath '%s' specified for the field '%s' %v in the input", missing.path, field, missing.err)
	}
	return fail(ErrIntrinsicFailure, "field '%s': %v", field, err)
}
