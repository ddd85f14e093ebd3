// Package sdk holds Meta's own SDK against the sandbox: a model of Meta that its client cannot use is no model.
package sdk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/test/tools"
)

// An answer is a JSON object that the SDK was given.
type answer map[string]any

// told is what audience.js writes.
type told struct {
	IDs        []string `json:"ids"`
	Added      []answer `json:"added"`
	Removed    answer   `json:"removed"`
	Session    []answer `json:"session"`
	Replaced   []answer `json:"replaced"`
	During     answer   `json:"during"`
	Replacing  int      `json:"replacing"`
	Everywhere answer   `json:"everywhere"`
	Read       answer   `json:"read"`
	Names      []string `json:"names"`
	Refused    answer   `json:"refused"`
}

// TestSDK has the SDK create an audience, add, remove and replace people, and read it back.
func TestSDK(t *testing.T) {
	folder := tools.Need(t, "FACEBOOK_SDK")
	server, err := sandbox.New(sandbox.Config{Version: "v24.0", MatchRate: 1, Tier: "full"}) // the SDK's version
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)

	rows := people(9)
	file := filepath.Join(t.TempDir(), "rows.json")
	text, err := json.Marshal(rows)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	node := exec.CommandContext(t.Context(), "node", "audience.js", folder, web.URL, file)
	node.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	node.Stderr = os.Stderr
	out, err := node.Output()
	require.NoError(t, err, "%s", out)
	var is told
	require.NoError(t, json.Unmarshal(out, &is), "%s", out)

	assert.Equal(t, []any{3.0, 5.0}, []any{is.Added[0]["num_received"], is.Added[1]["num_received"]})
	assert.Equal(t, "101", is.Added[1]["session_id"])
	assert.Equal(t, 1.0, is.Removed["num_received"])
	require.Len(t, is.Session, 1)
	assert.Equal(t, []any{"finished", "5", "5"}, []any{is.Session[0]["stage"], is.Session[0]["num_received"], is.Session[0]["num_matched"]})
	assert.Equal(t, []any{2.0, 4.0}, []any{is.Replaced[0]["num_received"], is.Replaced[1]["num_received"]})
	assert.Equal(t, answer{"status": 400.0, "code": 2650.0, "subcode": 1870145.0}, is.During, "nobody is added during a replace")
	assert.Equal(t, 414, is.Replacing)
	assert.Equal(t, 2.0, is.Everywhere["num_received"])
	assert.Equal(t, []any{"People", "made by the SDK", "42"}, []any{is.Read["name"], is.Read["description"], is.Read["account_id"]})
	assert.Equal(t, 200.0, is.Read["operation_status"].(map[string]any)["code"])
	assert.Equal(t, []string{"Others", "People"}, is.Names, "page by page")
	assert.Equal(t, answer{"status": 400.0, "code": 100.0, "subcode": 33.0}, is.Refused)

	assert.Equal(t, []string{"customer-5", "customer-6", "customer-7"}, members(t, server, is.IDs[0]))
	assert.Equal(t, []string{"customer-0"}, members(t, server, is.IDs[1]))
	assert.Zero(t, server.Usage("42").Refused)
}

// people are rows of EXTERN_ID, EMAIL and FN.
func people(n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = []string{fmt.Sprint("customer-", i), hash(fmt.Sprintf("%d@example.com", i)), hash("ada")}
	}
	return rows
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func members(t *testing.T, server *sandbox.Server, id string) []string {
	t.Helper()
	all, err := server.Members(id)
	require.NoError(t, err)
	list := []string{}
	for _, p := range all {
		list = append(list, p["EXTERN_ID"])
	}
	return list
}
