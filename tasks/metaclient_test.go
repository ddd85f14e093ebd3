package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

const secretToken = "EAAsecretive"

func TestSecrets(t *testing.T) {
	for _, c := range []struct{ name, value, token, appSecret string }{
		{"bare", secretToken, secretToken, ""},
		{"bare, as editors leave it", " " + secretToken + "\n", secretToken, ""},
		{"object", `{"access_token": "EAAsecretive", "app_secret": "shh"}`, secretToken, "shh"},
		{"object on lines", "\n{\n\"access_token\": \"EAAsecretive\"\n}\n", secretToken, ""},
		{"object with more", `{"access_token": "EAAsecretive", "note": "EAAsecretive"}`, secretToken, ""},
		{"quotes around it", `"EAAsecretive"`, "", ""},
		{"escaped quotes around it", `\"EAAsecretive\"`, "", ""},
		{"quotes in an object", `{"access_token": "'EAAsecretive'"}`, "", ""},
		{"empty", "", "", ""},
		{"blank", " \n", "", ""},
		{"another field", `{"token": "EAAsecretive"}`, "", ""},
		{"half an object", `{"access_token": "EAAsecretive"`, "", ""},
		{"a list in it", `{"access_token": ["EAAsecretive"]}`, "", ""},
		{"a wrong app secret", `{"access_token": "EAAsecretive", "app_secret": 5}`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseSecret("acme/meta", c.value)
			checkSecretive(t, fmt.Sprintf("%v %+v %#v %v %+v %#v", got, got, got, err, err, err))
			if strings.Contains(c.name, "quotes") {
				require.ErrorContains(t, err, "the token in the secret acme/meta has quotation marks")
				assert.Equal(t, audience.Action, audience.ClassOf(err))
				return
			}
			if c.token == "" {
				require.ErrorContains(t, err, "the secret acme/meta holds no access token")
				assert.Equal(t, audience.Action, audience.ClassOf(err))
				assert.Empty(t, string(got.Token))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.token, string(got.Token))
			assert.Equal(t, c.appSecret, string(got.AppSecret))
		})
	}
}

// checkSecretive checks that nothing of the secrets is in a text.
func checkSecretive(t *testing.T, text string) {
	t.Helper()
	assert.NotContains(t, text, "secretive")
	assert.NotContains(t, text, "shh")
}

// fakeSecrets answers every request alike.
type fakeSecrets struct {
	value *string
	err   error
	asked []string
}

func (f *fakeSecrets) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	f.asked = append(f.asked, aws.ToString(in.SecretId))
	if f.err != nil {
		return nil, f.err
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: f.value}, nil
}

func TestReadSecret(t *testing.T) {
	api := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }
	for _, c := range []struct {
		name  string
		value *string
		err   error
		class audience.Class // 0: it is read
		says  string
	}{
		{"there", aws.String(secretToken), nil, 0, ""},
		{"binary", nil, nil, audience.Action, "holds no access token"},
		{"not there", nil, &types.ResourceNotFoundException{}, audience.Action, "check that the secret exists"},
		{"not allowed", nil, api("AccessDeniedException"), audience.Action, "this task's role may read it"},
		{"too many calls", nil, api("ThrottlingException"), audience.Transient, "read secret acme/meta"},
		{"no network", nil, &net.OpError{Op: "dial", Err: &net.DNSError{IsTemporary: true, IsTimeout: true}}, audience.Transient, "read secret acme/meta"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := &fakeSecrets{value: c.value, err: c.err}
			got, err := readSecret(t.Context(), fake, "acme/meta")
			assert.Equal(t, []string{"acme/meta"}, fake.asked)
			if c.class == 0 {
				require.NoError(t, err)
				assert.Equal(t, secretToken, string(got.Token))
				return
			}
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, c.class, audience.ClassOf(err))
		})
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err := readSecret(stopped, &fakeSecrets{err: context.Canceled}, "acme/meta")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
}

// secretsManager is a server that keeps one secret, for the real SDK. An empty value refuses.
func secretsManager(t *testing.T, name, value string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			SecretID string `json:"SecretId"`
		}
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, errors.Join(err, json.Unmarshal(body, &in)))
		assert.Equal(t, name, in.SecretID)
		assert.Equal(t, "secretsmanager.GetSecretValue", r.Header.Get("X-Amz-Target"))
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if value == "" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type": "AccessDeniedException", "Message": "no"}`))
			return
		}
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]string{"SecretString": value}))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// TestPreflightStage runs the whole subcommand: the secret by AWS's SDK, the questions by Meta's client.
func TestPreflightStage(t *testing.T) {
	for _, c := range []struct {
		name   string
		env    env
		secret string // the value in Secrets Manager; none there
		code   int
		says   string
	}{
		{"token in the environment", env{envMetaToken: secretToken, envAppSecret: "shh"}, "", 0, ""},
		{"token in the secret", nil, `{"access_token": "EAAsecretive", "app_secret": "shh"}`, 0, ""},
		{"the environment comes first", env{envMetaToken: secretToken, envAppSecret: "shh"}, "EAAothersecretive", 0, ""},
		{"no app secret", nil, secretToken, 4, "app secret"},
		{"another token", nil, `{"access_token": "EAAothersecretive", "app_secret": "shh"}`, 4, "token"},
		{"an empty secret", nil, `{"access_token": ""}`, 4, "the secret acme/meta holds no access token"},
		{"the role may not read it", nil, "", 4, "this task's role may read it"},
		{"a token with a blank in it", env{envMetaToken: "EAA secretive"}, "", 4, "no usable access token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			secretsManager(t, "acme/meta", c.secret)
			server, err := sandbox.New(sandbox.Config{Tokens: []string{secretToken}, AppSecret: "shh"})
			require.NoError(t, err)
			web := httptest.NewServer(server)
			t.Cleanup(func() { web.Close(); assert.NoError(t, server.Close()) })
			b := newBench(t, `, "secret": "acme/meta"`)
			b.env[envMetaURL] = web.URL
			for name, value := range c.env {
				b.env[name] = value
			}
			code := run(t.Context(), []string{"preflight"}, b.env, nil, &b.stdout, &b.stderr)
			assert.Equal(t, c.code, code, b.stderr.String())
			if c.code == 0 {
				assert.FileExists(t, filepath.Join(b.bucket, "runs/acme/vip/r1", audience.PreflightFile))
			} else {
				assert.Contains(t, b.failure("failures/preflight.json").Message, c.says)
			}
			checkSecretive(t, b.stdout.String()+b.stderr.String()+everything(t, b.bucket))
		})
	}
}

// everything is the text of all files below a folder.
func everything(t *testing.T, dir string) string {
	t.Helper()
	var all bytes.Buffer
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		return err
	}))
	require.Contains(t, all.String(), "act_42")
	return all.String()
}

func TestConnectTakesTheDefinitionsVersion(t *testing.T) {
	var paths []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		_, _ = w.Write([]byte(`{"id": "act_42"}`))
	}))
	defer web.Close()
	r, err := audience.ParseRun(runDocument("", `, "api_version": "v25.0"`))
	require.NoError(t, err)
	client, budget, err := connect(t.Context(), &work{run: r, env: env{envMetaURL: web.URL, envMetaToken: secretToken}})
	require.NoError(t, err)
	_, err = client.AdAccount(t.Context(), "act_42")
	require.NoError(t, err)
	assert.Equal(t, []string{"/v25.0/act_42"}, paths)
	assert.Zero(t, budget.Throttled())
	assert.IsType(t, &meta.Retrier{}, client)
}

func TestReportIsMadeWithoutAToken(t *testing.T) {
	r, err := audience.ParseRun(runDocument("", ""))
	require.NoError(t, err)
	nobody := reportMeta(t.Context(), &work{run: r, env: env{}})
	_, err = nobody.Audience(t.Context(), "1")
	require.ErrorContains(t, err, "no access token")
	_, err = nobody.SessionStatus(t.Context(), "1", 2)
	require.ErrorContains(t, err, "no access token")
}
