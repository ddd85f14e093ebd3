package cleanroom

// allowedFunctions are the functions of a query under a CUSTOM rule: those that Clean Rooms' Spark SQL and DuckDB both
// have with the same meaning. A function that only DuckDB has would make a query that fails on AWS, and some of them
// read files and settings. Functions that both have with different meanings are left out too: concat (nulls),
// regexp_replace (how many), date_add and datediff (arguments).
var allowedFunctions = set(
	// operators, LIKE, and what INTERVAL becomes
	"+", "-", "*", "/", "%", "||", "~~", "!~~", "~~*", "!~~*", "like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape",
	"to_years", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds", "trunc",
	// text
	"lower", "upper", "trim", "ltrim", "rtrim", "length", "char_length", "character_length", "substring", "substr", "replace", "translate",
	"left", "right", "lpad", "rpad", "reverse", "repeat", "split_part", "concat_ws", "contains", "position", "md5", "sha1", "sha2",
	// numbers
	"abs", "ceil", "ceiling", "floor", "round", "sqrt", "power", "pow", "exp", "ln", "mod", "sign", "greatest", "least",
	// dates
	"date_trunc", "date_part", "year", "quarter", "month", "day", "hour", "minute", "second",
	// choice
	"nullif", "ifnull",
	// aggregates
	"count", "count_star", "sum", "avg", "min", "max", "any_value", "stddev_samp", "stddev_pop", "var_samp", "var_pop", "bool_and", "bool_or",
	// windows
	"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value", "last_value", "nth_value",
)

// insteadOf says what to write for functions that people are likely to try.
var insteadOf = map[string]string{
	"concat":         "write a || b: concat treats NULL differently on AWS and here",
	"sha256":         "write sha2(x, 256), as on AWS",
	"regexp_replace": "it replaces once here and everywhere on AWS; clean the values before the query",
	"now":            "give the date as a template's parameter, so that the query can be run again",
}

// macros give DuckDB functions of Spark SQL that it lacks.
var macros = []string{
	"CREATE MACRO sha2(text, bits) AS CASE WHEN bits IN (0, 256) THEN sha256(text) ELSE error('sha2 knows 256 bits') END",
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}
