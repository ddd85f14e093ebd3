package cleanroom

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// Each query is compared with SQL of our own over the files, which shares nothing with what the room makes of it.
func TestResults(t *testing.T) {
	dir := t.TempDir()
	writeMatch(t, dir)
	room := openRoom(t, matchTables, dir, Config{})
	const list = "SELECT DISTINCT c.customer_id, p.segment FROM customers c JOIN partner p ON "
	for _, c := range []struct{ name, query, want string }{
		{"one key", list + "c.email_sha256 = p.email_sha256",
			"SELECT i AS customer_id, 'seg' || i % 4 AS segment FROM range(1000) t(i) WHERE i % 3 = 0"},
		{"either key", list + "c.email_sha256 = p.email_sha256 OR c.phone_sha256 = p.phone_sha256",
			"SELECT i AS customer_id, 'seg' || i % 4 AS segment FROM range(1000) t(i) WHERE i % 3 = 0 OR i % 5 = 0"},
		{"both keys", list + "c.email_sha256 = p.email_sha256 AND c.phone_sha256 = p.phone_sha256",
			"SELECT i AS customer_id, 'seg' || i % 4 AS segment FROM range(1000) t(i) WHERE i % 15 = 0"},
		{"a key and either", list + "c.email_sha256 = p.email_sha256 AND (c.phone_sha256 = p.phone_sha256 OR c.email_sha256 = p.email_sha256)",
			"SELECT i AS customer_id, 'seg' || i % 4 AS segment FROM range(1000) t(i) WHERE i % 3 = 0"},
		{"a filter", list + "c.email_sha256 = p.email_sha256 WHERE p.score >= 500 AND c.spend < 1000 AND p.segment IN ('seg1', 'seg3')",
			"SELECT i AS customer_id, 'seg' || i % 4 AS segment FROM range(1000) t(i) WHERE i % 3 = 0 AND i >= 500 AND i * 1.5 < 1000 AND i % 2 = 1"},
		{"no duplicates", "SELECT DISTINCT p.segment FROM customers c JOIN partner p ON c.email_sha256 = p.email_sha256",
			"SELECT 'seg' || i AS segment FROM range(4) t(i)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			query := room.run(t, startInput(c.query))
			got := room.parquet(t, query)
			assert.Equal(t, "0", ask(t, "SELECT count(*) FROM ((FROM %s) EXCEPT ALL (%s))", got, c.want), "rows too many")
			assert.Equal(t, "0", ask(t, "SELECT count(*) FROM ((%s) EXCEPT ALL (FROM %s))", c.want, got), "rows missing")
		})
	}
}

func TestLimit(t *testing.T) {
	room := matchRoom(t, Config{})
	got := room.parquet(t, room.run(t, startInput(matchQuery+" LIMIT 7")))
	assert.Equal(t, "7", ask(t, "SELECT count(DISTINCT customer_id) FROM %s WHERE customer_id %% 3 = 0", got))
}

func TestNoMatch(t *testing.T) {
	room := matchRoom(t, Config{})
	query := room.run(t, startInput(matchQuery+" WHERE p.score < 0"))
	require.Equal(t, Success, query.Status)
	for _, file := range files(t, room.folder(t, query)) {
		assert.Equal(t, "0", ask(t, "SELECT count(*) FROM read_parquet('%s')", file), "an empty file is whole")
	}
}

func TestFilesOfAResult(t *testing.T) {
	room := matchRoom(t, Config{Threads: 2})
	in := startInput(matchQuery)
	folder := room.folder(t, room.run(t, in))
	for _, file := range files(t, folder) {
		assert.Regexp(t, `/part-\d{5}-[0-9a-f-]{36}\.zstd\.parquet$`, file)
		assert.Equal(t, "ZSTD", ask(t, "SELECT any_value(compression) FROM parquet_metadata('%s')", file))
	}
	in.s3().SingleFileOutput = true
	assert.Len(t, files(t, room.folder(t, room.run(t, in))), 1)
	in.s3().ResultFormat = "CSV"
	one := files(t, room.folder(t, room.run(t, in)))
	require.Len(t, one, 1)
	assert.Equal(t, "334", ask(t, "SELECT count(DISTINCT customer_id) FROM read_csv('%s')", one[0]))
	entries, err := os.ReadDir(filepath.Dir(filepath.Clean(folder)))
	require.NoError(t, err)
	assert.Len(t, entries, 3, "no working folder stays behind")
}

// Ten thousand rows a row group and a file each 64 MB would be hard to see in a test; threads are what makes files here.
func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	execute(t, "COPY (SELECT i AS a, md5('x' || i) AS b FROM range(1500000) t(i)) TO '"+dir+"/numbers.parquet'")
	room := openRoom(t, strings.Replace(endlessTable, `["a"]`, `["a", "b"]`, 1), dir, Config{Threads: 2})
	query := room.run(t, startInput("SELECT a, b FROM numbers"))
	found := files(t, room.folder(t, query))
	assert.Greater(t, len(found), 1)
	assert.Equal(t, "1500000", ask(t, "SELECT count(DISTINCT a) FROM %s", room.parquet(t, query)))
	assert.Equal(t, "true", ask(t, "SELECT max(row_group_num_rows) <= 122880 FROM parquet_metadata('%s')", filepath.Join(room.folder(t, query), "*.parquet")))
}

// What does not fit in memory goes to the disk, and none of it stays. Where that is not enough, more memory is taken.
func TestSpill(t *testing.T) {
	dir, temp := t.TempDir(), t.TempDir()
	execute(t, "COPY (SELECT i AS a, sha256('x' || i) AS b FROM range(800000) t(i)) TO '"+dir+"/numbers.parquet'")
	room := openRoom(t, strings.Replace(endlessTable, `["a"]`, `["a", "b"]`, 1), dir, Config{Threads: 1, MemoryLimit: 64 << 20, TempDir: temp})
	query := room.run(t, startInput("SELECT DISTINCT x.a AS a, y.b AS b FROM numbers x JOIN numbers y ON x.b = y.b"))
	require.Equal(t, Success, query.Status, "%+v", query.Error)
	assert.Equal(t, "800000", ask(t, "SELECT count(DISTINCT a) FROM %s", room.parquet(t, query)))
	assert.Empty(t, files(t, temp))
}

func TestTooLittleMemory(t *testing.T) {
	room := matchRoom(t, Config{MemoryLimit: 1 << 20})
	query := room.run(t, startInput(matchQuery))
	assert.Equal(t, Failed, query.Status)
	assert.Equal(t, codeMemory, query.Error.Code)
	assert.Contains(t, query.Error.Message, "4 MiB")
}

// Spark puts NULL first in an ascending order, DuckDB by itself last.
func TestNullsAreOrderedAsInSpark(t *testing.T) {
	dir := t.TempDir()
	execute(t, "COPY (SELECT CASE WHEN i > 0 THEN i END AS a FROM range(3) t(i)) TO '"+dir+"/numbers.parquet'")
	room := openRoom(t, endlessTable, dir, Config{})
	for order, want := range map[string]string{"ASC": "<nil>", "DESC": "2"} {
		query := room.run(t, startInput("SELECT a FROM numbers ORDER BY a "+order+" LIMIT 1"))
		assert.Equal(t, want, ask(t, "SELECT a FROM %s", room.parquet(t, query)), order)
	}
}

// The lock holds even for a query that had slipped through the rules.
func TestTheEngineIsLocked(t *testing.T) {
	dir := t.TempDir()
	writeMatch(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.csv"), []byte("a,b\n1,2\n"), 0o600))
	room := openRoom(t, matchTables, dir, Config{})
	sources, err := room.sources(t.Context(), []*Table{room.file.table("partner")})
	require.NoError(t, err)
	temp := t.TempDir()
	e, err := openEngine(t.Context(), room.config, temp)
	require.NoError(t, err)
	defer func() { assert.NoError(t, e.db.Close()) }()
	require.NoError(t, e.open(t.Context(), sources, t.TempDir()))
	_, err = e.columns(t.Context(), "SELECT segment, segment FROM partner LIMIT 1")
	require.NoError(t, err)
	for _, sql := range []string{
		"SELECT segment, age FROM partner", // a column that the room does not allow
		"SELECT email, email FROM customers",
		"SELECT * FROM read_csv('" + dir + "/secret.csv')",
		"SELECT * FROM '" + dir + "/customers.parquet'",
		"SELECT content, filename FROM read_text('/etc/passwd')",
		"SELECT file, file FROM glob('/*')",
		"COPY partner TO '" + dir + "/stolen.csv'",
		"ATTACH '" + dir + "/x.db'",
		"SET enable_external_access = true",
		"SET allowed_directories = ['/']",
		"SET memory_limit = '8GB'",
		"RESET lock_configuration",
		"INSTALL httpfs",
		"SELECT * FROM 'https://127.0.0.1:1/x.parquet'",
	} {
		_, err := e.columns(t.Context(), sql)
		assert.Error(t, err, sql)
	}
	assert.NoFileExists(t, filepath.Join(dir, "stolen.csv"))
}

// What a folder is called must not be taken for a pattern or a partition.
func TestOddFolders(t *testing.T) {
	dir := t.TempDir()
	for _, odd := range []string{"it's", "a [b] {c}", "star*", "what?", "day=1", "back\\slash", "Zoë"} {
		t.Run(odd, func(t *testing.T) {
			source, temp, results := filepath.Join(dir, odd, "in"), filepath.Join(dir, odd, "spill"), filepath.Join(dir, odd, "results")
			require.NoError(t, os.MkdirAll(source, 0o700))
			parquetOf(t, dir, "plain.parquet", "SELECT 1 AS a UNION ALL SELECT 1 AS a")
			require.NoError(t, os.Rename(filepath.Join(dir, "plain.parquet"), filepath.Join(source, "1.parquet")))
			room := openRoom(t, strings.Replace(endlessTable, "numbers.parquet", "in", 1), filepath.Join(dir, odd), Config{
				TempDir: temp, Bucket: func(string) (string, error) { return storage.FileURL(results), nil },
			})
			query := room.run(t, startInput("SELECT DISTINCT a FROM numbers"))
			require.Equal(t, Success, query.Status, "%+v", query.Error)
			for _, file := range files(t, room.folder(t, query)) {
				require.NoError(t, os.Rename(file, filepath.Join(dir, "result.parquet")))
			}
			assert.Equal(t, "1", ask(t, "SELECT sum(a) FROM '%s'", filepath.Join(dir, "result.parquet")))
		})
	}
}
