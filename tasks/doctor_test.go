package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

var update = flag.Bool("update", false, "rewrite doctor's golden output")

const doctorDefinition = `{"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_42", "audience_name": "VIPs"%s}}`

// A surgery is a doctor with a Meta to ask.
type surgery struct {
	t      *testing.T
	doctor doctor
	env    env
	asked  []string // method and path of each question
}

var doctorNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// newSurgery puts ears in front of a Meta.
func newSurgery(t *testing.T, asked http.Handler) *surgery {
	t.Helper()
	s := &surgery{t: t, doctor: doctor{
		now:   func() time.Time { return doctorNow },
		sleep: func(context.Context, time.Duration) error { return nil },
	}}
	s.env = env{envMetaToken: secretToken, envMetaURL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		assert.NotContains(t, r.URL.String(), "secretive")
		asked.ServeHTTP(w, r)
	}))}
	return s
}

// serve gives the URL of a server.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	return web.URL
}

// newSandbox is a Meta that is well.
func newSandbox(t *testing.T) *sandbox.Server {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{Tokens: []string{secretToken}, Tier: "full"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return server
}

// see examines, and gives the exit code with what was printed.
func (s *surgery) see(args ...string) (code int, stdout string, err error) {
	s.t.Helper()
	var out bytes.Buffer
	err = s.doctor.run(s.t.Context(), call{args: args, env: s.env, stdout: &out, stderr: io.Discard})
	if err != nil {
		code = int(audience.ClassOf(err))
		checkSecretive(s.t, err.Error())
	}
	checkSecretive(s.t, out.String())
	return code, out.String(), err
}

// define writes a definition; more are further members of its meta.
func define(t *testing.T, more string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("vip.json", fmt.Appendf(nil, doctorDefinition, more), 0o600))
	return "vip.json"
}

// golden compares with a file in testdata, which the flag rewrites.
func golden(t *testing.T, home, name, got string) {
	t.Helper()
	file := filepath.Join(home, "testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run make generate")
}

func home(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	return dir
}

func TestDoctorOfTheHealthy(t *testing.T) {
	dir := home(t)
	server := newSandbox(t)
	client, err := meta.New(meta.Config{BaseURL: serve(t, server), Token: secretToken})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	_, err = client.CreateAudience(t.Context(), "act_42", meta.NewAudience{Name: "VIPs", Mark: "cleanreach:acme/vip", CustomerFileSource: "USER_PROVIDED_ONLY"})
	require.NoError(t, err)
	s := newSurgery(t, server)
	code, stdout, err := s.see(define(t, ""))
	require.NoError(t, err)
	assert.Zero(t, code)
	golden(t, dir, "doctor-healthy.txt", stdout)
	for _, question := range s.asked {
		assert.Regexp(t, `^(GET |POST /v26.0/debug_token$)`, question, "nothing is changed")
	}
	assert.NotContains(t, strings.Join(s.asked, "\n"), "/users")
}

// sickMeta answers as documented, and everything is wrong that can be at once.
func sickMeta() http.Handler {
	answers := map[string]string{
		"debug_token": `{"data": {"app_id": "100", "type": "USER", "is_valid": true, "expires_at": 1795824000, "data_access_expires_at": 1795000000, "scopes": ["ads_read"]}}`,
		"act_42":      `{"id": "act_42", "name": "Shop\u001b[31m", "account_status": 3, "tos_accepted": [], "user_tasks": ["ANALYZE"]}`,
		"7": `{"id": "7", "account_id": "43", "name": "Old VIPs", "subtype": "LOOKALIKE", "description": "cleanreach:rival/vip", "data_source": {"type": "FILE_IMPORTED", "sub_type": "HASHES"},
			"is_value_based": true, "operation_status": {"code": 471}}`,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ad-Account-Usage", `{"acc_id_util_pct": 1, "ads_api_access_tier": "development_access"}`)
		_, _ = io.WriteString(w, answers[filepath.Base(r.URL.Path)])
	})
}

func TestDoctorOfTheSick(t *testing.T) {
	dir := home(t)
	s := newSurgery(t, sickMeta())
	name := define(t, `, "audience_id": "7", "api_version": "v24.0"`)
	code, stdout, err := s.see(name)
	require.ErrorContains(t, err, "1 of 1 definitions would end a run")
	assert.Equal(t, 4, code)
	golden(t, dir, "doctor-sick.txt", stdout)
	for _, line := range strings.Split(stdout, "\n") {
		assert.True(t, len(line) <= doctorWidth || strings.HasPrefix(strings.TrimSpace(line), "https://"), "only links are longer: %s", line)
		assert.NotContains(t, line, "\x1b", "a name steers no terminal")
	}

	code, stdout, err = s.see("-json", name)
	require.Error(t, err)
	assert.Equal(t, 4, code)
	golden(t, dir, "doctor-sick.json", stdout)
}

// TestDoctorsLines has one thing wrong at a time, and looks for the line that must say so.
func TestDoctorsLines(t *testing.T) {
	fault := func(name, on string) sandbox.Fault { return sandbox.Fault{Fault: name, On: on} }
	failing := func(code, subcode int, on string) sandbox.Fault {
		return sandbox.Fault{Fault: "error", Code: code, Subcode: subcode, On: on}
	}
	for _, c := range []struct {
		name  string
		meta  string // further members of the definition's meta
		fault sandbox.Fault
		code  int
		line  string
		fix   string
		link  string
	}{
		{"no terms", "", fault("terms_not_accepted", ""), 4, "fail  terms                  the Custom Audience terms are not accepted for act_42",
			"-> a person who manages the ad account must accept them once", "https://business.facebook.com/ads/manage/customaudiences/tos/?act=42"},
		{"expired token", "", fault("expired_token", ""), 4, "fail  token                  inspect the access token: the access token has expired",
			"-> make a new system user token with ads_management", "https://business.facebook.com/settings/system-users"},
		{"account unknown", "", failing(100, 33, "ad_account"), 4, "fail  ad account             read ad account act_42: the object does not exist",
			"-> check the ids, then give the system user the role Admin", "https://business.facebook.com/settings/system-users"},
		{"version gone", "", failing(2635, 0, ""), 4, "fail  API version            inspect the access token: this version of the Marketing API is gone",
			"-> set meta.api_version in the definition", "https://developers.facebook.com/documentation/ads-commerce/marketing-api/marketing-api-changelog/versions"},
		{"abuse", "", failing(613, 0, "list"), 4, "fail  audience               list the audiences of act_42: Meta's abuse prevention stopped the app",
			"-> stop every run of this app", "https://developers.facebook.com/docs/marketing-api/overview/rate-limiting"},
		{"app without access", "", failing(270, 0, "ad_account"), 4, "fail  ad account             read ad account act_42: the app has development access only",
			"-> ask for Advanced Access", "https://developers.facebook.com/apps"},
		{"Meta is down for a moment", "", sandbox.Fault{Fault: "server_error", On: "list", Count: 1}, 0, "All is well.", "", ""},
		{"Meta is down", "", fault("server_error", ""), 1, "fail  token                  tried 3 times: inspect the access token: Meta's service", "-> it may succeed a little later", "https://metastatus.com"},
		{"throttled for long", "", sandbox.Fault{Fault: "rate_limit", On: "list", Seconds: 3600}, 5, "fail  audience", "hourly limit for custom audiences", ""},
		{"nothing to remove from", `, "mode": "remove"`, sandbox.Fault{}, 2, "fail  audience               there is nothing to remove people from",
			"-> write its id into meta.audience_id", "https://business.facebook.com/adsmanager/audiences?act=42"},
		{"no such audience", `, "audience_id": "12345"`, sandbox.Fault{}, 4, "fail  audience               read audience 12345: the object does not exist",
			"-> check the ids", "https://business.facebook.com/settings/system-users"},
		{"no audience yet", "", sandbox.Fault{}, 0, "ok    audience               there is none yet: the run creates", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newSandbox(t)
			if c.fault.Fault != "" {
				require.NoError(t, server.SetFault(c.fault))
			}
			s := newSurgery(t, server)
			code, stdout, err := s.see(define(t, c.meta))
			assert.Equal(t, c.code, code, err)
			assert.Contains(t, stdout, c.line)
			assert.Contains(t, stdout, c.fix)
			assert.Contains(t, stdout, c.link)
			if c.code != 0 {
				assert.Regexp(t, `See docs/runbook\.md#(meta|exit-code)-[0-9a-z-]+\n`, stdout)
			}
		})
	}
}

func TestDoctorWithoutAToken(t *testing.T) {
	secretsManager(t, "acme/meta", "")
	for _, c := range []struct {
		name, meta string
		env        env
		code       int
		line       string
	}{
		{"none", "", env{}, 2, "fail  credentials            no access token: name its secret in meta.secret, or set CLEANREACH_META_TOKEN"},
		{"one with a blank in it", "", env{envMetaToken: "EAA secretive"}, 4, "fail  credentials            there is no usable access token"},
		{"one that may not be read", `, "secret": "acme/meta"`, env{}, 4, "fail  credentials            read secret acme/meta"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSurgery(t, http.NotFoundHandler())
			s.env = c.env
			code, stdout, err := s.see(define(t, c.meta))
			require.Error(t, err)
			assert.Equal(t, c.code, code)
			assert.Contains(t, stdout, c.line)
			assert.Empty(t, s.asked)
		})
	}
}

func TestDoctorTakesTheTokenFromTheSecret(t *testing.T) {
	secretsManager(t, "acme/meta", secretToken)
	s := newSurgery(t, newSandbox(t))
	delete(s.env, envMetaToken)
	code, stdout, err := s.see(define(t, `, "secret": "acme/meta"`))
	require.NoError(t, err, stdout)
	assert.Zero(t, code)
}

func TestDoctorOfSeveralDefinitions(t *testing.T) {
	s := newSurgery(t, newSandbox(t))
	good := define(t, "")
	require.NoError(t, os.WriteFile("bad.json", []byte(`{"tenant": "acme", "name": "Bad Name"}`), 0o600))
	code, stdout, err := s.see(good, "bad.json", "missing.json")
	require.ErrorContains(t, err, "2 of 3 definitions would end a run")
	assert.Equal(t, 2, code)
	assert.Contains(t, stdout, "All is well.")
	assert.Contains(t, stdout, "fail  definition             audience definition has")
	assert.Contains(t, stdout, "-> correct it; cleanreach schema prints what it may hold")
	assert.Contains(t, stdout, "open missing.json: no such file")

	code, stdout, err = s.see("-json", good, "bad.json", "missing.json")
	require.Error(t, err)
	assert.Equal(t, 2, code)
	var document struct {
		ExitCode    int `json:"exit_code"`
		Definitions []diagnosis
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &document))
	assert.Equal(t, 2, document.ExitCode)
	require.Len(t, document.Definitions, 3)
	assert.Equal(t, "vip", document.Definitions[0].Audience)
	assert.Zero(t, document.Definitions[0].ExitCode)
	assert.Equal(t, "invalid", document.Definitions[2].Class)
}

// TestDoctorReadsFromTheBucket has a bucket behind the real SDK.
func TestDoctorReadsFromTheBucket(t *testing.T) {
	var keys []string
	bucket := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Method+" "+r.URL.Path)
		if !strings.HasSuffix(r.URL.Path, "/vip.json") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code></Error>`)
			return
		}
		fmt.Fprintf(w, doctorDefinition, "")
	}))
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": bucket, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	s := newSurgery(t, newSandbox(t))
	for _, c := range []struct {
		path string
		code int
		says string
	}{
		{"audiences/acme/vip.json", 0, "All is well."},
		{"audiences/other/vip.json", 2, "it must be audiences/acme/vip.json in the work bucket"},
		{"audiences/acme/missing.json", 2, "fail  definition"},
	} {
		code, stdout, _ := s.see("s3://work/" + c.path + "?use_path_style=true")
		assert.Equal(t, c.code, code, stdout)
		assert.Contains(t, stdout, c.says)
	}
	for _, key := range keys {
		assert.Regexp(t, `^GET /work/audiences/`, key, "nothing is written")
	}
}

func TestDoctorIsCalledRight(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 2, "name an audience definition"},
		{[]string{"-json"}, 2, "name an audience definition"},
		{[]string{"-colour", "x.json"}, 2, "see cleanreach doctor -help"},
		{[]string{"-help"}, 0, "Nothing is created or changed"},
		{[]string{"-h"}, 0, "print one JSON document"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"doctor"}, c.args...), env{}, nil, &out, &errs)
		assert.Equal(t, c.code, code, c.args)
		assert.Contains(t, out.String()+errs.String(), c.says)
	}
}

func TestDoctorIsStopped(t *testing.T) {
	s := newSurgery(t, http.NotFoundHandler())
	name := define(t, "")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	err := s.doctor.run(ctx, call{args: []string{name}, env: s.env, stdout: &out})
	require.ErrorContains(t, err, "stopped")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Empty(t, out.String())
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		codes []int
		want  int
	}{
		{[]int{0, 0}, 0}, {[]int{0, 1}, 1}, {[]int{5, 1}, 5}, {[]int{1, 2, 5}, 2}, {[]int{2, 4, 1}, 4},
	} {
		all := make([]diagnosis, len(c.codes))
		for i, code := range c.codes {
			all[i].ExitCode = code
		}
		got := 0
		var failure *audience.Failure
		if errors.As(verdict(all), &failure) {
			got = int(failure.Class)
		}
		assert.Equal(t, c.want, got, c.codes)
	}
}
