package meta_test

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A silence is a body that never comes.
type silence struct{ ctx context.Context }

func (s silence) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (silence) Close() error               { return nil }

func TestACallHasATimeLimit(t *testing.T) {
	for name, silent := range map[string]transport{
		"no answer": func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		"half an answer": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: silence{r.Context()}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := open(t, meta.Config{HTTP: &http.Client{Transport: silent}})
				start := time.Now()
				_, err := add(t, client)
				require.ErrorContains(t, err, "add 1 people to audience 23: no answer in time")
				assert.Equal(t, audience.Transient, audience.ClassOf(err))
				assert.Equal(t, 2*time.Minute, time.Since(start))
			})
		})
	}
}

func TestACallCanBeStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := serving(t, meta.Config{}, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := client.AddUsers(ctx, "23", batchOf(oneRow))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "add 1 people to audience 23: stopped")
}

// broken is a server that reads a request, says something and closes the connection.
func broken(t *testing.T, says string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = listener.Close(); <-done })
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			_, _ = io.WriteString(connection, says)
			_ = connection.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestTroubleOnTheWay(t *testing.T) {
	for _, c := range []struct{ name, base, want string }{
		{"nobody there", "http://127.0.0.1:1", "reach Meta: dial tcp"},
		{"closed at once", broken(t, ""), "the connection was closed before the answer was complete"},
		{"closed in mid-answer", broken(t, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"audience_id\":"), "the connection was closed before the answer was complete"},
		{"no HTTP", broken(t, personal[0]+"\r\n\r\n"), "the connection broke"},
		{"a bad status line", broken(t, "HTTP/1.1 "+personal[1]+" OK\r\n\r\n"), "the connection broke"},
		{"a bad header", broken(t, "HTTP/1.1 200 OK\r\n"+personal[0]+"\r\n\r\n"), "the connection broke"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := add(t, open(t, meta.Config{BaseURL: c.base}))
			require.ErrorContains(t, err, "add 1 people to audience 23: "+c.want)
			assert.Equal(t, audience.Transient, audience.ClassOf(err))
			assertPrivate(t, err.Error())
		})
	}
}

func TestAStrangersCertificate(t *testing.T) {
	web := httptest.NewUnstartedServer(http.NotFoundHandler())
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	defer web.Close()
	_, err := add(t, open(t, meta.Config{BaseURL: web.URL}))
	require.ErrorContains(t, err, "trust Meta's server: ")
}

func TestNoSuchHost(t *testing.T) {
	client := over(t, func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "graph.facebook.com", IsNotFound: true}}
	})
	_, err := add(t, client)
	require.ErrorContains(t, err, "find Meta's server: lookup graph.facebook.com: no such host")
}
