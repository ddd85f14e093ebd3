package cleanroom

// A scope is what an expression can see: the relations of its FROM, the select list's names so far, and outer queries.
type scope struct {
	outer     *scope
	relations []relation
	items     []outColumn
}

type relation struct {
	alias   string
	columns []outColumn
}

// currentDate are the names without parentheses that SQL takes for functions.
var currentDate = set("current_date", "current_timestamp")

// column looks a name up everywhere that it could be found, from here outwards.
func (s *scope) column(path []string) (secret string, found bool) {
	if len(path) == 1 && s.names(path[0]) {
		return "", false // DuckDB may take the name of a table for its whole row
	}
	match := func(columns []outColumn, name string) {
		for _, c := range columns {
			if c.name == name && name != "" {
				secret, found = first(secret, c.secret), true
			}
		}
	}
	for ; s != nil; s = s.outer {
		for _, r := range s.relations {
			switch {
			case len(path) == 1:
				match(r.columns, path[0])
			case len(path) == 2 && r.alias == path[0]:
				match(r.columns, path[1])
			}
		}
		if len(path) == 1 {
			match(s.items, path[0])
		}
	}
	return secret, found || (len(path) == 1 && currentDate[path[0]])
}

// names reports whether a relation in sight has this name.
func (s *scope) names(name string) bool {
	for ; s != nil; s = s.outer {
		for _, r := range s.relations {
			if r.alias == name {
				return true
			}
		}
	}
	return false
}

// unique refuses two columns of one name: DuckDB would rename one of them, and then a name could mean either.
func unique(columns []outColumn) error {
	seen := map[string]bool{}
	for _, c := range columns {
		if c.name != "" && seen[c.name] {
			return deny(c.at, "two columns of one query have the same name: rename one by AS")
		}
		seen[c.name] = true
	}
	return nil
}
