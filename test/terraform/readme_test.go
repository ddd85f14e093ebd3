package terraform

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-config-inspect/tfconfig"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the tables in the modules' README.md")

// The marks are those of terraform-docs, which people may know.
const (
	beginMark = "<!-- BEGIN_TF_DOCS -->\n"
	endMark   = "<!-- END_TF_DOCS -->"
)

// Every module's README.md says what goes in and what comes out, in the order and the words of variables.tf and outputs.tf.
func TestReadmes(t *testing.T) {
	terraform := filepath.Join(repository, "terraform")
	for _, module := range findModules(t, terraform) {
		path := filepath.Join(terraform, module, "README.md")
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && (isExample(module) || isPart(terraform, module)) {
			continue
		}
		if !assert.NoError(t, err, "write what the module is for, in a line or two; make generate adds the tables") {
			continue
		}
		current, err := withTables(string(text), filepath.Join(terraform, module))
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(current), 0o644))
			continue
		}
		assert.Equal(t, current, string(text), "%s is out of date: run make generate", path)
	}
}

// withTables puts the tables between the marks, or behind the text when it has none.
func withTables(text, folder string) (string, error) {
	module, problems := tfconfig.LoadModule(folder)
	if problems.HasErrors() {
		return "", fmt.Errorf("read module %s: %w", folder, problems)
	}
	before, rest, marked := strings.Cut(text, beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if marked != ended {
		return "", fmt.Errorf("%s/README.md has one of the two marks: %s and %s", folder, strings.TrimSpace(beginMark), endMark)
	}
	if !marked {
		before, after = strings.TrimRight(text, "\n")+"\n\n", ""
	}
	return before + beginMark + inputs(module) + outputs(module) + endMark + after, nil
}

func inputs(module *tfconfig.Module) string {
	if len(module.Variables) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("## Inputs\n\nLong types are shortened; `variables.tf` has them whole.\n\n| name | type | default | |\n|---|---|---|---|\n")
	for _, v := range inOrder(module.Variables, func(v *tfconfig.Variable) tfconfig.SourcePos { return v.Pos }) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.Name, code(shortType(v.Type)), defaultOf(v), cell(v.Description))
	}
	return b.String() + "\n"
}

func outputs(module *tfconfig.Module) string {
	if len(module.Outputs) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("## Outputs\n\n| name | |\n|---|---|\n")
	for _, o := range inOrder(module.Outputs, func(o *tfconfig.Output) tfconfig.SourcePos { return o.Pos }) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", o.Name, cell(o.Description))
	}
	return b.String() + "\n"
}

// inOrder sorts by place in the source: whoever wrote it put what matters first.
func inOrder[T any](all map[string]T, at func(T) tfconfig.SourcePos) []T {
	list := make([]T, 0, len(all))
	for _, one := range all {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(at(a).Filename, at(b).Filename), cmp.Compare(at(a).Line, at(b).Line))
	})
	return list
}

func defaultOf(v *tfconfig.Variable) string {
	if v.Required {
		return "required"
	}
	text, err := json.Marshal(v.Default)
	if err != nil {
		return "see `variables.tf`"
	}
	if len(text) > longest && (text[0] == '{' || text[0] == '[') {
		return code(string(text[0]) + "…" + string(text[len(text)-1]))
	}
	return code(string(text))
}

// longest is what a cell of a type or default may have, so that a table stays one.
const longest = 80

var (
	comment   = regexp.MustCompile(`(?m)(^|\s)(#|//).*$`)
	lineBreak = regexp.MustCompile(`,?\s*\n\s*`)
	openings  = regexp.MustCompile(`([({\[]), `)
	closings  = regexp.MustCompile(`, ([)}\]])`)
	spaces    = regexp.MustCompile(`\s+`)
	object    = regexp.MustCompile(`object\(\{([^{}]|\{\})*\}\)`)
)

// shortType writes a type on one line, and while it is too long leaves out what is in its innermost objects.
func shortType(source string) string {
	line := lineBreak.ReplaceAllString(strings.TrimSpace(comment.ReplaceAllString(source, "")), ", ")
	line = spaces.ReplaceAllString(closings.ReplaceAllString(openings.ReplaceAllString(line, "$1"), "$1"), " ")
	for len(line) > longest && object.MatchString(line) {
		line = object.ReplaceAllString(line, "object(…)")
	}
	return line
}

func code(text string) string { return "`" + cell(text) + "`" }

func cell(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(spaces.ReplaceAllString(text, " ")), "|", `\|`)
}

func TestShortType(t *testing.T) {
	cases := []struct{ source, want string }{
		{"string", "string"},
		{"map(\n  string\n)", "map(string)"},
		{"object({\n  raw  = optional(number, 30) # days\n  runs = number\n})", "object({raw = optional(number, 30), runs = number})"},
		{"object({\n\n  a = string,\n\n  # about b\n  b = string\n})", "object({a = string, b = string})"},
		{"object({\n  upload_of_everything = optional(object({\n    cpu    = optional(number)\n    memory = optional(number)\n  }), {})\n})", "object({upload_of_everything = optional(object(…), {})})"},
		{"map(object({\n  tenant = string\n  audience = string\n  expression = string\n  columns = list(object({\n    name = string\n    type = string\n  }))\n}))", "map(object(…))"},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, shortType(c.source))
	}
}

// A changed variable is noticed, and what people wrote around the tables stays.
func TestReadmesFollowTheModule(t *testing.T) {
	folder := t.TempDir()
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "variables.tf"), []byte(text), 0o644))
	}
	write("variable \"b\" {\n  type        = string\n  default     = \"x|y\"\n  description = <<-EOT\n    First,\n    b.\n  EOT\n}\nvariable \"a\" {\n  type = number\n}\noutput \"c\" {\n  value       = 1\n  description = \"One.\"\n}\n")
	first, err := withTables("# it\n\nFor this.\n", folder)
	require.NoError(t, err)
	assert.Equal(t, "# it\n\nFor this.\n\n"+beginMark+"## Inputs\n\nLong types are shortened; `variables.tf` has them whole.\n\n"+
		"| name | type | default | |\n|---|---|---|---|\n| `b` | `string` | `\"x\\|y\"` | First, b. |\n| `a` | `number` | required |  |\n\n"+
		"## Outputs\n\n| name | |\n|---|---|\n| `c` | One. |\n\n"+endMark, first)
	again, err := withTables(first, folder)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	write("variable \"a\" {\n  type = string\n}\n")
	changed, err := withTables(first+"\nMore.\n", folder)
	require.NoError(t, err)
	assert.NotContains(t, changed, "`b`")
	assert.Contains(t, changed, "| `a` | `string` |")
	assert.Contains(t, changed, endMark+"\nMore.\n")

	_, err = withTables("# it\n\n"+beginMark, folder)
	assert.ErrorContains(t, err, "one of the two marks")
}
