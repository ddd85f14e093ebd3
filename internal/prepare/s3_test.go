package prepare

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A bucket answers as S3 does, as far as reading a source goes. Its objects are the files of a folder.
type bucket struct {
	dir string
	cut atomic.Bool // bodies end in the middle, as when a connection is lost
}

func (s *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/raw/")
	if r.URL.Query().Has("list-type") {
		s.list(w, r.URL.Query().Get("prefix"))
		return
	}
	data, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(key)))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Last-Modified", today.Format(http.TimeFormat))
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	if r.Method == http.MethodHead {
		return
	}
	if s.cut.Load() {
		data = data[:len(data)-10]
	}
	_, _ = w.Write(data) // fewer bytes than were announced: the server cuts the connection
}

func (s *bucket) list(w http.ResponseWriter, prefix string) {
	names, _ := filepath.Glob(filepath.Join(s.dir, filepath.FromSlash(prefix), "*"))
	_, _ = fmt.Fprint(w, "<ListBucketResult><IsTruncated>false</IsTruncated>")
	for _, name := range names {
		info, _ := os.Stat(name)
		_, _ = fmt.Fprintf(w, "<Contents><Key>%s%s</Key><Size>%d</Size><LastModified>%s</LastModified></Contents>",
			prefix, info.Name(), info.Size(), today.Format("2006-01-02T15:04:05Z"))
	}
	_, _ = fmt.Fprint(w, "</ListBucketResult>")
}

func TestSourceInS3(t *testing.T) {
	b := newBench(t).put("customers/a.csv", csvOf(4000)).put("customers/b.csv", csvOf(10)).put("customers/_done", "x")
	s := &bucket{dir: b.source}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	b.define(map[string]any{"source.path": "s3://raw/customers/?region=eu-west-1&anonymous=true&use_path_style=true&endpoint=" + server.URL})

	s.cut.Store(true)
	err := b.failsWithoutAdvice(audience.Transient, "s3://raw/customers/", "unexpected EOF")
	assert.NotContains(t, err.Error(), "@")
	assert.Empty(t, b.keys(b.deps.Folder, ""))

	s.cut.Store(false)
	doc := b.prepared()
	assert.Equal(t, int64(4010), doc.Prepared)
	assert.Equal(t, "a.csv", doc.Files[0].Name)
	require.NoError(t, os.Remove(filepath.Join(b.source, "customers", "a.csv")))
	assert.Equal(t, doc, b.prepared(), "what is prepared is prepared")
}
