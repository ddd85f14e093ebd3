package terraform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/prepare"
)

// judged is what terraform/modules/audience says about a corpus of documents, by their keys.
type judged struct {
	Problems   map[string][]string                 `json:"problems"`
	Columns    map[string][]audience.CatalogColumn `json:"columns"`
	TableNames map[string]string                   `json:"table_names"`
}

// Terraform refuses at plan what the container would refuse at the start of a run, in the same words, and makes the table
// that preparing will fill. A whole corpus goes through the module in one plan.
func TestTerraformJudgesDefinitionsAsTheContainerDoes(t *testing.T) {
	corpus := definitions(t)
	var got judged
	planOutputs(t, "modules/audience", map[string]any{"documents": corpus}, &got)
	good := 0
	for _, key := range slices.Sorted(maps.Keys(corpus)) {
		def, err := audience.ParseDefinition([]byte(corpus[key]))
		require.Contains(t, got.Problems, key)
		if err != nil {
			assert.ElementsMatch(t, problemsOf(err), got.Problems[key], "%s\n%s", key, shortened(corpus[key]))
			assert.Empty(t, got.Columns[key], key)
			continue
		}
		good++
		if assert.Empty(t, got.Problems[key], "%s\n%s", key, shortened(corpus[key])) {
			assert.Equal(t, prepare.Columns(def.Source), got.Columns[key], key)
			assert.Equal(t, audience.TableName(def.Tenant, def.Name), got.TableNames[key], key)
		}
	}
	t.Logf("%d definitions, %d of them good: Terraform and the container agree on all", len(corpus), good)
	assert.Greater(t, good, 50)
	assert.Greater(t, len(corpus)-good, 400)
}

// problemsOf gives the lines of a refusal, or its one sentence. Of what is no JSON at all Terraform cannot say where.
func problemsOf(err error) []string {
	var listed *audience.ProblemsError
	if errors.As(err, &listed) {
		return strings.Split(listed.Error(), "\n  ")[1:]
	}
	if strings.Contains(err.Error(), "not valid JSON") {
		return []string{"(document): not valid JSON"}
	}
	return []string{"(document): " + err.Error()}
}

func shortened(document string) string { return document[:min(len(document), 2000)] }

// definitions are the examples, the smallest definition with a section of a full one in which one value after the other is
// replaced, removed or joined by an unknown one, and what the rules beyond the schema are about.
func definitions(t *testing.T) map[string]string {
	t.Helper()
	corpus := map[string]string{}
	examples, err := filepath.Glob("../../internal/audience/testdata/*.definition.json")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		data, err := os.ReadFile(example)
		require.NoError(t, err)
		corpus[filepath.Base(example)] = string(data)
	}
	var full map[string]any
	require.NoError(t, json.Unmarshal([]byte(corpus["full.definition.json"]), &full))
	for section, content := range full {
		var document map[string]any
		require.NoError(t, json.Unmarshal([]byte(smallest), &document))
		document[section] = content
		mutate(section, content, func(v any) { document[section] = v }, func(what string) {
			encoded, err := json.Marshal(document)
			require.NoError(t, err)
			corpus[what] = string(encoded)
		})
		delete(document, section)
		encoded, err := json.Marshal(document)
		require.NoError(t, err)
		corpus[section+" removed"] = string(encoded)
	}
	for name, change := range changes() {
		broken := strings.Replace(smallest, change.from, change.to, 1)
		require.NotEqual(t, smallest, broken, name)
		corpus[name] = broken
	}
	return corpus
}

// replacements are values that some rule or other is about.
var replacements = []any{
	nil, true, "", " ", "a B", "remove", strings.Repeat("ä", 61), strings.Repeat("y", 201), -1, 0.5, 7, 401, 5_000_001,
	[]any{}, []any{"a", 7, nil, map[string]any{"type": "int"}}, map[string]any{}, map[string]any{"a b": "c", "EMAIL": 1},
}

// mutate changes one thing after the other in a value that set puts into its document, shows each change, and undoes it.
func mutate(path string, value any, set func(any), show func(what string)) {
	for i, replacement := range replacements {
		set(replacement)
		show(fmt.Sprintf("%s = replacement %d", path, i))
	}
	set(value)
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			member := value[name]
			delete(value, name)
			show(path + "." + name + " removed")
			value[name] = member
			mutate(path+"."+name, member, func(v any) { value[name] = v }, show)
		}
		value["colour"] = "red"
		show(path + ".colour added")
		delete(value, "colour")
	case []any:
		for i, item := range value {
			mutate(fmt.Sprintf("%s[%d]", path, i), item, func(v any) { value[i] = v }, show)
		}
	}
}

// smallest is a definition with nothing that could be left out.
const smallest = `{"tenant": "acme", "name": "vip", "source": {"path": "customers.csv", "columns": {"EMAIL": "mail"}},
  "match": {"membership_id": "11111111-2222-3333-4444-555555555555", "sql": "SELECT 1"}, "meta": {"ad_account": "act_1"}}`

// changes to the smallest definition, good and bad, that no single replacement makes.
func changes() map[string]struct{ from, to string } {
	keep := func(columns string) struct{ from, to string } {
		return struct{ from, to string }{`"path"`, `"keep": [` + columns + `], "path"`}
	}
	columns := func(columns string) struct{ from, to string } {
		return struct{ from, to string }{`"EMAIL": "mail"`, columns}
	}
	options := func(value string) struct{ from, to string } {
		return struct{ from, to string }{`"act_1"`, `"act_1", "data_processing_options": ` + value}
	}
	long := smallest + strings.Repeat(" ", 120_000-len(smallest))
	return map[string]struct{ from, to string }{
		"no JSON":                      {smallest, `{"tenant":`},
		"nothing":                      {smallest, ``},
		"a list":                       {smallest, `[]`},
		"a word":                       {smallest, `"x"`},
		"null":                         {smallest, `null`},
		"an unknown field":             {`"tenant"`, `"color": "red", "tenant"`},
		"many faults":                  {smallest, `{"tenant": "A", "source": {"path": 1, "columns": {}}, "match": {}, "colour": 1}`},
		"something behind the JSON":    {`{"tenant"`, `{} {"tenant"`},
		"as long as may be":            {smallest, long},
		"too long":                     {smallest, long + " "},
		"too long by bytes":            {"SELECT 1", strings.Repeat("é", 60_000)},
		"too long and no JSON":         {smallest, long + "]"},
		"too long a query":             {"SELECT 1", strings.Repeat("x", 100_001)},
		"sql and template":             {`"SELECT 1"`, `"SELECT 1", "template_arn": "arn:aws-us-gov:cleanrooms:us-gov-west-1:123456789012:membership/0b7a3f0e-6f0e-4c64-9a53-5d3c1b8f2a10/analysistemplate/4c1de8a2-7c65-4c7e-9b42-0d2f6f5a9e11"`},
		"parameters of sql":            {`"SELECT 1"`, `"SELECT 1", "parameters": {"a": "b"}`},
		"no parameters of sql":         {`"SELECT 1"`, `"SELECT 1", "parameters": {}`},
		"only the city":                columns(`"CT": "city"`),
		"the surname":                  columns(`"LN": "name"`),
		"a column twice":               columns(`"EMAIL": "mail", "PHONE": "mail"`),
		"a column three times":         columns(`"ZIP": "x", "PHONE": "x", "EMAIL": "x"`),
		"blank columns":                columns(`"EMAIL": " ", "PHONE": " "`),
		"DOB and its parts":            columns(`"EMAIL": "mail", "DOB": "d", "DOBY": "y", "DOBD": "e"`),
		"DOB":                          columns(`"EMAIL": "mail", "DOB": "d", "LN": "l", "COUNTRY": "c"`),
		"parts of a date":              columns(`"EMAIL": "mail", "DOBM": "d", "DOBY": "y"`),
		"every key":                    columns(`"EXTERN_ID":"a","EMAIL":"b","PHONE":"c","GEN":"d","DOBY":"e","DOBM":"f","DOBD":"g","LN":"h","FN":"i","FI":"j","CT":"k","ST":"l","ZIP":"m","MADID":"n","COUNTRY":"o","LOOKALIKE_VALUE":"p","DATA_PROCESSING_OPTIONS":"q"`),
		"values of nobody":             columns(`"LOOKALIKE_VALUE": "worth", "DATA_PROCESSING_OPTIONS": "ccpa"`),
		"everybody limited":            options(`{"options": ["LDU"], "country": 1, "state": 1000}`),
		"everybody limited somewhere":  options(`{"options": ["LDU"], "country": 0}`),
		"nobody limited":               options(`{"options": []}`),
		"a country without a state":    options(`{"options": [], "country": 1}`),
		"a state without a country":    options(`{"options": ["LDU"], "country": 0, "state": 1000}`),
		"limited twice":                options(`{"options": ["LDU", "LDU"]}`),
		"not known options":            options(`{"options": ["LDA"], "country": 2, "state": -1}`),
		"no options at all":            options(`null`),
		"kept like a key":              keep(`"Email", "extern_id", "e_mail", "Lookalike Value", "lookalike_value_sha256"`),
		"kept like a hash":             keep(`"phone sha256", {"column": "x.SHA256"}`),
		"kept twice":                   keep(`"a b", "a_b", {"column": " A-B ", "type": "double"}`),
		"kept with odd names":          keep(`"été", "Ünïcode 9", {"column": "日本", "type": "date"}, " "`),
		"as many as may be kept":       keep(strings.Join(numbered(50), ",")),
		"one too many kept":            keep(strings.Join(numbered(51), ",")),
		"faults of both kinds":         {`"sql": "SELECT 1"`, `"colour": 1`},
		"another's mark":               {`"act_1"`, `"act_1", "description": "VIPs CleanReach:other/vip"`},
		"a fault that hides another":   {`"act_1"`, `"act_1", "description": "` + strings.Repeat("cleanreach:", 9) + `"`},
		"unreadable, so not looked at": {`"SELECT 1"`, `7, "parameters": {"a": "b"}`},
		"hyphens":                      {`"acme", "name": "vip"`, `"a-b-c", "name": "d--e-f"`},
		"characters, not bytes":        {`"act_1"`, `"act_1", "audience_name": "` + strings.Repeat("é", 50) + `"`},
		"markup in a query":            {`SELECT 1`, `SELECT '<b>&' WHERE a > 1`},
	}
}

func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"c%d"`, i)
	}
	return list
}
