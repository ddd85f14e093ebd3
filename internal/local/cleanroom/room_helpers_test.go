package cleanroom

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// A testRoom is a room over a folder, with its results beside the folder.
type testRoom struct {
	*Room
	results string
}

// openRoom opens a room with these tables, paths relative to dir. acme runs the queries.
func openRoom(t testing.TB, tables, dir string, config Config) *testRoom {
	t.Helper()
	file := parseRoom(t, `{"collaboration_id": "99999999-9999-4999-8999-999999999999", "runner": "acme", "members": [
		{"name": "acme", "account_id": "111111111111", "membership_id": "`+acmeMembership+`"},
		{"name": "globex", "account_id": "222222222222", "membership_id": "`+globexMembership+`"}], "tables": [`+tables+`]}`, dir)
	return open(t, file, config)
}

func open(t testing.TB, file *RoomFile, config Config) *testRoom {
	t.Helper()
	results := t.TempDir()
	if config.Bucket == nil {
		config.Bucket = func(string) (string, error) { return storage.FileURL(results), nil }
	}
	if config.TempDir == "" {
		config.TempDir = t.TempDir()
	}
	room, err := New(file, config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, room.Shutdown(context.WithoutCancel(t.Context()))) })
	return &testRoom{Room: room, results: results}
}

func startInput(query string) StartInput {
	return StartInput{
		MembershipIdentifier: acmeMembership, Type: "SQL", SQLParameters: &SQLParameters{QueryString: query},
		ResultConfiguration: &ResultConfiguration{OutputConfiguration: OutputConfiguration{
			S3: &S3Output{ResultFormat: "PARQUET", Bucket: "results", KeyPrefix: "runs/acme/1"},
		}},
	}
}

// run starts a query and gives it when it has ended.
func (r *testRoom) run(t testing.TB, in StartInput) ProtectedQuery {
	t.Helper()
	query, err := r.Start(t.Context(), in)
	require.NoError(t, err)
	return r.ended(t, query.ID)
}

// ended waits for a query's end.
func (r *testRoom) ended(t testing.TB, id string) ProtectedQuery {
	t.Helper()
	var query ProtectedQuery
	require.Eventually(t, func() bool {
		var err error
		query, err = r.Get(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: id})
		return err != nil || query.Status.Final()
	}, 10*time.Minute, 5*time.Millisecond)
	return query
}

// folder is where a query's result lies.
func (r *testRoom) folder(t testing.TB, query ProtectedQuery) string {
	t.Helper()
	require.NotNil(t, query.Result, "%s %+v", query.Status, query.Error)
	u, err := url.Parse(query.Result.Output.S3.Location)
	require.NoError(t, err)
	return filepath.FromSlash(u.Path)
}

// parquet is SQL that reads a query's result. Its folder's name looks like a partition's and is none.
func (r *testRoom) parquet(t testing.TB, query ProtectedQuery) string {
	return "read_parquet('" + filepath.Join(r.folder(t, query), "*.parquet") + "', hive_partitioning = false)"
}

// execute runs SQL in a DuckDB of its own.
func execute(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err, statement)
}

// ask gives a question's one value as text.
func ask(t testing.TB, format string, args ...any) string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	var answer any
	statement := fmt.Sprintf(format, args...)
	require.NoError(t, db.QueryRowContext(t.Context(), statement).Scan(&answer), statement)
	return fmt.Sprint(answer)
}
