package mirror

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// scheme is that of buckets in this process's memory, which are the same to all who open them: mortal://<bucket>/<key>.
const scheme = "mortal"

var (
	errNotThere = errors.New("there is no such object")
	errThere    = errors.New("there is such an object already")
	errDead     = errors.New("the task was killed")
)

// memories are the buckets by name.
type memories struct{ sync.Map }

var all memories

func init() { blob.DefaultURLMux().RegisterBucket(scheme, &all) } //nolint:gochecknoinits // as every driver of gocloud.dev does

// OpenBucketURL opens a bucket that there is.
func (b *memories) OpenBucketURL(_ context.Context, u *url.URL) (*blob.Bucket, error) {
	m, is := b.Load(u.Host)
	if !is {
		return nil, errNotThere
	}
	return blob.NewBucket(m.(*memory)), nil
}

// A memory is a bucket. Whoever works with it dies when the number of writes and deletes that are left to it is used up:
// either just before the last one or just behind it. What the driver's interface has beyond what is here is not used.
type memory struct {
	driver.Bucket

	mu      sync.Mutex
	objects map[string]object
	left    int // writes and deletes until death; below zero: none is near
	before  bool
	dead    bool
	changes int // writes and deletes so far
}

type object struct {
	content []byte // never changed in place
	at      time.Time
}

// revive lets the next task live for a number of writes and deletes.
func (m *memory) revive(left int, before bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.before, m.dead, m.changes = left, before, false, 0
}

// change does a write or a delete, if nobody has died by then.
func (m *memory) change(do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	m.changes++
	last := m.left == 0
	m.left--
	if last && m.before {
		m.dead = true
		return errDead
	}
	err := do()
	if last {
		m.dead = true
		return errDead
	}
	return err
}

func (m *memory) get(key string) (object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, is := m.objects[key]
	switch {
	case m.dead:
		return o, errDead
	case !is:
		return o, errNotThere
	}
	return o, nil
}

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

// Attributes describes an object.
func (m *memory) Attributes(_ context.Context, key string) (*driver.Attributes, error) {
	o, err := m.get(key)
	return &driver.Attributes{ModTime: o.at, Size: int64(len(o.content))}, err
}

// ListPaged lists all objects in one page.
func (m *memory) ListPaged(_ context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return nil, errDead
	}
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
func (m *memory) NewRangeReader(_ context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	o, err := m.get(key)
	if err != nil {
		return nil, err
	}
	part := o.content[min(offset, int64(len(o.content))):]
	if length >= 0 {
		part = part[:min(length, int64(len(part)))]
	}
	return &reader{bytes.NewReader(part), driver.ReaderAttributes{ModTime: o.at, Size: int64(len(o.content))}}, nil
}

type reader struct {
	*bytes.Reader
	attributes driver.ReaderAttributes
}

func (r *reader) Attributes() *driver.ReaderAttributes { return &r.attributes }
func (*reader) As(any) bool                            { return false }
func (*reader) Close() error                           { return nil }

// NewTypedWriter writes an object, which appears as a whole when the writer is closed.
func (m *memory) NewTypedWriter(ctx context.Context, key, _ string, opts *driver.WriterOptions) (driver.Writer, error) {
	return &writer{ctx: ctx, memory: m, key: key, create: opts.IfNotExist}, nil
}

type writer struct {
	bytes.Buffer

	ctx    context.Context //nolint:containedctx // the driver's Close takes none
	memory *memory
	key    string
	create bool
}

func (w *writer) Close() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.memory.change(func() error {
		if _, is := w.memory.objects[w.key]; is && w.create {
			return errThere
		}
		w.memory.objects[w.key] = object{bytes.Clone(w.Bytes()), time.Now()}
		return nil
	})
}

// Delete removes an object.
func (m *memory) Delete(_ context.Context, key string, _ *driver.DeleteOptions) error {
	return m.change(func() error {
		if _, is := m.objects[key]; !is {
			return errNotThere
		}
		delete(m.objects, key)
		return nil
	})
}
