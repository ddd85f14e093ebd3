// Package mortal has buckets in this process's memory, mortal://<bucket>/<key>, for tests in which tasks are killed: whoever
// works with one may die before a write or delete, or behind it, and from then on nothing of theirs reaches the bucket, as if
// their process were gone. Unlike with mem:// a bucket is the same to all who open it. Objects are as old as time.Now says,
// which in a bubble of testing/synctest is the bubble's.
package mortal

import (
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

// Scheme is that of the URLs of these buckets.
const Scheme = "mortal"

// ErrDead is what whoever is dead gets for whatever they try.
var ErrDead = errors.New("the task was killed")

var (
	errNotThere = errors.New("there is no such object")
	errThere    = errors.New("there is such an object already")
)

// A Life is that of somebody who works with a bucket. Several goroutines may use it.
type Life interface {
	// Alive is ErrDead once they are dead.
	Alive() error
	// Does has them do one thing, which is named for whoever reads of it, unless they are dead. They may die of it: before the
	// thing, which is not done then, or behind it. The error is then ErrDead, else the thing's own.
	Does(what string, thing func() error) error
}

// buckets are those that there are, by name.
type buckets struct {
	mu     sync.Mutex
	byName map[string]*bucket
}

var all = &buckets{byName: map[string]*bucket{}}

func init() { blob.DefaultURLMux().RegisterBucket(Scheme, all) } //nolint:gochecknoinits // as every driver of gocloud.dev does

// Make makes an empty bucket. By a call's context lifeOf tells whose call it is.
func Make(name string, lifeOf func(context.Context) Life) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.byName[name] = &bucket{lifeOf: lifeOf, objects: map[string]object{}}
}

// Forget drops a bucket.
func Forget(name string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.byName, name)
}

// OpenBucketURL opens a bucket that there is.
func (b *buckets) OpenBucketURL(_ context.Context, u *url.URL) (*blob.Bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	made := b.byName[u.Host]
	if made == nil {
		return nil, errors.New("there is no bucket " + u.Host + ": make it first")
	}
	return blob.NewBucket(made), nil
}

// A bucket is what the driver's interface asks for, as far as internal/storage uses it.
type bucket struct {
	driver.Bucket

	lifeOf  func(context.Context) Life
	mu      sync.Mutex
	objects map[string]object
}

// ErrorCode classifies the errors of this driver.
func (*bucket) ErrorCode(err error) gcerrors.ErrorCode {
	switch {
	case errors.Is(err, errNotThere):
		return gcerrors.NotFound
	case errors.Is(err, errThere):
		return gcerrors.FailedPrecondition
	}
	return gcerrors.Unknown
}

// As knows no more of a bucket.
func (*bucket) As(any) bool { return false }

// ErrorAs knows no more of an error.
func (*bucket) ErrorAs(error, any) bool { return false }

// Close does nothing: others have the bucket open.
func (*bucket) Close() error { return nil }

func (b *bucket) get(ctx context.Context, key string) (object, error) {
	if err := b.lifeOf(ctx).Alive(); err != nil {
		return object{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o, is := b.objects[key]
	if !is {
		return object{}, errNotThere
	}
	return o, nil
}

// put writes an object, which create says must not be there yet.
func (b *bucket) put(ctx context.Context, key string, o object, create bool) error {
	return b.lifeOf(ctx).Does("write "+key, func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, is := b.objects[key]; is && create {
			return errThere
		}
		o.at = time.Now()
		b.objects[key] = o
		return nil
	})
}

// Delete removes an object.
func (b *bucket) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	return b.lifeOf(ctx).Does("delete "+key, func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, is := b.objects[key]; !is {
			return errNotThere
		}
		delete(b.objects, key)
		return nil
	})
}

// Attributes describes an object.
func (b *bucket) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	o, err := b.get(ctx, key)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{ContentType: o.kind, ModTime: o.at, Size: o.size()}, nil
}

// ListPaged lists all objects in one page.
func (b *bucket) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	if err := b.lifeOf(ctx).Alive(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	page := &driver.ListPage{}
	for key, o := range b.objects {
		if strings.HasPrefix(key, opts.Prefix) {
			page.Objects = append(page.Objects, &driver.ListObject{Key: key, ModTime: o.at, Size: o.size()})
		}
	}
	slices.SortFunc(page.Objects, func(a, b *driver.ListObject) int { return strings.Compare(a.Key, b.Key) })
	return page, nil
}
