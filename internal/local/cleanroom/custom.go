package cleanroom

import (
	"slices"
	"strings"
)

// checkCustom applies the CUSTOM analysis rule of every table of the query: the template or the runner's account must
// be allowed by each of them, the functions must be known, and no output may be made of a disallowed column (Clean
// Rooms User Guide, "Custom analysis rule" and "disallowed output columns": not by alias, transformation or *, while
// a WITH query or subquery may carry it as long as the final select list does not).
func (a *analysis) checkCustom(tables []*Table) error {
	for _, t := range tables {
		if err := a.allowedBy(t); err != nil {
			return err
		}
	}
	b := &binder{room: a.room}
	columns, err := b.query(a.query, nil, nil)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if c.secret != "" {
			return deny(c.at, "an output column is made of %s, which its table's rule keeps out of results (disallowed_output_columns)", c.secret)
		}
		if c.name == "" {
			return deny(c.at, "give every output column a name by AS")
		}
	}
	return unique(columns)
}

// allowedBy asks one table's rule whether this query may read it.
func (a *analysis) allowedBy(t *Table) error {
	rule := t.AnalysisRule
	provider := ""
	if runner, ok := a.room.member(a.room.Runner); ok {
		provider = runner.AccountID
	}
	if a.template != nil {
		if slices.Contains(rule.AllowedAnalyses, a.template.ARN) {
			return nil
		}
		provider = accountOf(a.template.ARN)
	}
	if slices.Contains(rule.AllowedAnalyses, anyQuery) && slices.Contains(rule.AllowedAnalysisProviders, provider) {
		return nil
	}
	if a.template != nil {
		return deny(-1, "the rule of %s does not allow this template (allowed_analyses)", t.Name)
	}
	return deny(-1, "the rule of %s does not allow %s to write queries (ANY_QUERY and allowed_analysis_providers): use an allowed template", t.Name, a.room.Runner)
}

// accountOf gives the account in an ARN: of a template, its provider's.
func accountOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}
