package chaos

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// scheme is that of buckets in this process's memory: chaos://<bucket>/<key>. Unlike mem:// each is the same to all who open
// it, its objects are as old as the bubble's clock says, and no write of a task that was killed reaches it.
const scheme = "chaos"

// buckets are the memories by name.
type buckets struct {
	mu     sync.Mutex
	byName map[string]*memory
}

var all = &buckets{byName: map[string]*memory{}}

func init() { blob.DefaultURLMux().RegisterBucket(scheme, all) } //nolint:gochecknoinits // as every driver of gocloud.dev does

// OpenBucketURL opens a bucket, which is made when there is none of that name.
func (b *buckets) OpenBucketURL(_ context.Context, u *url.URL) (*blob.Bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.byName[u.Host]
	if m == nil {
		m = &memory{objects: map[string]object{}}
		b.byName[u.Host] = m
	}
	return blob.NewBucket(m), nil
}

// forget drops a bucket.
func (b *buckets) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byName, name)
}

type object struct {
	content []byte // never changed in place
	kind    string
	at      time.Time
}

// memory is a bucket. What the driver's interface has beyond what is written here is not used.
type memory struct {
	driver.Bucket

	mu      sync.Mutex
	objects map[string]object
}

var (
	errNotThere = errors.New("there is no such object")
	errThere    = errors.New("there is such an object already")
)

// ErrorCode classifies the errors of this driver.
func (*memory) ErrorCode(err error) gcerrors.ErrorCode {
	switch {
	case errors.Is(err, errNotThere):
		return gcerrors.NotFound
	case errors.Is(err, errThere):
		return gcerrors.FailedPrecondition
	}
	return gcerrors.Unknown
}

// As knows no more of a bucket.
func (*memory) As(any) bool { return false }

// ErrorAs knows no more of an error.
func (*memory) ErrorAs(error, any) bool { return false }

// Close does nothing: others have the bucket open.
func (*memory) Close() error { return nil }

func (m *memory) get(ctx context.Context, key string) (object, error) {
	if err := taskOf(ctx).alive(); err != nil {
		return object{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, is := m.objects[key]
	if !is {
		return object{}, errNotThere
	}
	return o, nil
}

// Attributes describes an object.
func (m *memory) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	o, err := m.get(ctx, key)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{ContentType: o.kind, ModTime: o.at, Size: int64(len(o.content))}, nil
}

// ListPaged lists all objects in one page.
func (m *memory) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	if err := taskOf(ctx).alive(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	page := &driver.ListPage{}
	for key, o := range m.objects {
		if strings.HasPrefix(key, opts.Prefix) {
			page.Objects = append(page.Objects, &driver.ListObject{Key: key, ModTime: o.at, Size: int64(len(o.content))})
		}
	}
	slices.SortFunc(page.Objects, func(a, b *driver.ListObject) int { return strings.Compare(a.Key, b.Key) })
	return page, nil
}

// NewRangeReader reads a part of an object.
func (m *memory) NewRangeReader(ctx context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	o, err := m.get(ctx, key)
	if err != nil {
		return nil, err
	}
	part := o.content[min(offset, int64(len(o.content))):]
	if length >= 0 {
		part = part[:min(length, int64(len(part)))]
	}
	return &reader{bytes.NewReader(part), driver.ReaderAttributes{ContentType: o.kind, ModTime: o.at, Size: int64(len(o.content))}}, nil
}

type reader struct {
	*bytes.Reader
	attributes driver.ReaderAttributes
}

func (r *reader) Attributes() *driver.ReaderAttributes { return &r.attributes }
func (*reader) As(any) bool                            { return false }
func (*reader) Close() error                           { return nil }

// NewTypedWriter writes an object, which appears as a whole when the writer is closed.
func (m *memory) NewTypedWriter(ctx context.Context, key, kind string, opts *driver.WriterOptions) (driver.Writer, error) {
	return &writer{ctx: ctx, memory: m, key: key, kind: kind, create: opts.IfNotExist}, nil
}

type writer struct {
	bytes.Buffer

	ctx       context.Context //nolint:containedctx // the driver's Close takes none
	memory    *memory
	key, kind string
	create    bool
}

var _ io.Writer = (*writer)(nil)

func (w *writer) Close() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return taskOf(w.ctx).does("write "+w.key, func() error {
		w.memory.mu.Lock()
		defer w.memory.mu.Unlock()
		if _, is := w.memory.objects[w.key]; is && w.create {
			return errThere
		}
		w.memory.objects[w.key] = object{bytes.Clone(w.Bytes()), w.kind, time.Now()}
		return nil
	})
}

// Delete removes an object.
func (m *memory) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	return taskOf(ctx).does("delete "+key, func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if _, is := m.objects[key]; !is {
			return errNotThere
		}
		delete(m.objects, key)
		return nil
	})
}
