package meta

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// answerLimit is the most bytes of an answer that are read. Ten thousand refused rows with their reasons fit in it.
const answerLimit = 32 << 20

// A call is one request to Meta.
type call struct {
	doing   string // what it does to what, for errors
	method  string
	object  string // the node: act_<digits>, an audience's id, debug_token
	edge    string // of the node, or nothing
	query   url.Values
	body    []byte
	form    bool   // the body is a form, not JSON
	account string // act_<digits> if known, for advice
}

// path is the request's path, which is all of its URL that may be logged.
func (c call) path(version string) string {
	p := "/" + version + "/" + c.object
	if c.edge != "" {
		p += "/" + c.edge
	}
	return p
}

// fail puts what was being done in front of an error, and its class around it.
func (c call) fail(err error) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", c.doing, err)
	if e := asError(err); e != nil {
		return audience.Fail(e.Class(), e.Next(), wrapped)
	}
	return audience.Fail(audience.Transient, "", wrapped)
}

// asError finds Meta's error document in an error; nil when there is none.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// exchange sends the request and reads the answer. It gives the HTTP status too, 0 when no answer came.
func (c *Client) exchange(ctx context.Context, call call, answer any) (int, error) {
	target := *c.base
	target.Path += call.path(c.version)
	query := call.query
	token, proof := c.secrets()
	if proof != "" {
		if query == nil {
			query = url.Values{}
		}
		query.Set("appsecret_proof", proof)
	}
	target.RawQuery = query.Encode()

	req, err := http.NewRequestWithContext(ctx, call.method, target.String(), http.NoBody)
	if err != nil {
		return 0, errors.New("the request cannot be made") // the cause would echo the URL
	}
	if call.body != nil {
		body := &loan{bytes: call.body}
		defer body.end()
		body.attach(req)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "cleanreach")
	switch {
	case call.form:
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case call.body != nil:
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, wordsOf(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	c.setUsage(usageOf(res.Header))
	return res.StatusCode, c.read(ctx, res, answer)
}

// read decodes the answer, or finds out why there is none.
func (c *Client) read(ctx context.Context, res *http.Response, answer any) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	switch {
	case err != nil:
		return wordsOf(ctx, err)
	case len(body) > answerLimit:
		return fmt.Errorf("the answer is longer than %d MiB", answerLimit>>20)
	}
	if e := errorOf(body, res.StatusCode); e != nil {
		e.retryAfter = retryAfter(res.Header, c.now())
		return e
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return &Error{HTTPStatus: res.StatusCode, retryAfter: retryAfter(res.Header, c.now())}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return fmt.Errorf("the answer has HTTP status %d and is none of Meta's: something between here and Meta answered, or the base URL is wrong", res.StatusCode)
	case json.Unmarshal(body, answer) != nil: // its error could echo the answer
		return errBroken
	}
	return nil
}

// errBroken is for answers that do not look as documented. They are worth another try, as Meta's other clients found.
var errBroken = errors.New("the answer is not what Meta documents (broken or incomplete JSON)")

// wordsOf describes a failure of the network without the URL, which net/http puts into its errors, and without bytes of
// the answer.
func wordsOf(ctx context.Context, err error) error {
	var (
		op          *net.OpError
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		timeout     net.Error
	)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("stopped: %w", context.Canceled)
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	case errors.As(err, &dns):
		return fmt.Errorf("find Meta's server: %w", dns)
	case errors.As(err, &certificate):
		return fmt.Errorf("trust Meta's server: %w", certificate)
	case errors.As(err, &op):
		return fmt.Errorf("reach Meta: %w", op)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was closed before the answer was complete")
	}
	return errors.New("the connection broke")
}
