package cleanroom

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// allowedList is the shape of what runs under a LIST rule, written down a second time: DuckDB's own text of the query
// must have it, whatever the caller wrote.
var allowedList = regexp.MustCompile(`(?i)^SELECT DISTINCT [a-z0-9_."]+( AS ("[^"]*"|[A-Za-z0-9_]+))?(, [a-z0-9_."]+( AS ("[^"]*"|[A-Za-z0-9_]+))?)* FROM \(?[a-z_]+( AS ("[^"]*"|[A-Za-z0-9_]+))? INNER JOIN `)

// FuzzQuery throws text at the reader of queries. It must never panic, refuse with an *Error only, and give nothing under
// a LIST rule but the one shape.
func FuzzQuery(f *testing.F) {
	for _, c := range slices.Concat(listCases, customCases, attackCases) {
		f.Add(c.sql)
	}
	for _, deep := range []string{"(", "NOT ", "- ", "lower(", "(SELECT segment FROM ", "CASE WHEN TRUE THEN "} {
		f.Add("SELECT " + strings.Repeat(deep, 5000))
		f.Add("SELECT segment FROM users WHERE " + strings.Repeat(deep, 500) + "1")
	}
	p, room := openParser(f), parseRoom(f, rulesRoom, "")
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := p.statement(context.Background(), room, &SQLParameters{QueryString: sql})
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) {
				t.Fatalf("%q: not a refusal: %v", sql, err)
			}
			return
		}
		if len(s.tables) == 0 {
			t.Fatalf("%q reads no table", sql)
		}
		if s.tables[0].AnalysisRule.Type != ruleList {
			return
		}
		lowered := strings.ToLower(s.sql)
		if !allowedList.MatchString(strings.ReplaceAll(s.sql, "(", "")) && !allowedList.MatchString(s.sql) {
			t.Fatalf("%q runs as %q", sql, s.sql)
		}
		for _, word := range []string{" union ", " left join", " cross join", " group by", " order by", " offset ", " over ", "select distinct on", "(select"} {
			if strings.Contains(withoutStrings(lowered), word) {
				t.Fatalf("%q runs as %q", sql, s.sql)
			}
		}
		owned := slices.ContainsFunc(s.tables, func(t *Table) bool { return t.Owner == room.Runner })
		if !owned || len(s.tables) < 2 {
			t.Fatalf("%q joins no table of the runner's", sql)
		}
	})
}

var quotedText = regexp.MustCompile(`'[^']*'|"[^"]*"`)

func withoutStrings(sql string) string { return quotedText.ReplaceAllString(sql, "x") }
