package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The query that people copy from the clean room's README is the demo's, which the demo's test runs.
func TestReadmeHasTheDemosQuery(t *testing.T) {
	definition, err := os.ReadFile(filepath.Join(repository, "internal", "local", "demo", "audience.json"))
	require.NoError(t, err)
	var demo struct{ Match struct{ SQL string } }
	require.NoError(t, json.Unmarshal(definition, &demo))
	readme, err := os.ReadFile(filepath.Join(repository, "terraform", "modules", "cleanroom", "README.md"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "```sql\n")
	require.True(t, found)
	query, _, _ := strings.Cut(rest, "```")
	assert.Equal(t, demo.Match.SQL, strings.Join(strings.Fields(query), " "))
}
