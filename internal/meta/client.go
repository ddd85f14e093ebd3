package meta

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// Config is what a Client needs.
type Config struct {
	BaseURL   string           // of the Graph API; the default is https://graph.facebook.com
	Version   string           // of the Marketing API; the default is DefaultVersion
	Token     Token            // access token; required
	AppSecret Token            // when given, calls carry the appsecret_proof that Meta can be told to demand
	HTTP      *http.Client     // the default is a client of its own; redirects are never followed
	Timeout   time.Duration    // of one request and its answer; the default is 2 minutes
	Log       *slog.Logger     // gets a line at debug level for each request; the default is silence
	Now       func() time.Time // the default is time.Now
}

// DefaultVersion is the version of the Marketing API that this package was written for.
const DefaultVersion = "v26.0"

// Client calls Meta. It is safe for use by several goroutines. It tries each call once; see Retrying.
type Client struct {
	base    *url.URL
	version string
	secrets func() (token, proof string) // a function, because fmt prints the fields of a struct past their own methods
	http    *http.Client
	timeout time.Duration
	log     *slog.Logger
	now     func() time.Time

	calls atomic.Int64

	mu      sync.Mutex
	usage   Usage
	created map[string]time.Time // audiences that this client made, for Meta shows them late
}

var _ API = (*Client)(nil)

var (
	versionPattern = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]{1,2}$`)
	accountPattern = regexp.MustCompile(`^act_[0-9]{1,20}$`)
	objectPattern  = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// New checks the configuration and makes a client. Its error is of class Invalid, or Action when the token is missing.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	base, err := url.Parse(strings.TrimSuffix(cfg.BaseURL, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.User != nil || base.RawQuery != "" {
		return nil, audience.Failf(audience.Invalid, "the base URL of Meta's API must look like https://graph.facebook.com")
	}
	if !versionPattern.MatchString(cfg.Version) {
		return nil, audience.Failf(audience.Invalid, "the API version %q must look like %s", cfg.Version, DefaultVersion)
	}
	// A token comes out of a file or a secret, often with a line break behind it.
	token := strings.TrimSpace(string(cfg.Token))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, audience.Failf(audience.Action, "there is no usable access token: store a system user token with ads_management in the secret, or in the environment on a laptop")
	}
	c := &Client{
		base: base, version: cfg.Version, timeout: cfg.Timeout, log: cfg.Log, now: cfg.Now,
		http: ownClient(cfg.HTTP), created: map[string]time.Time{},
	}
	proof := ""
	if secret := strings.TrimSpace(string(cfg.AppSecret)); secret != "" {
		proof = appSecretProof(secret, token)
	}
	c.secrets = func() (string, string) { return token, proof }
	return c, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://graph.facebook.com"
	}
	if cfg.Version == "" {
		cfg.Version = DefaultVersion
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 2 * time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return cfg
}

// ownClient copies the client, so that no redirect carries a token or people to another host.
func ownClient(given *http.Client) *http.Client {
	var own http.Client
	if given != nil {
		own = *given
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard library's own type
		transport.MaxIdleConnsPerHost = 16
		own.Transport = transport
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// appSecretProof is Meta's: hex HMAC-SHA256 with the app secret as key and the access token as message.
func appSecretProof(secret, token string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Calls counts the requests so far, whatever came of them.
func (c *Client) Calls() int64 { return c.calls.Load() }

// Usage is what the headers of the latest answer said of Meta's limits.
func (c *Client) Usage() Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.usage
}

func (c *Client) setUsage(u Usage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.usage = u
}

// creationDelay is how long after its creation an audience may be unknown to Meta's other servers.
const creationDelay = 2 * time.Minute

func (c *Client) markCreated(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.created[id] = c.now()
}

func (c *Client) isYoung(object string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ours := c.created[object]
	return ours && c.now().Sub(at) < creationDelay
}

func checkAccount(account string) error {
	if !accountPattern.MatchString(account) {
		return audience.Failf(audience.Invalid, "the ad account %q must look like act_1234567890", account)
	}
	return nil
}

func checkObject(what, id string) error {
	if !objectPattern.MatchString(id) {
		return audience.Fail(audience.Invalid, "", fmt.Errorf("the %s's id %q must be a number", what, id))
	}
	return nil
}

// do is the common part of all calls; see call.go.
func (c *Client) do(ctx context.Context, call call, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	c.calls.Add(1)
	start := c.now()
	status, err := c.exchange(ctx, call, answer)
	code := 0
	if e := asError(err); e != nil {
		code = e.Code
		e.young = c.isYoung(call.object)
		e.account = call.account
	}
	c.log.DebugContext(ctx, "called Meta", "method", call.method, "path", call.path(c.version), "status", status, "code", code, "ms", c.now().Sub(start).Milliseconds())
	return call.fail(err)
}
