package cleanroom

import (
	"slices"
	"strings"
)

// An analysis is a query on its way through the rules.
type analysis struct {
	room     *RoomFile
	template *Template // nil for a query that the runner wrote
	query    *query
}

// maxTables is Clean Rooms' limit on the tables of one query.
const maxTables = 15

// check refuses a query that the tables' rules do not allow. It gives the tables that the query reads, in the room's
// order.
func (a *analysis) check() ([]*Table, error) {
	tables, err := a.tables()
	if err != nil {
		return nil, err
	}
	switch {
	case len(tables) == 0:
		return nil, deny(-1, "the query reads none of the room's tables")
	case len(tables) > maxTables:
		return nil, deny(-1, "a query may read %d tables at most", maxTables)
	case slices.ContainsFunc(tables, func(t *Table) bool { return t.AnalysisRule.Type != tables[0].AnalysisRule.Type }):
		return nil, deny(-1, "the query mixes tables with a LIST and with a CUSTOM analysis rule: Clean Rooms wants one type")
	case tables[0].AnalysisRule.Type == ruleList:
		return tables, a.checkList()
	}
	return tables, a.checkCustom(tables)
}

// tables finds the room's tables that a query names anywhere. It refuses names of WITH queries that could be taken for
// another thing: what a name means must not depend on how DuckDB searches for it.
func (a *analysis) tables() ([]*Table, error) {
	ctes, named := map[string]bool{}, map[string]int{}
	err := a.query.walk(visitor{query: func(q *query) error {
		for _, c := range q.ctes {
			if ctes[c.name] {
				return deny(-1, "two WITH queries have the same name")
			}
			if a.room.table(c.name) != nil {
				return deny(-1, "a WITH query must not have a table's name: rename %s", c.name)
			}
			ctes[c.name] = true
		}
		return nil
	}, source: func(s *source) {
		if s.table != "" {
			named[s.table] = s.at
		}
	}})
	if err != nil {
		return nil, err
	}
	var found []*Table
	for i := range a.room.Tables {
		if _, ok := named[a.room.Tables[i].Name]; ok {
			found = append(found, &a.room.Tables[i])
		}
	}
	for name, at := range named {
		if !ctes[name] && a.room.table(name) == nil {
			return nil, deny(at, "the room has no such table; it has %s", a.room.tableNames())
		}
	}
	return found, nil
}

// tableNames lists the room's tables for a message.
func (r *RoomFile) tableNames() string {
	names := make([]string, len(r.Tables))
	for i, t := range r.Tables {
		names[i] = t.Name
	}
	return strings.Join(names, ", ")
}
