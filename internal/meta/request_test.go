package meta_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A calling is one method of the API, with an answer that it takes.
type calling struct {
	name   string
	call   func(context.Context, meta.API) error
	answer string
	method string
	path   string // behind the version
	query  map[string]string
	body   string // JSON, or a form when it does not begin with {
}

func callings() []calling {
	return []calling{
		{"account", func(ctx context.Context, api meta.API) error { _, err := api.AdAccount(ctx, "act_42"); return err },
			`{"id":"act_42"}`, "GET", "act_42", map[string]string{"fields": "id,name,tos_accepted,account_status"}, ""},
		{"tasks", func(ctx context.Context, api meta.API) error { _, err := api.AccountTasks(ctx, "act_42"); return err },
			`{"id":"act_42"}`, "GET", "act_42", map[string]string{"fields": "user_tasks"}, ""},
		{"token", func(ctx context.Context, api meta.API) error { _, err := api.DebugToken(ctx); return err },
			`{"data":{"is_valid":true}}`, "POST", "debug_token", nil, "input_token=" + token + "&method=get"},
		{"audience", func(ctx context.Context, api meta.API) error { _, err := api.Audience(ctx, "23"); return err },
			`{"id":"23"}`, "GET", "23", map[string]string{"fields": "id,account_id,name,subtype,description,data_source,is_value_based," +
				"approximate_count_lower_bound,approximate_count_upper_bound,delivery_status,operation_status,time_updated,delete_time"}, ""},
		{"list", func(ctx context.Context, api meta.API) error {
			_, err := api.ListAudiences(ctx, "act_42", "x=&y")
			return err
		},
			`{"data":[]}`, "GET", "act_42/customaudiences", map[string]string{"fields": "id,name,subtype,description", "limit": "20", "after": "x=&y"}, ""},
		{"find", func(ctx context.Context, api meta.API) error {
			_, err := api.FindAudience(ctx, "act_42", "m")
			return err
		},
			`{"data":[]}`, "GET", "act_42/customaudiences", map[string]string{"fields": "id,name,subtype,description", "limit": "20"}, ""},
		{"create", func(ctx context.Context, api meta.API) error {
			_, err := api.CreateAudience(ctx, "act_42", newAudience)
			return err
		},
			`{"id":"23"}`, "POST", "act_42/customaudiences", nil,
			`{"name":"VIPs","subtype":"CUSTOM","description":"The best cleanreach:a/b","customer_file_source":"USER_PROVIDED_ONLY","retention_days":90}`},
		{"create with values", func(ctx context.Context, api meta.API) error {
			_, err := api.CreateAudience(ctx, "act_42", meta.NewAudience{Name: "VIPs", Mark: "cleanreach:a/b", CustomerFileSource: "USER_PROVIDED_ONLY", ValueBased: true})
			return err
		},
			`{"id":"23"}`, "POST", "act_42/customaudiences", nil,
			`{"name":"VIPs","subtype":"CUSTOM","description":"cleanreach:a/b","customer_file_source":"USER_PROVIDED_ONLY","is_value_based":true}`},
		{"add", func(ctx context.Context, api meta.API) error {
			_, err := api.AddUsers(ctx, "23", batchOf(oneRow))
			return err
		},
			taken, "POST", "23/users", nil, usersJSON},
		{"remove", func(ctx context.Context, api meta.API) error {
			_, err := api.RemoveUsers(ctx, "23", batchOf(oneRow))
			return err
		},
			taken, "DELETE", "23/users", nil, usersJSON},
		{"remove from all", func(ctx context.Context, api meta.API) error {
			_, err := api.RemoveFromAll(ctx, "act_42", batchOf(oneRow))
			return err
		},
			takenOfAny, "DELETE", "act_42/usersofanyaudience", nil, usersJSON},
		{"session", func(ctx context.Context, api meta.API) error { _, err := api.SessionStatus(ctx, "23", 7); return err },
			`{"data":[]}`, "GET", "23/sessions", map[string]string{"session_id": "7",
				"fields": "session_id,stage,progress,num_received,num_invalid_entries,num_matched,start_time,end_time"}, ""},
	}
}

var usersJSON = `{"payload":{"schema":["EMAIL","EXTERN_ID"],"data":[["` + hash + `","c-1234567"]]},
	"session":{"session_id":7,"batch_seq":1,"last_batch_flag":true,"estimated_num_total":1}}`

func TestRequestsAreTheDocumentedOnes(t *testing.T) {
	// By another implementation: printf <token> | openssl dgst -sha256 -hmac app-secret
	const proof = "476db473a4ab20826e564e12b5183a07a1752406dfa23b90bf1a7b7b05232ef5"
	for _, withSecret := range []bool{false, true} {
		for _, c := range callings() {
			t.Run(c.name, func(t *testing.T) {
				log, text := logged()
				cfg := meta.Config{Version: "v31.2", Log: log}
				want := url.Values{}
				for name, value := range c.query {
					want.Set(name, value)
				}
				if withSecret {
					cfg.AppSecret = secret
					want.Set("appsecret_proof", proof)
				}
				client := serving(t, cfg, func(w http.ResponseWriter, r *http.Request) {
					assert.Equal(t, c.method, r.Method)
					assert.Equal(t, "/v31.2/"+c.path, r.URL.Path)
					assert.Equal(t, want, r.URL.Query())
					assert.Equal(t, []string{"Bearer " + token}, r.Header["Authorization"])
					assertPrivate(t, r.URL.String())
					body, err := io.ReadAll(r.Body)
					assert.NoError(t, err)
					assertBody(t, c.body, r.Header.Get("Content-Type"), string(body))
					_, _ = io.WriteString(w, c.answer)
				})
				require.NoError(t, c.call(t.Context(), client))
				assert.Contains(t, text.String(), `"msg":"called Meta","method":"`+c.method+`","path":"/v31.2/`+c.path+`","status":200,"code":0`)
				assertPrivate(t, text.String())
				assert.NotContains(t, text.String(), "fields")
			})
		}
	}
}

func assertBody(t *testing.T, want, contentType, got string) {
	t.Helper()
	switch {
	case want == "":
		assert.Empty(t, got)
		assert.Empty(t, contentType)
	case strings.HasPrefix(want, "{"):
		assert.Equal(t, "application/json", contentType)
		assert.JSONEq(t, want, got)
	default:
		assert.Equal(t, "application/x-www-form-urlencoded", contentType)
		assert.Equal(t, want, got)
	}
}

func TestDefaultVersionAndBase(t *testing.T) {
	client := over(t, func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "https://graph.facebook.com/v26.0/23/users", r.URL.String())
		return reply(200, nil, taken), nil
	})
	_, err := add(t, client)
	require.NoError(t, err)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s followed the redirect", r.Method)
	}))
	defer stranger.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		client := serving(t, meta.Config{}, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, stranger.URL+"/?token="+token, status)
		})
		for _, c := range callings() {
			err := c.call(t.Context(), client)
			require.ErrorContains(t, err, "is none of Meta's", c.name)
			assertPrivate(t, err.Error())
		}
	}
}

func TestAFailedCallSaysWhatItDid(t *testing.T) {
	want := map[string]string{
		"account": "read ad account act_42: ", "token": "inspect the access token: ", "audience": "read audience 23: ", "list": "list the audiences of act_42: ",
		"find": "list the audiences of act_42: ", "create": `create audience "VIPs" in act_42: `, "add": "add 1 people to audience 23: ",
		"remove": "remove 1 people from audience 23: ", "remove from all": "remove 1 people from all audiences of act_42: ", "session": "read upload session 7 of audience 23: ",
	}
	for _, c := range callings() {
		log, text := logged()
		client := serving(t, meta.Config{Log: log}, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":{"code":190,"message":"`+token+`"}}`)
		})
		err := c.call(t.Context(), client)
		require.ErrorContains(t, err, want[c.name]+"the access token is not valid (HTTP status 400, Meta's code 190)")
		assert.Equal(t, audience.Action, audience.ClassOf(err))
		assertPrivate(t, err.Error())
		assert.Contains(t, text.String(), `"status":400,"code":190`)
		assertPrivate(t, text.String())
	}
}

// TestTheBodyIsOnlyLent fails under the race detector when net/http still reads a batch that the caller has got back.
func TestTheBodyIsOnlyLent(t *testing.T) {
	client := serving(t, meta.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest) // before the body was read
		_, _ = io.WriteString(w, `{"error":{"code":2650,"error_subcode":1870158}}`)
	})
	p := meta.NewPayload([]audience.Key{audience.Email, audience.ExternID})
	for range 5 {
		p.Reset()
		for range meta.BatchRows {
			appendRow(p, hash, "c-1234567")
		}
		_, err := client.AddUsers(t.Context(), "23", p.Batch(meta.Session{ID: 7, Seq: 1}))
		require.Error(t, err)
	}
}

// TestTheBodyCanBeSentAnew does what net/http does when the connection it took turns out to be closed.
func TestTheBodyCanBeSentAnew(t *testing.T) {
	var bodies []string
	client := over(t, func(r *http.Request) (*http.Response, error) {
		for range 2 {
			body, err := r.GetBody()
			require.NoError(t, err)
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			assert.Equal(t, r.ContentLength, int64(len(text)))
			bodies = append(bodies, string(text))
		}
		return reply(200, nil, taken), nil
	})
	_, err := add(t, client)
	require.NoError(t, err)
	require.Len(t, bodies, 2)
	assert.JSONEq(t, usersJSON, bodies[0])
	assert.JSONEq(t, usersJSON, bodies[1])
}
