package storage_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A cutting writer loses the connection when it has sent that many bytes of a body; below 0 it never does.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	if c.left >= 0 && len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}

// A connection that is lost in the middle of a range is a passing fault, and not the object's end.
func TestARangeThatIsCutOff(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 10)
	left := -1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(&cutting{w, left}, r, "", time.Unix(1e9, 0), bytes.NewReader(data))
	}))
	t.Cleanup(server.Close)
	folder, err := storage.Open(t.Context(), "s3://raw/?region=eu-west-1&anonymous=true&use_path_style=true&endpoint="+server.URL)
	require.NoError(t, err)
	ra, err := folder.ReaderAt(t.Context(), "part.parquet")
	require.NoError(t, err)
	require.Equal(t, int64(len(data)), ra.Size())
	p := make([]byte, 20)

	for _, sent := range []int{0, 7} {
		left = sent
		n, err := ra.ReadAt(p, 30)
		assert.Equal(t, sent, n)
		require.ErrorContains(t, err, "part.parquet: the connection was closed")
		assert.NotEqual(t, io.EOF, err)
		assert.Equal(t, audience.Transient, audience.ClassOf(err))
	}
	left = -1
	n, err := ra.ReadAt(p, 30)
	require.NoError(t, err)
	assert.Equal(t, data[30:50], p[:n])
	n, err = ra.ReadAt(p, 90)
	assert.Equal(t, io.EOF, err, "as it is, for whoever compares")
	assert.Equal(t, 10, n)
}

// Parts come without a checksum, which the SDK would tell of on standard error: a task's log is made of JSON lines.
func TestPartsAreReadInSilence(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stderr := os.Stderr
	os.Stderr = write
	t.Cleanup(func() { os.Stderr = stderr })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Unix(1e9, 0), bytes.NewReader([]byte("0123456789")))
	}))
	t.Cleanup(server.Close)
	folder, err := storage.Open(t.Context(), "s3://raw/?region=eu-west-1&anonymous=true&use_path_style=true&endpoint="+server.URL)
	require.NoError(t, err)
	ra, err := folder.ReaderAt(t.Context(), "part.parquet")
	require.NoError(t, err)
	_, err = ra.ReadAt(make([]byte, 4), 3)
	require.NoError(t, err)
	require.NoError(t, write.Close())
	said, err := io.ReadAll(read)
	require.NoError(t, err)
	assert.Empty(t, string(said))
}
