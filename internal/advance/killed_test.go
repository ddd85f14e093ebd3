package advance

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
)

// A file is a document and when it was written.
type file struct {
	data []byte
	at   time.Time
}

// files reads all documents of the bench.
func (b *bench) files() map[string]file {
	b.t.Helper()
	found := map[string]file{}
	require.NoError(b.t, filepath.WalkDir(b.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		found[path] = file{data, info.ModTime()}
		return err
	}))
	return found
}

// restore makes the documents those again.
func (b *bench) restore(files map[string]file) {
	b.t.Helper()
	for path := range b.files() {
		if _, is := files[path]; !is {
			require.NoError(b.t, os.Remove(path))
		}
	}
	for path, f := range files {
		require.NoError(b.t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(b.t, os.WriteFile(path, f.data, 0o600))
		require.NoError(b.t, os.Chtimes(path, f.at, f.at))
	}
}

// halves are the documents after none, one, two of the writes that lie between before and after, and so on, but for the last.
// What was deleted was deleted last, but for that one.
func halves(before, after map[string]file) []map[string]file {
	var written, deleted []string
	for path, f := range after {
		if old, is := before[path]; !is || !old.at.Equal(f.at) || !bytes.Equal(old.data, f.data) {
			written = append(written, path)
		}
	}
	for path := range before {
		if _, is := after[path]; !is {
			deleted = append(deleted, path)
		}
	}
	slices.SortFunc(written, func(x, y string) int { return after[x].at.Compare(after[y].at) })
	slices.Sort(deleted)
	var all []map[string]file
	now := maps.Clone(before)
	for i, path := range written {
		all = append(all, maps.Clone(now))
		if i == len(written)-1 { // upload.json
			for _, gone := range deleted {
				delete(now, gone)
				all = append(all, maps.Clone(now))
			}
		}
		now[path] = after[path]
	}
	return all
}
