package mortal

import (
	"bytes"
	"context"
	"time"

	"gocloud.dev/blob/driver"
)

type object struct {
	content []byte // never changed in place
	kind    string
	at      time.Time
}

func (o object) size() int64 { return int64(len(o.content)) }

// NewRangeReader reads a part of an object.
func (b *bucket) NewRangeReader(ctx context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	o, err := b.get(ctx, key)
	if err != nil {
		return nil, err
	}
	part := o.content[min(offset, o.size()):]
	if length >= 0 {
		part = part[:min(length, int64(len(part)))]
	}
	return &reader{bytes.NewReader(part), driver.ReaderAttributes{ContentType: o.kind, ModTime: o.at, Size: o.size()}}, nil
}

type reader struct {
	*bytes.Reader

	attributes driver.ReaderAttributes
}

// Attributes are those of the object.
func (r *reader) Attributes() *driver.ReaderAttributes { return &r.attributes }

// As knows no more of a reader.
func (*reader) As(any) bool { return false }

// Close does nothing: what is read is in memory.
func (*reader) Close() error { return nil }

// NewTypedWriter writes an object, which appears as a whole when the writer is closed.
func (b *bucket) NewTypedWriter(ctx context.Context, key, kind string, opts *driver.WriterOptions) (driver.Writer, error) {
	return &writer{ctx: ctx, bucket: b, key: key, kind: kind, create: opts.IfNotExist}, nil
}

type writer struct {
	bytes.Buffer

	ctx       context.Context //nolint:containedctx // the driver's Close takes none
	bucket    *bucket
	key, kind string
	create    bool
}

// Close has the object appear, unless the context has ended.
func (w *writer) Close() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.bucket.put(w.ctx, w.key, object{content: bytes.Clone(w.Bytes()), kind: w.kind}, w.create)
}
