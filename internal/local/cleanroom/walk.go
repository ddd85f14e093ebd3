package cleanroom

import "slices"

// A visitor is told of everything in a query. What is nil is not called.
type visitor struct {
	query  func(*query) error
	source func(*source)
	expr   func(*expr) error
}

// walk visits a query, and every query, source and expression inside it.
func (q *query) walk(v visitor) error {
	if q == nil {
		return nil
	}
	if v.query != nil {
		if err := v.query(q); err != nil {
			return err
		}
	}
	for _, c := range q.ctes {
		if err := c.body.walk(v); err != nil {
			return err
		}
	}
	for _, e := range slices.Concat(q.items, q.groupBy, q.orderBy, []*expr{q.where, q.having}) {
		if err := e.walk(v); err != nil {
			return err
		}
	}
	if err := q.from.walk(v); err != nil {
		return err
	}
	if err := q.left.walk(v); err != nil {
		return err
	}
	return q.right.walk(v)
}

func (s *source) walk(v visitor) error {
	if s == nil {
		return nil
	}
	if v.source != nil {
		v.source(s)
	}
	if err := s.sub.walk(v); err != nil {
		return err
	}
	if err := s.on.walk(v); err != nil {
		return err
	}
	if err := s.left.walk(v); err != nil {
		return err
	}
	return s.right.walk(v)
}

func (e *expr) walk(v visitor) error {
	if e == nil {
		return nil
	}
	if v.expr != nil {
		if err := v.expr(e); err != nil {
			return err
		}
	}
	for _, arg := range e.args {
		if err := arg.walk(v); err != nil {
			return err
		}
	}
	return e.sub.walk(v)
}
