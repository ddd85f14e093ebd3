package meta

import (
	"context"
	"time"
)

// Users adds people to an audience, removes them, and replaces others by them.
//
// The calls are idempotent: a batch whose fate is unknown may be sent again, all but the first one of a replace, which Meta
// takes once. Their errors are audience failures; errors.As finds the *Error when Meta itself answered with one.
type Users interface {
	// AddUsers adds the batch's people to the audience.
	AddUsers(ctx context.Context, audience string, batch Batch) (Ack, error)
	// RemoveUsers removes the batch's people. Removing somebody who was never added is harmless.
	RemoveUsers(ctx context.Context, audience string, batch Batch) (Ack, error)
	// ReplaceUsers sends a batch of the session of a replace. Batch 1 removes everybody and adds its people, the others of
	// the session, in any order, add theirs; the last ends it. Until Meta is done with it no people can be added or removed.
	ReplaceUsers(ctx context.Context, audience string, batch Batch) (Ack, error)
}

// An AccountRemover removes people from everything that an ad account knows of them.
type AccountRemover interface {
	// RemoveFromAll removes the batch's people from all customer-file audiences of an ad account (act_<digits>). It is
	// idempotent, as removing from one audience is. The Ack names no audience.
	RemoveFromAll(ctx context.Context, account string, batch Batch) (Ack, error)
}

// API is all that CleanReach asks of Meta. Client is the real one; Retrying and Paced wrap one into another.
type API interface {
	Users
	AccountRemover
	// AdAccount reads an ad account (act_<digits>).
	AdAccount(ctx context.Context, account string) (Account, error)
	// AccountTasks reads what the token may do with an ad account, such as MANAGE; nil when Meta does not say.
	AccountTasks(ctx context.Context, account string) ([]string, error)
	// DebugToken reads what Meta knows of the client's own token.
	DebugToken(ctx context.Context) (TokenInfo, error)
	// Audience reads a custom audience.
	Audience(ctx context.Context, id string) (CustomAudience, error)
	// ListAudiences reads a page of the account's audiences; after is the After of the page before it, or nothing.
	ListAudiences(ctx context.Context, account, after string) (AudiencePage, error)
	// FindAudience finds the account's audience whose description carries mark as a word of its own; nil when there is
	// none. When several carry it, it is the one with the lowest id, so that every task finds the same.
	FindAudience(ctx context.Context, account, mark string) (*CustomAudience, error)
	// CreateAudience creates an audience and gives its id. It is not idempotent; see Retrying.
	CreateAudience(ctx context.Context, account string, a NewAudience) (string, error)
	// SessionStatus reads what Meta has of an upload session; nil when it knows no such session.
	SessionStatus(ctx context.Context, audience string, session int64) (*SessionStatus, error)
}

// An Ack is Meta's answer to a batch that it took. It does not mean that anybody was matched.
type Ack struct {
	AudienceID string
	SessionID  int64
	Received   int64   // rows of the session so far, this batch included
	Invalid    int64   // of those, refused; Meta rounds it
	Samples    Samples // some of the refused rows: personal data
}

// An Account is an ad account.
type Account struct {
	ID          string // act_<digits>
	Name        string
	TOSAccepted map[string]int // accepted terms by name, such as custom_audience_tos; 1 means accepted
	Status      int            // 1: active; see AccountStatus
}

// TermsAccepted reports whether the terms of Custom Audiences were accepted for the account.
func (a Account) TermsAccepted() bool { return a.TOSAccepted["custom_audience_tos"] == 1 }

// ValueTermsAccepted reports whether the terms of value-based audiences were accepted for the account, which are others. Their
// name is the one that Meta's own pages ask for; it is not documented.
func (a Account) ValueTermsAccepted() bool {
	return a.TOSAccepted["value_based_custom_audience_tos"] == 1
}

// TokenInfo is what Meta knows of a token.
type TokenInfo struct {
	Valid      bool
	Type       string // USER, SYSTEM_USER, PAGE or APP
	AppID      string
	ExpiresAt  time.Time // zero: never
	DataAccess time.Time // when access to data ends; zero: never
	Scopes     []string  // such as ads_management
}

// A NewAudience is what an audience is created with.
type NewAudience struct {
	Name               string
	Description        string // in front of the mark; may be empty
	Mark               string // ownership mark, put into the description as its last word
	CustomerFileSource string // USER_PROVIDED_ONLY, PARTNER_PROVIDED_ONLY or BOTH_USER_AND_PARTNER_PROVIDED
	RetentionDays      int    // 1 to 180; 0 keeps people for ever
	ValueBased         bool   // everybody in it has a LOOKALIKE_VALUE; it cannot be changed later
}

// A CustomAudience is an audience as Meta shows it. Fields that Meta left out are zero.
type CustomAudience struct {
	ID              string
	AccountID       string // digits, without act_
	Name            string
	Subtype         string // CUSTOM for a customer file
	Description     string
	DataSource      string // sub type, such as MULTI_HASHES
	ValueBased      bool
	LowerBound      int64 // of the people in it; up to 1000 (and -1) it is a placeholder that protects their privacy
	UpperBound      int64
	DeliveryStatus  Status
	OperationStatus Status
	Updated         time.Time
	DeleteAt        time.Time // when Meta will delete it; zero: no date set
}

// An AudiencePage is a part of an account's audiences, with their id, name, subtype and description.
type AudiencePage struct {
	Audiences []CustomAudience
	After     string // where the next page begins; empty: this was the last
}

// SessionStatus is what Meta has of an upload session.
type SessionStatus struct {
	ID       int64
	Stage    string
	Progress int64 // percent
	Received int64
	Invalid  int64
	Matched  int64 // people whom Meta recognised: the true match rate
	Start    time.Time
	End      time.Time // zero while the session is open
}
