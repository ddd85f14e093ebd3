package table

import (
	"bytes"
	"io"
	"slices"
)

const (
	windowStart = 256 << 10 // what is read of a text at first
	windowStep  = 64 << 10  // and then at a time: little of it is copied when a block is taken out
	// slack is the room behind a window's bytes: values are copied by more than they are long, see appendValues.
	slack = 64
)

// A window is the stretch of a text that is being cut into records.
type window struct {
	source io.Reader
	buf    []byte // buf[start:] is read and not yet consumed; there is always slack behind it
	start  int
	limit  int // bytes of a record
	step   int // bytes that are read at a time
	ended  bool
}

func newWindow(source io.Reader, limit int) *window {
	return &window{source: source, limit: limit, step: windowStep}
}

// rest is what is read and not yet consumed.
func (w *window) rest() []byte { return w.buf[w.start:] }

// more reads on: rest()[from:] becomes longer, or the text has ended, or it is as long as the limit and full is true. Views
// of rest are void afterwards.
func (w *window) more(from int) (full bool, err error) {
	have := len(w.rest()) - from
	switch {
	case w.ended:
		return false, nil
	case have >= w.limit:
		return true, nil
	}
	step := w.step
	if len(w.buf) == 0 {
		step = max(step, windowStart)
	}
	// What is looked at again each time is doubled each time.
	read := min(max(have, step), w.limit-have)
	w.buf = w.buf[:copy(w.buf, w.rest())]
	w.start = 0
	begin := len(w.buf)
	w.buf = slices.Grow(w.buf, read+slack)[:begin+read]
	n, err := io.ReadFull(w.source, w.buf[begin:])
	w.buf = w.buf[:begin+n]
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
		if full, err := w.more(0); err != nil || full {
			return w.rest(), full, err
		}
	}
}

// skipLine gives the length of the line at rest()[at:], end included. A line that is longer than what is read of it is taken
// out, however long it is, and none of it is left.
func (w *window) skipLine(at int, end byte) (length int, err error) {
	if i := bytes.IndexByte(w.rest()[at:], end); i >= 0 {
		return i + 1, nil
	}
	for !w.ended {
		w.buf = w.buf[:w.start+at]
		if _, err := w.more(at); err != nil {
			return 0, err
		}
		if i := bytes.IndexByte(w.rest()[at:], end); i >= 0 {
			w.buf = append(w.buf[:w.start+at], w.rest()[at+i+1:]...)
			return 0, nil
		}
	}
	return len(w.rest()) - at, nil
}

// take gives the first n bytes of rest away, with the memory that they lie in, and goes on in other memory.
func (w *window) take(n int, other []byte) (taken []byte) {
	rest := w.rest()
	taken = rest[:n]
	w.buf = append(slices.Grow(other[:0], len(rest)-n+w.step+slack), rest[n:]...)
	w.start = 0
	return taken
}
