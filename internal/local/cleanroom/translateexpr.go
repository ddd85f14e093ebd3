package cleanroom

import (
	"encoding/json"
	"strings"
)

func translateAll(raw []*rawExpr) ([]*expr, error) {
	var all []*expr
	for _, r := range raw {
		e, err := translateOptional(r)
		if err != nil {
			return nil, err
		}
		if e != nil {
			all = append(all, e)
		}
	}
	return all, nil
}

func translateOrders(orders []rawOrder) ([]*expr, error) {
	raw := make([]*rawExpr, len(orders))
	for i, o := range orders {
		raw[i] = o.Expression
	}
	return translateAll(raw)
}

// translateOptional translates one expression; none is nil.
func translateOptional(r *rawExpr) (*expr, error) {
	if r == nil {
		return nil, nil
	}
	e := &expr{at: offset(r.Location), alias: lower(r.Alias)}
	err := e.fill(r)
	return e, err
}

func (e *expr) fill(r *rawExpr) error {
	switch r.Class {
	case "COLUMN_REF":
		e.kind, e.path = columnExpr, lowerAll(r.ColumnNames)
		return nil
	case "CONSTANT":
		return e.constant(r)
	case "CAST":
		return e.cast(r)
	case "STAR":
		return e.star(r)
	case "COMPARISON", "CONJUNCTION", "OPERATOR", "BETWEEN":
		return e.condition(r)
	case "FUNCTION":
		return e.function(r)
	case "WINDOW":
		return e.window(r)
	case "CASE":
		return e.choice(r)
	case "SUBQUERY":
		return e.subquery(r)
	case "LAMBDA":
		return deny(e.at, "lambda functions are not allowed")
	case "PARAMETER":
		return deny(e.at, "only an analysis template takes parameters")
	}
	return unknownForm(e.at)
}

// take adds expressions to the arguments.
func (e *expr) take(raw ...*rawExpr) error {
	args, err := translateAll(raw)
	e.args = append(e.args, args...)
	return err
}

func (e *expr) constant(r *rawExpr) error {
	if r.Value == nil {
		return unknownForm(e.at)
	}
	e.kind, e.name = constantExpr, r.Value.Type.ID
	if e.name == "VARCHAR" && json.Unmarshal(r.Value.Value, &e.text) != nil {
		return unknownForm(e.at)
	}
	switch e.name {
	case "VARCHAR", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE", "BOOLEAN", "NULL":
		return nil
	}
	return deny(e.at, "constants are strings, numbers, booleans or NULL")
}

// castTypes are DuckDB's names of types that Clean Rooms' SQL has too.
var castTypes = map[string]bool{
	"VARCHAR": true, "TINYINT": true, "SMALLINT": true, "INTEGER": true, "BIGINT": true, "DECIMAL": true, "FLOAT": true,
	"DOUBLE": true, "BOOLEAN": true, "DATE": true, "TIMESTAMP": true,
}

func (e *expr) cast(r *rawExpr) error {
	if r.CastType == nil || !castTypes[r.CastType.ID] {
		return deny(e.at, "a cast may go to STRING, an integer type, DECIMAL, FLOAT, DOUBLE, BOOLEAN, DATE or TIMESTAMP")
	}
	e.kind, e.name = castExpr, r.CastType.ID
	return e.take(r.Child)
}

func (e *expr) star(r *rawExpr) error {
	if r.Columns || !absent(r.Expr) || len(r.ExcludeList)+len(r.QualifiedExclude)+len(r.ReplaceList)+len(r.RenameList) > 0 {
		return deny(e.at, "write * or table.* alone, or name the columns")
	}
	e.kind, e.name = starExpr, lower(r.RelationName)
	return nil
}

func (e *expr) choice(r *rawExpr) error {
	e.kind = compoundExpr
	for _, c := range r.CaseChecks {
		if err := e.take(c.When, c.Then); err != nil {
			return err
		}
	}
	return e.take(r.Else)
}

func (e *expr) condition(r *rawExpr) error {
	switch r.Class {
	case "COMPARISON":
		e.kind, e.name = compareExpr, r.Type
		return e.take(r.Left, r.Right)
	case "BETWEEN":
		e.kind, e.name = logicExpr, r.Class
		return e.take(r.Input, r.Lower, r.Upper)
	}
	switch r.Type {
	case "CONJUNCTION_AND":
		e.kind = andExpr
		return e.take(r.Children...)
	case "CONJUNCTION_OR":
		e.kind = orExpr
		return e.take(r.Children...)
	case "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE":
		e.kind, e.name = logicExpr, r.Type
		return e.take(r.Children...)
	}
	return unknownForm(e.at)
}

func (e *expr) function(r *rawExpr) error {
	if r.Catalog != "" || (r.Schema != "" && r.Schema != "main") || r.ExportState {
		return unknownForm(e.at)
	}
	if r.OrderBys != nil && len(r.OrderBys.Orders) > 0 {
		return deny(e.at, "ORDER BY inside an aggregate is not allowed")
	}
	e.kind, e.name = functionExpr, lower(r.FunctionName)
	if err := e.take(r.Children...); err != nil {
		return err
	}
	return e.take(r.Filter)
}

func (e *expr) window(r *rawExpr) error {
	if r.Catalog != "" || r.Schema != "" {
		return unknownForm(e.at)
	}
	e.kind, e.name = compoundExpr, lower(r.FunctionName)
	if !allowedFunctions[e.name] {
		return deny(e.at, "this window function is not allowed; see docs/clean-room.md for those that are")
	}
	if r.IgnoreNulls || r.Distinct || r.FilterExpr != nil || len(r.ArgOrders) > 0 || r.ExcludeClause != "NO_OTHER" ||
		strings.HasSuffix(r.Start, "GROUPS") || strings.HasSuffix(r.End, "GROUPS") {
		return deny(e.at, "a window takes PARTITION BY, ORDER BY and a frame of ROWS or RANGE only")
	}
	orders, err := translateOrders(r.Orders)
	if err != nil {
		return err
	}
	e.args = orders
	if err := e.take(r.Children...); err != nil {
		return err
	}
	if err := e.take(r.Partitions...); err != nil {
		return err
	}
	return e.take(r.StartExpr, r.EndExpr, r.OffsetExpr, r.DefaultExpr)
}

func (e *expr) subquery(r *rawExpr) (err error) {
	switch r.SubqueryType {
	case "SCALAR", "EXISTS", "NOT_EXISTS":
	case "ANY": // IN (SELECT …)
		if r.ComparisonType != "COMPARE_EQUAL" {
			return unknownForm(e.at)
		}
	default:
		return unknownForm(e.at)
	}
	e.kind = compoundExpr
	if e.sub, err = translate(r.Subquery); err != nil {
		return err
	}
	return e.take(r.Child)
}
