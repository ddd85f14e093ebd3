package identity

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// TestTheDocsTellTheTruth tries the examples of the page that users read.
func TestTheDocsTellTheTruth(t *testing.T) {
	page, err := os.ReadFile("../../docs/normalization.md")
	require.NoError(t, err)
	n, tried := normalizer(), 0
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, " |")
		if len(cells) != 6 || !strings.Contains(cells[1], "`") {
			continue
		}
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " |`")
		}
		got, err := n.Explain(audience.Key(cells[0]), Raw(cells[1]), Raw(cells[2]), "mdy")
		require.NoError(t, err, line)
		assert.Equal(t, []string{cells[3], cells[4]}, []string{got.Canonical, string(got.Reason)}, line)
		tried++
	}
	assert.Equal(t, 38, tried)
}
