package deployment

import (
	"encoding/json"
	"net/http"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// answerStates judges a definition by the loader that will run it, so that Terraform deploys nothing that could not run.
func answerStates(w http.ResponseWriter, r *request) bool {
	switch r.operation {
	case "ValidateStateMachineDefinition":
		var in struct {
			Definition string `json:"definition"`
		}
		result, problems := "OK", []map[string]string{}
		if err := json.Unmarshal(r.body, &in); err != nil {
			return refuse(w, http.StatusBadRequest, "ValidationException", "%v", err)
		}
		if _, err := asl.Load([]byte(in.Definition)); err != nil {
			result = "FAIL"
			problems = append(problems, map[string]string{"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": err.Error(), "location": "/"})
		}
		return writeJSON(w, http.StatusOK, map[string]any{"result": result, "diagnostics": problems, "truncated": false})
	case "ListStateMachineVersions": // Terraform publishes none
		return writeJSON(w, http.StatusOK, map[string]any{"stateMachineVersions": []any{}})
	}
	return false
}
