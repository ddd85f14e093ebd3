package storage_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// S3 refuses a conditional write while another one of the same key is under way, and says so by a 409: who has won is known
// only after that.
func TestAConflictIsNoEnd(t *testing.T) {
	for _, c := range []struct {
		name      string
		conflicts int
		then      int // status
		is        error
	}{
		{"nobody has won", 2, http.StatusOK, nil},
		{"the other one has won", 2, http.StatusPreconditionFailed, fs.ErrExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked, body := 0, ""
			folder := conflicting(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "*", r.Header.Get("If-None-Match"))
				text, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				body = string(text)
				if asked++; asked <= c.conflicts {
					refuseXML(w, http.StatusConflict, "ConditionalRequestConflict")
				} else if c.then != http.StatusOK {
					refuseXML(w, c.then, "PreconditionFailed")
				}
			})
			require.ErrorIs(t, folder.Create(t.Context(), "1.json", []byte("{}")), c.is)
			assert.Equal(t, c.conflicts+1, asked)
			assert.Contains(t, body, "{}")
		})
	}
	t.Run("it never ends", func(t *testing.T) {
		folder := conflicting(t, func(w http.ResponseWriter, _ *http.Request) {
			refuseXML(w, http.StatusConflict, "ConditionalRequestConflict")
		})
		err := folder.Create(t.Context(), "1.json", []byte("{}"))
		require.ErrorContains(t, err, "create s3://work/1.json")
		assert.NotErrorIs(t, err, fs.ErrExist, "nobody knows")
		assert.Equal(t, audience.Transient, audience.ClassOf(err))
	})
}

func conflicting(t *testing.T, answer http.HandlerFunc) *storage.Folder {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	folder, err := storage.Open(t.Context(), "s3://work/?region=eu-west-1&anonymous=true&use_path_style=true&endpoint="+server.URL)
	require.NoError(t, err)
	return folder
}

func refuseXML(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
}
