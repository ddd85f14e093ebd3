package identity

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// TestMetasOwnExamples holds the rules against what Meta publishes, hashes included.
func TestMetasOwnExamples(t *testing.T) {
	data, err := os.ReadFile("testdata/meta_vectors.json")
	require.NoError(t, err)
	var doc struct {
		Vectors []struct {
			Key                               audience.Key
			Input, Country, Canonical, SHA256 string
		}
	}
	require.NoError(t, json.Unmarshal(data, &doc))
	require.Len(t, doc.Vectors, 26)
	hashes := 0
	for _, v := range doc.Vectors {
		var canonical []byte
		if v.Key == audience.DOB {
			y, m, d, reason := normalizer().SplitDOB(nil, nil, nil, []byte(v.Input), "mdy")
			require.Empty(t, reason, v.Input)
			canonical = append(append(y, m...), d...)
		} else {
			var form Form
			canonical, form = normalizer().Append(nil, v.Key, []byte(v.Input), []byte(v.Country))
			assert.Empty(t, form, v.Input)
		}
		assert.Equal(t, v.Canonical, string(canonical), v.Input)
		if v.SHA256 != "" {
			hashes++
			assert.Equal(t, v.SHA256, string(AppendHash(nil, canonical)), v.Input)
		}
	}
	assert.Equal(t, 9, hashes)
}
