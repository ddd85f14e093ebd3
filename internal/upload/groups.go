package upload

import (
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/person"
)

// groups are a chunk's schema groups, four at most: Meta refuses a row without EXTERN_ID under a schema that names it, so such
// rows go without that key; and rows with limited data use have other keys and values in common than those without.
type groups struct {
	columns []person.Column
	extern  int  // index of the column with EXTERN_ID, or -1
	options int  // likewise with DATA_PROCESSING_OPTIONS
	limited bool // whether those rows are limited of which that column says nothing
	kinds   [2][2]*group
	all     []*group
}

func newGroups(columns []person.Column, processing *audience.Processing, limit int) *groups {
	g := &groups{columns: columns, extern: -1, options: -1, limited: processing.Limited()}
	for i := range columns {
		switch columns[i].Key {
		case audience.ExternID:
			g.extern = i
		case audience.DataProcessing:
			g.options = i
		}
	}
	for without := range 2 {
		for limited := range 2 {
			if without == 1 && g.extern < 0 || limited != index(g.limited) && g.options < 0 {
				continue
			}
			g.kinds[without][limited] = newGroup(columns, limit, without == 1, processing, limited == 1)
			g.all = append(g.all, g.kinds[without][limited])
		}
	}
	return g
}

// of is the group of a converted row.
func (g *groups) of(row int) *group {
	without := g.extern >= 0 && !g.columns[g.extern].Out.Has(row)
	limited := g.limited
	if g.options >= 0 {
		if said := g.columns[g.options].Out.Value(row); len(said) > 0 {
			limited = string(said) == audience.Limited
		}
	}
	return g.kinds[index(without)][index(limited)]
}

func index(is bool) int {
	if is {
		return 1
	}
	return 0
}
