package asl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxSeconds is the largest number of seconds in a definition (Developer Guide, "Wait" and "Task").
const maxSeconds = 99999999

// fields reads the fields of one object of a definition and remembers which it has seen, so that what remains is unknown.
type fields struct {
	l     *loader
	at    string // "state \"Load\"", for messages
	all   map[string]any
	taken map[string]bool
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// object starts reading an object; nil when v is none, which is reported.
func (l *loader) object(v any, at string) *fields {
	m, ok := v.(map[string]any)
	if !ok {
		l.problem("%s: must be an object", at)
		return nil
	}
	return &fields{l: l, at: at, all: m, taken: map[string]bool{}}
}

func (f *fields) problem(format string, args ...any) {
	f.l.problem("%s: %s", f.at, fmt.Sprintf(format, args...))
}

// take gives a field's value and marks it as known.
func (f *fields) take(name string) (any, bool) {
	f.taken[name] = true
	v, ok := f.all[name]
	return v, ok
}

func (f *fields) has(name string) bool { _, ok := f.all[name]; return ok }

// jsonata are fields that exist only in the other query language.
var jsonata = []string{"Arguments", "Output", "Assign", "Condition", "Items"}

// done reports the fields that nobody took.
func (f *fields) done(why string) {
	for _, name := range sortedKeys(f.all) {
		switch {
		case f.taken[name]:
		case slices.Contains(jsonata, name):
			f.problem("field %q belongs to JSONata or variables; this machine is JSONPath", name)
		default:
			f.problem("field %q %s", name, why)
		}
	}
}

func (f *fields) comment() { f.string("Comment") }

// refuse reports fields that Step Functions knows and this subset does not.
func (f *fields) refuse(why string, names ...string) {
	for _, name := range names {
		if _, ok := f.take(name); ok {
			f.problem("%s is not supported: %s", name, why)
		}
	}
}

func (f *fields) string(name string) (string, bool) {
	v, ok := f.take(name)
	if !ok {
		return "", false
	}
	s, isString := v.(string)
	if !isString {
		f.problem("%s must be a string", name)
	}
	return s, isString
}

func (f *fields) requiredString(name string) string {
	s, ok := f.string(name)
	if !f.has(name) {
		f.problem("%s is missing", name)
	} else if ok && s == "" {
		f.problem("%s must not be empty", name)
	}
	return s
}

func (f *fields) oneOf(name string, allowed ...string) string {
	s, ok := f.string(name)
	if ok && !slices.Contains(allowed, s) {
		f.problem("%s %q is not supported; allowed: %s", name, s, strings.Join(allowed, ", "))
	}
	return s
}

// integer reads a whole number within bounds; without the field it is the default.
func (f *fields) integer(name string, def, lowest, highest int64) int64 {
	v, ok := f.take(name)
	if !ok {
		return def
	}
	n, _ := v.(json.Number)
	i, err := n.Int64()
	if err != nil || i < lowest || i > highest {
		f.problem("%s must be a whole number from %d to %d", name, lowest, highest)
		return def
	}
	return i
}

func (f *fields) float(name string, def, lowest, highest float64) float64 {
	v, ok := f.take(name)
	if !ok {
		return def
	}
	n, _ := v.(json.Number)
	x, err := n.Float64()
	if err != nil || x < lowest || x > highest {
		f.problem("%s must be a number from %v to %v", name, lowest, highest)
		return def
	}
	return x
}

func (f *fields) array(name string) []any {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	a, isArray := v.([]any)
	if !isArray || len(a) == 0 {
		f.problem("%s must be an array that is not empty", name)
	}
	return a
}

// Which paths a field takes.
type pathRule int

const (
	anyPath       pathRule = iota // Path, of the input or of the context object
	referencePath                 // Reference Path, of the input
	itemsPath                     // Reference Path, of the input or of the context object
)

func (f *fields) parse(name, text string, rule pathRule) *path {
	parse := parsePath
	if rule != anyPath {
		parse = parseReferencePath
	}
	p, err := parse(text)
	if err != nil {
		f.problem("%s: %v", name, err)
		return nil
	}
	if p.context && rule == referencePath {
		f.problem("%s: %q reads the context object, which is not possible here", name, text)
	}
	return p
}

// path reads a field that holds a path; nil without the field.
func (f *fields) path(name string, rule pathRule, in scopeInfo) *path {
	text, ok := f.string(name)
	if !ok {
		return nil
	}
	p := f.parse(name, text, rule)
	if p != nil {
		f.checkMap(name, p, in)
	}
	return p
}

func (f *fields) checkMap(name string, p *path, in scopeInfo) {
	if p.inMap() && !in.inMap {
		f.problem("%s: %q exists only in ItemSelector and inside the processor of an inline Map", name, p.text)
	}
}

// filter is InputPath or OutputPath: a path, or null, which gives an empty object.
type filter struct {
	path    *path
	discard bool
}

func (f *fields) filter(name string, in scopeInfo) filter {
	if v, ok := f.take(name); ok && v == nil {
		return filter{discard: true}
	}
	return filter{path: f.path(name, anyPath, in)}
}

// resultPath reads ResultPath: fields only, since writing into an array's index is not documented.
func (f *fields) resultPath() filter {
	const name = "ResultPath"
	if v, ok := f.take(name); ok && v == nil {
		return filter{discard: true}
	}
	text, ok := f.string(name)
	if !ok {
		return filter{}
	}
	p := f.parse(name, text, referencePath)
	if p != nil && !onlyFields(p) {
		f.problem("%s: %q may hold only fields", name, text)
	}
	return filter{path: p}
}

// template reads a Payload Template, which must be an object.
func (f *fields) template(name string, in scopeInfo) *template {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	if _, isObject := v.(map[string]any); !isObject {
		f.problem("%s must be an object", name)
		return nil
	}
	t := parseTemplate(v, name, func(p string) { f.problem("%s", p) })
	t.each(func(e expression) { eachPath(e, func(p *path) { f.checkMap(name, p, in) }) })
	return t
}
