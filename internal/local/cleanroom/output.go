package cleanroom

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// A destination is where a result goes: <bucket>/<key prefix>/collaboration=<id>/<query id>/, as on AWS.
type destination struct {
	id     string
	bucket string          // the bucket's folder, links resolved; or its URL, s3://<name>
	dir    string          // the result's folder
	remote *storage.Folder // instead of dir, when the bucket is none of this machine
	work   string          // its hidden sibling, until the query has succeeded
	url    string
	format string // PARQUET or CSV
	single bool
}

func (r *Room) destination(ctx context.Context, s3 *S3Output, id string) (*destination, error) {
	rawURL, err := r.config.Bucket(s3.Bucket)
	if err != nil {
		return nil, invalidConfiguration("the room knows no bucket of this name")
	}
	u, err := url.Parse(rawURL)
	if err == nil && u.Scheme == "s3" {
		return r.remoteDestination(ctx, u, s3, id)
	}
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return nil, invalidConfiguration("the results bucket is neither a folder of this machine nor an s3:// URL")
	}
	bucket := realPath(filepath.FromSlash(u.Path))
	parent := filepath.Join(bucket, filepath.FromSlash(s3.KeyPrefix), "collaboration="+r.file.CollaborationID)
	d := &destination{
		id: id, bucket: bucket, dir: filepath.Join(parent, id), work: filepath.Join(parent, "."+id),
		format: s3.ResultFormat, single: s3.SingleFileOutput,
	}
	d.url = storage.FileURL(d.dir) + "/"
	return d, nil
}

// files is the folder that DuckDB writes to.
func (d *destination) files() string { return filepath.Join(d.work, "files") }

// open makes the working folder.
func (d *destination) open() error {
	if err := os.MkdirAll(d.files(), 0o755); err != nil { //nolint:gosec // readable like every folder of results
		return fmt.Errorf("make results folder: %w", err)
	}
	return nil
}

// commit names the files as Spark does and shows them, all at once.
func (d *destination) commit(ctx context.Context) error {
	names, err := filepath.Glob(filepath.Join(quoteGlob(d.files()), "*"))
	if err != nil {
		return fmt.Errorf("list results: %w", err)
	}
	slices.SortFunc(names, func(a, b string) int { // data_10 after data_9
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	ending := ".zstd.parquet"
	if d.format == "CSV" {
		ending = ".csv"
	}
	for i, name := range names {
		part := fmt.Sprintf("part-%05d-%s%s", i, d.id, ending)
		if d.remote != nil {
			err = d.upload(ctx, name, part)
		} else {
			err = os.Rename(name, filepath.Join(d.files(), part))
		}
		if err != nil {
			return fmt.Errorf("name results: %w", err)
		}
	}
	if d.remote != nil {
		return nil
	}
	if err := os.Rename(d.files(), d.dir); err != nil {
		return fmt.Errorf("show results: %w", err)
	}
	return nil
}

// close removes the working folder, and with it everything that was not committed.
func (d *destination) close() error {
	if err := os.RemoveAll(d.work); err != nil {
		return fmt.Errorf("remove unfinished results: %w", err)
	}
	return nil
}

func quoteGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// copyStatement writes several files: one a thread, and a next one at some 64 MB. Row groups of 122,880 rows keep the
// memory of a writer small and a reader's steps large enough.
func (d *destination) copyStatement(query string) string {
	options, ending := "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880", ".parquet"
	if d.format == "CSV" {
		options, ending = "FORMAT csv, HEADER true", ".csv"
	}
	to := d.files()
	if d.single {
		to = filepath.Join(to, "data_0"+ending)
	} else {
		options += ", PER_THREAD_OUTPUT true, FILE_SIZE_BYTES '64MB'"
	}
	return "COPY (" + query + ") TO " + quote(to) + " (" + options + ")"
}
