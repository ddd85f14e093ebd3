package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// DuckDB is locked and has no network: what lies in a bucket is copied into the query's own folder first, and a result
// that goes to a bucket is written there last.

// remoteFiles are a table's files in a bucket.
type remoteFiles struct {
	folder *storage.Folder
	bucket string // s3://<name>
	keys   []string
}

// findRemote lists the files that lie at a location now, by the rules of a folder on disk.
func (s *tableSource) findRemote(ctx context.Context, config Config, location *url.URL) error {
	folder, err := config.Open(ctx, location.String())
	if err != nil {
		return s.fail(codeNoData, "its bucket cannot be opened: check the location in the catalog")
	}
	s.remote = &remoteFiles{folder: folder, bucket: "s3://" + location.Host}
	objects, err := folder.List(ctx, "")
	if err != nil {
		return s.fail(codeNoData, "its files cannot be listed: check the location in the catalog, and the rights on its bucket")
	}
	for _, o := range objects {
		if o.Size > 0 && !anyHidden(o.Key) {
			s.remote.keys = append(s.remote.keys, o.Key)
			s.paths = append(s.paths, path.Base(o.Key))
		}
	}
	if len(s.paths) == 0 {
		return s.fail(codeNoData, "it has no files at its location in the catalog")
	}
	return s.findFormat()
}

func anyHidden(key string) bool {
	for _, part := range strings.Split(key, "/") {
		if hidden(part) {
			return true
		}
	}
	return false
}

// fetched gives the source's files on disk: where they lie, or copies in the query's spill folder.
func (s *tableSource) fetched(ctx context.Context, temp string) ([]string, error) {
	if s.remote == nil {
		return s.paths, nil
	}
	dir, err := os.MkdirTemp(temp, "fetched-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a table's files: %w", err)
	}
	paths := make([]string, len(s.remote.keys))
	for i, key := range s.remote.keys {
		paths[i] = filepath.Join(dir, fmt.Sprintf("%d-%s", i, path.Base(key)))
		if err := download(ctx, s.remote.folder, key, paths[i]); err != nil {
			return nil, s.fail(codeNoData, "%s cannot be read from its bucket: check that it is there and may be read", path.Base(key))
		}
	}
	return paths, nil
}

func download(ctx context.Context, folder *storage.Folder, key, to string) (err error) {
	from, err := folder.NewReader(ctx, key)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()                                    // nothing was written
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in the query's own folder
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// release lets go of the bucket.
func (s *tableSource) release() {
	if s.remote != nil {
		_ = s.remote.folder.Close() // nothing was written
	}
}

// remoteDestination is a result that goes to a bucket: made in the spill folder, and copied when it is whole. There,
// as on AWS, the files appear one by one, and only the query's status says that they are all there.
func (r *Room) remoteDestination(ctx context.Context, bucket *url.URL, s3 *S3Output, id string) (*destination, error) {
	place := *bucket
	place.Path = path.Join("/", bucket.Path, s3.KeyPrefix, "collaboration="+r.file.CollaborationID, id) + "/"
	folder, err := r.config.Open(ctx, place.String())
	if err != nil {
		return nil, invalidConfiguration("the results bucket cannot be opened")
	}
	place.RawQuery = ""
	return &destination{
		id: id, bucket: "s3://" + bucket.Host, remote: folder, work: filepath.Join(r.config.TempDir, "."+id), url: place.String(),
		format: s3.ResultFormat, single: s3.SingleFileOutput,
	}, nil
}

// release lets go of the bucket.
func (d *destination) release() {
	if d.remote != nil {
		_ = d.remote.Close() // what was written was closed
	}
}

func (d *destination) upload(ctx context.Context, name, part string) error {
	from, err := os.Open(name) //nolint:gosec // the query's own result
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // nothing was written
	to, err := d.remote.NewWriter(ctx, part)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		to.Abort()
		return err
	}
	return to.Close()
}
