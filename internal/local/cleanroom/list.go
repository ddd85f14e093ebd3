package cleanroom

import "slices"

// checkList applies the LIST analysis rule of every table of the query: docs.aws.amazon.com, Clean Rooms User Guide,
// "List analysis rule". A query is SELECT DISTINCT columns FROM tables INNER JOINed ON equalities [WHERE …] [LIMIT n],
// joins with a table of the runner, joins on join columns only, and outputs and filters by list columns only.
func (a *analysis) checkList() error {
	q := a.query
	if a.template != nil {
		return deny(-1, "a table with a LIST rule takes no analysis template, only a query")
	}
	switch {
	case q.left != nil:
		return deny(-1, "a LIST rule allows one SELECT DISTINCT and no set operation")
	case len(q.ctes) > 0:
		return deny(-1, "a LIST rule allows no WITH")
	case !q.distinct:
		return deny(-1, "a LIST rule wants SELECT DISTINCT")
	case q.grouped || q.having != nil:
		return deny(-1, "a LIST rule allows no GROUP BY and no HAVING")
	case len(q.orderBy) > 0:
		return deny(q.orderBy[0].at, "a LIST rule allows no ORDER BY")
	case q.skipping:
		return deny(-1, "a LIST rule allows no OFFSET")
	}
	l := &listQuery{room: a.room, tables: map[string]*Table{}}
	if _, err := l.join(q.from); err != nil {
		return err
	}
	if err := l.checkRunner(); err != nil {
		return err
	}
	if err := l.output(q.items); err != nil {
		return err
	}
	return l.filter(q.where)
}

// A listQuery is a query under LIST rules, by the names that its tables have in it.
type listQuery struct {
	room   *RoomFile
	tables map[string]*Table // alias → table
}

// join checks a FROM clause and gives the aliases in it. Each equality of an ON must have one column on either side of
// its JOIN. Then every row that comes out, whatever AND and OR do, hangs together by equal join columns, and with it
// the runner's table: no partner's row comes out that the runner does not match, directly or transitively.
func (l *listQuery) join(s *source) ([]string, error) {
	switch {
	case s.sub != nil:
		return nil, deny(s.at, "a LIST rule allows no subquery")
	case s.table != "":
		t := l.room.table(s.table)
		if l.tables[s.alias] != nil || slices.Contains(l.used(), t) {
			return nil, deny(s.at, "a LIST rule allows each table once")
		}
		l.tables[s.alias] = t
		return []string{s.alias}, nil
	case s.join == crossJoin:
		return nil, deny(s.at, "a LIST rule wants INNER JOIN … ON, not a comma or CROSS JOIN: a condition in WHERE is no join")
	case s.join != innerJoin:
		return nil, deny(s.at, "a LIST rule allows INNER JOIN only")
	case len(s.using) > 0 || s.on == nil:
		return nil, deny(s.at, "a LIST rule wants INNER JOIN … ON, not USING")
	}
	left, err := l.join(s.left)
	if err != nil {
		return nil, err
	}
	right, err := l.join(s.right)
	if err != nil {
		return nil, err
	}
	return append(left, right...), l.on(s.on, left, right)
}

func (l *listQuery) used() []*Table {
	used := make([]*Table, 0, len(l.tables))
	for _, t := range l.tables {
		used = append(used, t)
	}
	return used
}

func (l *listQuery) on(e *expr, left, right []string) error {
	switch e.kind {
	case andExpr, orExpr:
		for _, arg := range e.args {
			if err := l.on(arg, left, right); err != nil {
				return err
			}
		}
		if e.kind == andExpr {
			return nil
		}
		for _, alias := range append(left, right...) {
			if t := l.tables[alias]; !slices.Contains(t.AnalysisRule.AllowedJoinOperators, "OR") {
				return deny(e.at, "the rule of %s does not allow OR in a join (allowed_join_operators)", t.Name)
			}
		}
		return nil
	case compareExpr:
		if e.name == "COMPARE_EQUAL" && len(e.args) == 2 {
			return l.equality(e, left, right)
		}
	}
	return deny(e.at, "a LIST rule allows only equalities of join columns in ON, combined by AND")
}

func (l *listQuery) equality(e *expr, left, right []string) error {
	var sides [2]int // columns of the left and of the right side
	for _, arg := range e.args {
		alias, name, err := l.column(arg)
		if err != nil {
			return err
		}
		if t := l.tables[alias]; !slices.Contains(t.AnalysisRule.JoinColumns, name) {
			return deny(arg.at, "%s.%s is no join column (join_columns)", t.Name, name)
		}
		switch {
		case slices.Contains(left, alias):
			sides[0]++
		case slices.Contains(right, alias):
			sides[1]++
		default:
			return deny(arg.at, "ON names a table that is joined later")
		}
	}
	if sides != [2]int{1, 1} {
		return deny(e.at, "each equality in ON must compare a column of the table that is joined with one of the tables before it")
	}
	return nil
}

// checkRunner wants a join with a table of the member who queries. Every join is an equality, so one such table is
// joined with all others, directly or transitively.
func (l *listQuery) checkRunner() error {
	if len(l.tables) < 2 {
		return deny(-1, "a LIST rule wants a join with a table of %s, who runs the query", l.room.Runner)
	}
	for _, t := range l.tables {
		if t.Owner == l.room.Runner {
			return nil
		}
	}
	return deny(-1, "a LIST rule wants a join with a table of %s, who runs the query", l.room.Runner)
}

func (l *listQuery) output(items []*expr) error {
	names := map[string]bool{}
	for _, e := range items {
		alias, name, err := l.column(e)
		if err != nil {
			return err
		}
		t := l.tables[alias]
		if slices.Contains(t.AnalysisRule.JoinColumns, name) {
			return deny(e.at, "%s.%s is a join column, which is never output: output a list column that holds the same", t.Name, name)
		}
		if !slices.Contains(t.AnalysisRule.ListColumns, name) {
			return deny(e.at, "%s.%s is no list column (list_columns)", t.Name, name)
		}
		if e.alias != "" {
			name = e.alias
		}
		if names[name] {
			return deny(e.at, "two output columns have the same name: rename one by AS")
		}
		names[name] = true
	}
	return nil
}

// column finds the one column that an expression names: its table's alias, and its name.
func (l *listQuery) column(e *expr) (alias, name string, err error) {
	switch {
	case e.kind == starExpr:
		return "", "", deny(e.at, "a LIST rule wants the output columns by name, not *")
	case e.kind != columnExpr:
		return "", "", deny(e.at, "a LIST rule allows columns only here, no expressions")
	case len(e.path) == 1:
		for candidate, t := range l.tables {
			if t.has(e.path[0]) {
				if alias != "" {
					return "", "", deny(e.at, "several tables have this column: write table.column")
				}
				alias = candidate
			}
		}
		name = e.path[0]
	case len(e.path) == 2:
		if t := l.tables[e.path[0]]; t != nil && t.has(e.path[1]) {
			alias = e.path[0]
		}
		name = e.path[1]
	}
	if alias == "" {
		return "", "", deny(e.at, "no table of the query has such a column among its allowed ones")
	}
	return alias, name, nil
}
