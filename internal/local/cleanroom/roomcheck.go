package cleanroom

import (
	"fmt"
	"slices"
	"sort"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// problems finds what the schema cannot say.
func (r *RoomFile) problems() []audience.Problem {
	var p problems
	names, memberships := map[string]bool{}, map[string]bool{}
	for i, m := range r.Members {
		p.once(names, m.Name, fmt.Sprintf("members.%d.name", i))
		p.once(memberships, m.MembershipID, fmt.Sprintf("members.%d.membership_id", i))
	}
	if !names[r.Runner] {
		p.add("runner", "%q is no member's name", r.Runner)
	}
	arns := map[string]bool{anyQuery: true}
	for i := range r.Templates {
		r.Templates[i].check(&p, fmt.Sprintf("templates.%d", i), arns)
	}
	tables := map[string]bool{}
	for i := range r.Tables {
		t, field := &r.Tables[i], fmt.Sprintf("tables.%d", i)
		p.once(tables, t.Name, field+".name")
		if !names[t.Owner] {
			p.add(field+".owner", "%q is no member's name", t.Owner)
		}
		if (t.Catalog == "") == (t.Path == "") {
			p.add(field, "give exactly one of catalog and path")
		}
		columns := map[string]bool{}
		for j, c := range t.Columns {
			p.once(columns, c.Name, fmt.Sprintf("%s.columns.%d", field, j))
		}
		t.AnalysisRule.check(&p, field+".analysis_rule", columns, arns)
	}
	sort.SliceStable(p, func(i, j int) bool { return p[i].Field < p[j].Field })
	return p
}

type problems []audience.Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, audience.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (p *problems) once(seen map[string]bool, value, field string) {
	if seen[value] {
		p.add(field, "%q is there twice", value)
	}
	seen[value] = true
}

func (t *Template) check(p *problems, field string, arns map[string]bool) {
	p.once(arns, t.ARN, field+".arn")
	names := map[string]bool{}
	for i, parameter := range t.Parameters {
		at := fmt.Sprintf("%s.parameters.%d", field, i)
		p.once(names, parameter.Name, at+".name")
		if parameter.DefaultValue != nil {
			if _, err := literal(parameter, *parameter.DefaultValue); err != nil {
				p.add(at+".default_value", "%s", err)
			}
		}
	}
	if _, err := t.markParameters(); err != nil {
		p.add(field+".sql", "%s", err)
	}
}

func (a *AnalysisRule) check(p *problems, field string, columns, arns map[string]bool) {
	known := func(name string, list []string) {
		seen := map[string]bool{}
		for i, c := range list {
			at := fmt.Sprintf("%s.%s.%d", field, name, i)
			p.once(seen, c, at)
			if !columns[c] {
				p.add(at, "%q is not under the table's columns", c)
			}
		}
	}
	known("join_columns", a.JoinColumns)
	known("list_columns", a.ListColumns)
	known("disallowed_output_columns", a.DisallowedOutputColumns)
	if a.Type == ruleList {
		a.checkList(p, field)
		return
	}
	a.checkCustom(p, field, arns)
}

// checkList follows AnalysisRuleList of the Clean Rooms API, and its user guide's rule that a column is for joining or
// for listing, never for both.
func (a *AnalysisRule) checkList(p *problems, field string) {
	if len(a.JoinColumns) == 0 {
		p.add(field+".join_columns", "a LIST rule needs at least one")
	}
	for i, c := range a.ListColumns {
		if slices.Contains(a.JoinColumns, c) {
			p.add(fmt.Sprintf("%s.list_columns.%d", field, i), "%q is a join column already, and a column cannot be both", c)
		}
	}
	if len(a.AllowedAnalyses)+len(a.AllowedAnalysisProviders)+len(a.DisallowedOutputColumns) > 0 {
		p.add(field, "allowed_analyses, allowed_analysis_providers and disallowed_output_columns belong to a CUSTOM rule")
	}
}

func (a *AnalysisRule) checkCustom(p *problems, field string, arns map[string]bool) {
	if len(a.AllowedAnalyses) == 0 {
		p.add(field+".allowed_analyses", "a CUSTOM rule needs ANY_QUERY or at least one template")
	}
	for i, analysis := range a.AllowedAnalyses {
		if !arns[analysis] {
			p.add(fmt.Sprintf("%s.allowed_analyses.%d", field, i), "no template of this room has this ARN")
		}
	}
	if slices.Contains(a.AllowedAnalyses, anyQuery) != (len(a.AllowedAnalysisProviders) > 0) {
		p.add(field+".allowed_analysis_providers", "belongs to ANY_QUERY: give both or neither")
	}
	if len(a.JoinColumns)+len(a.ListColumns)+len(a.AllowedJoinOperators) > 0 {
		p.add(field, "join_columns, list_columns and allowed_join_operators belong to a LIST rule")
	}
}
