package preflight_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/preflight"
	"github.com/cleanreach/cleanreach/internal/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "EAAsecret"

// bench is a run with a sandbox to ask.
type bench struct {
	t      testing.TB
	server *sandbox.Server
	client *meta.Client
	deps   preflight.Deps
	log    bytes.Buffer
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t}
	var err error
	b.server, err = sandbox.New(sandbox.Config{Tokens: []string{token}, Now: func() time.Time { return now }})
	require.NoError(t, err)
	web := httptest.NewServer(b.server)
	b.deps.Folder, err = storage.Open(t.Context(), "file://"+t.TempDir())
	require.NoError(t, err)
	b.deps.State = b.deps.Folder.Sub("state")
	t.Cleanup(func() {
		web.Close()
		assert.NoError(t, errors.Join(b.server.Close(), b.deps.Folder.Close()))
	})
	b.deps.Log = slog.New(slog.NewJSONHandler(&b.log, nil))
	b.deps.Now = func() time.Time { return now }
	b.connect(web.URL, token)
	b.define("add", "")
	return b
}

func (b *bench) connect(url string, token meta.Token) {
	b.t.Helper()
	var err error
	b.client, err = meta.New(meta.Config{BaseURL: url, Token: token, Now: b.deps.Now})
	require.NoError(b.t, err)
	b.t.Cleanup(b.client.Close)
	b.deps.Meta = meta.Retrying(b.client, meta.Policy{Attempts: 2, Sleep: func(context.Context, time.Duration) error { return nil }})
}

func (b *bench) define(mode, audienceID string) { b.deps.Run = newRun(b.t, mode, audienceID) }

// run runs preflight and gives what it wrote, which must be what it returned.
func (b *bench) run() (audience.Preflight, error) {
	b.t.Helper()
	result, err := preflight.Run(b.t.Context(), b.deps)
	var written audience.Preflight
	require.NoError(b.t, b.deps.Folder.ReadJSON(b.t.Context(), audience.PreflightFile, &written))
	require.NotNil(b.t, result)
	assert.Equal(b.t, result.Checks, written.Checks)
	assert.Equal(b.t, 1, written.Schema)
	assert.Equal(b.t, now, written.FinishedAt)
	data, readErr := b.deps.Folder.Read(b.t.Context(), audience.PreflightFile)
	require.NoError(b.t, readErr)
	assert.NotContains(b.t, string(data)+b.log.String(), token)
	if err != nil {
		assert.NotContains(b.t, err.Error(), token)
	}
	return written, err
}

func (b *bench) audiences() []meta.CustomAudience {
	b.t.Helper()
	var all []meta.CustomAudience
	a, err := b.client.FindAudience(b.t.Context(), "act_42", "cleanreach:acme/vip")
	require.NoError(b.t, err)
	if a != nil {
		all = append(all, *a)
	}
	return all
}

func TestCreatesTheAudienceOnce(t *testing.T) {
	b := newBench(t)
	first, err := b.run()
	require.NoError(t, err)
	assert.True(t, first.Created)
	assert.NotEmpty(t, first.AudienceID)
	assert.Equal(t, map[string]any{"QueryString": "SELECT 1"}, first.Query.SQLParameters)
	a, err := b.client.Audience(t.Context(), first.AudienceID)
	require.NoError(t, err)
	assert.Equal(t, "VIPs", a.Name)
	assert.Equal(t, "Our best cleanreach:acme/vip", a.Description)
	for _, c := range first.Checks {
		assert.Equal(t, good, c.Status, c)
	}

	again, err := b.run()
	require.NoError(t, err)
	assert.True(t, again.Created, "by this run")
	assert.Equal(t, first.AudienceID, again.AudienceID)

	require.NoError(t, b.deps.Folder.Delete(t.Context(), audience.PreflightFile))
	other, err := b.run()
	require.NoError(t, err)
	assert.False(t, other.Created, "by a run before it")
	assert.Equal(t, first.AudienceID, other.AudienceID)
}

func TestCreationWhoseAnswerIsLost(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.server.SetFault(sandbox.Fault{Fault: "drop_response", On: "create", Count: 1}))
	result, err := b.run()
	require.NoError(t, err)
	assert.True(t, result.Created)
	assert.Equal(t, b.audiences()[0].ID, result.AudienceID)

	b = newBench(t)
	require.NoError(t, b.server.SetFault(sandbox.Fault{Fault: "server_error", On: "create"}))
	result, err = b.run()
	require.ErrorContains(t, err, "create audience")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Empty(t, result.AudienceID)
	assert.False(t, result.Created)
	assert.Equal(t, fail, named(t, result.Checks, "audience").Status)
}

func TestNothingIsCreatedWhileSomethingIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		fault      *sandbox.Fault
		want       string
		class      audience.Class
	}{
		{"terms", "add", &sandbox.Fault{Fault: "terms_not_accepted"}, "https://business.facebook.com/ads/manage/customaudiences/tos/?act=42", audience.Action},
		{"expired token", "add", &sandbox.Fault{Fault: "expired_token"}, "the access token has expired", audience.Action},
		{"version", "add", &sandbox.Fault{Fault: "error", Code: 2635}, "version of the Marketing API is gone", audience.Action},
		{"account", "add", &sandbox.Fault{Fault: "gone", On: "ad_account"}, "read ad account act_42", audience.Action},
		{"list", "add", &sandbox.Fault{Fault: "error", On: "list", Code: 10}, "list the audiences of act_42", audience.Action},
		{"Meta is down", "add", &sandbox.Fault{Fault: "server_error"}, "2 checks failed", audience.Transient},
		{"throttled", "add", &sandbox.Fault{Fault: "rate_limit", On: "list", Seconds: 3600}, "used up", audience.Throttled},
		{"nothing to remove from", "remove", nil, "nothing to remove people from", audience.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.define(c.mode, "")
			if c.fault != nil {
				require.NoError(t, b.server.SetFault(*c.fault))
			}
			result, err := b.run()
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, c.class, audience.ClassOf(err), err)
			assert.Empty(t, result.AudienceID)
			assert.False(t, result.Created)
			assert.Contains(t, b.log.String(), `"status":"fail"`)
			b.server.ClearFaults()
			assert.Empty(t, b.audiences())

			if c.mode == "add" { // what was wrong has been put right
				result, err = b.run()
				require.NoError(t, err)
				assert.True(t, result.Created)
			}
		})
	}
}

func TestUnknownToken(t *testing.T) {
	b := newBench(t)
	web := httptest.NewServer(b.server)
	defer web.Close()
	b.connect(web.URL, "another")
	result, err := b.run()
	require.ErrorContains(t, err, "store it in the secret")
	assert.Equal(t, audience.Action, audience.ClassOf(err))
	require.Len(t, result.Checks, 1)
	assert.Equal(t, "meta-190-467", audience.SectionOf(err))
	b.client.Close()
}

func TestRemoveFromAnAudienceThatIsThere(t *testing.T) {
	b := newBench(t)
	added, err := b.run()
	require.NoError(t, err)
	b.define("remove", "")
	require.NoError(t, b.deps.Folder.Delete(t.Context(), audience.PreflightFile))
	result, err := b.run()
	require.NoError(t, err)
	assert.Equal(t, added.AudienceID, result.AudienceID)
	assert.False(t, result.Created)
}

// byHand creates an audience as a person does in Ads Manager.
func (b *bench) byHand(account, description string) string {
	b.t.Helper()
	form := url.Values{"name": {"By hand"}, "subtype": {"CUSTOM"}, "description": {description}, "customer_file_source": {"USER_PROVIDED_ONLY"}}
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, "/v26.0/"+account+"/customaudiences", strings.NewReader(form.Encode()))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	var answer struct{ ID string }
	require.NoError(b.t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.NotEmpty(b.t, answer.ID, w.Body)
	return answer.ID
}

func TestAudienceOfTheDefinition(t *testing.T) {
	for _, c := range []struct {
		name, account, mark string
		class               audience.Class // 0: it is taken
	}{
		{"made by hand", "act_42", "", 0},
		{"ours", "act_42", "cleanreach:acme/vip", 0},
		{"another definition's", "act_42", "cleanreach:acme/other", audience.Invalid},
		{"another tenant's", "act_42", "cleanreach:rival/vip", audience.Invalid},
		{"another account's", "act_43", "", audience.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			id := b.byHand(c.account, c.mark)
			b.define("add", id)
			result, err := b.run()
			assert.False(t, result.Created)
			assert.Equal(t, id, result.AudienceID)
			if c.class == 0 {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "audience "+id)
			assert.Equal(t, c.class, audience.ClassOf(err))
		})
	}
	b := newBench(t)
	b.define("add", "12345")
	_, err := b.run()
	require.ErrorContains(t, err, "read audience 12345")
	assert.Equal(t, audience.Action, audience.ClassOf(err), "Meta does not tell a wrong id from one that the token may not see")
}

// TestYoungAudienceIsUnknown has a second preflight whose Meta does not know yet what the first one created.
func TestYoungAudienceIsUnknown(t *testing.T) {
	b := newBench(t)
	first, err := b.run()
	require.NoError(t, err)
	f := newFake()
	b.deps.Meta = f
	f.errs["audience"], f.listed = refusal(803, 0), nil
	again, err := b.run()
	require.ErrorContains(t, err, "does not show audience "+first.AudienceID+" yet")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Equal(t, first.AudienceID, again.AudienceID)
	assert.True(t, again.Created)
	assert.NotContains(t, f.calls, "create")
}

// TestRunSticksToItsAudience has an audience that is deleted in mid-run: another one would have a part of the people only.
func TestRunSticksToItsAudience(t *testing.T) {
	b := newBench(t)
	f := newFake()
	b.deps.Meta = f
	first, err := b.run()
	require.NoError(t, err)
	require.Equal(t, "7", first.AudienceID)
	f.listed, f.errs["audience"] = nil, refusal(803, 0)
	again, err := b.run()
	require.ErrorContains(t, err, "audience 7, which this run began with, is gone: start a new run")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	assert.Equal(t, "7", again.AudienceID)
	assert.NotContains(t, f.calls, "create")
}

func TestEarlierDocument(t *testing.T) {
	for name, c := range map[string]struct {
		document any
		want     string
	}{
		"not ours":        {"x", "what an earlier preflight of this run did"},
		"another version": {audience.Preflight{Schema: 7}, "schema version is 7"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), audience.PreflightFile, c.document))
			f := newFake()
			b.deps.Meta = f
			_, err := preflight.Run(t.Context(), b.deps)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			assert.Empty(t, f.calls)
		})
	}
}

// stopping ends the run's context during a call.
type stopping struct {
	*fakeMeta
	at   string
	stop context.CancelCauseFunc
}

func (s stopping) CreateAudience(ctx context.Context, account string, a meta.NewAudience) (string, error) {
	if s.at == "create" {
		s.stop(errors.New("SIGTERM"))
	}
	return s.fakeMeta.CreateAudience(ctx, account, a)
}

func (s stopping) AdAccount(ctx context.Context, account string) (meta.Account, error) {
	if s.at == "account" {
		s.stop(errors.New("SIGTERM"))
		return meta.Account{}, ctx.Err()
	}
	return s.fakeMeta.AdAccount(ctx, account)
}

func TestStopped(t *testing.T) {
	b := newBench(t)
	ctx, stop := context.WithCancelCause(t.Context())
	f := newFake()
	f.listed = nil
	b.deps.Meta = stopping{f, "account", stop}
	_, err := preflight.Run(ctx, b.deps)
	require.ErrorContains(t, err, "stopped: SIGTERM")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	_, err = b.deps.Folder.Read(t.Context(), audience.PreflightFile)
	require.Error(t, err, "what Meta thinks is not known")

	ctx, stop = context.WithCancelCause(t.Context())
	b.deps.Meta = stopping{f, "create", stop}
	result, err := preflight.Run(ctx, b.deps)
	require.NoError(t, err)
	assert.Equal(t, "8", result.AudienceID, "what was created is not forgotten")
	var written audience.Preflight
	require.NoError(t, b.deps.Folder.ReadJSON(t.Context(), audience.PreflightFile, &written))
	assert.True(t, written.Created)
}
