package meta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const audienceFields = "id,account_id,name,subtype,description,data_source,is_value_based,approximate_count_lower_bound," +
	"approximate_count_upper_bound,delivery_status,operation_status,time_updated,delete_time"

// AdAccount reads an ad account and which terms were accepted for it.
func (c *Client) AdAccount(ctx context.Context, account string) (Account, error) {
	if err := checkAccount(account); err != nil {
		return Account{}, err
	}
	var answer struct {
		ID    string      `json:"id"`
		Name  string      `json:"name"`
		Terms acceptances `json:"tos_accepted"`
		State number      `json:"account_status"`
	}
	call := call{doing: "read ad account " + account, method: http.MethodGet, object: account, account: account,
		query: url.Values{"fields": {"id,name,tos_accepted,account_status"}}}
	if err := c.do(ctx, call, &answer); err != nil {
		return Account{}, err
	}
	if answer.ID != account {
		return Account{}, call.fail(errBroken)
	}
	a := Account{ID: answer.ID, Name: answer.Name, Status: int(answer.State), TOSAccepted: make(map[string]int, len(answer.Terms))}
	for name, accepted := range answer.Terms {
		a.TOSAccepted[name] = int(accepted)
	}
	return a, nil
}

// AccountTasks reads what the token's user may do with an ad account. It is a question of its own, so that a Meta that does
// not answer it still tells everything else about the account.
func (c *Client) AccountTasks(ctx context.Context, account string) ([]string, error) {
	if err := checkAccount(account); err != nil {
		return nil, err
	}
	var answer struct {
		Tasks []string `json:"user_tasks"`
	}
	call := call{doing: "read the token's role on ad account " + account, method: http.MethodGet, object: account, account: account,
		query: url.Values{"fields": {"user_tasks"}}}
	if err := c.do(ctx, call, &answer); err != nil {
		return nil, err
	}
	return answer.Tasks, nil
}

// DebugToken asks Meta about the client's own token. debug_token takes the token as a parameter, and parameters of a GET
// end up in the logs of whatever is on the way: so it is a POST with method=get in its body, the override that Meta's own
// SDKs use.
func (c *Client) DebugToken(ctx context.Context) (TokenInfo, error) {
	var answer struct {
		Data *struct {
			AppID      string   `json:"app_id"`
			Type       string   `json:"type"`
			Valid      *bool    `json:"is_valid"`
			ExpiresAt  moment   `json:"expires_at"`
			DataAccess moment   `json:"data_access_expires_at"`
			Scopes     []string `json:"scopes"`
		} `json:"data"`
	}
	token, _ := c.secrets()
	call := call{doing: "inspect the access token", method: http.MethodPost, object: "debug_token", form: true,
		body: []byte(url.Values{"method": {"get"}, "input_token": {token}}.Encode())}
	if err := c.do(ctx, call, &answer); err != nil {
		return TokenInfo{}, err
	}
	d := answer.Data
	if d == nil || d.Valid == nil {
		return TokenInfo{}, call.fail(errBroken)
	}
	return TokenInfo{Valid: *d.Valid, Type: d.Type, AppID: d.AppID, ExpiresAt: d.ExpiresAt.Time, DataAccess: d.DataAccess.Time, Scopes: d.Scopes}, nil
}

// Audience reads a custom audience.
func (c *Client) Audience(ctx context.Context, id string) (CustomAudience, error) {
	if err := checkObject("audience", id); err != nil {
		return CustomAudience{}, err
	}
	var answer audienceAnswer
	call := call{doing: "read audience " + id, method: http.MethodGet, object: id, query: url.Values{"fields": {audienceFields}}}
	if err := c.do(ctx, call, &answer); err != nil {
		return CustomAudience{}, err
	}
	if answer.ID != id {
		return CustomAudience{}, call.fail(errBroken)
	}
	return answer.audience(), nil
}

// CreateAudience creates a customer-file audience.
func (c *Client) CreateAudience(ctx context.Context, account string, a NewAudience) (string, error) {
	if err := errors.Join(checkAccount(account), checkMark(a.Mark)); err != nil {
		return "", err
	}
	body, err := json.Marshal(struct {
		Name        string `json:"name"`
		Subtype     string `json:"subtype"`
		Description string `json:"description"`
		Source      string `json:"customer_file_source"`
		Retention   int    `json:"retention_days,omitempty"`
		ValueBased  bool   `json:"is_value_based,omitempty"`
	}{a.Name, "CUSTOM", strings.TrimSpace(a.Description + " " + a.Mark), a.CustomerFileSource, a.RetentionDays, a.ValueBased})
	if err != nil {
		return "", audience.Fail(audience.Invalid, "", fmt.Errorf("create audience: %w", err))
	}
	var answer struct {
		ID string `json:"id"`
	}
	call := call{doing: fmt.Sprintf("create audience %q in %s", a.Name, account), method: http.MethodPost, object: account,
		edge: "customaudiences", account: account, body: body}
	if err := c.do(ctx, call, &answer); err != nil {
		return "", err
	}
	if !objectPattern.MatchString(answer.ID) {
		return "", call.fail(errBroken)
	}
	c.markCreated(answer.ID)
	return answer.ID, nil
}

// AddUsers adds a batch of people to an audience.
func (c *Client) AddUsers(ctx context.Context, audienceID string, batch Batch) (Ack, error) {
	return c.users(ctx, http.MethodPost, "users", "add %d people to audience %s", audienceID, batch)
}

// RemoveUsers removes a batch of people from an audience.
func (c *Client) RemoveUsers(ctx context.Context, audienceID string, batch Batch) (Ack, error) {
	return c.users(ctx, http.MethodDelete, "users", "remove %d people from audience %s", audienceID, batch)
}

// RemoveFromAll removes a batch of people from all customer-file audiences of an ad account.
func (c *Client) RemoveFromAll(ctx context.Context, account string, batch Batch) (Ack, error) {
	if err := checkAccount(account); err != nil {
		return Ack{}, err
	}
	return c.batch(ctx, call{doing: fmt.Sprintf("remove %d people from all audiences of %s", batch.Rows, account), method: http.MethodDelete,
		object: account, edge: "usersofanyaudience", account: account}, "", batch)
}

func (c *Client) users(ctx context.Context, method, edge, doing, id string, batch Batch) (Ack, error) {
	if err := checkObject("audience", id); err != nil {
		return Ack{}, err
	}
	return c.batch(ctx, call{doing: fmt.Sprintf(doing, batch.Rows, id), method: method, object: id, edge: edge}, id, batch)
}

// batch sends a batch and checks the answer: one to something else than what was sent must not be taken for an
// acknowledgement. id is the audience that it must be about, or nothing when the batch is for no single one.
func (c *Client) batch(ctx context.Context, call call, id string, batch Batch) (Ack, error) {
	call.body = batch.Body
	var answer ackAnswer
	if err := c.do(ctx, call, &answer); err != nil {
		return Ack{}, err
	}
	switch {
	case answer.AudienceID == "" && id != "" || answer.SessionID == nil || answer.Received == nil || *answer.Received < 0 || answer.Invalid < 0:
		return Ack{}, call.fail(errBroken)
	case answer.AudienceID != id && id != "":
		return Ack{}, call.fail(fmt.Errorf("the answer is about another audience"))
	case int64(*answer.SessionID) != batch.Session.ID:
		return Ack{}, call.fail(fmt.Errorf("the answer is about another upload session"))
	}
	return Ack{
		AudienceID: id, SessionID: batch.Session.ID, Received: int64(*answer.Received), Invalid: int64(answer.Invalid),
		Samples: Samples(answer.Samples),
	}, nil
}

// SessionStatus reads what Meta has of an upload session.
func (c *Client) SessionStatus(ctx context.Context, audienceID string, id int64) (*SessionStatus, error) {
	if err := checkObject("audience", audienceID); err != nil {
		return nil, err
	}
	call := call{doing: fmt.Sprintf("read upload session %d of audience %s", id, audienceID), method: http.MethodGet, object: audienceID, edge: "sessions",
		query: url.Values{"session_id": {strconv.FormatInt(id, 10)},
			"fields": {"session_id,stage,progress,num_received,num_invalid_entries,num_matched,start_time,end_time"}}}
	var answer struct {
		Data *[]sessionAnswer `json:"data"`
	}
	if err := c.do(ctx, call, &answer); err != nil {
		return nil, err
	}
	if answer.Data == nil {
		return nil, call.fail(errBroken)
	}
	for _, s := range *answer.Data {
		if s.ID != nil && int64(*s.ID) == id {
			return &SessionStatus{ID: id, Stage: shaped(stagePattern, s.Stage), Progress: int64(s.Progress), Received: int64(s.Received),
				Invalid: int64(s.Invalid), Matched: int64(s.Matched), Start: s.Start.Time, End: s.End.Time}, nil
		}
	}
	return nil, nil //nolint:nilnil // no such session is an answer
}
