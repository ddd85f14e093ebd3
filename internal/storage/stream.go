package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"gocloud.dev/blob"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// NewReader streams an object from its start. A large one that is not on disk comes by several requests at a time, in 40 MiB
// of memory.
func (f *Folder) NewReader(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := f.bucket.NewReader(ctx, f.prefix+key, nil)
	if err != nil {
		return nil, f.explain("read", key, err)
	}
	if f.dir == "" && r.Size() >= largeObject {
		return f.newPieces(ctx, key, r), nil
	}
	return r, nil
}

// A Writer streams an object that appears as a whole when it is closed.
type Writer struct {
	w      *blob.Writer
	cancel context.CancelFunc
	folder *Folder
	key    string
}

// NewWriter starts an object.
func (f *Folder) NewWriter(ctx context.Context, key string) (*Writer, error) {
	ctx, cancel := context.WithCancel(ctx)
	w, err := f.bucket.NewWriter(ctx, f.prefix+key, writeOptions(key))
	if err != nil {
		cancel()
		return nil, f.explain("write", key, err)
	}
	return &Writer{w: w, cancel: cancel, folder: f, key: key}, nil
}

// Write adds to the object.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	return n, w.folder.explain("write", w.key, err)
}

// Close makes the object appear.
func (w *Writer) Close() error {
	defer w.cancel()
	return w.folder.explain("write", w.key, w.w.Close())
}

// Abort drops what was written. It may follow Close, and then does nothing.
func (w *Writer) Abort() {
	w.cancel()
	_ = w.w.Close() // reports the cancellation, which is what was asked for
}

// A ReaderAt reads parts of an object: from the file itself on disk, by ranged requests elsewhere.
type ReaderAt struct {
	ctx    context.Context //nolint:containedctx // io.ReaderAt takes none
	folder *Folder
	key    string
	size   int64
	file   *os.File
}

// ReaderAt opens an object for reading in parts. ctx holds for all of them.
func (f *Folder) ReaderAt(ctx context.Context, key string) (*ReaderAt, error) {
	attrs, err := f.bucket.Attributes(ctx, f.prefix+key)
	if err != nil {
		return nil, f.explain("read", key, err)
	}
	r := &ReaderAt{ctx: ctx, folder: f, key: key, size: attrs.Size}
	if f.dir != "" && plain(f.prefix+key) {
		if r.file, err = os.Open(f.onDisk(key)); err != nil {
			return nil, f.explain("read", key, err)
		}
	}
	return r, nil
}

// Size is the object's length in bytes.
func (r *ReaderAt) Size() int64 { return r.size }

// ReadAt reads as io.ReaderAt does.
func (r *ReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if r.file != nil {
		return r.file.ReadAt(p, off)
	}
	if off >= r.size {
		return 0, io.EOF
	}
	part, err := r.folder.bucket.NewRangeReader(r.ctx, r.folder.prefix+r.key, off, int64(len(p)), nil)
	if err != nil {
		return 0, r.folder.explain("read", r.key, err)
	}
	n, err := io.ReadFull(part, p)
	if closed := part.Close(); err == nil {
		err = closed
	}
	switch {
	case err == nil:
		return n, nil
	case off+int64(n) == r.size:
		return n, io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return n, r.folder.cutOff(r.key, n, len(p))
	}
	return n, r.folder.explain("read", r.key, err)
}

// cutOff is the error of a connection that was cut. Whoever took that for the object's end would leave the rest of it out.
func (f *Folder) cutOff(key string, n, of int) error {
	return fmt.Errorf("read %s%s: the connection was closed after %d of %d bytes", f.URL(), key, n, of)
}

// Close lets go of the object.
func (r *ReaderAt) Close() error {
	if r.file != nil {
		return r.file.Close()
	}
	return nil
}

// noSpace says what to do about a full disk, which is the one local failure that everybody meets.
func noSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return audience.Fail(audience.Transient, "free some space; the run continues where it stopped", fmt.Errorf("the disk is full: %w", err))
	}
	return err
}
