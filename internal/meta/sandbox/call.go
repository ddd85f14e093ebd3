package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// bodyLimit is the most bytes of a request. Ten thousand rows of every key need about 11 MiB.
const bodyLimit = 64 << 20

// A call is a request that was understood as far as its path, its token and its parameters.
type call struct {
	op       operation
	method   string
	base     string // the URL that the sandbox was called by, up to the host
	node     string // act_<digits> or an audience's id
	account  string // digits; empty when there is none
	token    string
	params   map[string][]byte // by name: a JSON value, or the plain text of a query or form parameter
	audience *customAudience   // of operations on an audience
	stuck    bool              // a fault makes the replace that it begins one that gets stuck
	taken    place             // of the batch that was taken; its answer is still to come
}

// text gives a parameter as text, whether it came as JSON or in a query.
func (c *call) text(name string) string {
	raw := c.params[name]
	if len(raw) > 1 && raw[0] == '"' {
		if text, err := jsontext.AppendUnquote(nil, raw); err == nil {
			return string(text)
		}
	}
	return string(raw)
}

// acknowledge notes that the answer is given.
func (c *call) acknowledge() {
	if c.taken.session != 0 {
		c.audience.acknowledge(c.taken)
	}
}

var (
	accountPath  = regexp.MustCompile(`^act_([0-9]{1,20})$`)
	audiencePath = regexp.MustCompile(`^[0-9]{1,20}$`)
	versionPath  = regexp.MustCompile(`^v[0-9]+\.[0-9]+$`)
)

// readCall understands a request. The call is never nil, so that even a refusal has its headers.
func (s *Server) readCall(w http.ResponseWriter, r *http.Request) (*call, *apiError) {
	c := &call{method: r.Method, base: "http://" + r.Host}
	if r.TLS != nil {
		c.base = "https://" + r.Host
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !versionPath.MatchString(version) {
		return c, unknownPath(r.URL.Path)
	}
	if version != s.cfg.Version {
		return c, &apiError{status: 400, code: 2635, message: "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: " + s.cfg.Version + "."}
	}
	if err := c.readParams(w, r); err != nil {
		return c, err
	}
	// A POST may stand for another method, which Meta's SDKs use for long or secret parameters.
	if override := c.text("method"); override != "" && r.Method == http.MethodPost {
		c.method = strings.ToUpper(override)
	}
	if err := s.authorize(c, r); err != nil {
		return c, err
	}
	return c, s.route(c, rest)
}

// readParams gathers the parameters of the query and of the body.
func (c *call) readParams(w http.ResponseWriter, r *http.Request) *apiError {
	c.params = map[string][]byte{}
	add := func(values url.Values) {
		for name, v := range values {
			c.params[name] = []byte(v[0])
		}
	}
	add(r.URL.Query())
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	switch {
	case err != nil:
		return &apiError{status: 413, code: 1, message: "Please reduce the amount of data you're asking for, then retry your request"}
	case len(body) == 0:
		return nil
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return invalidParameter("the form cannot be parsed")
		}
		add(form)
		return nil
	}
	fields, err := members(body)
	if err != nil {
		return invalidParameter("the request's JSON cannot be parsed: %s", body[:min(len(body), 80)])
	}
	for name, value := range fields {
		c.params[name] = value
	}
	return nil
}

// members splits a JSON object into its members. The values are slices of the document.
func members(document []byte) (map[string][]byte, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(document))
	if begin, err := decoder.ReadToken(); err != nil || begin.Kind() != '{' {
		return nil, errors.New("not an object")
	}
	fields := map[string][]byte{}
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		end := decoder.InputOffset()
		fields[key] = document[end-int64(len(value)) : end]
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return fields, nil
}

// authorize checks the token, wherever Meta takes one.
func (s *Server) authorize(c *call, r *http.Request) *apiError {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token == "" || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "OAuth") {
		token = c.text("access_token")
	}
	c.token = token
	switch {
	case token == "":
		return &apiError{status: 400, code: 190, message: "An access token is required to request this resource."}
	case !s.knows(token):
		return &apiError{status: 400, code: 190, subcode: 467, message: "Error validating access token: The access token is invalid: " + token}
	case s.cfg.AppSecret == "":
		return nil
	}
	mac := hmac.New(sha256.New, []byte(s.cfg.AppSecret))
	mac.Write([]byte(token))
	if !hmac.Equal([]byte(c.text("appsecret_proof")), []byte(hex.EncodeToString(mac.Sum(nil)))) {
		return &apiError{status: 400, code: 104, message: "Incorrect signature: invalid appsecret_proof provided in the API argument"}
	}
	return nil
}

func (s *Server) knows(token string) bool {
	return len(s.cfg.Tokens) == 0 || slices.Contains(s.cfg.Tokens, token)
}

// route finds the operation of a path behind the version.
func (s *Server) route(c *call, path string) *apiError {
	node, edge, _ := strings.Cut(strings.TrimSuffix(path, "/"), "/")
	c.node = node
	if node == "debug_token" && edge == "" && c.method == http.MethodGet {
		c.op = opDebugToken
		return nil
	}
	if m := accountPath.FindStringSubmatch(node); m != nil {
		c.account = m[1]
		op, known := map[string]operation{
			"GET ": opAccount, "GET customaudiences": opList, "POST customaudiences": opCreate, "DELETE usersofanyaudience": opAnyAudience,
		}[c.method+" "+edge]
		if !known {
			return unsupported(c.method, node)
		}
		c.op = op
		return nil
	}
	if !audiencePath.MatchString(node) {
		return unknownPath(path)
	}
	c.audience = s.audience(node)
	if c.audience == nil {
		return unsupported(c.method, node)
	}
	c.account = c.audience.account
	op, known := map[string]operation{
		"GET ": opRead, "DELETE ": opDelete, "POST users": opUsers, "DELETE users": opUsers, "POST usersreplace": opReplace, "GET sessions": opSessions,
	}[c.method+" "+edge]
	if !known {
		return unsupported(c.method, node)
	}
	c.op = op
	return nil
}
