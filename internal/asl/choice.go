package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// rule is a Choice Rule: a comparison, or And, Or, Not of rules.
type rule struct {
	next     string // of a rule at the top
	combine  string // And, Or, Not or ""
	rules    []*rule
	variable *path
	operator string
	test     comparison
	operand  any
	from     *path // where the operand comes from, in the …Path operators
}

// comparison tells whether a value and an operand of the right types compare as the operator says. Values of another
// type compare as false, as on AWS.
type comparison func(value, operand any) bool

func ordered(accept func(int) bool, compare func(a, b any) (int, bool)) comparison {
	return func(a, b any) bool {
		c, ok := compare(a, b)
		return ok && accept(c)
	}
}

func compareStrings(a, b any) (int, bool) {
	s, okS := a.(string)
	t, okT := b.(string)
	return strings.Compare(s, t), okS && okT
}

func compareNumeric(a, b any) (int, bool) {
	m, okM := a.(json.Number)
	n, okN := b.(json.Number)
	if !okM || !okN {
		return 0, false
	}
	return compareNumbers(m, n), true
}

func compareTimestamps(a, b any) (int, bool) {
	s, okS := parseTimestamp(a)
	t, okT := parseTimestamp(b)
	return s.Compare(t), okS && okT
}

func is(test func(v any) bool) comparison {
	return func(v, want any) bool { return test(v) == want }
}

// operator is a comparison operator and what its operand must be in a definition.
type operator struct {
	test    comparison
	operand func(any) error
	path    bool // there is a …Path form
}

var operators = makeOperators()

func makeOperators() map[string]operator {
	out := map[string]operator{
		"BooleanEquals": {func(a, b any) bool { _, ok := a.(bool); return ok && a == b }, wantBool, true},
		"StringMatches": {matchString, wantPattern, false},
		"IsNull":        {is(func(v any) bool { return v == nil }), wantBool, false},
		"IsPresent":     {is(func(any) bool { return true }), wantBool, false},
		"IsNumeric":     {is(func(v any) bool { _, ok := v.(json.Number); return ok }), wantBool, false},
		"IsString":      {is(func(v any) bool { _, ok := v.(string); return ok }), wantBool, false},
		"IsBoolean":     {is(func(v any) bool { _, ok := v.(bool); return ok }), wantBool, false},
		"IsTimestamp":   {is(func(v any) bool { _, ok := parseTimestamp(v); return ok }), wantBool, false},
	}
	orders := map[string]func(int) bool{
		"Equals": func(c int) bool { return c == 0 }, "LessThan": func(c int) bool { return c < 0 },
		"GreaterThan": func(c int) bool { return c > 0 }, "LessThanEquals": func(c int) bool { return c <= 0 },
		"GreaterThanEquals": func(c int) bool { return c >= 0 },
	}
	for suffix, accept := range orders {
		out["String"+suffix] = operator{ordered(accept, compareStrings), wantString, true}
		out["Numeric"+suffix] = operator{ordered(accept, compareNumeric), wantNumber, true}
		out["Timestamp"+suffix] = operator{ordered(accept, compareTimestamps), wantTimestamp, true}
	}
	return out
}

func wantBool(v any) error {
	if _, ok := v.(bool); !ok {
		return errors.New("must be true or false")
	}
	return nil
}

func wantString(v any) error {
	if _, ok := v.(string); !ok {
		return errors.New("must be a string")
	}
	return nil
}

func wantNumber(v any) error {
	if _, ok := v.(json.Number); !ok {
		return errors.New("must be a number")
	}
	return nil
}

func wantTimestamp(v any) error {
	if _, ok := parseTimestamp(v); !ok {
		return errors.New("must look like 2026-11-24T05:00:00Z")
	}
	return nil
}

func wantPattern(v any) error {
	s, ok := v.(string)
	if !ok {
		return errors.New("must be a string")
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		i++
		if i == len(s) || s[i] != '*' && s[i] != '\\' {
			return errors.New(`only * and \ may follow a backslash`)
		}
	}
	return nil
}

// matchString compares with a pattern in which * stands for any characters and a backslash makes * and \ literal.
func matchString(value, pattern any) bool {
	s, ok := value.(string)
	if !ok {
		return false
	}
	p, _ := pattern.(string)
	var parts []string // what is between the stars
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] == '\\' && i+1 < len(p):
			i++
			b.WriteByte(p[i])
		case p[i] == '*':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(p[i])
		}
	}
	tail := b.String()
	if len(parts) == 0 {
		return s == tail
	}
	s, ok = strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, tail)
}

func (l *loader) choice(f *fields, s *state, in scopeInfo) {
	f.inputOutput(s, in)
	s.fallback, _ = f.string("Default")
	if f.has("Default") && s.fallback == "" {
		f.problem("Default must not be empty")
	}
	if !f.has("Choices") {
		f.problem("Choices is missing")
	}
	for i, v := range f.array("Choices") {
		at := fmt.Sprintf("%s: Choices[%d]", f.at, i)
		if r := l.rule(v, at, 0, in); r != nil {
			s.choices = append(s.choices, r)
		}
	}
}

func (l *loader) rule(v any, at string, depth int, in scopeInfo) *rule {
	f := l.object(v, at)
	if f == nil {
		return nil
	}
	f.comment()
	r := &rule{}
	if depth == 0 {
		r.next = f.requiredString("Next")
	} else if _, ok := f.take("Next"); ok {
		f.problem("Next is allowed only at the top of a rule")
	}
	kinds := 0
	for _, name := range []string{"And", "Or", "Not"} {
		if f.has(name) {
			kinds++
			r.combine = name
			r.rules = l.combined(f, name, depth, in)
		}
	}
	if f.has("Variable") || kinds == 0 {
		kinds++
		f.comparison(r, in)
	}
	if kinds > 1 {
		f.problem("must be either one comparison, or one of And, Or, Not")
	}
	f.done("is no field of a rule and no operator")
	return r
}

func (l *loader) combined(f *fields, name string, depth int, in scopeInfo) []*rule {
	if name == "Not" {
		v, _ := f.take(name)
		return []*rule{l.rule(v, f.at+".Not", depth+1, in)}
	}
	list := f.array(name)
	out := make([]*rule, 0, len(list))
	for i, v := range list {
		out = append(out, l.rule(v, fmt.Sprintf("%s.%s[%d]", f.at, name, i), depth+1, in))
	}
	return out
}

// comparison reads Variable and exactly one operator.
func (f *fields) comparison(r *rule, in scopeInfo) {
	r.variable = f.path("Variable", anyPath, in)
	if !f.has("Variable") {
		f.problem("Variable is missing")
	}
	n := 0
	for _, name := range sortedKeys(f.all) {
		base, isPath := strings.CutSuffix(name, "Path")
		op, known := operators[name]
		if !known {
			if op, known = operators[base]; !known || !isPath || !op.path {
				continue
			}
		} else {
			isPath = false
		}
		n++
		r.operator, r.test = name, op.test
		if isPath {
			r.from = f.path(name, anyPath, in)
			continue
		}
		r.operand, _ = f.take(name)
		if err := op.operand(r.operand); err != nil {
			f.problem("%s %v", name, err)
		}
	}
	if n != 1 {
		f.problem("needs exactly one comparison operator, has %d", n)
	}
}

// choose finds the next state of a Choice.
func (s *state) choose(input any, sc *scope) (string, *Error) {
	for _, r := range s.choices {
		ok, err := r.holds(input, sc)
		if err != nil {
			return "", err
		}
		if ok {
			return r.next, nil
		}
	}
	if s.fallback == "" {
		return "", fail(ErrNoChoiceMatched, "No rule of the Choice state '%s' matches, and it has no Default", s.name)
	}
	return s.fallback, nil
}

// holds evaluates a rule; And and Or stop at the first that decides, so that IsPresent can guard what follows.
func (r *rule) holds(input any, sc *scope) (bool, *Error) {
	if r.combine == "" {
		return r.compare(input, sc)
	}
	for _, inner := range r.rules {
		ok, err := inner.holds(input, sc)
		if err != nil {
			return false, err
		}
		switch {
		case r.combine == "Not":
			return !ok, nil
		case ok == (r.combine == "Or"):
			return ok, nil
		}
	}
	return r.combine == "And", nil
}

func (r *rule) compare(input any, sc *scope) (bool, *Error) {
	value, err := r.variable.get(input, sc)
	if r.operator == "IsPresent" {
		return (err == nil) == r.operand, nil
	}
	if err != nil {
		return false, fail(ErrRuntime, "Invalid path '%s': The choice state's condition path references an invalid value.", r.variable.text)
	}
	operand := r.operand
	if r.from != nil {
		if operand, err = r.from.get(input, sc); err != nil {
			return false, fail(ErrRuntime, "Invalid path '%s': The choice state's condition path references an invalid value.", r.from.text)
		}
	}
	return r.test(value, operand), nil
}
