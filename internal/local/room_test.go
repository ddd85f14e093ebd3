package local_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const membership = "11111111-1111-4111-8111-111111111111"

// openRoom opens a room of one table with one row that anybody may read.
func openRoom(t *testing.T) asl.Integration {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "people.csv"), []byte("a\n1\n"), 0o600))
	file, err := cleanroom.ParseRoom([]byte(`{"collaboration_id": "99999999-9999-4999-8999-999999999999", "runner": "acme",
		"members": [{"name": "acme", "account_id": "111111111111", "membership_id": "`+membership+`"}],
		"tables": [{"name": "people", "owner": "acme", "path": "people.csv", "columns": ["a"],
			"analysis_rule": {"type": "CUSTOM", "allowed_analyses": ["ANY_QUERY"], "allowed_analysis_providers": ["111111111111"]}}]}`), dir)
	require.NoError(t, err)
	results := t.TempDir()
	room, err := cleanroom.New(file, cleanroom.Config{
		TempDir: t.TempDir(), Bucket: func(string) (string, error) { return storage.FileURL(results), nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, room.Shutdown(context.WithoutCancel(t.Context()))) })
	return local.NewRoom(room)
}

func protectedQuery(action string, parameters map[string]any) asl.Call {
	parameters["MembershipIdentifier"] = membership
	return asl.Call{Resource: "arn:aws:states:::aws-sdk:cleanrooms:" + action, Parameters: parameters}
}

func start(query string) asl.Call {
	return protectedQuery("startProtectedQuery", map[string]any{
		"Type": "SQL", "SqlParameters": map[string]any{"QueryString": query},
		"ResultConfiguration": map[string]any{"OutputConfiguration": map[string]any{"S3": map[string]any{"Bucket": "results", "ResultFormat": "PARQUET"}}},
	})
}

func TestARoomAnswersAStateMachine(t *testing.T) {
	room := openRoom(t)
	result, err := room.Call(t.Context(), start("SELECT a FROM people"))
	require.NoError(t, err)
	id := result.(map[string]any)["ProtectedQuery"].(map[string]any)["Id"]
	result, err = room.Call(t.Context(), protectedQuery("getProtectedQuery", map[string]any{"ProtectedQueryIdentifier": id}))
	require.NoError(t, err)
	assert.Equal(t, id, result.(map[string]any)["ProtectedQuery"].(map[string]any)["Id"])
}

func TestARoomsRefusalsHaveTheirNames(t *testing.T) {
	room := openRoom(t)
	for _, c := range []struct {
		call        asl.Call
		name, cause string
	}{
		{start("SELECT b FROM people"), "CleanRooms.ValidationException",
			"no table of the query has such a column among its allowed ones (line 1, column 8) (Reason: INVALID_QUERY)"},
		{protectedQuery("getProtectedQuery", map[string]any{"ProtectedQueryIdentifier": "x"}), "CleanRooms.ResourceNotFoundException",
			"the membership has no such protected query"},
		{protectedQuery("getProtectedQuery", map[string]any{"ProtectedQueryIdentifier": "x", "Wait": true}), "CleanRooms.ValidationException",
			"Wait is no parameter of this action: names are in PascalCase, as the API's (Reason: FIELD_VALIDATION_FAILED)"},
	} {
		_, err := room.Call(t.Context(), c.call)
		var failed *asl.Error
		if assert.ErrorAs(t, err, &failed) {
			assert.Equal(t, c.name, failed.Name)
			assert.Equal(t, c.cause, failed.Cause)
		}
	}
}
