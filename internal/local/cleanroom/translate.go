package cleanroom

import "strconv"

// translate reduces a statement of DuckDB's parser to a query, or refuses it.
func translate(s *rawStatement) (*query, error) {
	if s == nil || s.Node == nil {
		return nil, deny(-1, "the query holds no SELECT")
	}
	return translateNode(s.Node)
}

func translateNode(n *rawNode) (*query, error) {
	if n == nil {
		return nil, deny(-1, "the query holds no SELECT")
	}
	q := &query{}
	for _, c := range n.CTEs.Map {
		if len(c.Value.Aliases) > 0 {
			return nil, deny(-1, "name the columns of a WITH query by AS inside it, not behind its name")
		}
		if c.Value.Materialized != "CTE_MATERIALIZE_DEFAULT" {
			return nil, unknownForm(-1)
		}
		body, err := translate(&c.Value.Query)
		if err != nil {
			return nil, err
		}
		q.ctes = append(q.ctes, cte{name: lower(c.Key), body: body})
	}
	if err := q.modify(n.Modifiers); err != nil {
		return nil, err
	}
	switch n.Type {
	case "SELECT_NODE":
		return q, q.fill(n)
	case "SET_OPERATION_NODE":
		return q, q.combine(n)
	case "RECURSIVE_CTE_NODE":
		return nil, deny(-1, "a recursive WITH query is not allowed")
	}
	return nil, unknownForm(-1)
}

func unknownForm(at int) error {
	return deny(at, "this form of SQL is not allowed in a clean room")
}

func (q *query) combine(n *rawNode) (err error) {
	switch n.SetOp {
	case "UNION", "EXCEPT", "INTERSECT":
	default:
		return deny(-1, "of the set operations only UNION, EXCEPT and INTERSECT are allowed")
	}
	if q.left, err = translateNode(n.Left); err != nil {
		return err
	}
	q.right, err = translateNode(n.Right)
	return err
}

func (q *query) fill(n *rawNode) (err error) {
	if !absent(n.Sample) {
		return deny(-1, "sampling is not allowed")
	}
	if n.Qualify != nil {
		return deny(offset(n.Qualify.Location), "QUALIFY is not allowed")
	}
	if n.AggregateHandling != "STANDARD_HANDLING" {
		return deny(-1, "GROUP BY ALL is not allowed: name the columns")
	}
	q.grouped = len(n.GroupSets) > 0 || len(n.GroupExpressions) > 0
	if q.items, err = translateAll(n.SelectList); err != nil {
		return err
	}
	if q.from, err = translateSource(n.From); err != nil {
		return err
	}
	if q.where, err = translateOptional(n.Where); err != nil {
		return err
	}
	if q.groupBy, err = translateAll(n.GroupExpressions); err != nil {
		return err
	}
	q.having, err = translateOptional(n.Having)
	return err
}

func (q *query) modify(modifiers []rawModifier) error {
	for _, m := range modifiers {
		switch m.Type {
		case "DISTINCT_MODIFIER":
			if len(m.DistinctOn) > 0 {
				return deny(-1, "DISTINCT ON is not allowed")
			}
			q.distinct = true
		case "ORDER_MODIFIER":
			all, err := translateOrders(m.Orders)
			if err != nil {
				return err
			}
			q.orderBy = append(q.orderBy, all...)
		case "LIMIT_MODIFIER":
			if !wholeNumber(m.Limit, 1) {
				return deny(offset(m.Limit.Location), "LIMIT takes a whole number, a positive one")
			}
			if !wholeNumber(m.Offset, 0) {
				return deny(offset(m.Offset.Location), "OFFSET takes a whole number")
			}
			q.limited, q.skipping = q.limited || m.Limit != nil, q.skipping || m.Offset != nil
		default:
			return unknownForm(-1)
		}
	}
	return nil
}

// wholeNumber reports whether an expression is left out, or a whole number of at least a least one.
func wholeNumber(e *rawExpr, least int64) bool {
	if e == nil {
		return true
	}
	if e.Class != "CONSTANT" || e.Value == nil || e.Value.IsNull || (e.Value.Type.ID != "INTEGER" && e.Value.Type.ID != "BIGINT") {
		return false
	}
	n, err := strconv.ParseInt(string(e.Value.Value), 10, 64)
	return err == nil && n >= least
}

func translateSource(t *rawTable) (*source, error) {
	if t == nil || t.Type == "EMPTY" {
		return nil, nil
	}
	at := offset(t.Location)
	if !absent(t.Sample) {
		return nil, deny(at, "sampling is not allowed")
	}
	if len(t.ColumnNameAlias) > 0 {
		return nil, deny(at, "name columns by AS in a select list, not behind a table's alias")
	}
	switch t.Type {
	case "BASE_TABLE":
		if t.CatalogName != "" || t.SchemaName != "" {
			return nil, deny(at, "name tables without a schema: the room has only its own")
		}
		if !absent(t.AtClause) {
			return nil, unknownForm(at)
		}
		s := &source{at: at, table: lower(t.TableName), alias: lower(t.Alias)}
		if s.alias == "" {
			s.alias = s.table
		}
		return s, nil
	case "SUBQUERY":
		sub, err := translate(t.Subquery)
		if err != nil {
			return nil, err
		}
		return &source{at: at, alias: lower(t.Alias), sub: sub}, nil
	case "JOIN":
		return translateJoin(t, at)
	case "TABLE_FUNCTION":
		return nil, deny(at, "table functions are not allowed: a query reads the room's tables only")
	}
	return nil, deny(at, "only the room's tables, joins and subqueries are allowed in FROM")
}

func translateJoin(t *rawTable, at int) (*source, error) {
	s := &source{at: at, using: lowerAll(t.UsingColumns)}
	switch {
	case t.RefType == "CROSS":
		s.join = crossJoin
	case t.RefType != "REGULAR":
		return nil, deny(at, "NATURAL, ASOF and POSITIONAL joins are not allowed: write JOIN … ON")
	case t.JoinType == "INNER":
		s.join = innerJoin
	case t.JoinType == "LEFT" || t.JoinType == "RIGHT" || t.JoinType == "FULL":
		s.join = outerJoin
	default:
		return nil, deny(at, "only INNER, LEFT, RIGHT, FULL and CROSS joins are allowed")
	}
	if t.Alias != "" || t.DelimFlipped || !empty(t.DuplicateColumns) {
		return nil, unknownForm(at)
	}
	var err error
	if s.left, err = translateSource(t.Left); err != nil {
		return nil, err
	}
	if s.right, err = translateSource(t.Right); err != nil {
		return nil, err
	}
	if s.left == nil || s.right == nil {
		return nil, unknownForm(at)
	}
	s.on, err = translateOptional(t.Condition)
	return s, err
}

func empty(raw []byte) bool { return absent(raw) || string(raw) == "[]" }
