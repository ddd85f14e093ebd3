package preflight_test

import (
	"context"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// fakeMeta is a Meta whose answers a test changes. What a test does not change is in order.
type fakeMeta struct {
	meta.API // nil: a call that preflight must not make panics

	token    meta.TokenInfo
	account  meta.Account
	tasks    []string
	usage    meta.Usage
	audience meta.CustomAudience
	listed   *meta.CustomAudience // by its mark; nil: there is none
	errs     map[string]error     // by the name of the call
	calls    []string
}

// now is when the tests run.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func days(n int) time.Time { return now.Add(time.Duration(n) * 24 * time.Hour) }

func newFake() *fakeMeta {
	return &fakeMeta{
		token:   meta.TokenInfo{Valid: true, Type: "SYSTEM_USER", AppID: "100", Scopes: []string{"public_profile", "ads_management"}},
		account: meta.Account{ID: "act_42", Name: "Shop", TOSAccepted: map[string]int{"custom_audience_tos": 1}, Status: 1},
		tasks:   []string{"DRAFT", "ANALYZE", "ADVERTISE", "MANAGE"},
		usage:   meta.Usage{Tier: meta.TierFull},
		audience: meta.CustomAudience{
			ID: "7", AccountID: "42", Name: "VIPs", Subtype: "CUSTOM", Description: "Our best cleanreach:acme/vip", DataSource: "MULTI_HASHES",
			OperationStatus: meta.Status{Code: 200},
		},
		listed: &meta.CustomAudience{ID: "7"},
		errs:   map[string]error{},
	}
}

func (f *fakeMeta) called(name string) error {
	f.calls = append(f.calls, name)
	return f.errs[name]
}

func (f *fakeMeta) DebugToken(context.Context) (meta.TokenInfo, error) {
	return f.token, f.called("token")
}

func (f *fakeMeta) AdAccount(context.Context, string) (meta.Account, error) {
	return f.account, f.called("account")
}

func (f *fakeMeta) AccountTasks(context.Context, string) ([]string, error) {
	return f.tasks, f.called("tasks")
}

func (f *fakeMeta) Usage() meta.Usage { return f.usage }

func (f *fakeMeta) Audience(context.Context, string) (meta.CustomAudience, error) {
	return f.audience, f.called("audience")
}

func (f *fakeMeta) FindAudience(context.Context, string, string) (*meta.CustomAudience, error) {
	return f.listed, f.called("find")
}

func (f *fakeMeta) CreateAudience(context.Context, string, meta.NewAudience) (string, error) {
	return "8", f.called("create")
}

// refusal is an error of Meta's as the client gives it.
func refusal(code, subcode int) error {
	e := &meta.Error{Code: code, Subcode: subcode, HTTPStatus: 400}
	return audience.Fail(e.Class(), e.Next(), e)
}
