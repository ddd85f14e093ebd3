package storage

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestFindDocument(t *testing.T) {
	folder, err := Open(t.Context(), FileURL(t.TempDir()))
	require.NoError(t, err)
	defer func() { assert.NoError(t, folder.Close()) }()
	for _, c := range []struct {
		name, content string
		is            bool
		says          string // nothing: no error
	}{
		{"not there", "", false, ""},
		{"there", `{"schema": 1, "run": "r1"}`, true, ""},
		{"another version", `{"schema": 2}`, true, "schema version is 2"},
		{"no JSON", `{"schema":`, false, "not the JSON document"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.content != "" {
				require.NoError(t, folder.Write(t.Context(), "x.json", []byte(c.content)))
			}
			var open audience.OpenReplace
			is, err := folder.FindDocument(t.Context(), "x.json", &open, &open.Schema)
			assert.Equal(t, c.is, is)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
}
