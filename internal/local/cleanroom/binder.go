package cleanroom

import "slices"

// An outColumn is a column of a table or of a query's result. Secret names the disallowed column that it is made of.
type outColumn struct {
	name   string // empty when nothing can refer to it
	secret string
	at     int
}

// A binder finds out what each column of a query is made of. Where SQL's name rules leave a choice it takes every
// candidate: a column counts as disallowed when any thing of that name in sight is.
type binder struct{ room *RoomFile }

// visible is the WITH queries that a query can name.
type visible map[string][]outColumn

func (b *binder) query(q *query, outer *scope, ctes visible) ([]outColumn, error) {
	inner := visible{}
	for name, columns := range ctes {
		inner[name] = columns
	}
	for _, c := range q.ctes {
		columns, err := b.query(c.body, outer, inner)
		if err != nil {
			return nil, err
		}
		if err := unique(columns); err != nil {
			return nil, err
		}
		inner[c.name] = columns
	}
	if q.left != nil {
		return b.combine(q, outer, inner)
	}
	s := &scope{outer: outer}
	if err := b.source(q.from, s, inner); err != nil {
		return nil, err
	}
	for _, item := range q.items {
		columns, err := b.item(item, s, inner)
		if err != nil {
			return nil, err
		}
		s.items = append(s.items, columns...)
	}
	for _, e := range slices.Concat([]*expr{q.where, q.having}, q.groupBy, q.orderBy) {
		if _, err := b.expr(e, s, inner); err != nil {
			return nil, err
		}
	}
	return s.items, nil
}

// combine binds a set operation: its columns are the left side's, made of both sides'.
func (b *binder) combine(q *query, outer *scope, ctes visible) ([]outColumn, error) {
	left, err := b.query(q.left, outer, ctes)
	if err != nil {
		return nil, err
	}
	right, err := b.query(q.right, outer, ctes)
	if err != nil {
		return nil, err
	}
	if len(left) != len(right) {
		return nil, deny(-1, "both sides of a set operation need the same number of columns")
	}
	out := slices.Clone(left)
	for i := range out {
		if out[i].secret == "" {
			out[i].secret = right[i].secret
		}
	}
	s := &scope{outer: outer, items: out}
	for _, e := range q.orderBy {
		if _, err := b.expr(e, s, ctes); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// source adds the relations of a FROM clause to a scope.
func (b *binder) source(src *source, s *scope, ctes visible) error {
	if src == nil {
		return nil
	}
	if src.left != nil {
		if err := b.source(src.left, s, ctes); err != nil {
			return err
		}
		if err := b.source(src.right, s, ctes); err != nil {
			return err
		}
		for _, name := range src.using {
			if _, found := s.column([]string{name}); !found {
				return noColumn(src.at)
			}
		}
		_, err := b.expr(src.on, s, ctes)
		return err
	}
	columns, err := b.columns(src, s, ctes)
	if err != nil {
		return err
	}
	for _, r := range s.relations {
		if r.alias == src.alias {
			return deny(src.at, "two tables of one FROM have the same name: give each its own alias")
		}
	}
	s.relations = append(s.relations, relation{alias: src.alias, columns: columns})
	return nil
}

func (b *binder) columns(src *source, s *scope, ctes visible) ([]outColumn, error) {
	if src.sub != nil {
		columns, err := b.query(src.sub, s.outer, ctes)
		if err != nil {
			return nil, err
		}
		return columns, unique(columns)
	}
	if columns, ok := ctes[src.table]; ok {
		return columns, nil
	}
	t := b.room.table(src.table)
	if t == nil {
		return nil, deny(src.at, "the WITH query of this name is not in sight here")
	}
	columns := make([]outColumn, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = outColumn{name: c.Name, at: -1}
		if slices.Contains(t.AnalysisRule.DisallowedOutputColumns, c.Name) {
			columns[i].secret = t.Name + "." + c.Name
		}
	}
	return columns, nil
}

// item binds one entry of a select list; a star gives many columns.
func (b *binder) item(e *expr, s *scope, ctes visible) ([]outColumn, error) {
	if e.kind == starExpr {
		var all []outColumn
		for _, r := range s.relations {
			if e.name == "" || e.name == r.alias {
				for _, c := range r.columns {
					c.at = e.at
					all = append(all, c)
				}
			}
		}
		if len(all) == 0 {
			return nil, deny(e.at, "* names no table of this FROM")
		}
		return all, nil
	}
	secret, err := b.expr(e, s, ctes)
	if err != nil {
		return nil, err
	}
	name := e.alias
	if name == "" && e.kind == columnExpr {
		name = e.path[len(e.path)-1]
	}
	return []outColumn{{name: name, secret: secret, at: e.at}}, nil
}

// expr binds an expression and gives a disallowed column that it is made of, if there is one.
func (b *binder) expr(e *expr, s *scope, ctes visible) (secret string, err error) {
	if e == nil {
		return "", nil
	}
	switch e.kind {
	case starExpr:
		return "", deny(e.at, "* may stand alone in a select list only")
	case columnExpr:
		secret, found := s.column(e.path)
		if !found {
			return "", noColumn(e.at)
		}
		return secret, nil
	case functionExpr:
		if !allowedFunctions[e.name] {
			if instead, ok := insteadOf[e.name]; ok {
				return "", deny(e.at, "the function %s is not allowed: %s", e.name, instead)
			}
			return "", deny(e.at, "this function is not allowed; see docs/clean-room.md for those that are")
		}
	}
	for _, arg := range e.args {
		part, err := b.expr(arg, s, ctes)
		if err != nil {
			return "", err
		}
		secret = first(secret, part)
	}
	if e.sub != nil {
		columns, err := b.query(e.sub, s, ctes)
		if err != nil {
			return "", err
		}
		for _, c := range columns {
			secret = first(secret, c.secret)
		}
	}
	return secret, nil
}

func noColumn(at int) error {
	return deny(at, "no table of the query has such a column among its allowed ones")
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
