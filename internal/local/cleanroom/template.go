package cleanroom

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// markParameters gives the template's SQL with :name written as $name, which is how DuckDB's parser knows parameters;
// no value comes near the text. A colon in a string or a comment is none.
func (t *Template) markParameters() (string, error) {
	words, err := lex(t.SQL, true)
	if err != nil {
		return "", err
	}
	declared, used := map[string]bool{}, map[string]bool{}
	for _, p := range t.Parameters {
		declared[p.Name] = true
	}
	out := []byte(t.SQL)
	for _, word := range words {
		if word.kind != parameterToken {
			continue
		}
		if !declared[word.text] {
			return "", deny(word.at, "this parameter is not among the template's parameters")
		}
		out[word.at] = '$'
		used[word.text] = true
	}
	if len(used) < len(declared) {
		return "", deny(-1, "each of the template's parameters must be used in its SQL, as :name")
	}
	return string(out), nil
}

// values gives each parameter's value: what the call gives, else the default.
func (t *Template) values(given map[string]string) (map[string]any, error) {
	out := map[string]any{}
	known := map[string]bool{}
	for _, p := range t.Parameters {
		known[p.Name] = true
		value, ok := given[p.Name]
		switch {
		case !ok && p.DefaultValue == nil:
			return nil, invalidField("SqlParameters.Parameters", "lacks %s, which the template needs", p.Name)
		case !ok:
			value = *p.DefaultValue
		}
		node, err := literal(p, value)
		if err != nil {
			return nil, invalidField("SqlParameters.Parameters."+p.Name, "%s", err)
		}
		out[p.Name] = node
	}
	for name := range given {
		if !known[name] {
			return nil, invalidField("SqlParameters.Parameters", "holds a parameter that the template does not have")
		}
	}
	return out, nil
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,18}(\.[0-9]{1,18})?$`)

// literal makes a typed constant of DuckDB's syntax tree from a parameter's text. Its error does not quote the value.
func literal(p Parameter, value string) (map[string]any, error) {
	text := map[string]any{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": nowhere, "value": map[string]any{
		"type": map[string]any{"id": "VARCHAR", "type_info": nil}, "is_null": false, "value": value,
	}}
	target, err := parameterType(p.Type, value)
	if err != nil {
		return nil, err
	}
	if target == "VARCHAR" {
		return text, nil
	}
	var info any
	if target == "DECIMAL" {
		_, fraction, _ := strings.Cut(value, ".")
		info = map[string]any{"type": "DECIMAL_TYPE_INFO", "alias": "", "modifiers": []any{}, "extension_info": nil, "width": 38, "scale": len(fraction)}
	}
	return map[string]any{
		"class": "CAST", "type": "OPERATOR_CAST", "alias": "", "query_location": nowhere, "child": text,
		"cast_type": map[string]any{"id": target, "type_info": info}, "try_cast": false,
	}, nil
}

// nowhere is the location of a part of a syntax tree that stands nowhere in the text.
const nowhere = json.Number("18446744073709551615")

// parameterType checks a value against its parameter's type, and gives the type's name in DuckDB.
func parameterType(name, value string) (string, error) {
	kind, ok := parameterTypes[name]
	if !ok { // CHAR, VARCHAR, STRING
		if strings.ContainsRune(value, 0) {
			return "", errors.New("must not hold a zero byte")
		}
		return "VARCHAR", nil
	}
	if !kind.fits(value) {
		return "", errors.New("must be " + kind.want)
	}
	return kind.target, nil
}

// parameterTypes are the types but for text.
var parameterTypes = map[string]struct {
	target string // in DuckDB
	want   string
	fits   func(value string) bool
}{
	"SMALLINT":         {"SMALLINT", wholeText, whole(16)},
	"INTEGER":          {"INTEGER", wholeText, whole(32)},
	"BIGINT":           {"BIGINT", wholeText, whole(64)},
	"DECIMAL":          {"DECIMAL", "a number such as 12.34", decimal.MatchString},
	"REAL":             {"FLOAT", "a number", isNumber},
	"DOUBLE_PRECISION": {"DOUBLE", "a number", isNumber},
	"BOOLEAN":          {"BOOLEAN", "true or false", func(value string) bool { return value == "true" || value == "false" }},
	"DATE":             {"DATE", "a date such as 2026-01-31", isTime(time.DateOnly)},
	"TIMESTAMP":        {"TIMESTAMP", "a time such as 2026-01-31 13:45:00", isTime(time.DateTime)},
}

const wholeText = "a whole number that fits its type"

func whole(bits int) func(string) bool {
	return func(value string) bool {
		_, err := strconv.ParseInt(value, 10, bits)
		return err == nil
	}
}

func isNumber(value string) bool {
	_, err := strconv.ParseFloat(value, 64)
	return err == nil
}

func isTime(layout string) func(string) bool {
	return func(value string) bool {
		_, err := time.Parse(layout, value)
		return err == nil
	}
}
