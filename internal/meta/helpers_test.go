package meta_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// token and the personal data below are what no error, log or URL may hold.
const (
	token  = "EAABsbCS1iHgBAOmadeUpTokenOfASystemUserZCvJZBZAZD"
	secret = "app-secret"
)

var personal = []string{
	"jane.doe@example.org", "16505551212", "+1 650 555 1212", hash, `["` + hash + `","c-1234567"]`, "c-1234567", "AEBE52E7-03EE-455A-B3C4-E57283966239",
}

func assertPrivate(t testing.TB, text string) {
	t.Helper()
	for _, private := range append([]string{token, secret}, personal...) {
		assert.NotContains(t, text, private)
	}
}

// transport is an http.RoundTripper made of a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return f(r)
}

func open(t testing.TB, cfg meta.Config) *meta.Client {
	t.Helper()
	if cfg.Token == "" {
		cfg.Token = token
	}
	client, err := meta.New(cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// over makes a client whose requests go to f instead of the network.
func over(t testing.TB, f transport) *meta.Client {
	t.Helper()
	return open(t, meta.Config{HTTP: &http.Client{Transport: f}, Now: func() time.Time { return noon }})
}

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// reply is an answer of Meta's.
func reply(status int, header map[string]string, body string) *http.Response {
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// replying makes a client that always gets the same answer.
func replying(t testing.TB, status int, header map[string]string, body string) *meta.Client {
	t.Helper()
	return over(t, func(*http.Request) (*http.Response, error) { return reply(status, header, body), nil })
}

// serving makes a client of a server.
func serving(t testing.TB, cfg meta.Config, handler http.HandlerFunc) *meta.Client {
	t.Helper()
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	cfg.BaseURL, cfg.HTTP = web.URL, web.Client()
	return open(t, cfg)
}

// batchOf makes a batch of rows of EMAIL and EXTERN_ID in session 7.
func batchOf(rows ...[2]string) meta.Batch {
	p := meta.NewPayload([]audience.Key{audience.Email, audience.ExternID})
	for _, row := range rows {
		appendRow(p, row[:]...)
	}
	return p.Batch(meta.Session{ID: 7, Seq: 1, Last: true, EstimatedTotal: int64(len(rows))})
}

var oneRow = [2]string{hash, "c-1234567"}

// takenOfAny is the answer to a batch that is for no single audience.
const takenOfAny = `{"session_id":"7","num_received":1,"num_invalid_entries":0,"invalid_entry_samples":{}}`

const taken = `{"audience_id":"23","session_id":"7","num_received":1,"num_invalid_entries":0,"invalid_entry_samples":{}}`

// add sends a batch of one person to audience 23.
func add(t testing.TB, api meta.Users) (meta.Ack, error) {
	t.Helper()
	return api.AddUsers(t.Context(), "23", batchOf(oneRow))
}

// refused is the error of a call that Meta answered in this way.
func refused(t testing.TB, status int, header map[string]string, body string) *meta.Error {
	t.Helper()
	_, err := add(t, replying(t, status, header, body))
	require.Error(t, err)
	var e *meta.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, e.Class(), audience.ClassOf(err))
	assertPrivate(t, err.Error())
	return e
}

// logged is a log in memory, of every level.
func logged() (*slog.Logger, *bytes.Buffer) {
	var text bytes.Buffer
	return slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})), &text
}

// clientOf makes an http.Client that answers 200, or 400 with an error document, as answer says.
func clientOf(answer func() string) *http.Client {
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		body := answer()
		if strings.HasPrefix(body, `{"error"`) {
			return reply(400, nil, body), nil
		}
		return reply(200, nil, body), nil
	})}
}
