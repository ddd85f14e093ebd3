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
	// TokenExpiresAt is when Meta's token ends or loses its access to data, whichever is first; zero: Meta announces no end.
	TokenExpiresAt time.Time `json:"token_expires_at,omitzero"`
	Checks         []Check   `json:"checks"`
	Query          Query     `json:"query"`
	StartedAt      time.Time `json:"started_at"`
	FinishedAt     time.Time `json:"finished_at"`
}

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

// A Plan is plan.json: how the matched rows are uploaded. It names every matched file, so that it may be larger than the
// state machine can carry: that reads upload.json.
type Plan struct {
	Schema           int           `json:"schema"`
	Location         string        `json:"location"` // where the matched files are
	Files            []MatchedFile `json:"files"`
	Columns          []PlanColumn  `json:"columns"`
	Ignored          []string      `json:"ignored,omitempty"` // columns that are no key
	Rows             int64         `json:"rows"`
	Chunks           int           `json:"chunks"`
	Concurrency      int           `json:"concurrency"`
	ToleratedPercent float64       `json:"tolerated_failure_percentage"`
	StartedAt        time.Time     `json:"started_at"`
	FinishedAt       time.Time     `json:"finished_at"`
}

// An Upload is upload.json: what the state machine must know of a plan.
type Upload struct {
	Schema           int     `json:"schema"`
	Chunks           int     `json:"chunks"`
	Concurrency      int     `json:"concurrency"`
	ToleratedPercent float64 `json:"tolerated_failure_percentage"`
}

// Upload is the plan in the size that the state machine can carry.
func (p *Plan) Upload() Upload {
	return Upload{Schema: p.Schema, Chunks: p.Chunks, Concurrency: p.Concurrency, ToleratedPercent: p.ToleratedPercent}
}

// A MatchedFile is one Parquet file of the match.
type MatchedFile struct {
	Name      string `json:"name"` // relative to the plan's location
	Rows      int64  `json:"rows"`
	RowGroups int    `json:"row_groups"`
	Bytes     int64  `json:"bytes"`
}

// A PlanColumn says which column of the matched files holds which key.
type PlanColumn struct {
	Key    Key    `json:"key"`
	Column string `json:"column"`
	Hashed bool   `json:"hashed"` // the values are hashes already
}

// A Chunk is an item of chunks.json: the rows that one upload task sends. They are rows [FirstRow, FirstRow+Rows) of
// one file, counted over all of its row groups.
type Chunk struct {
	ID       string `json:"id"` // such as 00017
	File     string `json:"file"`
	FirstRow int64  `json:"first_row"`
	Rows     int64  `json:"rows"`
}

// A Receipt is receipts/<chunk>.json: what became of a chunk's rows. It is a checkpoint too: an upload that starts again
// skips the batches in it. Rows = Unusable + Withheld + Sent + Failed always: what is not acknowledged yet
// counts as failed, so that the account balances even after a task that was killed.
type Receipt struct {
	Schema     int              `json:"schema"`
	Run        string           `json:"run"`
	Chunk      string           `json:"chunk"`
	File       string           `json:"file"`      // URL of the matched file that the rows are in
	FirstRow   int64            `json:"first_row"` // as in Chunk; a receipt of other rows is no checkpoint
	Rows       int64            `json:"rows"`
	Unusable   int64            `json:"unusable"`          // rows with no key left to send
	Withheld   int64            `json:"withheld"`          // rows of people who opted out since the run was prepared
	Sent       int64            `json:"sent"`              // rows in batches that Meta acknowledged
	Failed     int64            `json:"failed"`            // rows that Meta did not acknowledge
	Received   int64            `json:"received"`          // of Sent, by Meta's own count
	Invalid    int64            `json:"invalid"`           // of Received, refused by Meta (Meta rounds it)
	Reasons    map[string]int64 `json:"reasons,omitempty"` // values dropped before sending, by KEY:reason
	Sessions   []Session        `json:"sessions,omitempty"`
	Batches    []Batch          `json:"batches,omitempty"`
	Refused    []RefusedRow     `json:"refused,omitempty"` // the first 20 of the rows that Meta showed as refused
	Done       bool             `json:"done"`
	Attempts   int              `json:"attempts"`
	Task       string           `json:"task"` // the task that it belongs to: the latest that opened it
	Failure    *FailureDoc      `json:"failure,omitempty"`
	Throttled  float64          `json:"throttled_seconds"`
	StartedAt  time.Time        `json:"started_at"`
	FinishedAt time.Time        `json:"finished_at"`
}

// A Session is an upload session with Meta. The schema of its first batch holds for all of it, so each schema group of a
// chunk has its own.
type Session struct {
	Group     string    `json:"group"` // the schema's keys, joined by commas
	ID        int64     `json:"id"`
	Epoch     int       `json:"epoch"` // raised when a session grew too old to continue
	FirstAt   time.Time `json:"first_at"`
	Estimated int64     `json:"estimated"` // rows announced
	Received  int64     `json:"received"`  // rows, by Meta's latest count over the session
	Invalid   int64     `json:"invalid"`   // of those, refused by Meta
}

// A Batch is one request that Meta acknowledged.
type Batch struct {
	Group    string    `json:"group"`
	Seq      int       `json:"seq"`     // of the group within this chunk, from 1; the same rows on every attempt
	Session  int64     `json:"session"` // that carried it
	FirstRow int64     `json:"first_row"`
	LastRow  int64     `json:"last_row"` // inclusive; the group's rows between the two
	Rows     int64     `json:"rows"`     // that were sent
	Withheld int64     `json:"withheld,omitempty"`
	Received int64     `json:"received"`
	Invalid  int64     `json:"invalid"`
	At       time.Time `json:"at"`
}

// A RefusedRow is a row that Meta showed as refused, by its place in the match: never by its values, nor by their hashes.
type RefusedRow struct {
	File     string `json:"file"`      // relative to the plan's location
	RowGroup int    `json:"row_group"` // of the file, from 1
	Row      int64  `json:"row"`       // of the file, from 1 over all of its row groups
	Keys     []Key  `json:"keys"`      // that Meta's reason names; where it names none, all that the row has
	Reason   string `json:"reason"`    // Meta's, where it holds nothing of the row
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
