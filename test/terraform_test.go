package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// terraformIn runs Terraform in a folder of the repository, and leaves nothing there: what init downloads or links goes into
// a temporary folder. It is the program that $TERRAFORM names, or the one in PATH.
func terraformIn(t *testing.T, folder string) func(args ...string) []byte {
	t.Helper()
	program := os.Getenv("TERRAFORM")
	if program == "" {
		program = "terraform"
	}
	program, err := exec.LookPath(program)
	if err != nil {
		t.Skip("terraform is not installed (set TERRAFORM to its path), so nothing here has been tested:", err)
	}
	data := t.TempDir()
	return func(args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "TF_DATA_DIR="+data, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color")
		out, err := cmd.Output()
		if err != nil {
			stderr := []byte(nil)
			if exit, ok := err.(*exec.ExitError); ok {
				stderr = exit.Stderr
			}
			require.NoError(t, err, "terraform %v\n%s\n%s", args, out, stderr)
		}
		return out
	}
}

// terraformOutputs plans a module that needs no provider, and decodes its outputs into got.
func terraformOutputs(t *testing.T, folder string, variables map[string]any, got any) {
	t.Helper()
	run := terraformIn(t, folder)
	given, planned := filepath.Join(t.TempDir(), "given.tfvars.json"), filepath.Join(t.TempDir(), "plan")
	encoded, err := json.Marshal(variables)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(given, encoded, 0o600))
	run("init", "-backend=false", "-input=false")
	run("plan", "-input=false", "-lock=false", "-out="+planned, "-var-file="+given)
	var plan struct {
		Values struct {
			Outputs map[string]struct {
				Value json.RawMessage `json:"value"`
			} `json:"outputs"`
		} `json:"planned_values"`
	}
	require.NoError(t, json.Unmarshal(run("show", "-json", planned), &plan))
	outputs := map[string]json.RawMessage{}
	for name, output := range plan.Values.Outputs {
		outputs[name] = output.Value
	}
	encoded, err = json.Marshal(outputs)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, got))
}
