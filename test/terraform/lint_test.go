package terraform

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/test/tools"
)

// tflint gives what tflint says about a module by terraform/.tflint.hcl: a line a finding, none when all is well.
func tflint(t *testing.T, folder string) string {
	t.Helper()
	config, err := filepath.Abs(filepath.Join(repository, "terraform", ".tflint.hcl"))
	require.NoError(t, err)
	out, err := tools.Command(t, "TFLINT", "--config", config, "--chdir", folder, "--format", "compact", "--no-color").CombinedOutput()
	if err != nil {
		require.NotEmpty(t, out, "tflint says nothing, and fails: %v", err)
	}
	return string(out)
}

func TestLint(t *testing.T) {
	terraform := filepath.Join(repository, "terraform")
	for _, module := range findModules(t, terraform) {
		assert.Empty(t, tflint(t, filepath.Join(terraform, module)), "%s, or a comment # tflint-ignore: <rule> with the reason above it", module)
	}
}

func TestLintNotices(t *testing.T) {
	good := map[string]string{
		"main.tf":      "locals {\n  twice = var.number * 2\n}\n",
		"variables.tf": "variable \"number\" {\n  type        = number\n  description = \"A number.\"\n}\n",
		"outputs.tf":   "output \"twice\" {\n  value       = local.twice\n  description = \"Twice the number.\"\n}\n",
		"versions.tf":  "terraform {\n  required_version = \">= 1.11\"\n}\n",
	}
	cases := []struct{ name, file, text, want string }{
		{"as it is", "versions.tf", good["versions.tf"], ""},
		{"no type", "variables.tf", "variable \"number\" {\n  description = \"A number.\"\n}\n", "terraform_typed_variables"},
		{"no description", "variables.tf", "variable \"number\" {\n  type = number\n}\n", "terraform_documented_variables"},
		{"an output without description", "outputs.tf", "output \"twice\" {\n  value = local.twice\n}\n", "terraform_documented_outputs"},
		{"something that nothing uses", "outputs.tf", "", "terraform_unused_declarations"},
		{"no version", "versions.tf", "terraform {}\n", "terraform_required_version"},
		{"a name in another style", "main.tf", "locals {\n  twice = local.Number * 2\n  Number = var.number\n}\n", "terraform_naming_convention"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			for file, text := range good {
				if file == c.file {
					text = c.text
				}
				require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644))
			}
			if c.want == "" {
				assert.Empty(t, tflint(t, folder))
				return
			}
			assert.Contains(t, tflint(t, folder), c.want)
		})
	}
}
