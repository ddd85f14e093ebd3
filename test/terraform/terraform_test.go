package terraform

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/test/tools"
)

// atOnce limits how many modules are tested side by side: each starts the provider, which takes half a gigabyte.
var atOnce = make(chan struct{}, 3)

func TestFormat(t *testing.T) {
	out, err := tools.Command(t, "TERRAFORM", "fmt", "-check", "-recursive", "-diff", filepath.Join(repository, "terraform")).CombinedOutput()
	assert.NoError(t, err, "run terraform fmt -recursive terraform\n%s", out)
}

// TestModules initialises and validates each module, and runs its own tests.
func TestModules(t *testing.T) {
	tools.Need(t, "TERRAFORM")
	plugins := tools.Need(t, "TERRAFORM_PLUGINS")
	terraform := workingCopy(t)
	for _, module := range findModules(t, terraform) {
		t.Run(filepath.ToSlash(module), func(t *testing.T) {
			t.Parallel()
			atOnce <- struct{}{}
			defer func() { <-atOnce }()
			folder := filepath.Join(terraform, module)
			run(t, folder, "init", "-input=false", "-backend=false", "-plugin-dir="+plugins)
			run(t, folder, "validate")
			if files := testFiles(t, folder); len(files) > 0 {
				passed := summary.FindString(run(t, folder, "test"))
				require.NotEmpty(t, passed, "terraform test has said nothing of how it ended")
				t.Logf("%s", passed)
			}
		})
	}
}

// summary is how terraform test ends; a module whose tests do nothing has not passed.
var summary = regexp.MustCompile(`[1-9]\d* passed, 0 failed`)

// run gives what Terraform says in a folder, and fails the test with it when Terraform fails.
func run(t *testing.T, folder string, args ...string) string {
	t.Helper()
	out, err := terraformIn(t, folder, args...).CombinedOutput()
	require.NoError(t, err, "terraform %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

func terraformIn(t *testing.T, folder string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := tools.Command(t, "TERRAFORM", args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color")
	return cmd
}

// What is above must notice a module that is no good, at the step meant for it.
func TestModulesNotice(t *testing.T) {
	plugins := tools.Need(t, "TERRAFORM_PLUGINS")
	const good = "variable \"name\" {\n  type = string\n}\n"
	const goodTest = "run \"name\" {\n  command = plan\n  variables {\n    name = \"a\"\n  }\n  assert {\n    condition     = var.name == \"a\"\n    error_message = \"the name is another\"\n  }\n}\n"
	cases := []struct{ name, code, test, step, want string }{
		{"a provider that nobody has", "terraform {\n  required_providers {\n    none = {\n      source = \"nobody/none\"\n    }\n  }\n}\n", "", "init", "nobody/none"},
		{"an unknown variable", good + "locals {\n  a = var.nane\n}\n", "", "validate", "undeclared input variable"},
		{"a test that fails", good, strings.Replace(goodTest, `== "a"`, `== "b"`, 1), "test", "the name is another"},
		{"bad form", "locals {\na=1\n}\n", "", "fmt", "main.tf"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.MkdirAll(filepath.Join(folder, "tests"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "main.tf"), []byte(c.code), 0o644))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "tests", "a.tftest.hcl"), []byte(c.test), 0o644))
			steps := [][]string{{"fmt", "-check"}, {"init", "-input=false", "-plugin-dir=" + plugins}, {"validate"}, {"test"}}
			for _, step := range steps {
				out, err := terraformIn(t, folder, step...).CombinedOutput()
				if step[0] == c.step {
					require.Error(t, err)
					assert.Contains(t, string(out), c.want)
					return
				}
				require.NoError(t, err, "%v\n%s", step, out)
			}
		})
	}
}
