package cleanroom

import "strings"

// lex cuts a query into tokens. It knows only what Clean Rooms' SQL and DuckDB read alike, and refuses the rest: most
// of DuckDB's own inventions are gone before anything parses them. Parameters (:name) belong to templates.
func lex(text string, template bool) (script, error) {
	var out script
	for i := 0; i < len(text); {
		next, t, err := scan(text, i, template)
		if err != nil {
			return nil, err
		}
		if t.text != "" {
			if err := out.adjoin(t); err != nil {
				return nil, err
			}
			out = append(out, t)
		}
		i = next
	}
	return out, nil
}

// adjoin refuses another beginning than a SELECT's, and neighbours that the two engines read differently.
func (s script) adjoin(t token) error {
	switch {
	case len(s) == 0 && t.text != "select" && t.text != "with" && t.text != "(":
		return deny(t.at, "only a SELECT may run in a clean room")
	case len(s) == 0 || t.kind != stringToken:
		return nil
	}
	switch last := s[len(s)-1]; {
	case last.kind == stringToken:
		return deny(t.at, "two strings side by side are not allowed: write a || b")
	case last.kind == wordToken && last.at+len(last.text) == t.at:
		return deny(t.at, "put a space before a string: prefixed strings are not allowed")
	case last.kind == wordToken && !beforeString[last.text]:
		return deny(t.at, "write CAST('…' AS type): only DATE, TIMESTAMP and INTERVAL may stand before a string")
	}
	return nil
}

// beforeString are the words that a string may follow.
var beforeString = set("date", "timestamp", "interval", "select", "distinct", "all", "and", "or", "not", "like", "ilike", "escape",
	"between", "when", "then", "else", "case", "on", "where", "having", "by", "from", "both", "leading", "trailing")

// scan reads the token at i, or white space or a comment as a token without text.
func scan(text string, i int, template bool) (next int, t token, err error) {
	c := text[i]
	switch {
	case strings.IndexByte(" \t\r\n", c) >= 0:
		return i + 1, token{}, nil
	case strings.HasPrefix(text[i:], "--"), strings.HasPrefix(text[i:], "/*"):
		next, err = comment(text, i)
		return next, token{}, err
	case c == '_' || letter(c):
		next = i + spanOf(text[i:], wordByte)
		return next, token{kind: wordToken, at: i, text: lower(text[i:next])}, nil
	case digit(c) || c == '\'' || c == '"':
		return literalToken(text, i)
	case c == ':' && template:
		if n := spanOf(text[i+1:], wordByte); n > 0 {
			next = i + 1 + n
			return next, token{kind: parameterToken, at: i, text: text[i+1 : next]}, nil
		}
	}
	for _, sign := range signs {
		if strings.HasPrefix(text[i:], sign) {
			return i + len(sign), token{kind: signToken, at: i, text: sign}, nil
		}
	}
	return i, t, unknownSign(text, i)
}

// literalToken reads a number, a string or a name in quotes.
func literalToken(text string, i int) (next int, t token, err error) {
	if digit(text[i]) {
		next, err = number(text, i)
	} else {
		next, err = quoted(text, i)
	}
	if err != nil {
		return next, t, err
	}
	switch text[i] {
	case '\'':
		return next, token{kind: stringToken, at: i, text: text[i:next]}, nil
	case '"':
		return next, token{kind: nameToken, at: i, text: text[i+1 : next-1]}, nil
	}
	return next, token{kind: numberToken, at: i, text: text[i:next]}, nil
}

// signs are the operators and punctuation, longer ones first.
var signs = []string{"<=", ">=", "<>", "!=", "||", "==", "(", ")", ",", ".", ";", "*", "+", "-", "/", "%", "=", "<", ">"}

func unknownSign(text string, i int) error {
	switch c := text[i]; {
	case strings.HasPrefix(text[i:], "::"):
		return deny(i, "write CAST(x AS type), not ::")
	case c == ':' || c == '?' || c == '$':
		return deny(i, "only an analysis template takes parameters, written :name")
	case c == '`':
		return deny(i, "put names into double quotes, not backquotes")
	case c == '[' || c == ']' || c == '{' || c == '}':
		return deny(i, "arrays, maps and structs are not allowed")
	case c >= 0x80:
		return deny(i, "outside of strings and comments only ASCII characters are allowed")
	}
	return deny(i, "this sign is not allowed in a query of a clean room")
}

// comment gives the end of a comment. The engines disagree on comments inside comments.
func comment(text string, i int) (int, error) {
	if text[i] == '-' {
		if end := strings.IndexByte(text[i:], '\n'); end >= 0 {
			return i + end + 1, nil
		}
		return len(text), nil
	}
	end := strings.Index(text[i+2:], "*/")
	switch {
	case end < 0:
		return 0, deny(i, "a comment does not end")
	case strings.Contains(text[i+2:i+2+end], "/*"):
		return 0, deny(i, "comments inside comments are not allowed")
	}
	return i + 2 + end + 2, nil
}

// quoted gives the end of a string or of a name in quotes. In strings a backslash and a doubled quote mean one thing to
// Spark and another to DuckDB; names hold what names of columns can hold.
func quoted(text string, i int) (int, error) {
	quote := text[i : i+1]
	end := strings.Index(text[i+1:], quote)
	if end < 0 {
		return 0, deny(i, "a quote does not end (syntax error)")
	}
	inner, next := text[i+1:i+1+end], i+1+end+1
	doubled := strings.HasPrefix(text[next:], quote)
	switch {
	case quote == `'` && (doubled || strings.Contains(inner, `\`)):
		return 0, deny(i, "a string must not hold quotes or backslashes: Clean Rooms and this machine read them differently; give it as a template's parameter")
	case quote == `"` && (doubled || inner == "" || spanOf(inner, nameByte) < len(inner)):
		return 0, deny(i, "a name in quotes may hold ASCII letters, digits, _, - and spaces only")
	}
	return next, nil
}

// number gives the end of 1, 1.5 or 1.5e-3.
func number(text string, i int) (int, error) {
	end := i + spanOf(text[i:], digit)
	if strings.HasPrefix(text[end:], ".") {
		end++
		end += spanOf(text[end:], digit)
	}
	if rest := text[end:]; rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		signed := 1
		if len(rest) > 1 && (rest[1] == '+' || rest[1] == '-') {
			signed = 2
		}
		if n := spanOf(rest[signed:], digit); n > 0 {
			end += signed + n
		}
	}
	if end < len(text) && wordByte(text[end]) {
		return 0, deny(i, "a number holds digits, a point and an exponent only")
	}
	return end, nil
}

// spanOf counts the leading bytes of a kind.
func spanOf(text string, kind func(byte) bool) int {
	n := 0
	for n < len(text) && kind(text[n]) {
		n++
	}
	return n
}

func letter(c byte) bool   { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') }
func digit(c byte) bool    { return c >= '0' && c <= '9' }
func wordByte(c byte) bool { return c == '_' || letter(c) || digit(c) }
func nameByte(c byte) bool { return c == ' ' || c == '-' || wordByte(c) }
