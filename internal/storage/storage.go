// Package storage puts buckets and folders behind one URL: s3://bucket/prefix, file:///folder, mem://. Keys are relative
// to it and use slashes everywhere.
package storage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A Folder is a place in a bucket or on a disk. It is safe for concurrent use.
type Folder struct {
	bucket *blob.Bucket
	prefix string // of every key, ending in a slash, or empty
	base   string // URL of the bucket, ending in a slash
	dir    string // the bucket's folder on disk, for file://
}

// An Object is a file of a folder.
type Object struct {
	Key      string // relative to the folder
	Size     int64
	Modified time.Time // by the storage's clock
}

// Open opens the folder at a URL. A folder on disk is made when it is not there. S3 takes region and credentials from
// the usual AWS sources. A program that registers another scheme with gocloud.dev/blob can open it, too.
func Open(ctx context.Context, rawURL string) (*Folder, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, audience.Failf(audience.Invalid, "open storage %q: not a URL", rawURL)
	}
	switch u.Scheme {
	case "file":
		return openDir(u.Path)
	case "mem":
		return &Folder{bucket: memblob.OpenBucket(nil), base: "mem:///"}, nil
	case "s3":
		bucket, err := openS3(ctx, u.Host, u.RawQuery)
		if err != nil {
			return nil, fmt.Errorf("open bucket %s: %w", u.Host, err)
		}
		return &Folder{bucket: bucket, base: "s3://" + u.Host + "/", prefix: asPrefix(u.Path)}, nil
	}
	if blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		base := u.Scheme + "://" + u.Host + "/"
		bucket, err := blob.OpenBucket(ctx, base)
		if err != nil {
			return nil, fmt.Errorf("open bucket %s: %w", base, err)
		}
		return &Folder{bucket: bucket, base: base, prefix: asPrefix(u.Path)}, nil
	}
	return nil, audience.Failf(audience.Invalid, "open storage %q: its scheme must be one of s3, file, mem", rawURL)
}

// openS3 opens a bucket. S3 gives no checksum with a part of an object, and Parquet is read in parts: without the option
// the SDK would write a line about each of them into the task's log.
func openS3(ctx context.Context, name, query string) (*blob.Bucket, error) {
	byURL, err := blob.OpenBucket(ctx, "s3://"+name+"?"+query)
	if err != nil {
		return nil, err
	}
	var client *s3.Client
	if !byURL.As(&client) {
		return byURL, nil
	}
	quiet := s3.New(client.Options(), func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
	bucket, err := s3blob.OpenBucket(ctx, quiet, name, nil)
	return bucket, errors.Join(err, byURL.Close())
}

func openDir(dir string) (*Folder, error) {
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{
		CreateDir: true, NoTempDir: true, Metadata: fileblob.MetadataDontWrite, DirFileMode: 0o755,
	})
	if err != nil {
		return nil, audience.Fail(audience.Invalid, "check that the folder exists and may be written", fmt.Errorf("open folder %s: %w", dir, err))
	}
	return &Folder{bucket: bucket, base: FileURL(dir) + "/", dir: dir}, nil
}

// FileURL is the file:// URL of an absolute path.
func FileURL(dir string) string {
	return (&url.URL{Scheme: "file", Path: strings.TrimSuffix(filepath.ToSlash(dir), "/")}).String()
}

func asPrefix(p string) string {
	p = strings.Trim(path.Clean("/"+p), "/")
	if p == "" {
		return ""
	}
	return p + "/"
}

// URL is the folder's address; it ends in a slash.
func (f *Folder) URL() string {
	if f.dir != "" {
		return FileURL(filepath.Join(f.dir, filepath.FromSlash(f.prefix))) + "/"
	}
	return f.base + f.prefix
}

// Sub is a folder inside this one. Closing either closes both.
func (f *Folder) Sub(name string) *Folder {
	sub := *f
	sub.prefix = f.prefix + asPrefix(name)
	return &sub
}

// Close lets go of the bucket.
func (f *Folder) Close() error { return f.bucket.Close() }

// Read gives an object's content. An object that is not there is an fs.ErrNotExist.
func (f *Folder) Read(ctx context.Context, key string) ([]byte, error) {
	data, err := f.bucket.ReadAll(ctx, f.prefix+key)
	return data, f.explain("read", key, err)
}

// Write puts an object in one step: a reader sees the old content or the new, never a part.
func (f *Folder) Write(ctx context.Context, key string, data []byte) error {
	return f.explain("write", key, f.bucket.WriteAll(ctx, f.prefix+key, data, writeOptions(key)))
}

// Create writes an object that must not be there yet; if it is, the error is an fs.ErrExist. Of several at once exactly
// one succeeds (S3's If-None-Match, an exclusive link on disk).
func (f *Folder) Create(ctx context.Context, key string, data []byte) error {
	if f.dir != "" {
		return f.explain("create", key, createOnDisk(f.onDisk(key), data))
	}
	options := writeOptions(key)
	options.IfNotExist = true
	const conflicts = 10 // each is a writer of the same key, who has won or lost a moment later
	err := f.bucket.WriteAll(ctx, f.prefix+key, data, options)
	for n := 1; n < conflicts && conflict(err); n++ {
		err = f.bucket.WriteAll(ctx, f.prefix+key, data, options)
	}
	return f.explain("create", key, err)
}

// conflict reports whether S3 refused a conditional write because another one of the same key was under way. It wants it sent
// again, which its SDK does not do.
func conflict(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && refused.ErrorCode() == "ConditionalRequestConflict"
}

// ReadJSON decodes an object.
func (f *Folder) ReadJSON(ctx context.Context, key string, into any) error {
	data, err := f.Read(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return audience.Failf(audience.Invalid, "read %s%s: it is not the JSON document that it should be", f.URL(), key)
	}
	return nil
}

// WriteJSON puts a document, indented, because people read them.
func (f *Folder) WriteJSON(ctx context.Context, key string, document any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return f.Write(ctx, key, b.Bytes())
}

// Delete removes an object; one that is not there is no error.
func (f *Folder) Delete(ctx context.Context, key string) error {
	err := f.bucket.Delete(ctx, f.prefix+key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return f.explain("delete", key, err)
}

// List gives the objects below a prefix, in all its folders, sorted by key.
func (f *Folder) List(ctx context.Context, prefix string) ([]Object, error) {
	list := f.list
	if f.dir != "" {
		list = f.listOnDisk
	}
	objects, err := list(ctx, prefix)
	return objects, f.explain("list", prefix, err)
}

func (f *Folder) list(ctx context.Context, prefix string) ([]Object, error) {
	var objects []Object
	list := f.bucket.List(&blob.ListOptions{Prefix: f.prefix + prefix})
	for {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		objects = append(objects, Object{Key: strings.TrimPrefix(o.Key, f.prefix), Size: o.Size, Modified: o.ModTime})
	}
}

func writeOptions(key string) *blob.WriterOptions {
	kind := "application/octet-stream"
	switch path.Ext(key) {
	case ".json":
		kind = "application/json"
	case ".html":
		kind = "text/html; charset=utf-8"
	case ".parquet":
		kind = "application/vnd.apache.parquet"
	}
	return &blob.WriterOptions{ContentType: kind, DisableContentTypeDetection: true}
}

// explain names the object in an error and makes the two outcomes that callers ask for recognisable.
func (f *Folder) explain(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	where := f.URL() + key
	switch code := gcerrors.Code(err); {
	case code == gcerrors.NotFound && verb == "write" && f.dir != "":
		return audience.Fail(audience.Transient, "let only one task write it at a time", fmt.Errorf("%s %s: another task cleared the folder meanwhile: %w", verb, where, err))
	case code == gcerrors.NotFound:
		return audience.Fail(audience.Invalid, "", fmt.Errorf("%s %s: %w", verb, where, fs.ErrNotExist))
	case code == gcerrors.FailedPrecondition, code == gcerrors.AlreadyExists:
		return fmt.Errorf("%s %s: %w", verb, where, fs.ErrExist)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %s: %w", verb, where, fs.ErrExist)
	}
	if gcerrors.Code(err) == gcerrors.PermissionDenied || errors.Is(err, os.ErrPermission) {
		return audience.Fail(audience.Invalid, "give this task's role or user access to it", fmt.Errorf("%s %s: %w", verb, where, err))
	}
	return noSpace(fmt.Errorf("%s %s: %w", verb, where, err))
}
