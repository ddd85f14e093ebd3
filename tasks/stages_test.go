package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/storage"
)

func TestOpenCatalog(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	catalog, err := openCatalog(t.Context(), "glue://clean_reach")
	require.NoError(t, err)
	assert.IsType(t, prepare.GlueCatalog{}, catalog)
	catalog, err = openCatalog(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	assert.IsType(t, prepare.DocumentCatalog{}, catalog)

	for _, bad := range []string{"", "glue://", "glue:///db", "glue://db/table", "glue://db?x=1", "https://example.com", "mem://", "%"} {
		_, err := openCatalog(t.Context(), bad)
		require.ErrorContains(t, err, "CLEANREACH_CATALOG must be glue://<database>, or", bad)
		assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	}
}
