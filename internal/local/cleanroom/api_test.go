package cleanroom

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func call(t *testing.T, room *testRoom, action, parameters string) (map[string]any, error) {
	t.Helper()
	var p any
	require.NoError(t, json.Unmarshal([]byte(parameters), &p))
	out, err := room.Call(t.Context(), action, p)
	if err != nil {
		return nil, err
	}
	return out.(map[string]any)["ProtectedQuery"].(map[string]any), nil
}

// The parameters are those of the state machine.
func TestCallsAsAStateMachineMakesThem(t *testing.T) {
	room := matchRoom(t, Config{})
	started, err := call(t, room, "startProtectedQuery", `{"Type": "SQL", "MembershipIdentifier": "`+acmeMembership+`",
		"SqlParameters": {"QueryString": "`+matchQuery+`"}, "ComputeConfiguration": {"Worker": {"Type": "CR.1X", "Number": 4}},
		"ResultConfiguration": {"OutputConfiguration": {"S3": {"ResultFormat": "PARQUET", "Bucket": "results", "KeyPrefix": "runs/acme/vip/1"}}}}`)
	require.NoError(t, err)
	assert.Equal(t, "SUBMITTED", started["Status"])
	id := started["Id"].(string)
	room.ended(t, id)
	got, err := call(t, room, "getProtectedQuery", `{"MembershipIdentifier": "`+acmeMembership+`", "ProtectedQueryIdentifier": "`+id+`"}`)
	require.NoError(t, err)
	assert.Equal(t, "SUCCESS", got["Status"])
	location := got["Result"].(map[string]any)["Output"].(map[string]any)["S3"].(map[string]any)["Location"].(string)
	assert.Contains(t, location, "/runs/acme/vip/1/collaboration=99999999-9999-4999-8999-999999999999/"+id+"/")
	assert.NotContains(t, got, "Error", "a state that asks whether it is present must not find it")
	_, err = call(t, room, "updateProtectedQuery", `{"MembershipIdentifier": "`+acmeMembership+`", "ProtectedQueryIdentifier": "`+id+`", "TargetStatus": "CANCELLED"}`)
	wantError(t, err, nameConflict, "INVALID_STATE")
}

func TestFailureAsAStateMachineSeesIt(t *testing.T) {
	room := matchRoom(t, Config{Maintenance: func() bool { return true }})
	ended := room.run(t, startInput(matchQuery))
	got, err := call(t, room, "getProtectedQuery", `{"MembershipIdentifier": "`+acmeMembership+`", "ProtectedQueryIdentifier": "`+ended.ID+`"}`)
	require.NoError(t, err)
	assert.Equal(t, "FAILED", got["Status"])
	assert.Equal(t, codeMaintenance, got["Error"].(map[string]any)["Code"])
	assert.NotContains(t, got, "Result")
}

func TestCallsThatStepFunctionsWouldRefuse(t *testing.T) {
	room := matchRoom(t, Config{})
	const person = "alice@example.com"
	for _, c := range []struct{ what, action, parameters, name, text string }{
		{"unknown action", "listProtectedQueries", `{}`, nameValidation, "knows startProtectedQuery"},
		{"unknown parameter", "startProtectedQuery", `{"Type": "SQL", "ClientToken": "x"}`, nameValidation, "ClientToken is no parameter"},
		{"camel case", "startProtectedQuery", `{"type": "SQL"}`, nameValidation, "type is no parameter"},
		{"unknown inside", "startProtectedQuery", `{"SqlParameters": {"Query": "` + person + `"}}`, nameValidation, "SqlParameters.Query is no parameter"},
		{"wrong type", "startProtectedQuery", `{"SqlParameters": {"QueryString": ["` + person + `"]}}`, nameValidation, "SqlParameters.QueryString is not of the type"},
		{"number as text", "startProtectedQuery", `{"ComputeConfiguration": {"Worker": {"Number": "four"}}}`, nameValidation, "Number is not of the type"},
		{"no object", "startProtectedQuery", `"` + person + `"`, nameValidation, "the call is not of the type"},
		{"another output", "startProtectedQuery", `{"ResultConfiguration": {"OutputConfiguration": {"Member": {}}}}`, nameValidation, "Member is no parameter"},
		{"target of a get", "getProtectedQuery", `{"MembershipIdentifier": "x", "TargetStatus": "CANCELLED"}`, nameValidation, "no parameter of getProtectedQuery"},
		{"no target", "updateProtectedQuery", `{"MembershipIdentifier": "x"}`, nameValidation, "must be CANCELLED"},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := call(t, room, c.action, c.parameters)
			wantError(t, err, c.name, c.text)
			assert.NotContains(t, err.Error(), "alice")
		})
	}
}
