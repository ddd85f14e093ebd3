package deployment

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/test/tools"
)

// repository is the root of this repository.
const repository = "../.."

// newTerraform makes a copy of the Terraform tree, with the files of the repository that it reads, and gives Terraform in
// one of its folders.
func newTerraform(t *testing.T, endpoint, folder string) *tfexec.Terraform {
	t.Helper()
	path, plugins := tools.Need(t, "TERRAFORM"), tools.Need(t, "TERRAFORM_PLUGINS")
	dir := t.TempDir()
	for _, from := range []string{"terraform", "statemachine", "internal/audience", "docs"} {
		copyTree(t, filepath.Join(repository, from), filepath.Join(dir, from))
	}
	tf, err := tfexec.NewTerraform(filepath.Join(dir, "terraform", folder), path)
	require.NoError(t, err)
	// Only what Terraform needs: nothing of this machine's credentials, or of its ways to find a region.
	environment := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region,
		"AWS_ACCESS_KEY_ID": "terraform", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
	}
	if file := os.Getenv("TF_CLI_CONFIG_FILE"); exists(file) {
		environment["TF_CLI_CONFIG_FILE"] = file
	}
	require.NoError(t, tf.SetEnv(environment))
	require.NoError(t, tf.Init(t.Context(), tfexec.PluginDir(plugins)))
	return tf
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && entry.Name() == ".terraform":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case strings.HasPrefix(entry.Name(), ".terraform.lock"), strings.Contains(entry.Name(), "tfstate"):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o600)
	})
	require.NoError(t, err)
}

// changes is what a plan would change: "<address>: <attribute>, …".
func changes(ctx context.Context, tf *tfexec.Terraform) ([]string, error) {
	file := filepath.Join(tf.WorkingDir(), "second.plan")
	if _, err := tf.Plan(ctx, tfexec.Out(file)); err != nil {
		return nil, err
	}
	plan, err := tf.ShowPlanFile(ctx, file)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range plan.ResourceChanges {
		if r.Change.Actions.NoOp() || r.Change.Actions.Read() {
			continue
		}
		before, _ := r.Change.Before.(map[string]any)
		after, _ := r.Change.After.(map[string]any)
		var differ []string
		for name, value := range after {
			if fmt.Sprint(value) != fmt.Sprint(before[name]) {
				differ = append(differ, name)
			}
		}
		slices.Sort(differ)
		all = append(all, fmt.Sprintf("%s: %s", r.Address, strings.Join(differ, ", ")))
	}
	slices.Sort(all)
	return all, nil
}
