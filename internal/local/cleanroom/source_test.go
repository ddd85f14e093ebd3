package cleanroom

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// ownTable is a table of acme's that any query may read.
func ownTable(path, columns string) string {
	return `{"name": "numbers", "owner": "acme", "path": "` + path + `", "columns": [` + columns + `],
		"analysis_rule": {"type": "CUSTOM", "allowed_analyses": ["ANY_QUERY"], "allowed_analysis_providers": ["111111111111"]}}`
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	if strings.HasSuffix(name, ".gz") {
		var b strings.Builder
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(content))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		content = b.String()
	}
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// parquetOf writes a Parquet file of a query.
func parquetOf(t testing.TB, dir, name, query string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
	execute(t, "COPY ("+query+") TO '"+filepath.Join(dir, name)+"' (FORMAT parquet)")
}

func TestSources(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"plain.csv": "a,b\n1,x\n2,y\n", "upper.CSV": "A,B\n1,x\n", "semicolon.csv": "a;b\n1;x\n", "bom.csv": "\ufeffa,b\n1,x\n",
		"quoted.csv": "a,b\n1,\"x\ny\"\n2,\"z\"\"z\"\n", "extra.csv": "c,b,a\n9,x,1\n", "zip.csv.gz": "a,b\n1,x\n2,y\n3,z\n",
		"many/1.csv": "a,b\n1,x\n", "many/2.csv": "a,b\n2,x\n", "many/deep/3.csv": "a,b\n3,x\n", "many/_SUCCESS": "no", "many/.hidden.csv": "no",
		"many/empty.csv": "", "many/_temporary/4.csv": "a,b\n4,x\n", "header.csv": "a,b\n", "rows.jsonl": "{\"a\": 1, \"b\": \"x\"}\n{\"b\": \"y\", \"a\": 2}\n", "tab.tsv": "a\tb\n1\tx\n", "unpacked.csv.gz.csv": "a,b\n1,x\n", "_under.csv": "a,b\n1,x\n", "it's [odd]/1.csv": "a,b\n1,x\n",
	} {
		write(t, dir, name, content)
	}
	parquetOf(t, dir, "two/1.parquet", "SELECT 1 AS a, 'x' AS b, 2 AS c")
	parquetOf(t, dir, "two/2.parquet", "SELECT 'y' AS b, 2 AS a")
	parquetOf(t, dir, "day=1/1.parquet", "SELECT 1 AS a, 'x' AS b")
	parquetOf(t, dir, "binary.parquet", "SELECT 1 AS a, 'x'::BLOB AS b")
	require.NoError(t, os.Symlink(filepath.Join(dir, "many"), filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "plain.csv"), filepath.Join(dir, "link.csv")))
	for path, rows := range map[string]string{
		"plain.csv": "2", "upper.CSV": "1", "semicolon.csv": "1", "bom.csv": "1", "quoted.csv": "2", "extra.csv": "1", "zip.csv.gz": "3",
		"many": "3", "many/": "3", "many/*.csv": "2", "many/[12].csv": "2", "link": "3", "link.csv": "2", "header.csv": "0", "_under.csv": "1",
		"two": "2", "day=1": "1", "binary.parquet": "1", "rows.jsonl": "2", "tab.tsv": "1", "unpacked.csv.gz.csv": "1", filepath.ToSlash(dir) + "/plain.csv": "2", "it's [odd]": "1",
	} {
		t.Run(path, func(t *testing.T) {
			room := openRoom(t, ownTable(path, `"a", "b"`), dir, Config{})
			query := room.run(t, startInput("SELECT a, b FROM numbers WHERE b <> '' AND CAST(a AS INT) > 0"))
			require.Equal(t, Success, query.Status, "%+v", query.Error)
			got := "0"
			if len(files(t, room.folder(t, query))) > 0 {
				got = ask(t, "SELECT count(*) FROM %s", room.parquet(t, query))
			}
			assert.Equal(t, rows, got)
		})
	}
}

func TestBadSources(t *testing.T) {
	dir := t.TempDir()
	const person = "alice@example.com"
	for name, content := range map[string]string{
		"no.parquet": "this is no Parquet, " + person, "cut.parquet": "PAR1" + person, "fake.parquet": "PAR1" + person + "\x00\x01\x02\x03PAR1",
		"noheader.csv": person + ",x\n" + person + ",y\n", "ragged.csv": "a,b\n1,x\n" + person + "\n", "ragged2.csv": "a,b\n" + strings.Repeat("1,x\n", 50_000) + person + ",x,y,z\n",
		"open.csv": "a,b\n1,\"" + person + "\n2,y\n", "latin.csv": "a,b\n1,M\xfcller " + person + "\n", "data.xls": "a,b\n", "lacks.csv": "a," + person + "\n1,2\n", "lacks.jsonl": `{"a": 1, "c": "` + person + `"}`, "bad.jsonl": `{"a": 1, "b": "x"}` + "\n{" + person + "\n", "mixed/1.csv": "a,b\n1,2\n", "empty.csv": "",
		"words.csv": "a,b\nx" + person + ",y\n", "cut.csv.gz": "a,b\n1,x\n",
	} {
		write(t, dir, name, content)
	}
	gz, err := os.ReadFile(filepath.Join(dir, "cut.csv.gz"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cut.csv.gz"), gz[:len(gz)/2], 0o600))
	parquetOf(t, dir, "words.parquet", "SELECT '"+person+"' AS a, 'x' AS b")
	parquetOf(t, dir, "mixed/2.parquet", "SELECT 1 AS a, 2 AS b")
	parquetOf(t, dir, "lacks.parquet", "SELECT 1 AS a, '"+person+"' AS \""+person+"\"")
	parquetOf(t, dir, "some/1.parquet", "SELECT 1 AS a, 'x' AS b")
	parquetOf(t, dir, "some/2.parquet", "SELECT 1 AS a")
	parquetOf(t, dir, "nested.parquet", "SELECT [1] AS a, {'x': 1} AS b")
	parquetOf(t, dir, "kinds.parquet", "SELECT TIMESTAMP '2026-01-01' AS a, 'x' AS b")
	parquetOf(t, dir, "torn.parquet", "SELECT i AS a, md5('x' || i) AS b FROM range(100000) t(i)")
	torn, err := os.ReadFile(filepath.Join(dir, "torn.parquet"))
	require.NoError(t, err)
	for i := 1000; i < len(torn)/2; i++ {
		torn[i] = 'x'
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "torn.parquet"), torn, 0o600))
	const numbers = `{"name": "a", "type": "bigint"}, "b"`
	for _, c := range []struct{ path, columns, code, text string }{
		{"nowhere.parquet", numbers, codeNoData, "has no files"},
		{"*.nothing", numbers, codeNoData, "has no files"},
		{"[", numbers, codeNoData, "no valid pattern"},
		{"empty.csv", numbers, codeNoData, "has no files"},
		{"no.parquet", numbers, codeBadFile, "no.parquet"},
		{"cut.parquet", numbers, codeBadFile, "cut.parquet"},
		{"fake.parquet", numbers, codeBadFile, "fake.parquet is a damaged Parquet file"},
		{"torn.parquet", numbers, codeBadFile, "damaged"},
		{"data.xls", numbers, codeBadFile, "data.xls is neither Parquet nor CSV"},
		{"mixed", numbers, codeBadFile, "mixes them"},
		{"lacks.parquet", numbers, codeNoColumn, "lacks.parquet lacks the column(s) b,"},
		{"some", numbers, codeNoColumn, "2.parquet lacks the column(s) b,"},
		{"noheader.csv", numbers, codeNoColumn, "noheader.csv lacks the column(s) a, b,"},
		{"lacks.csv", numbers, codeNoColumn, "lacks.csv lacks the column(s) b,"},
		{"lacks.jsonl", numbers, codeNoColumn, "lacks.jsonl lacks the column(s) b,"},
		{"nested.parquet", `"a", "b"`, codeNoColumn, "a holds lists or structs"},
		{"ragged.csv", numbers, codeBadFile, "row 2 of ragged.csv cannot be read (ragged_row)"},
		{"ragged2.csv", numbers, codeBadFile, "row 50001 of ragged2.csv cannot be read (ragged_row)"},
		{"open.csv", numbers, codeBadFile, "row 1 of open.csv cannot be read (unclosed_quote)"},
		{"latin.csv", numbers, codeBadFile, "row 1 of latin.csv cannot be read (bad_encoding)"},
		{"cut.csv.gz", numbers, codeBadFile, "cut.csv.gz"},
		{"bad.jsonl", numbers, codeBadFile, "row 2 of bad.jsonl cannot be read (not_json)"},
		{"words.csv", numbers, codeBadValue, "row 1 of words.csv: the value of a is no bigint"},
		{"words.parquet", numbers, codeBadValue, "cannot be converted"},
		{"kinds.parquet", numbers, codeBadValue, "cannot be converted"},
	} {
		t.Run(c.path, func(t *testing.T) {
			room := openRoom(t, ownTable(c.path, c.columns), dir, Config{})
			query := room.run(t, startInput("SELECT a, b FROM numbers WHERE a > 0"))
			require.Equal(t, Failed, query.Status)
			assert.Equal(t, c.code, query.Error.Code, query.Error.Message)
			assert.Contains(t, query.Error.Message, c.text)
			assert.NotContains(t, query.Error.Message, "alice", "a message holds nothing of the rows")
			assert.NotContains(t, query.Error.Message, "M\xfcller")
			assert.Empty(t, files(t, room.results))
		})
	}
}

func TestCatalogTable(t *testing.T) {
	dir := t.TempDir()
	parquetOf(t, dir, "run-1/part-0.parquet", "SELECT 1 AS a")
	parquetOf(t, dir, "run-2/part-0.parquet", "SELECT 2 AS a")
	catalog, err := storage.Open(t.Context(), storage.FileURL(filepath.Join(dir, "catalog")))
	require.NoError(t, err)
	defer func() { assert.NoError(t, catalog.Close()) }()
	table := strings.Replace(ownTable("x", `"a"`), `"path": "x"`, `"catalog": "acme_vip"`, 1)
	room := openRoom(t, table, dir, Config{Catalog: Documents{catalog}})
	start := func() (ProtectedQuery, error) { return room.Start(t.Context(), startInput("SELECT a FROM numbers")) }

	_, err = start()
	wantError(t, err, nameValidation, "prepare the audience first")
	require.NoError(t, catalog.Write(t.Context(), "acme_vip.json", []byte("{}")))
	_, err = start()
	wantError(t, err, nameValidation, "cannot be read")
	entry := audience.CatalogTable{Schema: audience.DocumentVersion, Name: "acme_vip", Location: "https://bucket/x/"}
	require.NoError(t, catalog.WriteJSON(t.Context(), "acme_vip.json", entry))
	_, err = start()
	wantError(t, err, nameValidation, "must be a file:// or s3:// URL")
	for run, want := range map[string]string{"run-1": "1", "run-2": "2"} { // a switch counts from the next query on
		entry.Location = storage.FileURL(filepath.Join(dir, run)) + "/"
		require.NoError(t, catalog.WriteJSON(t.Context(), "acme_vip.json", entry))
		query, err := start()
		require.NoError(t, err)
		assert.Equal(t, want, ask(t, "SELECT a FROM %s", room.parquet(t, room.ended(t, query.ID))))
	}
}

func TestResultsNeedABucketOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"data/1.csv", "data/in/2.csv", "alone.csv", "elsewhere/out/3.csv"} {
		write(t, dir, name, "a,b\n1,x\n")
	}
	for _, name := range []string{"out", "data/out", "links"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	require.NoError(t, os.Symlink(filepath.Join(dir, "data"), filepath.Join(dir, "alias")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "out/hidden.csv"), filepath.Join(dir, "links/1.csv")))
	write(t, dir, "out/hidden.csv", "a,b\n1,x\n")
	for _, c := range []struct {
		source, bucket string
		allowed        bool
	}{
		{"data", "out", true},
		{"alone.csv", "out", true},       // in the folder above the bucket, as on a laptop
		{"*.csv", "out", true},           // likewise
		{"data/*.csv", "data/out", true}, // the pattern does not reach into the bucket
		{"data", "database", true},       // a name that begins alike
		{"data", "data", false},
		{"data", "data/out", false},
		{"data", "data/new/folder", false},
		{"data/in", "data", false},
		{"data/1.csv", "data", false},
		{"data/*", "data/out", false},
		{".", "out", false},
		{"data", "alias", false},
		{"alias", "data", false},
		{"alias/in", "data", false},
		{"data", "alias/new", false},
		{"links", "out", false}, // a link to a file in the bucket
	} {
		t.Run(c.source+" to "+c.bucket, func(t *testing.T) {
			bucket := func(string) (string, error) { return storage.FileURL(filepath.Join(dir, c.bucket)), nil }
			room := openRoom(t, ownTable(c.source, `"a", "b"`), dir, Config{Bucket: bucket})
			query, err := room.Start(t.Context(), startInput("SELECT a, b FROM numbers"))
			if c.allowed {
				require.NoError(t, err)
				room.ended(t, query.ID)
				require.NoError(t, os.RemoveAll(filepath.Join(dir, c.bucket, "runs")))
				return
			}
			wantError(t, err, nameValidation, "results need a bucket of their own (Reason: INVALID_CONFIGURATION)")
		})
	}
}
