package audience

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A Run is run.json: what this run will do. The state machine freezes it before anything else happens, and the tasks
// read nothing but it, so that a definition edited in mid-run changes nothing.
type Run struct {
	Schema     int             `json:"schema"`
	ID         string          `json:"run"`
	Tenant     string          `json:"tenant"`
	Audience   string          `json:"audience"`
	Execution  string          `json:"execution"`  // ARN of the execution that froze it
	StartedAt  time.Time       `json:"started_at"` // start of that execution
	LeaseURL   string          `json:"lease_url"`  // folder of the audience's lease objects
	ResultsURL string          `json:"results_url"`
	Definition json.RawMessage `json:"definition"` // as the user wrote it

	def Definition
}

// runID is what may be a part of every key and path: Clean Rooms takes little more in a result's prefix.
var runID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

// ValidRunID reports whether a run may be called that: 1 to 80 letters, digits, dots, dashes and underscores.
func ValidRunID(id string) bool { return runID.MatchString(id) }

// ParseRun reads run.json and checks the id and the definition in it. Its error is of class Invalid.
func ParseRun(data []byte) (*Run, error) {
	var r Run
	if err := decodeDocument(RunFile, data, &r, func() int { return r.Schema }); err != nil {
		return nil, err
	}
	def, err := ParseDefinition(r.Definition)
	if err != nil {
		return nil, err
	}
	if def.Tenant != r.Tenant || def.Name != r.Audience {
		return nil, Failf(Invalid, "the run was started for %s/%s but the definition found there is of %s/%s: put it at audiences/%s/%s.json",
			r.Tenant, r.Audience, def.Tenant, def.Name, def.Tenant, def.Name)
	}
	if !ValidRunID(r.ID) {
		return nil, Failf(Invalid, "the run's id %q cannot be a part of a result's prefix: name the execution with letters, digits, dots, dashes and underscores", r.ID)
	}
	r.def = def
	return &r, nil
}

// Def is the run's definition with its defaults.
func (r *Run) Def() *Definition { return &r.def }

// decodeDocument decodes one of our own documents and refuses versions that this binary does not know.
func decodeDocument(name string, data []byte, into any, version func() int) error {
	if err := json.Unmarshal(data, into); err != nil {
		return Fail(Invalid, "", fmt.Errorf("read %s: %w", name, err))
	}
	return CheckVersion(name, version())
}

// CheckVersion refuses a document of a schema version that this binary does not know. Its error is of class Invalid.
func CheckVersion(document string, version int) error {
	if version == DocumentVersion {
		return nil
	}
	return Failf(Invalid, "read %s: its schema version is %d and this binary knows only %d: use the version that wrote it", document, version, DocumentVersion)
}

// Preflight is preflight.json: what Meta said before anything was spent, and the settings that the state machine
// cannot work out by itself.
type Preflight struct {
	Schema     int    `json:"schema"`
	AudienceID string `json:"audience_id"`
	Created    bool   `json:"created"` // this run created the audience
	// Mode is what the run does: the definition's, but a replace of an audience that nobody was ever sent to adds.
	Mode string `json:"mode"`
	// Status is the audience's operation status; 0 when Meta gave none.
	Status int `json:"status"`
	// Tier is the ad account's tier of rate limits as far as Meta told: limited, full, or nothing.
	Tier string `json:"tier,omitempty"`
	// LowerBound is how many people are in the audience at least, as Meta tells it: up to 1000 a placeholder for their privacy.
	LowerBound int64 `json:"lower_bound,omitempty"`
	// TokenExpiresAt is when Meta's token ends or loses its access to data, whichever is first; zero: Meta announces no end.
	TokenExpiresAt time.Time `json:"token_expires_at,omitzero"`
	Checks         []Check   `json:"checks"`
	Query          Query     `json:"query"`
	StartedAt      time.Time `json:"started_at"`
	FinishedAt     time.Time `json:"finished_at"`
}

// The tiers of an ad account's rate limits.
const (
	TierLimited = "limited"
	TierFull    = "full"
)

// A Check is one line of preflight and of `cleanreach doctor`.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // ok, warn or fail
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
	Link   string `json:"link,omitempty"` // where the fix is made, or documented
}

// The states of a check.
const (
	CheckOK   = "ok"
	CheckWarn = "warn"
	CheckFail = "fail"
)

// Query is the part of cleanrooms:StartProtectedQuery that the definition decides, in the spelling of Step Functions'
// SDK integration. ComputeConfiguration is always there, because a JSONPath that finds nothing ends the execution.
type Query struct {
	MembershipIdentifier string
	SQLParameters        map[string]any `json:"SqlParameters"`
	ComputeConfiguration map[string]any
}

// QueryOf makes the query of a definition.
func QueryOf(def *Definition) Query {
	q := Query{MembershipIdentifier: def.Match.MembershipID}
	if def.Match.SQL != "" {
		q.SQLParameters = map[string]any{"QueryString": def.Match.SQL}
	} else {
		q.SQLParameters = map[string]any{"AnalysisTemplateArn": def.Match.TemplateARN}
		if len(def.Match.Parameters) > 0 {
			q.SQLParameters["Parameters"] = def.Match.Parameters
		}
	}
	worker := Worker{Type: "CR.1X", Number: 16} // 32 CRPU, what Clean Rooms takes when it is not told
	if def.Match.Worker != nil {
		worker = *def.Match.Worker
	}
	q.ComputeConfiguration = map[string]any{"Worker": map[string]any{"Type": worker.Type, "Number": worker.Number}}
	return q
}

// Prepared is prepared.json: the account of the source's rows, and the quality of each key.
type Prepared struct {
	Schema      int                `json:"schema"`
	Source      int64              `json:"source"` // = NoConsent + Suppressed + Quarantined + Prepared
	NoConsent   int64              `json:"no_consent"`
	Suppressed  int64              `json:"suppressed"` // rows of people who opted out
	Quarantined int64              `json:"quarantined"`
	Prepared    int64              `json:"prepared"`
	Files       []SourceFile       `json:"files"`
	Keys        map[Key]KeyQuality `json:"keys"`
	RowReasons  map[string]int64   `json:"row_reasons"`  // why rows were quarantined
	KeptReasons map[string]int64   `json:"kept_reasons"` // values of kept columns that are not of their type, by column:reason
	Columns     []string           `json:"columns"`      // of the prepared table, in order
	// SuppressionList is the number of the latest file of the tenant's suppression list that was applied; 0: there was none.
	SuppressionList int       `json:"suppression_list"`
	StartedAt       time.Time `json:"started_at"`
	FinishedAt      time.Time `json:"finished_at"`
}

// InvalidRatio is the share of quarantined rows in those that may be used, which limits.max_invalid_ratio bounds.
func (p *Prepared) InvalidRatio() float64 {
	return float64(p.Quarantined) / float64(max(p.Source-p.NoConsent-p.Suppressed, 1))
}

// A SourceFile is one raw file, as it was when it was read.
type SourceFile struct {
	Name  string `json:"name"` // relative to source.path
	Bytes int64  `json:"bytes"`
	Rows  int64  `json:"rows"`
}

// KeyQuality is what a key's column was worth, over the rows that were prepared.
type KeyQuality struct {
	Filled     int64            `json:"filled"` // rows with something in the source's column
	Valid      int64            `json:"valid"`
	Invalid    map[string]int64 `json:"invalid,omitempty"` // by reason
	Duplicates int64            `json:"duplicates"`        // valid values that occur in an earlier row too
	Estimated  bool             `json:"estimated"`         // duplicates is an estimate (many distinct values)
}

// QueryResult is query.json: the protected query of this run.
type QueryResult struct {
	Schema     int        `json:"schema"`
	ID         string     `json:"id"`
	Location   string     `json:"location"`   // URL of the folder with the matched Parquet files; empty while the query runs
	StartedAt  time.Time  `json:"started_at"` // by the state machine's clock
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// FailureDoc is failures/<stage>.json and a part of receipts: a failure in words that hold no personal data.
type FailureDoc struct {
	Schema   int       `json:"schema"`
	Stage    string    `json:"stage"`
	Class    string    `json:"class"`
	ExitCode int       `json:"exit_code"`
	Message  string    `json:"message"`
	Next     string    `json:"next"`              // empty when the message says it all; the state machine reads it
	Runbook  string    `json:"runbook,omitempty"` // section of docs/runbook.md
	At       time.Time `json:"at"`
}

// NewFailureDoc describes err as a document.
func NewFailureDoc(stage string, err error, at time.Time) *FailureDoc {
	next := NextOf(err)
	class := ClassOf(err)
	return &FailureDoc{
		Schema: DocumentVersion, Stage: stage, Class: class.String(), ExitCode: int(class),
		Message: err.Error(), Next: strings.TrimSpace(next), Runbook: RunbookOf(err), At: at,
	}
}

// A CatalogTable says where a prepared table lies now: what Glue's catalog holds on AWS, as a document where there is no
// Glue. Preparing switches it; the clean room reads it.
type CatalogTable struct {
	Schema   int             `json:"schema"`
	Name     string          `json:"name"`     // TableName
	Location string          `json:"location"` // URL of the folder with the Parquet files
	Columns  []CatalogColumn `json:"columns"`
	Run      string          `json:"run"` // that switched it
}

// A CatalogColumn is a column of a table, with its type as Glue names it.
type CatalogColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// A HeldLease is lease.json: where the lease lies that this run holds. The state machine renews it while it waits for
// the query, and gives it back at every end.
type HeldLease struct {
	Schema int    `json:"schema"`
	Key    string `json:"key"` // in the work bucket
}
