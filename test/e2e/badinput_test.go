package e2e

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func truncatedGzip() string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(goodRows + strings.Repeat("c-9,nine@example.com,\n", 10_000)))
	_ = w.Close()
	return b.String()[:b.Len()-20]
}

// TestBadInput has each of these end in a sentence that says what to do, with the exit code of its class, and leave the
// run so that it goes on when the input is mended.
func TestBadInput(t *testing.T) {
	t.Parallel()
	expired := &sandbox.Fault{Fault: "expired_token"}
	for _, c := range []struct {
		name  string
		setup setup
		fault *sandbox.Fault
		code  int
		says  []string
	}{
		{"no such file", setup{source: map[string]any{"path": "nowhere.csv"}}, nil, 2, []string{"nowhere.csv", "check source.path"}},
		{"empty file", setup{customers: "empty.csv", content: " "}, nil, 3, []string{"empty"}},
		{"header without mapped column", setup{content: "id,email\n1,ann@example.com\n"}, nil, 2, []string{`"mail"`, `"phone"`, "customers.csv"}},
		{"not Parquet", setup{customers: "customers.parquet"}, nil, 2, []string{"customers.parquet", "Parquet"}},
		{"truncated gzip", setup{customers: "customers.csv.gz", content: truncatedGzip()}, nil, 2, []string{"customers.csv.gz"}},
		{"bad JSON lines", setup{customers: "c.jsonl", content: "{\"id\":\"1\",\"mail\":\"ann@example.com\",\"phone\":\"\"}\n{\"id\":\nnothing\n"}, nil, 3, []string{"quarantine", "not_json"}},
		{"too few rows", setup{limits: map[string]any{"min_rows": 10}}, nil, 3, []string{"10", "3"}},
		{"wrong SQL", setup{sql: "SELECT DISTINCT c.extern_id FROM customers c INNER JOIN nobody p ON c.email_sha256 = p.email_sha256"}, nil, 2, []string{"no such table", "customers, loyalty", "line 1"}},
		{"SQL that takes all of the partner's rows", setup{sql: "SELECT DISTINCT p.tier FROM loyalty p"}, nil, 2, []string{"a LIST rule wants a join"}},
		{"expired token", setup{}, expired, 4, []string{"token"}},
		{"terms not accepted", setup{}, &sandbox.Fault{Fault: "terms_not_accepted"}, 4, []string{"https://business.facebook.com/ads/manage/customaudiences/tos/?act=42"}},
		{"a field that is none", setup{meta: map[string]any{"colour": "red", "mode": "merge"}}, nil, 2, []string{"meta.colour", "meta.mode", "add, remove"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			if c.fault != nil {
				require.NoError(t, b.meta.SetFault(*c.fault))
			}
			r := b.start(b.own(c.setup)...)
			require.Equal(t, c.code, r.code, "stdout:\n%s\nstderr:\n%s\n%s", r.stdout, r.stderr, b.logs())
			for _, s := range c.says {
				assert.Contains(t, r.stderr, s)
			}
			assert.NotContains(t, strings.ToLower(r.stderr), "ann@example.com")
			assert.NotContains(t, r.stderr, "goroutine")
			if _, err := os.Stat(filepath.Join(b.out, "run-1", "history.jsonl")); err == nil {
				events, letters := b.lines("bus/events.jsonl"), b.lines("queue/dead-letter.jsonl")
				require.Len(t, events, 1)
				assert.Equal(t, "Run Failed", events[0]["detail-type"])
				require.Len(t, letters, 1)
			}
			if c.code != 2 { // of another class: the same run goes on. A wrong definition is frozen with its run.
				b.meta.ClearFaults()
				if c.fault == nil {
					return // the data is at fault, see TestMendedData
				}
				b.ok(b.start(b.own(setup{})...))
				require.Len(t, b.members(), 2)
			}
		})
	}
}

func TestMendedData(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]setup{
		"gate":            {content: "id,mail,phone\n,nobody,\n,,\n3,ann@example.com,\n"},
		"truncated":       {content: "id,mail,phone\n1,\"ann@example.com"},
		"without columns": {content: "a,b,c\n1,2,3\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			args := b.own(bad)
			r := b.start(args...)
			require.Contains(t, []int{2, 3}, r.code, r.stderr)
			b.write("customers.csv", goodRows)
			b.ok(b.start(args...))
			require.Len(t, b.members(), 2)
			require.Equal(t, int64(3), b.report().Rows.Source)
		})
	}
}

func TestAudienceOfAnotherTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.ok(b.start(b.own(setup{tenant: "other"})...))
	id := b.report().AudienceID

	second := *b
	second.run = "run-2"
	r := second.start(second.own(setup{meta: map[string]any{"audience_id": id}})...)
	require.Contains(t, []int{2, 4}, r.code, r.stderr)
	assert.Contains(t, r.stderr, "cleanreach:other/vip")
	people, err := b.meta.Members(id)
	require.NoError(t, err)
	assert.Len(t, people, 2)
}

// TestDiskFull gives a run a disk of 256 KiB, and then a larger one.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: a disk that fills up needs the right to mount one (root): %v %s", err, out)
	}
	t.Cleanup(func() { assert.NoError(t, exec.Command("umount", disk).Run()) })
	b := newBench(t, nil)
	b.out = disk
	rows := []byte("id,mail,phone\n")
	for i := range 20_000 {
		rows = append(rows, strings.ReplaceAll("c-#,person#@example.com,\n", "#", strings.Repeat(string(rune('a'+i%26)), i%7)+sha(i))...)
	}
	args := b.own(setup{content: goodRows + string(rows[len("id,mail,phone\n"):])})
	r := b.start(args...)
	require.Equal(t, 1, r.code, r.stderr)
	assert.Contains(t, r.stderr, "disk")
	require.NoError(t, exec.Command("mount", "-o", "remount,size=64m", disk).Run())
	b.ok(b.start(args...))
	require.Len(t, b.members(), 2)
}
