package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// optout runs the operator's command on the demo's audience.
func (b *bench) optout(args ...string) result {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), filepath.Join(binaries, "cleanreach"), append([]string{"optout"}, args...)...)
	cmd.Dir = b.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "CLEANREACH_META_TOKEN=e2e-token", "CLEANREACH_META_URL=" + b.url}
	return finish(b.t, cmd)
}

func (b *bench) demoAudience() string {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.out, "audiences", "*", "*.json"))
	require.NoError(b.t, err)
	require.Len(b.t, found, 1)
	return found[0]
}

// demoOptedOut is who opts out, and what is left then, by SQL alone: some of the members, by one key each, as people write
// them and not in canonical form. Whoever shares a key with them is out too.
const demoOptedOut = `,
opted AS (
	SELECT DISTINCT upper(email) AS email, NULL AS phone, NULL AS extern_id FROM matched WHERE hash(email) % 19 = 0
	UNION ALL SELECT DISTINCT NULL, '+' || phone, NULL FROM matched WHERE phone IS NOT NULL AND hash(phone) % 23 = 0
	UNION ALL SELECT DISTINCT NULL, NULL, ' ' || extern_id || ' ' FROM matched WHERE extern_id IS NOT NULL AND hash(extern_id) % 29 = 0
),
prepared_left AS (SELECT * FROM prepared AS p WHERE NOT EXISTS (SELECT 1 FROM opted AS o
	WHERE lower(o.email) = p.email OR replace(o.phone, '+', '') = p.phone OR trim(o.extern_id) = p.extern_id)),
matched_left AS (SELECT * FROM matched AS m WHERE NOT EXISTS (SELECT 1 FROM opted AS o
	WHERE lower(o.email) = m.email OR replace(o.phone, '+', '') = m.phone OR trim(o.extern_id) = m.extern_id))
`

// optedOutSQL is a query of the demo's data that knows who opts out.
func optedOutSQL(out, last string) string { return demoSQL(out, demoOptedOut+last) }

// writeOptedOut writes the file of those who opt out, and gives those who are members without them.
func (b *bench) writeOptedOut() (path string, left []string) {
	b.t.Helper()
	path = filepath.Join(b.dir, "opted-out.csv")
	query(b.t, "COPY ("+optedOutSQL(b.out, "SELECT * FROM opted")+") TO '"+path+"' (HEADER)")
	return path, query(b.t, optedOutSQL(b.out, strings.Replace(demoMembers, "FROM matched", "FROM matched_left", 1)))
}

// sameMembers compares without printing the people.
func (b *bench) sameMembers(want []string) {
	b.t.Helper()
	got := b.members()
	require.Equal(b.t, len(want), len(got))
	for i := range want {
		require.Equal(b.t, want[i], got[i])
	}
}

// TestWhoOptsOutStaysOut runs the demo, has people opt out, and holds the audience and what later runs make of it against
// SQL over the raw files.
func TestWhoOptsOutStaysOut(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	args := []string{"-demo", "-rows", "6000", "-seed", "5"}
	b.ok(b.start(args...))
	before := b.members()
	people, left := b.writeOptedOut()
	require.Less(t, len(left), len(before)-100)

	r := b.optout(b.demoAudience(), people)
	require.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "it balances: ")
	b.sameMembers(left) // at once

	b.run = "run-2"
	b.ok(b.start(args...))
	b.sameMembers(left) // and not sent again
	rows := b.report().Rows
	require.NoError(t, rows.Balance())
	counts := query(t, optedOutSQL(b.out, "SELECT (SELECT count(*) FROM prepared_left), (SELECT count(*) FROM matched_left)"))
	assert.Equal(t, []string{fmt.Sprintf("%d|%d", rows.Prepared, rows.Matched)}, counts)
	assert.Positive(t, rows.Suppressed)
	assert.Zero(t, rows.Withheld, "nobody is left for upload to find")

	r = b.optout("-revoke", b.demoAudience(), people)
	require.Equal(t, 0, r.code, r.stderr)
	r = b.optout("-list", b.demoAudience())
	require.Equal(t, 0, r.code, r.stderr)
	assert.Regexp(t, `suppressed +0 +0 +0 +0`, r.stdout)
	b.run = "run-3"
	b.ok(b.start(args...))
	b.sameMembers(before) // they consent again
}

// TestWhoOptsOutWhileARunUploads has people opt out between a batch and Meta's answer to it, of a run that was prepared
// long before: with its task killed there, and without.
func TestWhoOptsOutWhileARunUploads(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"its task goes on": false, "its task is killed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &cut{at: 2}
			b := newBench(t, c.wrap)
			var left []string
			c.after = func() {
				var people string
				people, left = b.writeOptedOut()
				r := b.optout("-all-audiences", b.demoAudience(), people)
				assert.Equal(t, 0, r.code, r.stderr)
				if killed {
					assert.Positive(t, killUploads(t, b.out))
				}
			}
			b.ok(b.start(demoArgs...))
			b.sameMembers(left)
			rows := b.report().Rows
			require.NoError(t, rows.Balance())
			assert.Positive(t, rows.Withheld)
			assert.Zero(t, rows.Failed)
		})
	}
}

// TestNothingPersonalOutsideTheListIsLeftByAnOptOut looks for the demo's people in every byte that an opt-out says or writes.
// The list itself has hashes, and only those.
func TestNothingPersonalOutsideTheListIsLeftByAnOptOut(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.ok(b.start("-demo", "-rows", "3000", "-seed", "11"))
	people, _ := b.writeOptedOut()
	readable := newFinder(query(t, demoSQL(b.out, "SELECT DISTINCT v FROM (SELECT unnest([email, upper(email), phone, extern_id]) AS v FROM canonical) WHERE length(v) > 6")))
	hashes := newFinder(query(t, demoSQL(b.out, "SELECT DISTINCT v FROM (SELECT unnest([sha256(email), sha256(phone), sha256(extern_id)]) AS v FROM canonical) WHERE v IS NOT NULL")))

	texts := map[string]string{}
	for name, args := range map[string][]string{
		"done": {b.demoAudience(), people}, "again": {b.demoAudience(), people}, "list": {"-list", b.demoAudience()}, "everywhere": {"-all-audiences", b.demoAudience(), people},
		"revoke": {"-revoke", b.demoAudience(), people}, "no column": {"-columns", "EMAIL=nothing", b.demoAudience(), people}, "no such file": {b.demoAudience(), people + ".csv"},
	} {
		r := b.optout(args...)
		texts[name+" stdout"], texts[name+" stderr"] = r.stdout, r.stderr
	}
	lists := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(b.out, "suppression"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if filepath.Ext(path) == ".parquet" {
			lists++
			text := strings.Join(query(t, "SELECT * FROM read_parquet('"+path+"')"), "\n")
			assert.Empty(t, readable.in(text), path)
			assert.NotEmpty(t, hashes.in(text), "the finder finds nothing")
			return nil
		}
		data, err := os.ReadFile(path)
		texts[path] = string(data)
		return err
	}))
	assert.Positive(t, lists)
	assert.Greater(t, len(texts), 14, "receipts were looked at")
	for name, text := range texts {
		assert.Empty(t, readable.in(text), name)
		assert.Empty(t, hashes.in(text), name)
	}
}
