package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sha(v any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(v)))
	return hex.EncodeToString(sum[:])
}

// TestNothingPersonalOutsideTheDataFiles looks for the demo's people in every byte that a run writes: raw, canonical and
// hashed. A run is disturbed, so that the paths of failures are looked at too.
func TestNothingPersonalOutsideTheDataFiles(t *testing.T) {
	t.Parallel()
	c := &cut{at: 2}
	b := newBench(t, c.wrap)
	watch := watchProcesses(b.out)
	c.before = func() { watch.look(); killUploads(t, b.out) }
	r := b.start("-demo", "-rows", "4000", "-seed", "11")
	b.ok(r)
	require.NotEmpty(t, watch.seen, "no process was looked at")

	secrets := query(t, demoSQL(b.out, `
		SELECT DISTINCT v FROM (
			SELECT unnest([mail, email, phone, extern_id, sha256(email), sha256(phone), sha256(fn), sha256(ln), sha256(zip), trim(mobile)]) AS v FROM canonical)
		WHERE length(v) > 6 AND v NOT IN ('1234567890', 'call me', 'test@test.com')`))
	require.Greater(t, len(secrets), 10_000)
	found := newFinder(secrets)
	require.NotEmpty(t, found.in("x "+secrets[7]+" y"), "the finder finds nothing")

	texts := b.written()
	texts["standard output"], texts["standard error"], texts["processes"] = r.stdout, r.stderr, strings.Join(watch.all(), "\n")
	for _, must := range []string{"history.jsonl", "logs/upload-1.log", "report.html", "receipts/00001.json", "quarantine", "bus/events.jsonl", "prepared.json"} {
		present := false
		for name := range texts {
			present = present || strings.Contains(name, must)
		}
		require.True(t, present, "%s was not looked at", must)
	}
	for name, text := range texts {
		assert.Empty(t, found.in(text), "%s holds personal data", name)
	}
}

// TestNobodyElseMayRead looks at the permissions of all that a run writes.
func TestNobodyElseMayRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.ok(b.start(b.own(setup{})...))
	looked := 0
	require.NoError(t, filepath.WalkDir(b.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == b.out || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err == nil {
			looked++
			assert.Zero(t, info.Mode().Perm()&0o077, "%s is %s", path, info.Mode())
		}
		return err
	}))
	assert.Greater(t, looked, 20)
}

// written is all that a run wrote but for the data files: the demo's own, the prepared table and the match. A quarantine is
// looked at row by row.
func (b *bench) written() map[string]string {
	b.t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(b.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(b.out, path)
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(name, "demo/"), strings.HasPrefix(name, "results/"), strings.Contains(name, "/prepared/"):
			return nil
		case filepath.Ext(name) == ".parquet":
			texts[name] = strings.Join(query(b.t, "SELECT * FROM read_parquet('"+path+"')"), "\n")
			return nil
		}
		data, err := os.ReadFile(path)
		texts[name] = string(data)
		return err
	})
	require.NoError(b.t, err)
	return texts
}

// A watch reads arguments and environment of the tasks while they run.
type watch struct {
	out  string
	mu   sync.Mutex
	seen map[string]bool
}

func watchProcesses(out string) *watch { return &watch{out: out, seen: map[string]bool{}} }

func (w *watch) look() {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, folder := range folders {
		command, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
		if text := string(command) + "\x00" + string(environment); strings.Contains(text, w.out) {
			w.seen[text] = true
		}
	}
}

func (w *watch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for text := range w.seen {
		all = append(all, text)
	}
	return all
}

// A finder looks for many values at once: by their first seven bytes, and then whole.
type finder map[string][]string

const stem = 7

func newFinder(values []string) finder {
	f := finder{}
	for _, v := range values {
		f[v[:stem]] = append(f[v[:stem]], v)
	}
	return f
}

func (f finder) in(text string) []string {
	var found []string
	for i := 0; i+stem <= len(text) && len(found) < 3; i++ {
		for _, v := range f[text[i:i+stem]] {
			if strings.HasPrefix(text[i:], v) {
				found = append(found, v)
			}
		}
	}
	return found
}
