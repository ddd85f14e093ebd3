package cleanroom

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// matchTables are a company's and a partner's list; see writeMatch.
const matchTables = `
	{"name": "customers", "owner": "acme", "path": "customers.parquet", "columns": ["customer_id", "email", "email_sha256", "phone_sha256", "spend"],
	 "analysis_rule": {"type": "LIST", "join_columns": ["email_sha256", "phone_sha256"], "list_columns": ["customer_id", "email", "spend"], "allowed_join_operators": ["OR"]}},
	{"name": "partner", "owner": "globex", "path": "partner.csv", "columns": ["email_sha256", "phone_sha256", "segment", {"name": "score", "type": "bigint"}],
	 "analysis_rule": {"type": "LIST", "join_columns": ["email_sha256", "phone_sha256"], "list_columns": ["segment", "score"], "allowed_join_operators": ["OR"]}}`

const matchQuery = "SELECT DISTINCT c.customer_id, p.segment FROM customers c INNER JOIN partner p ON c.email_sha256 = p.email_sha256"

// writeMatch writes both lists: 1,000 customers, of whom the partner knows every third by e-mail and every fifth by phone.
func writeMatch(t testing.TB, dir string) {
	t.Helper()
	execute(t, `COPY (SELECT i AS customer_id, 'p' || i || '@example.com' AS email, sha256('p' || i) AS email_sha256,
		sha256('t' || i) AS phone_sha256, i * 1.5 AS spend, 'hidden' AS note FROM range(1000) t(i)) TO '`+dir+`/customers.parquet'`)
	execute(t, `COPY (SELECT CASE WHEN i % 3 = 0 THEN sha256('p' || i) END AS email_sha256, CASE WHEN i % 5 = 0 THEN sha256('t' || i) END AS phone_sha256,
		'seg' || i % 4 AS segment, i AS score, 'hidden' AS age FROM range(1200) t(i)) TO '`+dir+`/partner.csv' (HEADER true)`)
}

func matchRoom(t testing.TB, config Config) *testRoom {
	t.Helper()
	dir := t.TempDir()
	writeMatch(t, dir)
	return openRoom(t, matchTables, dir, config)
}

// gate holds queries back after they have started. Open it once.
type gate chan struct{}

func (g gate) wait() bool { <-g; return false }

func TestQueryLifeCycle(t *testing.T) {
	hold := make(gate)
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	room := matchRoom(t, Config{Now: func() time.Time { return at }, Maintenance: hold.wait})
	in := startInput(matchQuery)
	in.ComputeConfiguration = &ComputeConfiguration{Worker: &Worker{Type: "CR.4X", Number: 3}}
	started, err := room.Start(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, Submitted, started.Status)
	assert.Equal(t, at, started.CreateTime)
	assert.Equal(t, acmeMembership, started.MembershipID)
	assert.Equal(t, "arn:aws:cleanrooms:local:111111111111:membership/"+acmeMembership, started.MembershipArn)
	assert.Nil(t, started.Result)

	require.Eventually(t, func() bool { return room.status(t, started.ID) == Started }, time.Minute, time.Millisecond)
	close(hold)
	ended := room.ended(t, started.ID)
	require.Equal(t, Success, ended.Status, "%+v", ended.Error)
	assert.Equal(t, storage.FileURL(filepath.Join(room.results, "runs/acme/1/collaboration=99999999-9999-4999-8999-999999999999", started.ID))+"/",
		ended.Result.Output.S3.Location)
	// Clean Rooms bills a minute at least: 3 CR.4X are 24 CRPU.
	assert.InDelta(t, 24.0/60, ended.Statistics.BilledResourceUtilization.Units, 1e-9)
	assert.Zero(t, ended.Statistics.TotalDurationInMillis)

	_, err = room.Cancel(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: started.ID, TargetStatus: "CANCELLED"})
	wantError(t, err, nameConflict, "ended as SUCCESS")
}

func (r *testRoom) status(t testing.TB, id string) Status {
	t.Helper()
	query, err := r.Get(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: id})
	require.NoError(t, err)
	return query.Status
}

func wantError(t testing.TB, err error, name, text string) {
	t.Helper()
	var refused *Error
	if assert.ErrorAs(t, err, &refused) {
		assert.Equal(t, name, refused.Name)
		assert.Contains(t, refused.Cause(), text)
	}
}

func TestRefusedCalls(t *testing.T) {
	room := matchRoom(t, Config{})
	for _, c := range []struct {
		what       string
		edit       func(in *StartInput)
		name, text string
	}{
		{"another's membership", func(in *StartInput) { in.MembershipIdentifier = globexMembership }, nameAccessDenied, "the room's runner is acme"},
		{"unknown membership", func(in *StartInput) { in.MembershipIdentifier = "x" }, nameNotFound, "match.membership_id"},
		{"type", func(in *StartInput) { in.Type = "PYSPARK" }, nameValidation, "Type must be SQL"},
		{"no SQL", func(in *StartInput) { in.SQLParameters = nil }, nameValidation, "SqlParameters is required"},
		{"neither", func(in *StartInput) { in.SQLParameters = &SQLParameters{} }, nameValidation, "exactly one of"},
		{"both", func(in *StartInput) { in.SQLParameters.AnalysisTemplateArn = templateARN }, nameValidation, "exactly one of"},
		{"too long", func(in *StartInput) { in.SQLParameters.QueryString += strings.Repeat(" ", maxQueryText) }, nameValidation, "longer than 500000"},
		{"parameters of a query", func(in *StartInput) { in.SQLParameters.Parameters = map[string]string{"a": "b"} }, nameValidation, "belong to an analysis template"},
		{"long parameter", func(in *StartInput) {
			in.SQLParameters = &SQLParameters{AnalysisTemplateArn: templateARN, Parameters: map[string]string{"a": strings.Repeat("x", 1001)}}
		}, nameValidation, "more than 1000"},
		{"unknown template", func(in *StartInput) { in.SQLParameters = &SQLParameters{AnalysisTemplateArn: templateARN} }, nameNotFound, "no such analysis template"},
		{"no result", func(in *StartInput) { in.ResultConfiguration = nil }, nameValidation, "S3 is required"},
		{"no S3", func(in *StartInput) { in.ResultConfiguration.OutputConfiguration.S3 = nil }, nameValidation, "S3 is required"},
		{"format", func(in *StartInput) { in.s3().ResultFormat = "ORC" }, nameValidation, "PARQUET or CSV"},
		{"bucket", func(in *StartInput) { in.s3().Bucket = "Results" }, nameValidation, "is not a bucket's name"},
		{"prefix with a space", func(in *StartInput) { in.s3().KeyPrefix = "a b" }, nameValidation, "KeyPrefix may hold"},
		{"prefix with a colon", func(in *StartInput) { in.s3().KeyPrefix = "a:b" }, nameValidation, "KeyPrefix may hold"},
		{"prefix too long", func(in *StartInput) { in.s3().KeyPrefix = strings.Repeat("a", 513) }, nameValidation, "KeyPrefix may hold"},
		{"prefix upwards", func(in *StartInput) { in.s3().KeyPrefix = "a/../../b" }, nameValidation, ". or .."},
		{"prefix with an empty folder", func(in *StartInput) { in.s3().KeyPrefix = "a//b" }, nameValidation, "empty"},
		{"worker", func(in *StartInput) { in.ComputeConfiguration = &ComputeConfiguration{} }, nameValidation, "CR.1X or CR.4X"},
		{"worker type", func(in *StartInput) {
			in.ComputeConfiguration = &ComputeConfiguration{Worker: &Worker{Type: "CR.2X", Number: 2}}
		}, nameValidation, "CR.1X or CR.4X"},
		{"workers", func(in *StartInput) {
			in.ComputeConfiguration = &ComputeConfiguration{Worker: &Worker{Type: "CR.1X", Number: 1}}
		}, nameValidation, "2 to 400"},
		{"rule", func(in *StartInput) { in.SQLParameters.QueryString = "SELECT segment FROM partner" }, nameValidation, "(Reason: INVALID_QUERY)"},
	} {
		t.Run(c.what, func(t *testing.T) {
			in := startInput(matchQuery)
			c.edit(&in)
			_, err := room.Start(t.Context(), in)
			wantError(t, err, c.name, c.text)
		})
	}
	left, err := os.ReadDir(room.results)
	require.NoError(t, err)
	assert.Empty(t, left, "a refused call writes nothing")
}

func (in *StartInput) s3() *S3Output { return in.ResultConfiguration.OutputConfiguration.S3 }

func TestUnknownBucketAndQuery(t *testing.T) {
	room := matchRoom(t, Config{Bucket: func(string) (string, error) { return "", errors.New("no") }})
	_, err := room.Start(t.Context(), startInput(matchQuery))
	wantError(t, err, nameValidation, "no bucket of this name (Reason: INVALID_CONFIGURATION)")
	for _, id := range []string{"", "x", "../x", "99999999-9999-4999-8999-999999999999"} {
		_, err = room.Get(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: id})
		wantError(t, err, nameNotFound, "no such protected query")
	}
	_, err = room.Cancel(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: "x", TargetStatus: "STARTED"})
	wantError(t, err, nameValidation, "must be CANCELLED")
}

func TestAtMostFiveQueriesAtOnce(t *testing.T) {
	hold := make(gate)
	room := matchRoom(t, Config{Maintenance: hold.wait, Threads: 1})
	var ids []string
	for range maxConcurrent {
		query, err := room.Start(t.Context(), startInput(matchQuery))
		require.NoError(t, err)
		ids = append(ids, query.ID)
	}
	_, err := room.Start(t.Context(), startInput(matchQuery))
	wantError(t, err, nameQuota, "5 queries")
	close(hold)
	for _, id := range ids {
		assert.Equal(t, Success, room.ended(t, id).Status)
	}
	_, err = room.Start(t.Context(), startInput(matchQuery))
	assert.NoError(t, err, "ended queries do not count")
}

func TestCancelBeforeTheEngineRuns(t *testing.T) {
	hold := make(gate)
	room := matchRoom(t, Config{Maintenance: hold.wait})
	query, err := room.Start(t.Context(), startInput(matchQuery))
	require.NoError(t, err)
	cancelled, err := room.Cancel(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: query.ID, TargetStatus: "CANCELLED"})
	require.NoError(t, err)
	assert.Equal(t, Cancelling, cancelled.Status)
	close(hold)
	ended := room.ended(t, query.ID)
	assert.Equal(t, Cancelled, ended.Status)
	assert.Nil(t, ended.Result)
	assert.NotNil(t, ended.Statistics)
	assert.Empty(t, files(t, room.results))
}

// endlessQuery compares every pair of a billion rows: only an interrupt ends it.
const endlessTable = `{"name": "numbers", "owner": "acme", "path": "numbers.parquet", "columns": ["a"],
	"analysis_rule": {"type": "CUSTOM", "allowed_analyses": ["ANY_QUERY"], "allowed_analysis_providers": ["111111111111"]}}`
const endlessQuery = "SELECT count(*) AS n FROM numbers x JOIN numbers y ON x.a * y.a % 7 = 3 JOIN numbers z ON x.a + y.a < z.a % 5"

func TestCancelInterruptsTheEngine(t *testing.T) {
	dir := t.TempDir()
	execute(t, "COPY (SELECT i AS a FROM range(100000) t(i)) TO '"+dir+"/numbers.parquet'")
	room := openRoom(t, endlessTable, dir, Config{})
	in := startInput(endlessQuery)
	in.s3().SingleFileOutput = true // the one file is opened when the engine begins
	query, err := room.Start(t.Context(), in)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(files(t, room.results)) > 0 }, time.Minute, time.Millisecond, "the engine begins to write")
	_, err = room.Cancel(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: query.ID, TargetStatus: "CANCELLED"})
	require.NoError(t, err)
	assert.Equal(t, Cancelled, room.ended(t, query.ID).Status)
	assert.Empty(t, files(t, room.results))
}

func TestTimeout(t *testing.T) {
	room := matchRoom(t, Config{Timeout: time.Nanosecond})
	ended := room.run(t, startInput(matchQuery))
	assert.Equal(t, TimedOut, ended.Status)
	assert.Nil(t, ended.Result)
	assert.Nil(t, ended.Error)
	assert.Empty(t, files(t, room.results))
}

func TestMaintenance(t *testing.T) {
	ended := matchRoom(t, Config{Maintenance: func() bool { return true }}).run(t, startInput(matchQuery))
	assert.Equal(t, Failed, ended.Status)
	assert.Contains(t, ended.Error.Message, "maintenance", "the state machine looks for the word")
}

func TestShutdownCancels(t *testing.T) {
	hold := make(gate)
	room := matchRoom(t, Config{Maintenance: hold.wait})
	query, err := room.Start(t.Context(), startInput(matchQuery))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, room.Shutdown(ctx), context.Canceled)
	_, err = room.Start(t.Context(), startInput(matchQuery))
	wantError(t, err, nameInternal, "closing")
	close(hold)
	require.NoError(t, room.Shutdown(t.Context()))
	assert.Equal(t, Cancelled, room.status(t, query.ID))
}

// files lists what lies in a folder, at any depth.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil // a query that ends removes its folder
		}
		return err
	})
	require.NoError(t, err)
	return found
}
