package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const (
	// largeObject is the size from which on an object is fetched in pieces. One request gives some 100 MB/s, however fast the
	// network is; of a smaller object that is less than opening the pieces would take.
	largeObject = 32 << 20
	pieceBytes  = 8 << 20
	piecesAhead = 4
	// aheadFrom is how much of an object must have been read before pieces of it are asked for: who only looks at its beginning
	// gets no more.
	aheadFrom = 1 << 20
)

// A version is what tells an object from another that takes its place.
type version struct {
	size     int64
	modified time.Time
	tag      string // S3's, which differs also when both were written in the same second
}

func versionOf(r *blob.Reader) version {
	v := version{size: r.Size(), modified: r.ModTime()}
	var output s3.GetObjectOutput
	if r.As(&output) && output.ETag != nil {
		v.tag = *output.ETag
	}
	return v
}

// pieces reads a large object from its start: the first piece from the stream that it was opened with, the others by a request
// each, some of them ahead. They come in order, and a piece that cannot be had ends the reading with an error.
type pieces struct {
	first  io.ReadCloser // nil when its piece has been read
	left   int           // bytes of that
	cutOff error         // what it means that it ended early
	fetch  func(ctx context.Context, data []byte, off int64) error
	ctx    context.Context //nolint:containedctx // io.Reader takes none
	cancel context.CancelFunc
	size   int64 // of the object
	length int   // of a piece
	ahead  int   // pieces that are asked for before they are read
	after  int   // bytes of the first piece that are read before others are asked for

	asked   int64        // all before it is read, or in waiting
	waiting []chan piece // in the object's order
	current piece        // the rest of it is not read yet
	rest    []byte       // of current
	spare   [][]byte     // buffers of pieces that were read
	err     error        // is given from then on
	busy    sync.WaitGroup
}

// A piece is some bytes of an object, or why there are none.
type piece struct {
	data []byte
	err  error
}

// newPieces goes on with the stream of an object that was just opened.
func (f *Folder) newPieces(ctx context.Context, key string, first *blob.Reader) *pieces {
	opened := versionOf(first)
	p := &pieces{first: first, left: pieceBytes, size: opened.size, length: pieceBytes, ahead: piecesAhead, after: aheadFrom, asked: pieceBytes}
	p.cutOff = fmt.Errorf("read %s%s: the connection was closed before %d bytes were read", f.URL(), key, pieceBytes)
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.fetch = func(ctx context.Context, data []byte, off int64) error { return f.fetch(ctx, key, opened, data, off) }
	return p
}

// fetch reads a part of an object, of the version that was opened.
func (f *Folder) fetch(ctx context.Context, key string, opened version, data []byte, off int64) error {
	part, err := f.bucket.NewRangeReader(ctx, f.prefix+key, off, int64(len(data)), nil)
	if err != nil {
		if isGone(err) {
			return f.changed(key)
		}
		return f.explain("read", key, err)
	}
	defer func() { _ = part.Close() }() // all of it was read, or another error tells more
	if v := versionOf(part); v.size != opened.size || !v.modified.Equal(opened.modified) || v.tag != opened.tag {
		return f.changed(key)
	}
	n, err := io.ReadFull(part, data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return f.cutOff(key, n, len(data))
	}
	return f.explain("read", key, err)
}

// isGone reports that there is nothing where a part of an object should be: it was deleted, or a shorter one took its place.
func isGone(err error) bool {
	var answer interface{ HTTPStatusCode() int }
	return gcerrors.Code(err) == gcerrors.NotFound ||
		errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable
}

func (f *Folder) changed(key string) error {
	return audience.Fail(audience.Transient, "let the export of the files finish; they must not change while they are read",
		fmt.Errorf("read %s%s: it changed meanwhile", f.URL(), key))
}

// Read gives the object's next bytes.
func (p *pieces) Read(b []byte) (n int, err error) {
	if p.err != nil {
		return 0, p.err
	}
	if p.first != nil {
		n, err = p.readFirst(b)
	} else {
		n, err = p.readNext(b)
	}
	p.err = err
	return n, err
}

func (p *pieces) readFirst(b []byte) (int, error) {
	n, err := p.first.Read(b[:min(len(b), p.left)])
	p.left -= n
	if p.left <= p.length-p.after {
		p.ask()
	}
	switch {
	case p.left == 0:
		_ = p.first.Close() // the rest of it is not wanted
		p.first = nil
		return n, nil
	case err == io.EOF: // before the piece's end
		return n, p.cutOff
	}
	return n, err
}

func (p *pieces) readNext(b []byte) (int, error) {
	if len(p.rest) == 0 {
		if p.current.data != nil {
			p.spare = append(p.spare, p.current.data)
		}
		p.ask()
		if len(p.waiting) == 0 {
			return 0, io.EOF
		}
		p.current = <-p.waiting[0]
		p.waiting, p.rest = p.waiting[1:], p.current.data
		if p.current.err != nil {
			return 0, p.current.err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// ask asks for pieces until there are enough ahead.
func (p *pieces) ask() {
	for len(p.waiting) < p.ahead && p.asked < p.size {
		data := p.buffer()[:min(int64(p.length), p.size-p.asked)]
		off, answer := p.asked, make(chan piece, 1) // it is put there though nobody may wait for it any more
		p.busy.Go(func() { answer <- piece{data, p.fetch(p.ctx, data, off)} })
		p.asked += int64(len(data))
		p.waiting = append(p.waiting, answer)
	}
}

func (p *pieces) buffer() []byte {
	if n := len(p.spare); n > 0 {
		data := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return data[:cap(data)]
	}
	return make([]byte, p.length)
}

// Close ends the requests that are under way.
func (p *pieces) Close() error {
	p.cancel()
	p.busy.Wait()
	if p.first != nil {
		return p.first.Close()
	}
	return nil
}
