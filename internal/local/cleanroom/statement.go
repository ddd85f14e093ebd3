package cleanroom

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A statement is a query that passed the rules: what it will run, and the tables that it reads.
type statement struct {
	sql    string // written by DuckDB from the syntax tree that was checked
	tables []*Table
	stages stages
}

// A parser turns SQL into syntax trees and back, by DuckDB itself: what is judged is what DuckDB understood.
type parser struct{ db *sql.DB }

// statement judges a query. What runs later is not the caller's text but the text that DuckDB writes from the tree,
// parsed and judged once more: there is no comment, no second reading and no trick of layout left in it.
func (p *parser) statement(ctx context.Context, room *RoomFile, in *SQLParameters) (*statement, error) {
	text, words, a, err := p.prepare(room, in)
	if err != nil {
		return nil, err
	}
	var parameters map[string]any
	if a.template != nil {
		if parameters, err = a.template.values(in.Parameters); err != nil {
			return nil, err
		}
	}
	tree, err := p.parse(ctx, text)
	if err != nil {
		return nil, err
	}
	if tree, err = substitute(tree, parameters); err != nil {
		return nil, err
	}
	if _, err := a.judge(tree, text, words); err != nil {
		return nil, err
	}
	var out statement
	if out.sql, err = p.write(ctx, tree); err != nil {
		return nil, err
	}
	again, err := p.parse(ctx, out.sql)
	if err != nil {
		return nil, err
	}
	if out.tables, err = a.judge(again, "", nil); err != nil {
		return nil, err
	}
	out.stages, err = p.stage(ctx, again, out.tables[0].AnalysisRule.Type == ruleList)
	return &out, err
}

// prepare finds the text to parse, the caller's or the template's, and its tokens.
func (p *parser) prepare(room *RoomFile, in *SQLParameters) (string, script, *analysis, error) {
	a := &analysis{room: room}
	text := in.QueryString
	if in.AnalysisTemplateArn != "" {
		if a.template = room.template(in.AnalysisTemplateArn); a.template == nil {
			return "", nil, nil, refuse(nameNotFound, "", "the room has no such analysis template")
		}
		text = a.template.SQL
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", nil, nil, invalidQuery("the query is not valid UTF-8 text")
	}
	words, err := lex(text, a.template != nil)
	if err == nil && a.template != nil {
		text, err = a.template.markParameters()
	}
	if err != nil {
		return "", nil, nil, located(err, text)
	}
	return text, words, a, nil
}

// parse gives the query's statements as JSON.
func (p *parser) parse(ctx context.Context, text string) (json.RawMessage, error) {
	var answer []byte
	if err := p.db.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", text).Scan(&answer); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, invalidQuery("the query cannot be parsed")
	}
	var parsed struct {
		Error      bool            `json:"error"`
		ErrorType  string          `json:"error_type"`
		Position   string          `json:"position"`
		Statements json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal(answer, &parsed); err != nil {
		return nil, invalidQuery("the query is nested too deeply")
	}
	if !parsed.Error {
		return parsed.Statements, nil
	}
	if parsed.ErrorType == "not implemented" {
		return nil, invalidQuery("only a SELECT may run in a clean room")
	}
	at, err := strconv.Atoi(parsed.Position)
	if err != nil {
		return nil, invalidQuery("the query has a syntax error, or is nested too deeply")
	}
	return nil, invalidQuery("the query has a syntax error%s", place(text, at))
}

// judge applies the rules to a syntax tree. Text and words are what the caller wrote; for what DuckDB wrote there are none.
func (a *analysis) judge(tree json.RawMessage, text string, words script) (tables []*Table, err error) {
	statements, ok := decodeStatements(tree)
	switch {
	case !ok:
		return nil, invalidQuery("this form of SQL is not allowed in a clean room")
	case len(statements) != 1:
		return nil, invalidQuery("give exactly one SELECT")
	}
	if a.query, err = translate(&statements[0]); err != nil {
		return nil, located(err, text)
	}
	if tables, err = a.check(); err == nil && words != nil {
		err = a.query.dialect(words)
	}
	return tables, located(err, text)
}

// located makes a refused call of a refusal, with the place in the text.
func located(err error, text string) error {
	var refused *refusal
	if errors.As(err, &refused) {
		return invalidQuery("%s%s", refused.text, place(text, refused.at))
	}
	return err
}

// write makes SQL of a syntax tree.
func (p *parser) write(ctx context.Context, tree json.RawMessage) (string, error) {
	whole, err := json.Marshal(map[string]any{"error": false, "statements": tree})
	if err != nil {
		return "", fmt.Errorf("encode syntax tree: %w", err)
	}
	var out string
	if err := p.db.QueryRowContext(ctx, "SELECT json_deserialize_sql(?::JSON)", string(whole)).Scan(&out); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", invalidQuery("this form of SQL is not allowed in a clean room")
	}
	return out, nil
}

// substitute puts typed constants in place of parameters.
func substitute(tree json.RawMessage, values map[string]any) (json.RawMessage, error) {
	if len(values) == 0 {
		return tree, nil
	}
	var root any
	decoder := json.NewDecoder(bytes.NewReader(tree))
	decoder.UseNumber() // locations do not fit a float
	if err := decoder.Decode(&root); err != nil {
		return nil, invalidQuery("the template is nested too deeply")
	}
	return json.Marshal(replaceParameters(root, values))
}

func replaceParameters(node any, values map[string]any) any {
	switch n := node.(type) {
	case []any:
		for i := range n {
			n[i] = replaceParameters(n[i], values)
		}
	case map[string]any:
		if name, ok := n["identifier"].(string); ok && n["class"] == "PARAMETER" {
			if value, ok := values[name].(map[string]any); ok {
				return withAlias(value, n["alias"])
			}
			return n
		}
		for key := range n {
			n[key] = replaceParameters(n[key], values)
		}
		if _, ok := n["named_param_map"]; ok {
			n["named_param_map"] = []any{}
		}
	}
	return node
}

// withAlias keeps the name that a select list gave to a parameter. A value stands in several places, so it is copied.
func withAlias(value map[string]any, alias any) map[string]any {
	out := copied(value)
	out["alias"] = alias
	return out
}

// place says where in a text something stands.
func place(text string, at int) string {
	if at < 0 || at > len(text) || text == "" {
		return ""
	}
	before := text[:at]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf(" (line %d, column %d)", line, column)
}
