// Package terraform tests every module of terraform/: its form, its types, its own tests, what linter and scanner say,
// and its documentation. A module is found by its files, so a new one is tested without being named anywhere.
package terraform

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const repository = "../.."

// findModules gives the folders with Terraform files below terraform/, relative to it: "." is the root module.
func findModules(t *testing.T, terraform string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(terraform, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".terraform" || entry.Name() == "tests") {
			return filepath.SkipDir
		}
		if !entry.IsDir() && filepath.Ext(path) == ".tf" {
			folder, err := filepath.Rel(terraform, filepath.Dir(path))
			found = append(found, folder)
			return err
		}
		return nil
	}))
	slices.Sort(found)
	found = slices.Compact(found)
	require.NotEmpty(t, found)
	return found
}

// isExample tells whether a module is a root that people copy: it has no tests of its own, the deployment test applies it.
func isExample(module string) bool {
	return strings.HasPrefix(module, "examples"+string(filepath.Separator))
}

// isPart tells whether a module is a piece of the one around it, which has the tests and the documentation for both.
func isPart(terraform, module string) bool {
	files, err := filepath.Glob(filepath.Join(terraform, filepath.Dir(module), "*.tf"))
	return err == nil && len(files) > 0 && filepath.Dir(module) != "."
}

func testFiles(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "tests", "*.tftest.hcl"))
	require.NoError(t, err)
	return files
}

func TestEveryModuleHasTests(t *testing.T) {
	terraform := filepath.Join(repository, "terraform")
	for _, module := range findModules(t, terraform) {
		if isExample(module) || isPart(terraform, module) {
			continue
		}
		assert.NotEmpty(t, testFiles(t, filepath.Join(terraform, module)), "%s has no tests/*.tftest.hcl", module)
	}
}

// workingCopy is the repository in a temporary folder: what is below terraform/ copied, so that Terraform can leave its
// files there, and the rest as links, since modules read files from elsewhere in the repository.
func workingCopy(t *testing.T) string {
	t.Helper()
	top, err := filepath.Abs(repository)
	require.NoError(t, err)
	copied := t.TempDir()
	entries, err := os.ReadDir(top)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.Name() != "terraform" {
			require.NoError(t, os.Symlink(filepath.Join(top, entry.Name()), filepath.Join(copied, entry.Name())))
		}
	}
	from, to := filepath.Join(top, "terraform"), filepath.Join(copied, "terraform")
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		switch {
		case entry.IsDir() && entry.Name() == ".terraform":
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case entry.Name() == ".terraform.lock.hcl":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	}))
	return to
}
