package table

import (
	"bytes"
	"io"
)

// windowStart is the size of a new window. Most files never need more.
const windowStart = 256 << 10

// A window is the stretch of a text that is being split into rows. It grows only when one row does not fit.
type window struct {
	source io.Reader
	buf    []byte
	start  int // buf[start:end] is read and not yet consumed
	end    int
	limit  int // of len(buf)
	ended  bool
}

func newWindow(source io.Reader, limit int) *window {
	return &window{source: source, buf: make([]byte, min(windowStart, limit)), limit: limit}
}

// rest is what is read and not yet consumed.
func (w *window) rest() []byte { return w.buf[w.start:w.end] }

// more reads on: rest becomes longer, or the text has ended, or rest is as long as the limit and full is true. Views of
// rest are void afterwards.
func (w *window) more() (full bool, err error) {
	if w.ended {
		return false, nil
	}
	if w.start > 0 {
		w.end = copy(w.buf, w.rest())
		w.start = 0
	}
	if w.end == len(w.buf) {
		if len(w.buf) >= w.limit {
			return true, nil
		}
		w.buf = append(make([]byte, 0, min(2*len(w.buf), w.limit)), w.buf...)
		w.buf = w.buf[:cap(w.buf)]
	}
	n, err := io.ReadFull(w.source, w.buf[w.end:])
	w.end += n
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		w.ended = true
		return false, nil
	}
	return false, err
}

// line gives the next line with its end, without consuming it. At the end of the text it is what is left, perhaps
// nothing. A line longer than the limit is cut off and cut is true.
func (w *window) line(end byte) (line []byte, cut bool, err error) {
	seen := 0
	for {
		if i := bytes.IndexByte(w.rest()[seen:], end); i >= 0 {
			return w.rest()[:seen+i+1], false, nil
		}
		if w.ended {
			return w.rest(), false, nil
		}
		seen = len(w.rest())
		if full, err := w.more(); err != nil || full {
			return w.rest(), full, err
		}
	}
}

// skipLine consumes what is left of the line, however long it is.
func (w *window) skipLine(end byte) error {
	for {
		line, cut, err := w.line(end)
		if err != nil {
			return err
		}
		w.start += len(line)
		if !cut {
			return nil
		}
	}
}
