package audience_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

var jsonBlock = regexp.MustCompile("(?s)```json\n(.*?)```")

// TestDefinitionsInTheDocsAreValid: people copy them.
func TestDefinitionsInTheDocsAreValid(t *testing.T) {
	for page, want := range map[string]int{"../../README.md": 1, "../../docs/modes.md": 3} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		found := 0
		for _, block := range jsonBlock.FindAllSubmatch(text, -1) {
			if !bytes.Contains(block[1], []byte(`"tenant"`)) {
				continue
			}
			found++
			_, err := audience.ParseDefinition(block[1])
			assert.NoError(t, err, "%s: %s", page, block[1])
		}
		assert.GreaterOrEqual(t, found, want, page)
	}
}

// TestModesPageKnowsTheDefaults holds its table of limits against the definition's.
func TestModesPageKnowsTheDefaults(t *testing.T) {
	page, err := os.ReadFile("../../docs/modes.md")
	require.NoError(t, err)
	def, err := audience.ParseDefinition([]byte(jsonBlock.FindAllStringSubmatch(string(page), -1)[2][1])) // sets none of them
	require.NoError(t, err)
	for name, value := range map[string]any{
		"max_removed_ratio": def.Limits.MaxRemovedRatio, "min_size": def.Limits.MinSize, "replace_overflow": def.Limits.ReplaceOverflow,
	} {
		is, err := json.Marshal(value)
		require.NoError(t, err)
		assert.Contains(t, string(page), fmt.Sprintf("| `%s` | %s |", name, is))
	}
	for _, mode := range []string{audience.ModeAdd, audience.ModeRemove, audience.ModeReplace, audience.ModeMirror} {
		assert.Contains(t, string(page), fmt.Sprintf("| `%s` |", mode))
	}
}
