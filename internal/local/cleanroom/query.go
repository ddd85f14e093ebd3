package cleanroom

import "fmt"

// A query is a SELECT or a set operation, reduced to what the rules of a clean room are about. Only translating makes
// one, and translating refuses every form of SQL that it does not know: whatever is not here cannot run.
type query struct {
	ctes     []cte
	distinct bool
	items    []*expr // the select list
	from     *source // nil without FROM
	where    *expr
	grouped  bool // GROUP BY in any form
	groupBy  []*expr
	having   *expr
	orderBy  []*expr
	limited  bool // LIMIT
	skipping bool // OFFSET

	left, right *query // of a set operation, which has no items and no from
}

// A cte is WITH name AS (body).
type cte struct {
	name string
	body *query
}

// A source is a table, a subquery in FROM, or a join of two sources.
type source struct {
	at    int
	table string // in lower case; empty for others
	alias string // in lower case; the table's name when there is none
	sub   *query

	left, right *source
	join        joinKind
	on          *expr
	using       []string
}

type joinKind int

const (
	innerJoin joinKind = iota
	outerJoin
	crossJoin // also FROM a, b
)

// An expr is an expression. Its args are everything in it that is evaluated, filters and window frames included.
type expr struct {
	kind  exprKind
	at    int    // byte offset in the query's text, or -1
	alias string // in lower case
	name  string // of a function, comparison or constant's type; for a star the relation, or empty
	text  string // of a string constant

	path []string
	args []*expr
	sub  *query
}

type exprKind int

const (
	columnExpr   exprKind = iota // path: [relation,] column
	starExpr                     // name: relation or empty
	constantExpr                 // name: type
	castExpr                     // name: type
	functionExpr                 // name; operators such as + and LIKE (~~) too
	compareExpr                  // name: COMPARE_EQUAL …
	andExpr
	orExpr
	logicExpr    // NOT, IS NULL, IN, BETWEEN, COALESCE: name
	compoundExpr // CASE, window functions, subqueries: nothing that a LIST rule allows
)

// A refusal is a query that breaks a rule. Its text is made of our own words and of names that the room file holds.
type refusal struct {
	at   int
	text string
}

func (r *refusal) Error() string { return r.text }

func deny(at int, format string, args ...any) error {
	return &refusal{at: at, text: fmt.Sprintf(format, args...)}
}

// lower folds names as DuckDB compares them: ASCII only. A wider folding would take two of its names for one.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func lowerAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = lower(n)
	}
	return out
}
