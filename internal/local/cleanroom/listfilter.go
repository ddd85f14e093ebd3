package cleanroom

import "slices"

// filter allows in WHERE what the User Guide lists: columns, literals, mathematical operators, comparisons, AND and OR.
// A join column may be used in ON only, so the columns are list columns.
func (l *listQuery) filter(e *expr) error {
	if e == nil {
		return nil
	}
	if e.kind == columnExpr {
		alias, name, err := l.column(e)
		if err != nil {
			return err
		}
		if t := l.tables[alias]; !slices.Contains(t.AnalysisRule.ListColumns, name) {
			return deny(e.at, "WHERE may use list columns only, and %s.%s is none (list_columns)", t.Name, name)
		}
		return nil
	}
	if err := filterForm(e); err != nil {
		return err
	}
	for _, arg := range e.args {
		if err := l.filter(arg); err != nil {
			return err
		}
	}
	return nil
}

// filterForm looks at an expression itself, not at what is in it.
func filterForm(e *expr) error {
	switch e.kind {
	case andExpr, orExpr:
		return nil
	case functionExpr:
		if listOperators[e.name] {
			return nil
		}
	case compareExpr, logicExpr:
		if listConditions[e.name] {
			return nil
		}
		if e.name != "OPERATOR_COALESCE" {
			return deny(e.at, "a LIST rule allows in WHERE only =, <>, <, <=, >, >=, IN, LIKE, IS NULL, NOT, AND and OR")
		}
	case constantExpr, castExpr:
		if e.kind == constantExpr && e.name != "BOOLEAN" && e.name != "NULL" {
			return nil
		}
		return deny(e.at, "a LIST rule allows no casts and no other literals than strings and numbers")
	default:
		return deny(e.at, "a LIST rule allows in WHERE only columns, literals, mathematical operators and comparisons")
	}
	return deny(e.at, "a LIST rule allows no functions: compute the value before the query")
}

// listOperators are all that a LIST rule allows in WHERE: mathematical operators and LIKE.
var listOperators = set("+", "-", "*", "/", "%", "~~", "!~~", "like_escape", "not_like_escape")

// listConditions are the comparisons that a LIST rule allows in WHERE: =, <>, <, >, <=, >=, NOT, IN, NOT IN, IS NULL and
// IS NOT NULL.
var listConditions = set("COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_LESSTHAN", "COMPARE_GREATERTHAN", "COMPARE_LESSTHANOREQUALTO",
	"COMPARE_GREATERTHANOREQUALTO", "OPERATOR_NOT", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL")
