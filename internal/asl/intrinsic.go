package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxIntrinsicDepth is how deep intrinsic functions may be nested (Developer Guide, "Intrinsic functions").
const maxIntrinsicDepth = 10

// literal is a string, number, true, false or null among the arguments of an intrinsic function. raw keeps the escapes
// of a string, which States.Format needs to tell \{ from {.
type literal struct {
	value any
	raw   string
}

func (l literal) eval(any, *scope) (any, error) { return l.value, nil }

// call is a call of an intrinsic function.
type call struct {
	name string
	fn   function
	args []expression
}

func (c *call) eval(input any, sc *scope) (any, error) {
	args := make([]any, len(c.args))
	for i, a := range c.args {
		v, err := a.eval(input, sc)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	if c.name == formatFunction {
		// The template keeps its escapes: Format itself must tell \{\} from {}.
		if l, ok := c.args[0].(literal); ok && l.raw != "" {
			args[0] = l.raw
		}
	}
	v, err := c.fn.do(args, sc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return v, nil
}

// paths calls do for every path among the arguments, at any depth.
func (c *call) paths(do func(*path)) {
	for _, a := range c.args {
		eachPath(a, do)
	}
}

func eachPath(e expression, do func(*path)) {
	switch e := e.(type) {
	case pathExpression:
		do(e.path)
	case *call:
		e.paths(do)
	}
}

// parser reads one intrinsic function call.
type parser struct {
	text string
	pos  int
}

// parseIntrinsic reads a call such as States.Format('{}/{}', $.a, $$.Execution.Name).
func parseIntrinsic(text string) (*call, error) {
	p := &parser{text: text}
	c, err := p.call(1)
	if err != nil {
		return nil, fmt.Errorf("intrinsic function %q: %w", text, err)
	}
	if p.pos != len(text) {
		return nil, fmt.Errorf("intrinsic function %q: unexpected text after the call", text)
	}
	return c, nil
}

var (
	functionName = regexp.MustCompile(`^States\.[A-Za-z0-9]+`)
	numberText   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`)
)

func (p *parser) rest() string { return p.text[p.pos:] }

func (p *parser) spaces() {
	p.pos = len(p.text) - len(strings.TrimLeft(p.rest(), " \t\r\n"))
}

func (p *parser) accept(token string) bool {
	if !strings.HasPrefix(p.rest(), token) {
		return false
	}
	p.pos += len(token)
	return true
}

func (p *parser) call(depth int) (*call, error) {
	if depth > maxIntrinsicDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxIntrinsicDepth)
	}
	name := functionName.FindString(p.rest())
	p.pos += len(name)
	fn, known := functions[name]
	if !known {
		return nil, fmt.Errorf("no function %s", name)
	}
	if !p.accept("(") {
		return nil, fmt.Errorf("no ( after %s", name)
	}
	c := &call{name: name, fn: fn}
	for p.spaces(); !p.accept(")"); p.spaces() {
		if len(c.args) > 0 && !p.accept(",") {
			return nil, fmt.Errorf("no , or ) after argument %d of %s", len(c.args), name)
		}
		p.spaces()
		arg, err := p.argument(depth)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
	}
	if len(c.args) < fn.min || fn.max >= 0 && len(c.args) > fn.max {
		return nil, fmt.Errorf("%s does not take %d arguments", name, len(c.args))
	}
	return c, c.check()
}

// check finds what can be known to fail before it runs.
func (c *call) check() error {
	if c.name == formatFunction {
		l, ok := c.args[0].(literal)
		if !ok {
			return nil
		}
		if _, isString := l.value.(string); !isString {
			return errors.New("the first argument of States.Format must be a string")
		}
		parts, err := splitFormat(l.raw)
		if err == nil && len(parts)-1 != len(c.args)-1 {
			err = fmt.Errorf("%d places {} for %d values", len(parts)-1, len(c.args)-1)
		}
		return err
	}
	if c.name == "States.Hash" {
		if l, ok := c.args[1].(literal); ok {
			if s, _ := l.value.(string); !slices.Contains(hashNames, s) {
				return fmt.Errorf("States.Hash knows the algorithms %s", strings.Join(hashNames, ", "))
			}
		}
	}
	return nil
}

func (p *parser) argument(depth int) (expression, error) {
	switch {
	case strings.HasPrefix(p.rest(), "'"):
		return p.string()
	case strings.HasPrefix(p.rest(), "$"):
		return p.path()
	case strings.HasPrefix(p.rest(), "States."):
		return p.call(depth + 1)
	case p.accept("true"):
		return literal{value: true}, nil
	case p.accept("false"):
		return literal{value: false}, nil
	case p.accept("null"):
		return literal{}, nil
	}
	n := numberText.FindString(p.rest())
	if n == "" {
		return nil, fmt.Errorf("unexpected text at character %d", p.pos+1)
	}
	p.pos += len(n)
	return literal{value: json.Number(n)}, nil
}

// string reads '…'. The escapes are \' \{ \} and \\; any other backslash is an error, as on AWS.
func (p *parser) string() (expression, error) {
	start := p.pos + 1
	for i := start; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case '\'':
			raw := p.text[start:i]
			p.pos = i + 1
			value, err := unescape(raw)
			return literal{value: value, raw: raw}, err
		}
	}
	return nil, fmt.Errorf("string at character %d has no end", start)
}

func unescape(raw string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' {
			i++
			if i == len(raw) || !strings.ContainsRune(`'{}\`, rune(raw[i])) {
				return "", errors.New(`only \' \{ \} and \\ may follow a backslash`)
			}
		}
		b.WriteByte(raw[i])
	}
	return b.String(), nil
}

// path reads up to the comma or parenthesis that ends the argument.
func (p *parser) path() (expression, error) {
	inBracket, quote := false, byte(0)
	end := p.pos
scan:
	for ; end < len(p.text); end++ {
		c := p.text[end]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case inBracket && (c == '\'' || c == '"'):
			quote = c
		case c == '[' || c == ']':
			inBracket = c == '['
		case !inBracket && strings.IndexByte(",) \t\r\n", c) >= 0:
			break scan
		}
	}
	parsed, err := parsePath(p.text[p.pos:end])
	if err != nil {
		return nil, err
	}
	p.pos = end
	return pathExpression{parsed}, nil
}
