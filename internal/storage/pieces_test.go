package storage_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A bucket that serves one object and counts what is asked for.
type oneObject struct {
	sync.Mutex

	data     []byte
	tag      string
	modified int64
	gone     bool
	cut      string // the range whose connection is lost
	ranges   []string
}

func (o *oneObject) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.Header.Get("Range")
	o.Lock()
	o.ranges = append(o.ranges, asked)
	if o.tag != "" {
		w.Header().Set("ETag", o.tag)
	}
	left := -1
	if asked == o.cut {
		left = 100
	}
	data, modified, gone := o.data, time.Unix(1e9+o.modified, 0), o.gone
	o.Unlock()
	if gone {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")
		return
	}
	http.ServeContent(&cutting{w, left}, r, "", modified, bytes.NewReader(data))
}

func (o *oneObject) open(t *testing.T) io.ReadCloser {
	t.Helper()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	folder, err := storage.Open(t.Context(), "s3://raw/?region=eu-west-1&anonymous=true&use_path_style=true&endpoint="+server.URL)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	r, err := folder.NewReader(t.Context(), "big.csv")
	require.NoError(t, err)
	return r
}

func bigObject() *oneObject {
	data := bytes.Repeat([]byte("0123456789abcdef"), 2<<20+1)
	for i := 0; i < len(data); i += 1 << 10 {
		data[i] = byte(i >> 10)
		data[i+1] = byte(i >> 18)
	}
	return &oneObject{data: data, tag: `"1"`, cut: "none"}
}

func TestALargeObjectComesInPieces(t *testing.T) {
	o := bigObject()
	r := o.open(t)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.True(t, bytes.Equal(o.data, got))
	assert.ElementsMatch(t, []string{"", "bytes=8388608-16777215", "bytes=16777216-25165823", "bytes=25165824-33554431", "bytes=33554432-33554447"}, o.ranges)

	small := &oneObject{data: o.data[:1<<20], tag: `"1"`, cut: "none"}
	r = small.open(t)
	got, err = io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.True(t, bytes.Equal(small.data, got))
	assert.Len(t, small.ranges, 1)
}

func TestALargeObjectThatIsCutOff(t *testing.T) {
	for cut, whole := range map[string]int{"": 0, "bytes=16777216-25165823": 2} {
		o := bigObject()
		o.cut = cut
		r := o.open(t)
		got, err := io.ReadAll(r)
		require.Error(t, err)
		assert.Equal(t, audience.Transient, audience.ClassOf(err))
		assert.True(t, bytes.Equal(o.data[:len(got)], got))
		if whole > 0 {
			require.ErrorContains(t, err, "big.csv: the connection was closed after 100 of 8388608 bytes")
			assert.Len(t, got, whole*8<<20)
		}
		require.NoError(t, r.Close())
	}
}

// Pieces of two objects would make one that there never was.
func TestALargeObjectThatIsReplaced(t *testing.T) {
	for name, replace := range map[string]func(o *oneObject){
		"in the same second, and as long": func(o *oneObject) { o.tag = `"2"` },
		"by the same, later":              func(o *oneObject) { o.modified++ },
		"by a longer one":                 func(o *oneObject) { o.data = append(o.data[:len(o.data):len(o.data)], 0) },
		"by one that ends before":         func(o *oneObject) { o.data = o.data[:2<<20] },
		"by nothing":                      func(o *oneObject) { o.gone = true },
	} {
		t.Run(name, func(t *testing.T) {
			o := bigObject()
			r := o.open(t)
			o.Lock()
			replace(o)
			o.Unlock()
			_, err := io.ReadAll(r)
			require.ErrorContains(t, err, "big.csv: it changed meanwhile")
			assert.Equal(t, audience.Transient, audience.ClassOf(err))
			assert.NotEmpty(t, audience.NextOf(err))
			require.NoError(t, r.Close())
		})
	}
}
