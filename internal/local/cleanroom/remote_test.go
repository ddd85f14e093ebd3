package cleanroom

import (
	"context"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A fixedCatalog has tables by name.
type fixedCatalog map[string]string

func (c fixedCatalog) Table(_ context.Context, name string) (audience.CatalogTable, error) {
	location, ok := c[name]
	if !ok {
		return audience.CatalogTable{}, fs.ErrNotExist
	}
	return audience.CatalogTable{Schema: audience.DocumentVersion, Name: name, Location: location}, nil
}

// inFolders opens each bucket as a folder of dir, so that what goes through storage can be looked at.
func inFolders(dir string) func(context.Context, string) (*storage.Folder, error) {
	return func(ctx context.Context, raw string) (*storage.Folder, error) {
		u, err := url.Parse(raw)
		if err != nil {
			return nil, err
		}
		folder, err := storage.Open(ctx, storage.FileURL(filepath.Join(dir, u.Host)))
		if err != nil {
			return nil, err
		}
		return folder.Sub(u.Path), nil
	}
}

func TestTablesAndResultsInBuckets(t *testing.T) {
	buckets := t.TempDir()
	work := filepath.Join(buckets, "work")
	parquetOf(t, work, "run-1/prepared/part-0.parquet", "SELECT 1 AS a")
	parquetOf(t, work, "run-1/prepared/part-1.parquet", "SELECT 2 AS a")
	parquetOf(t, work, "run-1/prepared/_temporary/part-2.parquet", "SELECT 3 AS a")
	write(t, work, "run-1/prepared/_SUCCESS", "x")
	write(t, work, "broken/part-0.parquet", "no Parquet")
	write(t, work, "text/part-0.xls", "x")
	table := strings.Replace(ownTable("x", `"a"`), `"path": "x"`, `"catalog": "acme_vip"`, 1)
	temp := t.TempDir()
	for _, c := range []struct{ name, location, bucket, code, refused string }{
		{"two files", "s3://work/run-1/prepared/", "results", "", ""},
		{"an empty place", "s3://work/run-2/prepared/", "results", codeNoData, ""},
		{"a damaged file", "s3://work/broken/", "results", codeBadFile, ""},
		{"another format", "s3://work/text/", "results", codeBadFile, ""},
		{"the source's own bucket", "s3://work/run-1/prepared/", "work", "", "results need a bucket of their own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			room := openRoom(t, table, t.TempDir(), Config{
				TempDir: temp, Open: inFolders(buckets), Catalog: fixedCatalog{"acme_vip": c.location},
				Bucket: func(string) (string, error) { return "s3://" + c.bucket, nil },
			})
			query, err := room.Start(t.Context(), startInput("SELECT a FROM numbers"))
			if c.refused != "" {
				wantError(t, err, nameValidation, c.refused)
				return
			}
			require.NoError(t, err)
			query = room.ended(t, query.ID)
			if c.code != "" {
				require.Equal(t, Failed, query.Status)
				assert.Equal(t, c.code, query.Error.Code)
				return
			}
			require.Equal(t, Success, query.Status, "%+v", query.Error)
			location := query.Result.Output.S3.Location
			assert.Equal(t, "s3://results/runs/acme/1/collaboration=99999999-9999-4999-8999-999999999999/"+query.ID+"/", location)
			files := filepath.Join(buckets, strings.TrimPrefix(location, "s3://"), "part-*.zstd.parquet")
			assert.Equal(t, "3 2", ask(t, "SELECT sum(a)::VARCHAR || ' ' || count(*) FROM read_parquet('%s', hive_partitioning = false)", files))
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			assert.Empty(t, left, "nothing stays in the spill folder")
		})
	}
}
