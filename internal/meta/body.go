package meta

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// A loan is a request's body, which belongs to the caller and is lent for as long as the call lasts. net/http may go on
// reading a body after the answer is there, when it came early, or after the context ended; by then the caller writes the
// next batch into the same bytes. So whoever reads through a loan reads nothing once it is over.
type loan struct {
	mu    sync.Mutex
	bytes []byte
	over  bool
}

var errOver = errors.New("the call is over")

// attach makes the loan the request's body.
func (l *loan) attach(req *http.Request) {
	req.ContentLength = int64(len(l.bytes))
	req.Body = &loanReader{loan: l}
	// net/http begins anew on another connection when the one it took turns out to be closed.
	req.GetBody = func() (io.ReadCloser, error) { return &loanReader{loan: l}, nil }
}

// end takes the bytes back.
func (l *loan) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
}

type loanReader struct {
	loan *loan
	at   int
}

// Read implements io.Reader.
func (r *loanReader) Read(p []byte) (int, error) {
	r.loan.mu.Lock()
	defer r.loan.mu.Unlock()
	switch {
	case r.loan.over:
		return 0, errOver
	case r.at == len(r.loan.bytes):
		return 0, io.EOF
	}
	n := copy(p, r.loan.bytes[r.at:])
	r.at += n
	return n, nil
}

// Close implements io.Closer. The bytes are the caller's.
func (*loanReader) Close() error { return nil }
