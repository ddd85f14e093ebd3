package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// optOut puts an address onto the list of acme in a work folder.
func optOut(t *testing.T, bucket, address string) {
	t.Helper()
	work, err := storage.Open(t.Context(), storage.FileURL(bucket))
	require.NoError(t, err)
	defer func() { require.NoError(t, work.Close()) }()
	e := suppression.Entry{Key: audience.Email}
	identity.AppendHash(e.Hash[:0], []byte(address))
	_, _, err = suppression.Open(work, "acme").Append(t.Context(), suppression.Add, time.Now(), []suppression.Entry{e})
	require.NoError(t, err)
}

// A desk is an operator's: a work folder with a definition, a sandbox with two audiences, and a file of people.
type desk struct {
	t          *testing.T
	work       string
	definition string
	people     string
	env        env
	meta       *sandbox.Server
	client     *meta.Client
	audiences  []string // ids: the definition's, and another of the account
	stdout     bytes.Buffer
	stderr     bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, work: t.TempDir(), meta: newSandbox(t)}
	d.definition = filepath.Join(d.work, "audiences", "acme", "vip.json")
	d.put(d.definition, fmt.Sprintf(doctorDefinition, ""))
	d.people = filepath.Join(d.work, "people.csv")
	d.put(d.people, "email,extern_id\nANN@example.com,\n,c-2\n")
	d.env = env{envMetaToken: secretToken, envMetaURL: serve(t, d.meta)}
	var err error
	d.client, err = meta.New(meta.Config{BaseURL: d.env[envMetaURL], Token: secretToken})
	require.NoError(t, err)
	t.Cleanup(d.client.Close)
	d.create("cleanreach:acme/vip")
	d.create("cleanreach:acme/other")
	return d
}

func (d *desk) put(path, content string) {
	d.t.Helper()
	require.NoError(d.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(d.t, os.WriteFile(path, []byte(content), 0o600))
}

// create makes an audience with three people, two of whom are in the file.
func (d *desk) create(mark string) {
	d.t.Helper()
	id, err := d.client.CreateAudience(d.t.Context(), "act_42", meta.NewAudience{Name: mark, Mark: mark, CustomerFileSource: "USER_PROVIDED_ONLY"})
	require.NoError(d.t, err)
	p := meta.NewPayload([]audience.Key{audience.ExternID, audience.Email})
	for i, address := range []string{"ann@example.com", "bob@example.com", "carl@example.com"} {
		p.BeginRow()
		p.Value(fmt.Appendf(nil, "c-%d", i+1))
		p.Value(identity.AppendHash(nil, []byte(address)))
		p.EndRow()
	}
	_, err = d.client.AddUsers(d.t.Context(), id, p.Batch(meta.Session{ID: 7 + int64(len(d.audiences)), Seq: 1, Last: true}))
	require.NoError(d.t, err)
	d.audiences = append(d.audiences, id)
}

func (d *desk) run(args ...string) int {
	d.t.Helper()
	d.stdout.Reset()
	d.stderr.Reset()
	code := run(d.t.Context(), append([]string{"optout"}, args...), d.env, nil, &d.stdout, &d.stderr)
	for _, said := range []string{d.stdout.String(), d.stderr.String()} {
		for _, secret := range []string{"ann@", "ANN@", "c-2", secretToken} {
			assert.NotContains(d.t, said, secret)
		}
	}
	return code
}

// left counts the members of each audience.
func (d *desk) left() []int {
	d.t.Helper()
	var counts []int
	for _, id := range d.audiences {
		people, err := d.meta.Members(id)
		require.NoError(d.t, err)
		counts = append(counts, len(people))
	}
	return counts
}

func TestOptOutOfOneAudienceAndOfAll(t *testing.T) {
	d := newDesk(t)
	require.Zero(t, d.run(d.definition, d.people), d.stderr.String())
	assert.Equal(t, []int{1, 3}, d.left())
	assert.Contains(t, d.stdout.String(), "opt-out for tenant acme: done")
	assert.Contains(t, d.stdout.String(), "removed from "+d.audiences[0])
	assert.Contains(t, d.stdout.String(), "it balances: 2 = 0 + 2, and 2 = 2 + 0 = 2 + 0")

	require.Zero(t, d.run("-all-audiences", d.definition, d.people), d.stderr.String())
	assert.Equal(t, []int{1, 1}, d.left())
	assert.Contains(t, d.stdout.String(), "removed from act_42")
	assert.Contains(t, d.stdout.String(), "it balances: 2 = 0 + 2, and 2 = 0 + 2 = 2 + 0")

	require.Zero(t, d.run("-list", d.definition))
	assert.Regexp(t, `00000001 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +add +1 +1 +0 +0`, d.stdout.String()) // EMAIL, EXTERN_ID, MADID, PHONE
	assert.Regexp(t, `suppressed +1 +1 +0 +0`, d.stdout.String())
	assert.NotContains(t, d.stdout.String(), "NOT COMPLETE")

	d.put(d.people, "email\nann@example.com\n")
	require.Zero(t, d.run("-revoke", d.definition, d.people))
	assert.Contains(t, d.stdout.String(), "revocation for tenant acme: done")
	require.Zero(t, d.run("-list", d.definition))
	assert.Regexp(t, `suppressed +0 +1 +0 +0`, d.stdout.String())
}

// TestOptOutTellsWhatItCannotRead: who is named by an address is not suppressed by a phone number that is none.
func TestOptOutTellsWhatItCannotRead(t *testing.T) {
	d := newDesk(t)
	d.put(d.people, "email,phone\nANN@example.com,call me\nbob@example.com,\n")
	require.Zero(t, d.run(d.definition, d.people), d.stderr.String())
	assert.Contains(t, d.stdout.String(), "values that cannot be read, so that nobody is found by them: PHONE:not_a_number 1\n")
	assert.NotContains(t, d.stdout.String(), "call me")
	d.put(d.people, "email,phone\nANN@example.com,\n,call me\n")
	require.Equal(t, 3, d.run(d.definition, d.people))
	assert.Contains(t, d.stderr.String(), "PHONE:not_a_number 1, ROW:no_key 1")
}

func TestOptOutThatMetaStops(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault string
		code  int
	}{
		{"the token has expired", "expired_token", 4},
		{"the answer is lost", "drop_response", 0}, // sent again
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			require.NoError(t, d.meta.SetFault(sandbox.Fault{Fault: c.fault, On: "users", Count: 1}))
			require.Equal(t, c.code, d.run(d.definition, d.people), d.stderr.String())
			if c.code != 0 {
				assert.Contains(t, d.stderr.String(), "they are suppressed: no later batch sends them")
				assert.Contains(t, d.stdout.String(), "NOT COMPLETE")
				require.Zero(t, d.run("-list", d.definition))
				assert.Regexp(t, `suppressed +1 +1`, d.stdout.String())
				assert.Contains(t, d.stdout.String(), "NOT COMPLETE")
				require.Zero(t, d.run(d.definition, d.people), d.stderr.String())
			}
			assert.Equal(t, []int{1, 3}, d.left())
		})
	}
}

func TestOptOutOfAnAudienceThatIsNotOurs(t *testing.T) {
	d := newDesk(t)
	d.put(d.definition, fmt.Sprintf(doctorDefinition, fmt.Sprintf(`, "audience_id": %q`, d.audiences[1])))
	require.Equal(t, 2, d.run(d.definition, d.people))
	assert.Contains(t, d.stderr.String(), "is another definition's")
	assert.Contains(t, d.stderr.String(), "they are suppressed")
	assert.Equal(t, []int{3, 3}, d.left())
}

func TestOptOutBeforeThereIsAnAudience(t *testing.T) {
	d := newDesk(t)
	d.definition = filepath.Join(d.work, "audiences", "acme", "new.json")
	d.put(d.definition, strings.Replace(fmt.Sprintf(doctorDefinition, ""), `"vip"`, `"new"`, 1))
	require.Zero(t, d.run(d.definition, d.people), d.stderr.String())
	assert.Contains(t, d.stdout.String(), "the audience does not exist yet")
	assert.Equal(t, []int{3, 3}, d.left())
}

func TestOptOutRefusesBadCalls(t *testing.T) {
	d := newDesk(t)
	elsewhere := filepath.Join(d.work, "vip.json")
	d.put(elsewhere, fmt.Sprintf(doctorDefinition, ""))
	similar := filepath.Join(d.work, "old-audiences", "acme", "vip.json")
	d.put(similar, fmt.Sprintf(doctorDefinition, ""))
	noToken := env{envMetaURL: d.env[envMetaURL]}
	noColumn := filepath.Join(d.work, "names.csv")
	d.put(noColumn, "name\nAnn\n")
	for _, c := range []struct {
		name string
		env  env
		args []string
		want string
	}{
		{"nothing", d.env, nil, "it takes a definition and a file of people"},
		{"no people", d.env, []string{d.definition}, "it takes a definition and a file of people"},
		{"people and -list", d.env, []string{"-list", d.definition, d.people}, "-list only a definition"},
		{"-list and -revoke", d.env, []string{"-list", "-revoke", d.definition}, "one of -all-audiences, -revoke and -list"},
		{"an unknown flag", d.env, []string{"-dryrun", d.definition, d.people}, "see cleanreach optout -help"},
		{"columns that are none", d.env, []string{"-columns", "EMAIL", d.definition, d.people}, "-columns is such as"},
		{"a key that finds nobody", d.env, []string{"-columns", "FN=First", d.definition, d.people}, "-columns is such as"},
		{"only a country", d.env, []string{"-columns", "COUNTRY=Land", d.definition, d.people}, "names no column by which somebody is found"},
		{"an unknown tenant", d.env, []string{filepath.Join(d.work, "audiences", "nobody", "vip.json"), d.people}, "no such file"},
		{"a definition that lies elsewhere", d.env, []string{elsewhere, d.people}, "does not lie where runs find it"},
		{"a folder that is only named alike", d.env, []string{similar, d.people}, "does not lie where runs find it"},
		{"no such people", d.env, []string{d.definition, d.people + ".gz"}, "there is no such file"},
		{"no usable column", d.env, []string{d.definition, noColumn}, "none of the columns email, phone, extern_id and madid"},
		{"no token", noToken, []string{d.definition, d.people}, "no access token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.env = c.env
			assert.Equal(t, 2, d.run(c.args...))
			assert.Contains(t, d.stderr.String(), c.want)
			assert.Empty(t, d.stdout.String())
			assert.NoDirExists(t, filepath.Join(d.work, "suppression"), "something was changed")
			assert.NoDirExists(t, filepath.Join(d.work, "old-"), "something was changed")
			assert.Equal(t, []int{3, 3}, d.left())
		})
	}
}

func TestOptOutHelp(t *testing.T) {
	d := newDesk(t)
	require.Zero(t, d.run("-help"))
	assert.Contains(t, d.stdout.String(), "usage: cleanreach optout")
	assert.Contains(t, d.stdout.String(), "-all-audiences")
}

// TestOptOutSendsNoTokenInURLs looks at what Meta is asked.
func TestOptOutSendsNoTokenInURLs(t *testing.T) {
	d := newDesk(t)
	asked := 0
	d.env[envMetaURL] = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		assert.NotContains(t, r.URL.String(), secretToken)
		d.meta.ServeHTTP(w, r)
	}))
	require.Zero(t, d.run("-all-audiences", d.definition, d.people), d.stderr.String())
	assert.Equal(t, 2, asked, "EXTERN_ID travels by itself")
}
