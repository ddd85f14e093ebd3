package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/succession"
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

// TestPreflightOfALateRun: a later run has replaced everybody, so that this one, which adds, asks Meta for nothing.
func TestPreflightOfALateRun(t *testing.T) {
	asked := 0
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(web.Close)
	b := newBench(t, "")
	b.env[envMetaURL], b.env[envMetaToken] = web.URL, secretToken
	later := succession.Run{State: b.open(audience.StateDir("acme", "vip")), Begun: audience.Begun{Run: "r2", StartedAt: time.Now()}, Mode: audience.ModeReplace}
	require.NoError(t, later.Note(t.Context()))
	require.Equal(t, 3, run(t.Context(), []string{"preflight"}, b.env, nil, &b.stdout, &b.stderr), b.stderr.String())
	failure := b.failure(audience.FailureFile("preflight"))
	require.NotNil(t, failure)
	assert.Contains(t, failure.Message, "run r2, which was started later")
	assert.Zero(t, asked)
}
