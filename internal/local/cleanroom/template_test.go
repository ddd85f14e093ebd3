package cleanroom

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTemplates(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	for _, c := range []struct {
		name, arn  string
		parameters map[string]string
		want       string // in the error, or in the SQL that runs after "ok "
	}{
		{"integer", templateARN, map[string]string{"min": "5"}, "ok >= CAST('5' AS INTEGER)"},
		{"default", templateARN, map[string]string{"min": "5"}, "ok = 'gold'"},
		{"string is quoted", templateARN, map[string]string{"min": "5", "segment": "x' OR '1'='1"}, "ok = 'x'' OR ''1''=''1'"},
		{"string stays one", templateARN, map[string]string{"min": "5", "segment": "a'); DROP VIEW locked; --"}, "ok = 'a''); DROP VIEW locked; --'"},
		{"colon in a string", templateARN, map[string]string{"min": "5"}, "ok ':no' AS tag"},
		{"no value", templateARN, nil, "FIELD_VALIDATION_FAILED"},
		{"not a number", templateARN, map[string]string{"min": "5 OR 1=1"}, "must be a whole number"},
		{"too large", templateARN, map[string]string{"min": "99999999999"}, "must be a whole number"},
		{"unknown parameter", templateARN, map[string]string{"min": "5", "max": "6"}, "does not have"},
		{"not allowed by the table", otherARN, nil, "does not allow this template"},
		{"unknown template", templateARN + "x", nil, nameNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := p.statement(context.Background(), room, &SQLParameters{AnalysisTemplateArn: c.arn, Parameters: c.parameters})
			if want, ok := strings.CutPrefix(c.want, "ok "); ok {
				require.NoError(t, err)
				assert.Contains(t, s.sql, want)
				return
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestParameterTypes(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	for _, c := range []struct{ kind, value, want string }{
		{"SMALLINT", "-7", "CAST('-7' AS SMALLINT)"}, {"SMALLINT", "40000", ""},
		{"INTEGER", "7", "CAST('7' AS INTEGER)"}, {"INTEGER", "7.5", ""}, {"INTEGER", "", ""},
		{"BIGINT", "99999999999", "CAST('99999999999' AS BIGINT)"}, {"BIGINT", "x", ""},
		{"DECIMAL", "12.345", "CAST('12.345' AS DECIMAL(38,3))"}, {"DECIMAL", "-1", "CAST('-1' AS DECIMAL(38,0))"}, {"DECIMAL", "1e5", ""},
		{"REAL", "1.5", "CAST('1.5' AS FLOAT)"}, {"DOUBLE_PRECISION", "1e5", "CAST('1e5' AS DOUBLE)"}, {"DOUBLE_PRECISION", "x", ""},
		{"BOOLEAN", "true", "CAST('true' AS BOOLEAN)"}, {"BOOLEAN", "yes", ""},
		{"DATE", "2026-02-28", "CAST('2026-02-28' AS DATE)"}, {"DATE", "2026-02-30", ""}, {"DATE", "28.2.2026", ""},
		{"TIMESTAMP", "2026-02-28 10:00:00", "CAST('2026-02-28 10:00:00' AS TIMESTAMP)"}, {"TIMESTAMP", "now", ""},
		{"STRING", "Zoë's", "'Zoë''s'"}, {"VARCHAR", "", "''"}, {"CHAR", "\x00", ""},
	} {
		template := Template{ARN: otherARN, SQL: "SELECT :v AS v, segment AS segment FROM locked WHERE segment = segment OR :v IS NULL",
			Parameters: []Parameter{{Name: "v", Type: c.kind}}}
		one := *room
		one.Templates = []Template{template}
		one.Tables = append([]Table(nil), room.Tables...)
		one.table("locked").AnalysisRule.AllowedAnalyses = []string{otherARN}
		s, err := p.statement(context.Background(), &one, &SQLParameters{AnalysisTemplateArn: otherARN, Parameters: map[string]string{"v": c.value}})
		if c.want == "" {
			require.ErrorContains(t, err, "FIELD_VALIDATION_FAILED", "%s %s", c.kind, c.value)
			if len(c.value) > 2 {
				assert.NotContains(t, err.Error(), " "+c.value+" ", "%s %s", c.kind, c.value)
			}
			continue
		}
		if assert.NoError(t, err, "%s %s", c.kind, c.value) {
			assert.Contains(t, s.sql, c.want+" AS v")
		}
	}
}

// A template of an account that ANY_QUERY admits may run, as its queries may.
func TestAnyQueryAdmitsProvidersTemplates(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	table := room.table("locked")
	table.AnalysisRule = AnalysisRule{Type: ruleCustom, AllowedAnalyses: []string{anyQuery}, AllowedAnalysisProviders: []string{"222222222222"}}
	in := &SQLParameters{AnalysisTemplateArn: otherARN}
	_, err := p.statement(context.Background(), room, in)
	require.NoError(t, err)
	table.AnalysisRule.AllowedAnalysisProviders = []string{"111111111111"}
	_, err = p.statement(context.Background(), room, in)
	require.ErrorContains(t, err, "does not allow this template")
}

func TestTemplateOnListTable(t *testing.T) {
	p, room := openParser(t), parseRoom(t, rulesRoom, "")
	room.Templates[1].SQL = "SELECT DISTINCT customer_id" + join
	_, err := p.statement(context.Background(), room, &SQLParameters{AnalysisTemplateArn: otherARN})
	require.ErrorContains(t, err, "takes no analysis template")
}
