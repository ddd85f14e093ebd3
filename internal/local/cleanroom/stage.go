package cleanroom

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
)

// DuckDB joins and removes duplicates in one go, and each of the two believes that the memory is its own: ten million
// rows would not fit into a few hundred megabytes. And it compares every row with every other for a join with an OR. So
// a SELECT DISTINCT runs in stages: its rows are written to the spill folder first, once for each side of an OR, and
// then read back without duplicates. The result is the same, as sets are.

// stages are the queries whose rows SELECT DISTINCT * … limit then reads. A query that is no plain SELECT DISTINCT has none.
type stages struct {
	queries []string
	limit   string // " LIMIT n", or empty
}

// maxBranches bounds how many queries the ORs of one become.
const maxBranches = 16

// stage takes a syntax tree apart. Branches says whether ORs in its joins may become queries of their own: that is right
// where every join is an INNER JOIN, as under a LIST rule.
func (p *parser) stage(ctx context.Context, tree json.RawMessage, branches bool) (stages, error) {
	var s stages
	root, node, err := selectNode(tree)
	if err != nil || node == nil {
		return s, err
	}
	modifiers, _ := node["modifiers"].([]any)
	distinct := false
	for _, m := range modifiers {
		modifier, _ := m.(map[string]any)
		limit, _ := modifier["limit"].(map[string]any)
		value, _ := limit["value"].(map[string]any)
		number, _ := value["value"].(json.Number)
		switch {
		case modifier["type"] == "DISTINCT_MODIFIER":
			distinct = true
		case modifier["type"] == "LIMIT_MODIFIER" && number != "" && modifier["offset"] == nil:
			s.limit = " LIMIT " + number.String()
		default:
			return stages{}, nil // an order is of the rows without duplicates
		}
	}
	if !distinct {
		return stages{}, nil
	}
	node["modifiers"] = []any{}
	froms := []any{node["from_table"]}
	if branches {
		if split := splitJoins(node["from_table"]); len(split) <= maxBranches {
			froms = split
		}
	}
	for _, from := range froms {
		node["from_table"] = from
		encoded, err := json.Marshal(root)
		if err != nil {
			return s, invalidQuery("the query is nested too deeply")
		}
		text, err := p.write(ctx, encoded)
		if err != nil {
			return s, err
		}
		s.queries = append(s.queries, text)
	}
	return s, nil
}

// selectNode gives the tree's root and its one SELECT, or none when it is a set operation.
func selectNode(tree json.RawMessage) (root []any, node map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(tree))
	decoder.UseNumber() // locations do not fit a float
	if err := decoder.Decode(&root); err != nil {
		return nil, nil, invalidQuery("the query is nested too deeply")
	}
	for _, statement := range root {
		s, _ := statement.(map[string]any)
		node, _ = s["node"].(map[string]any)
	}
	if node["type"] != "SELECT_NODE" {
		node = nil
	}
	return root, node, nil
}

// splitJoins gives a FROM clause once for each way to choose a side of every OR in it. Their rows together are the
// clause's own, some of them twice.
func splitJoins(from any) []any {
	join, _ := from.(map[string]any)
	if join["type"] != "JOIN" {
		return []any{from}
	}
	var out []any
	for _, left := range splitJoins(join["left"]) {
		for _, right := range splitJoins(join["right"]) {
			for _, condition := range splitCondition(join["condition"]) {
				one := copied(join)
				one["left"], one["right"], one["condition"] = left, right, condition
				if out = append(out, one); len(out) > maxBranches {
					return out // too many to be of use
				}
			}
		}
	}
	return out
}

// splitCondition brings a condition of AND and OR into the form (… AND …) OR (… AND …), and gives its sides.
func splitCondition(condition any) []any {
	c, _ := condition.(map[string]any)
	children, _ := c["children"].([]any)
	switch c["type"] {
	case "CONJUNCTION_OR":
		var out []any
		for _, child := range children {
			out = append(out, splitCondition(child)...)
		}
		return out
	case "CONJUNCTION_AND":
		return allOf(c, children)
	}
	return []any{condition}
}

// allOf splits a condition of AND.
func allOf(condition map[string]any, children []any) []any {
	choices := [][]any{{}} // a side of each child
	for _, child := range children {
		var longer [][]any
		for _, begun := range choices {
			for _, side := range splitCondition(child) {
				longer = append(longer, append(slices.Clip(begun), side))
			}
		}
		if choices = longer; len(choices) > maxBranches {
			break // likewise
		}
	}
	out := make([]any, len(choices))
	for i, choice := range choices {
		one := copied(condition)
		one["children"] = choice
		out[i] = one
	}
	return out
}

func copied(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
