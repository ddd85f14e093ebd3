package table

import (
	"io"
	"sync"
)

const (
	aheadBytes  = 256 << 10 // of a piece
	aheadPieces = 4         // that are read and not consumed
	// aheadFrom is how much is read by the caller itself first: who only looks at a file's beginning gets no more of it.
	aheadFrom = 512 << 10
)

// ahead reads in a goroutine of its own: unpacking a file goes on while what was unpacked is cut into records.
type ahead struct {
	source io.Reader
	size   int // of a piece
	left   int // bytes before the goroutine begins

	free    chan []byte
	full    chan unpacked
	stop    chan struct{}
	running sync.WaitGroup
	current unpacked
	rest    []byte // of current
}

// What was unpacked is some bytes, and what came behind them, if not more bytes.
type unpacked struct {
	data     []byte
	err      error
	panicked any
}

func newAhead(source io.Reader) *ahead {
	return &ahead{source: source, size: aheadBytes, left: aheadFrom}
}

// Read gives what the source gives, its error, too, and its panic.
func (a *ahead) Read(p []byte) (int, error) {
	if a.left > 0 {
		n, err := a.source.Read(p)
		if a.left -= n; a.left <= 0 && err == nil {
			a.start()
		}
		if err != nil {
			a.left = 1 // and it says so again
		}
		return n, err
	}
	for len(a.rest) == 0 {
		switch {
		case a.current.panicked != nil:
			panic(a.current.panicked)
		case a.current.err != nil:
			return 0, a.current.err
		}
		if a.current.data != nil {
			a.free <- a.current.data // has room for all that there are
		}
		a.current = <-a.full
		a.rest = a.current.data
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *ahead) start() {
	a.free, a.full, a.stop = make(chan []byte, aheadPieces), make(chan unpacked, aheadPieces), make(chan struct{})
	for range aheadPieces {
		a.free <- make([]byte, a.size)
	}
	a.running.Go(func() {
		for {
			select {
			case <-a.stop:
				return
			case data := <-a.free:
				c := a.next(data[:a.size])
				a.full <- c // likewise
				if c.err != nil || c.panicked != nil {
					return
				}
			}
		}
	})
}

// next reads a piece. A panic is for the goroutine that reads the file: it is the one that is guarded. Read throws it again,
// and so the place that is logged of it is Read's: a panic there is one of the unpacking, wherever in it.
func (a *ahead) next(data []byte) (c unpacked) {
	defer func() {
		if value := recover(); value != nil {
			c = unpacked{panicked: value}
		}
	}()
	n := 0
	for n < len(data) && c.err == nil {
		var read int
		read, c.err = a.source.Read(data[n:])
		n += read
	}
	c.data = data[:n]
	return c
}

// close ends the goroutine, which is the last to touch the source.
func (a *ahead) close() {
	if a.stop != nil {
		close(a.stop)
		a.running.Wait()
		a.stop = nil
	}
}
