package optout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A bench is a work bucket, a file of people and a Meta that remembers whom it was told to remove.
type bench struct {
	t       *testing.T
	deps    Deps
	dir     string
	log     bytes.Buffer
	removed []string // KEY=value
	fail    func(request int) error
	asked   int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	work, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, work.Close()) })
	b.deps = Deps{
		Tenant: "acme", Work: work, People: People{DefaultCountry: "US"}, BatchRows: 4, FileEntries: 5,
		Now:    func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) },
		Log:    slog.New(slog.NewJSONHandler(&b.log, nil)),
		Remove: func(context.Context) (Place, error) { return Place{Name: "23", Remove: b.take}, nil },
	}
	return b
}

// take is Meta's: it refuses what the real one refuses.
func (b *bench) take(_ context.Context, batch meta.Batch) (meta.Ack, error) {
	b.asked++
	if b.fail != nil {
		if err := b.fail(b.asked); err != nil {
			return meta.Ack{}, err
		}
	}
	var body struct {
		Payload struct {
			Schema []string
			Data   [][]string
		}
	}
	require.NoError(b.t, json.Unmarshal(batch.Body, &body))
	assert.LessOrEqual(b.t, len(body.Payload.Data), b.deps.BatchRows)
	assert.True(b.t, batch.Session.Last && batch.Session.Seq == 1 && batch.Session.ID > 0 && batch.Session.ID < 1<<53)
	for _, row := range body.Payload.Data {
		filled := 0
		for i, v := range row {
			if v != "" {
				filled++
				b.removed = append(b.removed, body.Payload.Schema[i]+"="+v)
			}
			assert.False(b.t, v == "" && body.Payload.Schema[i] == "EXTERN_ID", "a blank EXTERN_ID")
		}
		assert.Equal(b.t, 1, filled, "each value is looked for by itself")
	}
	return meta.Ack{SessionID: batch.Session.ID, Received: int64(len(body.Payload.Data))}, nil
}

func (b *bench) put(name, content string) *bench {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	require.NoError(b.t, os.WriteFile(path, []byte(content), 0o600))
	b.deps.People.URL = storage.FileURL(path)
	return b
}

// listed is who is on the list, of some values.
func (b *bench) listed(values ...string) []string {
	b.t.Helper()
	set, err := suppression.Open(b.deps.Work, "acme").Load(b.t.Context())
	require.NoError(b.t, err)
	var on []string
	for _, v := range values {
		key, value, _ := strings.Cut(v, "=")
		if set.Has(audience.Key(key), suppression.MarkOf([]byte(value), false)) {
			on = append(on, v)
		}
	}
	return on
}

func hashOf(v string) string { return string(identity.AppendHash(nil, []byte(v))) }

const madid = "aebe52e7-03ee-455a-b3c4-e57283966239"

var everyone = []string{"EMAIL=ann@example.com", "PHONE=16505551212", "EXTERN_ID=c-7", "MADID=" + madid, "EMAIL=bob@example.com", "PHONE=4915112345678"}

var removed = []string{
	"EMAIL=" + hashOf("ann@example.com"), "PHONE=" + hashOf("16505551212"), "EXTERN_ID=c-7", "MADID=" + madid,
	"EMAIL=" + hashOf("bob@example.com"), "PHONE=" + hashOf("4915112345678"),
}

const csvFile = "Email,Phone,Extern_ID,MADID,Country,Note\n" +
	" Ann@Example.com ,(650) 555-1212,c-7,AEBE52E7-03EE-455A-B3C4-E57283966239,US,x\n" +
	"bob@example.com,0151 12345678,,,Germany,y\n"

func parquetFile(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	names := []string{"email", "phone", "extern_id", "madid", "country"}
	var fields []table.Field
	columns := make([]table.Column, len(names))
	for i, name := range names {
		fields = append(fields, table.Field{Name: name, Type: table.String})
		columns[i].AppendString([]string{"Ann@example.com", "650 555 1212", "c-7", madid, "us"}[i])
		columns[i].AppendString([]string{"bob@example.com", "+49 151 12345678", "", "", ""}[i])
	}
	w, err := table.NewWriter(&out, fields, table.WriteOptions{})
	require.NoError(t, err)
	require.NoError(t, w.WriteBatch(columns, nil))
	require.NoError(t, w.Close())
	return out.String()
}

func TestEveryKindOfFileDoesTheSame(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		columns             map[audience.Key]string
	}{
		{"csv", "people.csv", csvFile, nil},
		{"json lines", "people.jsonl", `{"email": "ann@example.com", "phone": "650-555-1212", "extern_id": "c-7"}` + "\n" +
			`{"madid": "` + madid + `"}` + "\n" + `{"email": "bob@example.com", "phone": "0151 12345678", "country": "de"}` + "\n", nil},
		{"parquet", "people.parquet", parquetFile(t), nil},
		{"hashes", "people.csv", "email_sha256,phone_sha256,extern_id,madid\n" + hashOf("ann@example.com") + "," + strings.ToUpper(hashOf("16505551212")) + ",c-7," + madid + "\n" +
			hashOf("bob@example.com") + "," + hashOf("4915112345678") + ",,\n", nil},
		{"other names", "people.csv", "Mail;Mobile;Kunde;Gerät;Land\nann@example.com;6505551212;c-7;" + madid + ";us\nbob@example.com;0151 12345678;;;de\n",
			map[audience.Key]string{"EMAIL": "Mail", "PHONE": "Mobile", "EXTERN_ID": "Kunde", "MADID": "Gerät", "COUNTRY": "Land"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t).put(c.file, c.content)
			b.deps.People.Columns = c.columns
			r, err := Add(t.Context(), b.deps)
			require.NoError(t, err)
			assert.Equal(t, everyone, b.listed(everyone...))
			assert.ElementsMatch(t, removed, b.removed)
			assert.Equal(t, []int64{6, 6, 0, 6, 0, 6, 0}, []int64{r.People.Values, r.Changed, r.Unchanged, r.Removal.Sent, r.Removal.NotSent, r.Removal.Received, r.Removal.Refused})
			assert.Equal(t, []int{1, 2}, r.Files)
			assert.Zero(t, r.People.Unusable)
			assert.False(t, r.FinishedAt.IsZero())
		})
	}
}

func TestTheSameFileTwiceAddsNothing(t *testing.T) {
	b := newBench(t).put("people.csv", csvFile)
	_, err := Add(t.Context(), b.deps)
	require.NoError(t, err)
	b.removed = nil
	r, err := Add(t.Context(), b.deps)
	require.NoError(t, err)
	assert.Equal(t, []int64{0, 6}, []int64{r.Changed, r.Unchanged})
	assert.Empty(t, r.Files)
	assert.ElementsMatch(t, removed, b.removed, "but Meta is asked again")
}

func TestRevoking(t *testing.T) {
	b := newBench(t).put("people.csv", csvFile)
	_, err := Add(t.Context(), b.deps)
	require.NoError(t, err)
	asked := b.asked
	b.put("back.csv", "email,phone\nANN@example.com,\nbob@example.com,(650) 555-9999\ncarl@example.com,\n")
	r, err := Revoke(t.Context(), b.deps)
	require.NoError(t, err)
	assert.Equal(t, []int64{4, 2, 2}, []int64{r.People.Values, r.Changed, r.Unchanged})
	assert.Nil(t, r.Removal)
	assert.Equal(t, asked, b.asked, "Meta is not asked")
	assert.Equal(t, slices.DeleteFunc(slices.Clone(everyone), func(v string) bool { return strings.HasPrefix(v, "EMAIL=") }), b.listed(everyone...))

	b.put("people.csv", csvFile)
	_, err = Add(t.Context(), b.deps)
	require.NoError(t, err)
	assert.Equal(t, everyone, b.listed(everyone...), "opted out again")
}

// TestSuppressedBeforeRemoved fails at each request: whoever is killed there leaves everybody suppressed, and the same again
// ends it.
func TestSuppressedBeforeRemoved(t *testing.T) {
	for k := 1; k <= 3; k++ {
		b := newBench(t).put("people.csv", csvFile+"carl@example.com,,,,,\n,6505551313,,,,\n,6505551414,,,,\n")
		b.fail = func(request int) error {
			if request == k {
				assert.Equal(t, everyone, b.listed(everyone...))
				return audience.Fail(audience.Action, "renew the token", errors.New("the token has expired"))
			}
			return nil
		}
		r, err := Add(t.Context(), b.deps)
		require.ErrorContains(t, err, "they are suppressed: no later batch sends them")
		assert.Equal(t, audience.Action, audience.ClassOf(err))
		assert.Equal(t, r.People.Values, r.Removal.Sent+r.Removal.NotSent)
		assert.Positive(t, r.Removal.NotSent)
		open, err := Unfinished(t.Context(), b.deps.Work, "acme")
		require.NoError(t, err)
		require.Len(t, open, 1)
		assert.Contains(t, open[0].Problem, "the token has expired")
		_, err = b.deps.Work.Read(t.Context(), open[0].Name)
		require.NoError(t, err)

		b.fail = nil
		r, err = Add(t.Context(), b.deps)
		require.NoError(t, err)
		assert.Zero(t, r.Removal.NotSent)
		for _, v := range removed {
			assert.Contains(t, b.removed, v)
		}
	}
}

func TestWhereToRemoveFromIsFoundAfterSuppressing(t *testing.T) {
	b := newBench(t).put("people.csv", csvFile)
	b.deps.Remove = func(context.Context) (Place, error) {
		return Place{}, audience.Failf(audience.Invalid, "audience 23 is another definition's")
	}
	r, err := Add(t.Context(), b.deps)
	require.ErrorContains(t, err, "(they are suppressed: no later batch sends them): audience 23 is another definition's")
	assert.Equal(t, everyone, b.listed(everyone...))
	assert.Equal(t, int64(6), r.Removal.NotSent)

	b.deps.Remove = func(context.Context) (Place, error) { return Place{}, nil } // there is no audience yet
	r, err = Add(t.Context(), b.deps)
	require.NoError(t, err)
	assert.Empty(t, r.Removal.From)
}

func TestRowsThatNameNobodyAreTold(t *testing.T) {
	b := newBench(t).put("people.csv", "email,phone\nann@example.com,\nn/a,\nnot an address,call me\nragged\n")
	r, err := Add(t.Context(), b.deps)
	require.ErrorContains(t, err, "3 of 4 rows name nobody that can be found")
	require.ErrorContains(t, err, "people.csv row 2")
	assert.Equal(t, audience.Gate, audience.ClassOf(err))
	assert.Equal(t, []string{everyone[0]}, b.listed(everyone...), "the others are done")
	assert.Equal(t, int64(1), r.Removal.Sent)
	assert.NotContains(t, err.Error(), "not an address", "values are not told")
}

// TestRowsThatNameNobodyHideNoOtherProblem: an exit code of 3 says that all the others are done.
func TestRowsThatNameNobodyHideNoOtherProblem(t *testing.T) {
	b := newBench(t).put("people.csv", "email\nann@example.com\nn/a\n")
	b.fail = func(int) error { return errors.New("no route to host") } // which nobody has classified
	r, err := Add(t.Context(), b.deps)
	require.ErrorContains(t, err, "no route to host")
	require.ErrorContains(t, err, "1 of 2 rows name nobody")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Equal(t, int64(1), r.Removal.NotSent)
}

func TestConcurrentOptOutsLoseNobody(t *testing.T) {
	b := newBench(t)
	var all sync.WaitGroup
	var want []string
	for i := range 8 {
		address := fmt.Sprintf("person%d@example.com", i)
		want = append(want, "EMAIL="+address)
		b.put(fmt.Sprintf("%d.csv", i), "email\n"+address+"\n")
		deps := b.deps
		deps.Log = slog.New(slog.DiscardHandler)
		deps.Remove = func(context.Context) (Place, error) { return Place{}, nil }
		all.Go(func() {
			_, err := Add(context.Background(), deps)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, want, b.listed(want...))
}

func TestBadFilesChangeNothing(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		columns             map[audience.Key]string
		class               audience.Class
		want                string
	}{
		{"no usable column", "p.csv", "name,city\nAnn,Rome\n", nil, audience.Invalid, "none of the columns email, phone, extern_id and madid: name the file's own columns: -columns"},
		{"only a country", "p.csv", "country\nus\n", nil, audience.Invalid, "none of the columns"},
		{"an empty file", "p.csv", "", nil, audience.Gate, "there is no row in it: nothing was changed"},
		{"only a header", "p.csv", "email\n", nil, audience.Gate, "there is no row in it: nothing was changed"},
		{"nobody", "p.csv", "email\nn/a\n\"?\"\n", nil, audience.Gate, "none of its 2 rows names anybody"},
		{"a misspelt column", "p.csv", "Mail\nann@example.com\n", map[audience.Key]string{"EMAIL": "E-Mail"}, audience.Invalid, `has none of the columns "E-Mail"`},
		{"a misspelt column of JSON lines", "p.jsonl", `{"mail": "ann@example.com"}` + "\n", map[audience.Key]string{"EMAIL": "E-Mail"}, audience.Invalid, `has none of the columns "E-Mail"`},
		{"JSON lines without a column", "p.jsonl", `{"mail": "ann@example.com"}` + "\n", nil, audience.Invalid, `"madid": name the file`},
		{"no Parquet", "p.parquet", "PAR1 but then not", nil, audience.Invalid, "not a Parquet file"},
		{"a table of another program", "p.xlsx", "PK", nil, audience.Invalid, "its name must end in .csv, .jsonl or .parquet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t).put(c.file, c.content)
			b.deps.People.Columns = c.columns
			for _, do := range []func(context.Context, Deps) (*Receipt, error){Add, Revoke} {
				r, err := do(t.Context(), b.deps)
				require.ErrorContains(t, err, c.want)
				assert.Equal(t, c.class, audience.ClassOf(err))
				assert.Nil(t, r)
				assert.NotContains(t, err.Error(), "ann@")
			}
			objects, err := b.deps.Work.List(t.Context(), "")
			require.NoError(t, err)
			assert.Empty(t, objects)
			assert.Zero(t, b.asked)
		})
	}
	b := newBench(t)
	b.deps.People.URL = storage.FileURL(filepath.Join(b.dir, "nothing.csv"))
	_, err := Add(t.Context(), b.deps)
	require.ErrorContains(t, err, "there is no such file")
}

// TestNothingPersonalIsKeptOrSaid looks at every byte that an opt-out writes, in peace and in trouble.
func TestNothingPersonalIsKeptOrSaid(t *testing.T) {
	b := newBench(t).put("people.csv", csvFile+"not.an.address.4711,,,,,\n")
	b.fail = func(request int) error {
		if request == 2 {
			return errors.New("the connection broke")
		}
		return nil
	}
	r, err := Add(t.Context(), b.deps)
	require.Error(t, err)
	text := map[string]string{"log": b.log.String(), "error": err.Error(), "receipt": fmt.Sprintf("%+v %+v", *r, *r.Removal)}
	objects, listErr := b.deps.Work.List(t.Context(), "")
	require.NoError(t, listErr)
	require.Len(t, objects, 3, "two files and a receipt")
	for _, o := range objects {
		data, err := b.deps.Work.Read(t.Context(), o.Key)
		require.NoError(t, err)
		text[o.Key] = string(data)
	}
	for where, said := range text {
		for _, secret := range []string{"ann@", "bob@", "c-7", "5551212", "12345678", madid, "4711"} {
			assert.NotContains(t, strings.ToLower(said), secret, where)
		}
		if !strings.HasSuffix(where, ".parquet") {
			for _, v := range slices.Sorted(maps.Keys(map[string]bool{hashOf("ann@example.com"): true, hashOf("c-7"): true})) {
				assert.NotContains(t, said, v[:16], where)
			}
		}
	}
}

// TestAnAudienceThatMetaKeepsLarge: that somebody stays in it must not pass for done, nor be left as it is.
func TestAnAudienceThatMetaKeepsLarge(t *testing.T) {
	b := newBench(t).put("people.csv", csvFile)
	b.fail = func(int) error {
		refused := &meta.Error{Code: 200, Subcode: 1870047}
		return audience.Fail(refused.Class(), refused.Next(), refused)
	}
	_, err := Add(t.Context(), b.deps)
	require.ErrorContains(t, err, "delete the audience in Ads Manager")
	assert.Equal(t, audience.Action, audience.ClassOf(err))
	assert.Equal(t, everyone, b.listed(everyone...))
}
