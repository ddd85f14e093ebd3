package tools

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	list := filepath.Join(t.TempDir(), "tools.env")
	require.NoError(t, os.WriteFile(list, []byte("TFLINT='/a b/tflint'\nTRIVY=''\n"), 0o600))
	cases := []struct{ name, given, list, variable, want, wantError string }{
		{"in the list", "", list, "TFLINT", "/a b/tflint", ""},
		{"given by hand", "/mine", list, "TFLINT", "/mine", ""},
		{"not to be had", "", list, "TRIVY", "", ".cache/tools.log has why"},
		{"unknown", "", list, "TF", "", "does not name it"},
		{"no list", "", list + ".not", "TFLINT", "", "run .ci/tools"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := find(c.given, c.list, c.variable)
			assert.Equal(t, c.want, got)
			if c.wantError == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.wantError)
		})
	}
}
