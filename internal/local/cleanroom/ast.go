package cleanroom

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// What follows mirrors the JSON that DuckDB's json_serialize_sql writes. It is decoded strictly: a field that is not
// here belongs to a form of SQL that nobody has judged, and the query is refused.

type rawStatement struct {
	Node          *rawNode        `json:"node"`
	NamedParamMap json.RawMessage `json:"named_param_map"`
}

// rawNode is a SELECT_NODE, a SET_OPERATION_NODE or one that is refused.
type rawNode struct {
	Type      string        `json:"type"`
	Modifiers []rawModifier `json:"modifiers"`
	CTEs      rawCTEs       `json:"cte_map"`

	SelectList        []*rawExpr      `json:"select_list"`
	From              *rawTable       `json:"from_table"`
	Where             *rawExpr        `json:"where_clause"`
	GroupExpressions  []*rawExpr      `json:"group_expressions"`
	GroupSets         [][]int         `json:"group_sets"`
	AggregateHandling string          `json:"aggregate_handling"`
	Having            *rawExpr        `json:"having"`
	Sample            json.RawMessage `json:"sample"`
	Qualify           *rawExpr        `json:"qualify"`

	SetOp    string   `json:"setop_type"`
	SetOpAll bool     `json:"setop_all"`
	Left     *rawNode `json:"left"`
	Right    *rawNode `json:"right"`

	CTEName    json.RawMessage `json:"cte_name"`
	UnionAll   json.RawMessage `json:"union_all"`
	Aliases    json.RawMessage `json:"aliases"`
	KeyTargets json.RawMessage `json:"key_targets"`
}

type rawCTEs struct {
	Map []struct {
		Key   string `json:"key"`
		Value struct {
			Aliases      []string        `json:"aliases"`
			Query        rawStatement    `json:"query"`
			Materialized string          `json:"materialized"`
			KeyTargets   json.RawMessage `json:"key_targets"`
		} `json:"value"`
	} `json:"map"`
}

// rawModifier is a LIMIT_MODIFIER, an ORDER_MODIFIER, a DISTINCT_MODIFIER or one that is refused.
type rawModifier struct {
	Type       string     `json:"type"`
	Limit      *rawExpr   `json:"limit"`
	Offset     *rawExpr   `json:"offset"`
	DistinctOn []*rawExpr `json:"distinct_on_targets"`
	Orders     []rawOrder `json:"orders"`
}

type rawOrder struct {
	Type       string   `json:"type"`
	NullOrder  string   `json:"null_order"`
	Expression *rawExpr `json:"expression"`
}

// rawTable is a BASE_TABLE, a JOIN, a SUBQUERY, EMPTY or one that is refused.
type rawTable struct {
	Type     string          `json:"type"`
	Alias    string          `json:"alias"`
	Sample   json.RawMessage `json:"sample"`
	Location json.Number     `json:"query_location"`

	CatalogName     string          `json:"catalog_name"`
	SchemaName      string          `json:"schema_name"`
	TableName       string          `json:"table_name"`
	ColumnNameAlias []string        `json:"column_name_alias"`
	AtClause        json.RawMessage `json:"at_clause"`

	Left             *rawTable       `json:"left"`
	Right            *rawTable       `json:"right"`
	Condition        *rawExpr        `json:"condition"`
	JoinType         string          `json:"join_type"`
	RefType          string          `json:"ref_type"`
	UsingColumns     []string        `json:"using_columns"`
	DelimFlipped     bool            `json:"delim_flipped"`
	DuplicateColumns json.RawMessage `json:"duplicate_eliminated_columns"`

	Subquery *rawStatement `json:"subquery"`

	// Of forms that are refused, so that the refusal can name them.
	Function       json.RawMessage `json:"function"`
	WithOrdinality json.RawMessage `json:"with_ordinality"`
	Values         json.RawMessage `json:"values"`
	ExpectedNames  json.RawMessage `json:"expected_names"`
	ExpectedTypes  json.RawMessage `json:"expected_types"`
	Query          json.RawMessage `json:"query"`
	ShowType       json.RawMessage `json:"show_type"`
}

// rawExpr is any expression; Class says which fields it has.
type rawExpr struct {
	Class    string      `json:"class"`
	Type     string      `json:"type"`
	Alias    string      `json:"alias"`
	Location json.Number `json:"query_location"`

	ColumnNames []string   `json:"column_names"`
	Value       *rawValue  `json:"value"`
	Children    []*rawExpr `json:"children"`
	Left        *rawExpr   `json:"left"`
	Right       *rawExpr   `json:"right"`
	Child       *rawExpr   `json:"child"`

	FunctionName string       `json:"function_name"`
	Schema       string       `json:"schema"`
	Catalog      string       `json:"catalog"`
	Filter       *rawExpr     `json:"filter"`
	OrderBys     *rawModifier `json:"order_bys"`
	Distinct     bool         `json:"distinct"`
	IsOperator   bool         `json:"is_operator"`
	ExportState  bool         `json:"export_state"`

	Partitions    []*rawExpr `json:"partitions"`
	Orders        []rawOrder `json:"orders"`
	Start         string     `json:"start"`
	End           string     `json:"end"`
	StartExpr     *rawExpr   `json:"start_expr"`
	EndExpr       *rawExpr   `json:"end_expr"`
	OffsetExpr    *rawExpr   `json:"offset_expr"`
	DefaultExpr   *rawExpr   `json:"default_expr"`
	IgnoreNulls   bool       `json:"ignore_nulls"`
	FilterExpr    *rawExpr   `json:"filter_expr"`
	ExcludeClause string     `json:"exclude_clause"`
	ArgOrders     []rawOrder `json:"arg_orders"`

	CaseChecks []struct {
		When *rawExpr `json:"when_expr"`
		Then *rawExpr `json:"then_expr"`
	} `json:"case_checks"`
	Else *rawExpr `json:"else_expr"`

	Input *rawExpr `json:"input"`
	Lower *rawExpr `json:"lower"`
	Upper *rawExpr `json:"upper"`

	CastType *rawType `json:"cast_type"`
	TryCast  bool     `json:"try_cast"`

	SubqueryType   string        `json:"subquery_type"`
	Subquery       *rawStatement `json:"subquery"`
	ComparisonType string        `json:"comparison_type"`

	RelationName     string            `json:"relation_name"`
	Columns          bool              `json:"columns"`
	Expr             json.RawMessage   `json:"expr"`
	ExcludeList      []json.RawMessage `json:"exclude_list"`
	QualifiedExclude []json.RawMessage `json:"qualified_exclude_list"`
	ReplaceList      []json.RawMessage `json:"replace_list"`
	RenameList       []json.RawMessage `json:"rename_list"`

	// Of forms that are refused, so that the refusal can name them.
	LHS        json.RawMessage `json:"lhs"`
	Collation  json.RawMessage `json:"collation"`
	Identifier json.RawMessage `json:"identifier"`
	Index      json.RawMessage `json:"index"`
}

type rawValue struct {
	Type   rawType         `json:"type"`
	IsNull bool            `json:"is_null"`
	Value  json.RawMessage `json:"value"`
}

type rawType struct {
	ID   string          `json:"id"`
	Info json.RawMessage `json:"type_info"`
}

// decodeStatements decodes the "statements" of json_serialize_sql.
func decodeStatements(data []byte) ([]rawStatement, bool) {
	var all []rawStatement
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return all, decoder.Decode(&all) == nil
}

// offset is where in the query's text something stands, or -1: DuckDB writes the largest number when it does not know.
func offset(location json.Number) int {
	n, err := strconv.ParseInt(string(location), 10, 32)
	if err != nil {
		return -1
	}
	return int(n)
}

// absent reports whether a field was left out or is null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
