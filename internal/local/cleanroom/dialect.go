package cleanroom

// What DuckDB parses is wider than Clean Rooms' SQL, and its syntax tree forgets how things were written: FROM x is the
// tree of SELECT * FROM x, x::int that of a CAST, count_star() that of count(*). So the tree is compared with the text.

// dialect refuses what only DuckDB understands, and what it understands otherwise than Clean Rooms does.
func (q *query) dialect(words script) error {
	for i, word := range words {
		switch {
		case word.kind == wordToken && duckWords[word.text]:
			return deny(word.at, "%s is not allowed in a query of a clean room", word.text)
		case word.kind == nameToken && words.is(i+1, "("):
			return deny(word.at, "write the names of functions without quotes")
		}
	}
	return q.walk(visitor{expr: func(e *expr) error { return e.dialect(words) }})
}

// duckWords mark forms that leave no trace in the syntax tree.
var duckWords = set("fetch", "isnull", "notnull", "materialized", "symmetric", "try_cast", "lateral", "any", "some", "window")

func (e *expr) dialect(words script) error {
	switch e.kind {
	case starExpr:
		if i := words.find(e.at); !words.is(i, "*") && (!words.is(i+1, ".") || !words.is(i+2, "*")) {
			return deny(e.at, "begin with SELECT: FROM alone is not SQL of Clean Rooms")
		}
	case castExpr:
		return e.castDialect(words)
	case functionExpr:
		return e.functionDialect(words)
	case compoundExpr:
		if i := words.find(e.at); e.name != "" && !words.is(i, e.name) {
			return deny(e.at, "this window function is not allowed here")
		}
	}
	return nil
}

// writtenOtherwise are functions that the parser makes of other syntax: operators, LIKE, count(*), INTERVAL. Called by
// name they exist in DuckDB only.
var writtenOtherwise = set("+", "-", "*", "/", "%", "||", "~~", "!~~", "~~*", "!~~*",
	"like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape", "count_star",
	"to_years", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds", "trunc")

// dateUnits are the parts of dates that both engines number alike; of weekdays and seconds they do not.
var dateUnits = set("year", "quarter", "month", "week", "day", "hour", "minute")

func (e *expr) functionDialect(words script) error {
	i := words.find(e.at)
	called := i >= 0 && words[i].kind == wordToken && words[i].text == e.name
	if called == writtenOtherwise[e.name] && !otherSpelling(e.name, words, i) {
		return deny(e.at, "this function is not allowed; see docs/clean-room.md for those that are")
	}
	switch e.name {
	case "trim", "ltrim", "rtrim":
		if len(e.args) > 1 && !words.inside(i, "from") {
			return deny(e.at, "write TRIM(BOTH 'x' FROM text): the two engines take two arguments in different orders")
		}
	case "date_part", "date_trunc":
		if len(e.args) == 0 || e.args[0].kind != constantExpr || !dateUnits[lower(e.args[0].text)] {
			return deny(e.at, "the unit of a date must be one of 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute'")
		}
	case "to_years", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds":
		return e.intervalDialect()
	}
	return nil
}

// otherSpelling knows the functions that SQL has a syntax of their own for.
func otherSpelling(name string, words script, i int) bool {
	switch name {
	case "date_part":
		return words.is(i, "extract")
	case "ltrim", "rtrim":
		return words.is(i, "trim")
	}
	return false
}

// intervalDialect wants INTERVAL 1 DAY: a constant, which DuckDB wraps in casts that nobody wrote. They are taken off,
// so that they are not judged as if somebody had.
func (e *expr) intervalDialect() error {
	inner := e
	for len(inner.args) == 1 && (inner == e || inner.kind == castExpr || inner.name == "trunc") {
		inner = inner.args[0]
	}
	if inner.kind != constantExpr {
		return deny(e.at, "an INTERVAL must have a constant length")
	}
	e.args = nil
	return nil
}

// castNames are the types that a CAST may be written with.
var castNames = set("string", "varchar", "char", "tinyint", "smallint", "int", "integer", "bigint", "decimal", "numeric",
	"float", "real", "double", "boolean", "date", "timestamp")

// castDialect looks at the type as it was written. A cast that stands nowhere is DATE '…', TIMESTAMP '…', TRUE or FALSE.
func (e *expr) castDialect(words script) error {
	if e.at < 0 && len(e.args) == 1 && e.args[0].kind == constantExpr {
		return nil
	}
	i := words.find(e.at)
	if !words.is(i, "cast") {
		return deny(e.at, "write a cast as CAST(x AS type)")
	}
	as, end := words.closing(i, "as")
	written := words[min(as+1, end):end]
	plain := len(written) == 1
	scaled := len(written) == 6 && (written[0].text == "decimal" || written[0].text == "numeric")
	if as < 0 || (!plain && !scaled) || written[0].kind != wordToken || !castNames[written[0].text] {
		return deny(e.at, "a cast may go to STRING, an integer type, DECIMAL(p, s), FLOAT, DOUBLE, BOOLEAN, DATE or TIMESTAMP")
	}
	return nil
}
