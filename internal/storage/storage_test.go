package storage_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// everyFolder runs the contract on each kind of storage that a test can open.
func everyFolder(t *testing.T, test func(t *testing.T, f *storage.Folder)) {
	t.Helper()
	for name, url := range map[string]string{"disk": storage.FileURL(filepath.Join(t.TempDir(), "a folder")), "memory": "mem://"} {
		t.Run(name, func(t *testing.T) {
			f, err := storage.Open(t.Context(), url)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, f.Close()) })
			test(t, f.Sub("runs/acme/"))
		})
	}
}

func TestObjectsComeBackAsWritten(t *testing.T) {
	everyFolder(t, func(t *testing.T, f *storage.Folder) {
		ctx := t.Context()
		require.NoError(t, f.Write(ctx, "a/one.json", []byte("first")))
		require.NoError(t, f.Write(ctx, "a/one.json", []byte("second")))
		require.NoError(t, f.WriteJSON(ctx, "two.json", map[string]int{"n": 2}))

		data, err := f.Read(ctx, "a/one.json")
		require.NoError(t, err)
		assert.Equal(t, "second", string(data))
		var two map[string]int
		require.NoError(t, f.ReadJSON(ctx, "two.json", &two))
		assert.Equal(t, 2, two["n"])

		list, err := f.List(ctx, "")
		require.NoError(t, err)
		require.Len(t, list, 2)
		assert.Equal(t, "a/one.json", list[0].Key)
		assert.Equal(t, int64(6), list[0].Size)

		require.NoError(t, f.Delete(ctx, "two.json"))
		require.NoError(t, f.Delete(ctx, "two.json"), "deleting twice is no error")
		_, err = f.Read(ctx, "two.json")
		require.ErrorIs(t, err, fs.ErrNotExist)
		assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		assert.Contains(t, err.Error(), "two.json")
	})
}

func TestCreateSucceedsOnce(t *testing.T) {
	everyFolder(t, func(t *testing.T, f *storage.Folder) {
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				err := f.Create(t.Context(), "lock", fmt.Append(nil, i))
				if err == nil {
					won.Add(1)
					return
				}
				assert.ErrorIs(t, err, fs.ErrExist)
			})
		}
		all.Wait()
		assert.Equal(t, int32(1), won.Load())
		list, err := f.List(t.Context(), "")
		require.NoError(t, err)
		assert.Len(t, list, 1, "losers leave nothing behind")
	})
}

func TestWriterAppearsAsAWholeOrNotAtAll(t *testing.T) {
	everyFolder(t, func(t *testing.T, f *storage.Folder) {
		ctx := t.Context()
		for _, abort := range []bool{true, false} {
			w, err := f.NewWriter(ctx, "part")
			require.NoError(t, err)
			_, err = w.Write([]byte("half"))
			require.NoError(t, err)
			list, err := f.List(ctx, "")
			require.NoError(t, err)
			assert.Empty(t, list, "nothing is seen before Close")
			if abort {
				w.Abort()
				continue
			}
			require.NoError(t, w.Close())
			w.Abort()
		}
		data, err := f.Read(ctx, "part")
		require.NoError(t, err)
		assert.Equal(t, "half", string(data))
	})
}

// An earlier attempt goes on while the next one clears the folder: its write fails, and no person has to act.
func TestClearedUnderAWriter(t *testing.T) {
	f, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	w, err := f.NewWriter(t.Context(), "prepared/part.parquet")
	require.NoError(t, err)
	_, err = w.Write([]byte("rows"))
	require.NoError(t, err)
	require.NoError(t, f.Clear(t.Context(), "prepared/"))
	err = w.Close()
	require.ErrorContains(t, err, "cleared the folder")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.NotErrorIs(t, err, fs.ErrExist)
}

func TestReaderAtReadsParts(t *testing.T) {
	everyFolder(t, func(t *testing.T, f *storage.Folder) {
		content := bytes.Repeat([]byte("0123456789"), 100)
		for _, key := range []string{"plain", "a b/ü.parquet", "new\nline"} {
			require.NoError(t, f.Write(t.Context(), key, content))
			r, err := f.ReaderAt(t.Context(), key)
			require.NoError(t, err)
			assert.Equal(t, int64(1000), r.Size())
			p := make([]byte, 4)
			_, err = r.ReadAt(p, 8)
			require.NoError(t, err)
			assert.Equal(t, "8901", string(p))
			n, err := r.ReadAt(p, 998)
			assert.Equal(t, 2, n)
			require.ErrorIs(t, err, io.EOF)
			_, err = r.ReadAt(p, 1000)
			require.ErrorIs(t, err, io.EOF)
			require.NoError(t, r.Close())
		}
		_, err := f.ReaderAt(t.Context(), "nowhere")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

func TestClearRemovesWhatKilledWritersLeft(t *testing.T) {
	dir := t.TempDir()
	f, err := storage.Open(t.Context(), storage.FileURL(dir))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	w, err := f.NewWriter(t.Context(), "prepared/part-0.parquet")
	require.NoError(t, err)
	defer w.Abort()
	require.NoError(t, f.Write(t.Context(), "prepared/part-1.parquet", []byte("x")))
	list, err := f.List(t.Context(), "prepared/")
	require.NoError(t, err)
	assert.Len(t, list, 1, "an unfinished file is no object")
	require.NoError(t, f.Clear(t.Context(), "prepared/"))
	assert.NoDirExists(t, filepath.Join(dir, "prepared"))
}

func TestFind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "raw data")
	for _, name := range []string{"2024/a.csv", "b.csv", "_SUCCESS", ".hidden", "_tmp/c.csv", "empty.csv"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(map[bool]string{true: "", false: "x"}[name == "empty.csv"]), 0o600))
	}
	cases := []struct {
		path string
		want []string
	}{
		{"", []string{"2024/a.csv", "b.csv", "empty.csv"}},
		{"/", []string{"2024/a.csv", "b.csv", "empty.csv"}},
		{"/b.csv", []string{"b.csv"}},
		{"/2024", []string{"a.csv"}},
		{"/nowhere.csv", nil},
		{"/_tmp", []string{"c.csv"}},
	}
	for _, c := range cases {
		_, objects, err := storage.Find(t.Context(), storage.FileURL(dir)+c.path)
		if c.want == nil {
			require.ErrorIs(t, err, fs.ErrNotExist, c.path)
			assert.NoDirExists(t, dir+c.path, "looking makes nothing")
			continue
		}
		require.NoError(t, err, c.path)
		var keys []string
		for _, o := range objects {
			keys = append(keys, o.Key)
		}
		assert.Equal(t, c.want, keys, c.path)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"ftp://host/x", "/plain/path", "%zz"} {
		_, err := storage.Open(t.Context(), url)
		require.Error(t, err, url)
		assert.Equal(t, audience.Invalid, audience.ClassOf(err), url)
	}
}

func TestADocumentThatIsNoneIsNotEchoed(t *testing.T) {
	everyFolder(t, func(t *testing.T, f *storage.Folder) {
		require.NoError(t, f.Write(t.Context(), "run.json", []byte("secret@example.com")))
		var v any
		err := f.ReadJSON(t.Context(), "run.json", &v)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "secret")
		assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	})
}

func TestAFullDiskSaysSo(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	dir := t.TempDir()
	f, err := storage.Open(t.Context(), storage.FileURL(dir))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	_, cause := full.WriteString("x")
	require.ErrorIs(t, cause, syscall.ENOSPC)
	err = storage.Explain(f, "write", "part", cause)
	assert.Contains(t, err.Error(), "disk is full")
	assert.Contains(t, audience.NextOf(err), "free some space")
	assert.ErrorIs(t, err, syscall.ENOSPC)
}

// TestAListDoesNotMindWriters lists a folder on disk while objects in it come and go: their temporary files vanish under
// whoever looks.
func TestAListDoesNotMindWriters(t *testing.T) {
	f, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	require.NoError(t, f.Write(t.Context(), "leases/1.json", []byte("{}")))
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					assert.NoError(t, f.Write(t.Context(), "leases/1.json", []byte("{}")))
				}
			}
		})
	}
	for range 3000 {
		objects, err := f.List(t.Context(), "leases/")
		if !assert.NoError(t, err) || !assert.Len(t, objects, 1) {
			break
		}
	}
	close(stop)
	writers.Wait()
}

// A list of many files in folders whose names begin alike is whole, and in the order of the keys.
func TestAListIsWhole(t *testing.T) {
	dir := t.TempDir()
	f, err := storage.Open(t.Context(), storage.FileURL(dir))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	var keys []string
	put := func(key string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, key)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, key), []byte("row"), 0o600))
		keys = append(keys, key)
	}
	for i := range 1001 {
		put(fmt.Sprintf("part/%05d.csv", i))
	}
	for _, key := range []string{"part.csv", "part-1.csv", "part!.csv", "part.d/1.csv", "part.d/2/1.csv", "part 1.csv"} {
		put(key)
	}
	require.NoError(t, f.Write(t.Context(), "odd/a\\b\x01", []byte("x")))
	keys = append(keys, "odd/a\\b\x01")
	slices.Sort(keys)
	assert.Equal(t, keys, keysOf(t, f, ""))
	assert.Len(t, keysOf(t, f, "part/"), 1001)
	assert.Equal(t, []string{"part.csv", "part.d/1.csv", "part.d/2/1.csv"}, keysOf(t, f, "part."))
	assert.Equal(t, []string{"1.csv", "2/1.csv"}, keysOf(t, f.Sub("part.d"), ""))
	assert.Empty(t, keysOf(t, f, "none/"))

	require.NoError(t, os.Symlink(filepath.Join(dir, "part.csv"), filepath.Join(dir, "part.d", "link.csv")))
	objects, err := f.List(t.Context(), "part.d/link")
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, int64(len("row")), objects[0].Size, "of the file, and not of the link")
}

func keysOf(t *testing.T, f *storage.Folder, prefix string) (keys []string) {
	t.Helper()
	objects, err := f.List(t.Context(), prefix)
	require.NoError(t, err)
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	return keys
}

// A folder that may not be read must not pass for an empty one.
func TestAListThatMayNotBeRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "closed"), 0o750))
	require.NoError(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Cleanup(func() { assert.NoError(t, os.Chmod(filepath.Join(dir, "closed"), 0o700)) })
	f, err := storage.Open(t.Context(), storage.FileURL(dir))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	_, err = f.List(t.Context(), "")
	require.ErrorContains(t, err, "closed")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
}
