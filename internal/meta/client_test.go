package meta_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// sandboxed makes a client of a sandbox that takes this token only, with the proof of this app secret.
func sandboxed(t *testing.T) (*meta.Client, *sandbox.Server) {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{Tokens: []string{token}, AppSecret: secret, MatchRate: 1, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	web := httptest.NewServer(server)
	t.Cleanup(func() { web.Close(); assert.NoError(t, server.Close()) })
	return open(t, meta.Config{BaseURL: web.URL + "/", AppSecret: secret + "\n", Token: token + "\n", HTTP: web.Client()}), server
}

var newAudience = meta.NewAudience{
	Name: "VIPs", Description: "The best", Mark: "cleanreach:a/b", CustomerFileSource: "USER_PROVIDED_ONLY", RetentionDays: 90,
}

func TestAnAudiencesLifeInTheSandbox(t *testing.T) {
	client, server := sandboxed(t)
	ctx := t.Context()

	account, err := client.AdAccount(ctx, "act_42")
	require.NoError(t, err)
	assert.Equal(t, "act_42", account.ID)
	assert.True(t, account.TermsAccepted())
	info, err := client.DebugToken(ctx)
	require.NoError(t, err)
	assert.True(t, info.Valid)
	assert.True(t, info.ExpiresAt.IsZero())
	assert.Contains(t, info.Scopes, "ads_management")

	id, err := client.CreateAudience(ctx, "act_42", newAudience)
	require.NoError(t, err)
	a, err := client.Audience(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, "VIPs", a.Name)
	assert.Equal(t, "The best cleanreach:a/b", a.Description)
	assert.Equal(t, "42", a.AccountID)
	assert.Equal(t, meta.OperationNoUpload, a.OperationStatus.Code)
	assert.Equal(t, noon, a.Updated)

	other := [2]string{hash, "c-2"}
	ack, err := client.AddUsers(ctx, id, batchOf(oneRow, other, [2]string{hash, ""}))
	require.NoError(t, err)
	assert.Equal(t, int64(3), ack.Received)
	assert.Equal(t, int64(1), ack.Invalid, "a blank EXTERN_ID")
	assert.Len(t, ack.Samples, 1)
	people, err := server.Members(id)
	require.NoError(t, err)
	assert.Equal(t, []sandbox.Person{{"EMAIL": hash, "EXTERN_ID": "c-1234567"}, {"EMAIL": hash, "EXTERN_ID": "c-2"}}, people)

	session, err := client.SessionStatus(ctx, id, 7)
	require.NoError(t, err)
	assert.Equal(t, &meta.SessionStatus{ID: 7, Stage: "finished", Progress: 100, Received: 3, Invalid: 1, Matched: 2, Start: noon, End: noon}, session)
	none, err := client.SessionStatus(ctx, id, 8)
	require.NoError(t, err)
	assert.Nil(t, none)

	gone := meta.NewPayload([]audience.Key{audience.ExternID})
	appendRow(gone, "c-2")
	ack, err = client.RemoveUsers(ctx, id, gone.Batch(meta.Session{ID: 9, Seq: 1, Last: true}))
	require.NoError(t, err)
	assert.Equal(t, int64(1), ack.Received)
	people, err = server.Members(id)
	require.NoError(t, err)
	assert.Equal(t, []sandbox.Person{{"EMAIL": hash, "EXTERN_ID": "c-1234567"}}, people)
}

func TestSandboxRefuses(t *testing.T) {
	client, _ := sandboxed(t)
	stranger := open(t, meta.Config{BaseURL: "http://127.0.0.1:1", Token: "x"})
	_, err := stranger.AdAccount(t.Context(), "act_42")
	require.ErrorContains(t, err, "read ad account act_42: reach Meta: ")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))

	_, err = client.Audience(t.Context(), "999")
	require.ErrorContains(t, err, "read audience 999: the object does not exist")
	assert.Equal(t, audience.Action, audience.ClassOf(err))
}

func TestConfigurationIsChecked(t *testing.T) {
	for _, c := range []struct {
		name  string
		cfg   meta.Config
		class audience.Class
		want  string
	}{
		{"no token", meta.Config{}, audience.Action, "store a system user token"},
		{"blank token", meta.Config{Token: " \n"}, audience.Action, "no usable access token"},
		{"token of two lines", meta.Config{Token: token + "\n" + token}, audience.Action, "no usable access token"},
		{"token that is no ASCII", meta.Config{Token: token + "é"}, audience.Action, "no usable access token"},
		{"base without scheme", meta.Config{Token: token, BaseURL: "graph.facebook.com"}, audience.Invalid, "https://graph.facebook.com"},
		{"base that is no web address", meta.Config{Token: token, BaseURL: "s3://bucket"}, audience.Invalid, "https://graph.facebook.com"},
		{"base with a query", meta.Config{Token: token, BaseURL: "https://x/?access_token=" + token}, audience.Invalid, "https://graph.facebook.com"},
		{"base with a password", meta.Config{Token: token, BaseURL: "https://me:" + token + "@x"}, audience.Invalid, "https://graph.facebook.com"},
		{"version", meta.Config{Token: token, Version: "26"}, audience.Invalid, `"26" must look like v26.0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := meta.New(c.cfg)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, c.class, audience.ClassOf(err))
			assertPrivate(t, err.Error())
		})
	}
}

func TestWrongIDsAreNotSent(t *testing.T) {
	client := over(t, nil)
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"account":        func() error { _, err := client.AdAccount(ctx, "42"); return err },
		"account's list": func() error { _, err := client.FindAudience(ctx, "act_42/../me", "cleanreach:a/b"); return err },
		"create in":      func() error { _, err := client.CreateAudience(ctx, "act_", newAudience); return err },
		"audience":       func() error { _, err := client.Audience(ctx, "23?fields=x"); return err },
		"add to":         func() error { _, err := client.AddUsers(ctx, "", batchOf(oneRow)); return err },
		"remove from":    func() error { _, err := client.RemoveUsers(ctx, "../1", batchOf(oneRow)); return err },
		"session of":     func() error { _, err := client.SessionStatus(ctx, "act_42", 7); return err },
		"no mark": func() error {
			_, err := client.CreateAudience(ctx, "act_42", meta.NewAudience{Name: "VIPs"})
			return err
		},
		"mark of words": func() error { _, err := client.FindAudience(ctx, "act_42", "cleanreach: a/b"); return err },
	} {
		assert.Equal(t, audience.Invalid, audience.ClassOf(call()), name)
	}
}

func TestCallsAreCountedWhateverComesOfThem(t *testing.T) {
	client, _ := sandboxed(t)
	retrying := meta.Retrying(client, meta.Policy{})
	_, err := retrying.AdAccount(t.Context(), "act_42")
	require.NoError(t, err)
	_, err = retrying.Audience(t.Context(), "99")
	require.Error(t, err, "there is no such audience")
	_, err = retrying.AdAccount(t.Context(), "Shop")
	require.Error(t, err)
	assert.EqualValues(t, 2, client.Calls(), "what is refused here never left")
}
