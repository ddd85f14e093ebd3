package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/test/tools"
)

// planOutputs plans a module that needs no provider, in a copy of it, and decodes what it would put out into got.
func planOutputs(t *testing.T, module string, variables map[string]any, got any) {
	t.Helper()
	tools.Need(t, "TERRAFORM")
	folder := filepath.Join(workingCopy(t), module)
	encoded, err := json.Marshal(variables)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "given.auto.tfvars.json"), encoded, 0o600))
	run(t, folder, "init", "-input=false", "-backend=false")
	run(t, folder, "plan", "-input=false", "-out=plan")
	var plan struct {
		Values struct {
			Outputs map[string]struct {
				Value json.RawMessage `json:"value"`
			} `json:"outputs"`
		} `json:"planned_values"`
	}
	shown, err := terraformIn(t, folder, "show", "-json", "plan").Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(shown, &plan))
	values := map[string]json.RawMessage{}
	for name, output := range plan.Values.Outputs {
		values[name] = output.Value
	}
	encoded, err = json.Marshal(values)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, got))
}
