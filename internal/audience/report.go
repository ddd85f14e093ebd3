package audience

import "time"

// The outcomes of a run that came as far as its report.
const (
	OutcomeSucceeded = "succeeded" // every row that could be sent was sent
	OutcomePartial   = "partial"   // some chunks failed, fewer than the definition tolerates, or Meta lacks rows that it had acknowledged
	OutcomeEmpty     = "empty"     // nobody matched, and so nothing was sent
	OutcomeFailed    = "failed"    // more chunks failed than the definition tolerates
)

// A Report is report.json.
type Report struct {
	Schema       int                `json:"schema"`
	Run          string             `json:"run"`
	Tenant       string             `json:"tenant"`
	Audience     string             `json:"audience"`
	Mode         string             `json:"mode"`                  // what the upload did
	AskedMode    string             `json:"asked_mode,omitempty"`  // of the definition, where the upload did something else
	ModeReason   string             `json:"mode_reason,omitempty"` // why it did
	AdAccount    string             `json:"ad_account"`
	AudienceID   string             `json:"audience_id"`
	AudienceName string             `json:"audience_name"`
	Outcome      string             `json:"outcome"`
	SourceKnown  bool               `json:"source_known"` // false: the user's own Glue job prepared, and source to prepared are 0
	Rows         Rows               `json:"rows"`
	Keys         map[Key]KeyQuality `json:"keys"`
	RowReasons   map[string]int64   `json:"row_reasons"`
	KeptReasons  map[string]int64   `json:"kept_reasons"`       // values of kept columns left out, by column:reason
	SendReasons  map[string]int64   `json:"send_reasons"`       // values dropped before sending, by KEY:reason
	Replaced     *Replaced          `json:"replaced,omitempty"` // of a replace
	People       *Movement          `json:"people,omitempty"`   // of a mirror
	Chunks       ChunkCounts        `json:"chunks"`
	Failed       []FailedChunk      `json:"failed_chunks,omitempty"` // the first 100
	Batches      int                `json:"batches"`
	RefusedRows  []RefusedRow       `json:"refused_rows,omitempty"` // the first 50 that the receipts name
	Verification *Verification      `json:"verification,omitempty"` // nothing when Meta told of no upload session
	MatchRate    *float64           `json:"match_rate"`             // people that Meta matched / rows it received; null when Meta does not say
	Times        []StageTime        `json:"times"`
	Throttled    float64            `json:"throttled_seconds"`
	Status       *AudienceStatus    `json:"audience_status,omitempty"` // what Meta says of the audience
	MetaProblem  string             `json:"meta_problem,omitempty"`    // class of the failure, when Meta did not answer all that the report asked
	Next         []string           `json:"next"`                      // what to do now, in sentences
	StartedAt    time.Time          `json:"started_at"`
	FinishedAt   time.Time          `json:"finished_at"`
}

// A Replaced tells how far a replace came.
type Replaced struct {
	Session   int64     `json:"session"`
	OpenedAt  time.Time `json:"opened_at,omitzero"`  // from then on whoever was in the audience before is out; zero: it is as it was
	ClosedAt  time.Time `json:"closed_at,omitzero"`  // zero: Meta ends the session 90 minutes after it was opened
	SettledAt time.Time `json:"settled_at,omitzero"` // when the audience's status was 200 again, where the run waited for it
	TimedOut  bool      `json:"timed_out,omitempty"` // the session ended by Meta's clock
	Partial   bool      `json:"partial,omitempty"`   // Meta took it in part only, so that all of it was to be added again
	Rows      int64     `json:"rows"`                // that Meta acknowledged in the session
	Added     int64     `json:"added"`               // that were added when the replace was over
	Left      int64     `json:"left"`                // that are still to be added
}

// A Verification compares what Meta says of the upload sessions after the upload with what the receipts say that it
// acknowledged. Sent + More = Received + Missing + Awaited.
type Verification struct {
	Sessions    int                 `json:"sessions"`              // that rows were sent in
	Told        int                 `json:"told"`                  // of them, those that Meta was asked about and answered; the rest is of these
	Unknown     int                 `json:"unknown"`               // of those, that Meta does not know
	Sent        int64               `json:"sent"`                  // rows, by the receipts
	Received    int64               `json:"received"`              // rows, by Meta, but for the one that a replace ends with
	Matched     int64               `json:"matched"`               // people whom Meta has recognised so far
	More        int64               `json:"more"`                  // rows that Meta has beyond the receipts
	Missing     int64               `json:"missing"`               // rows that Meta lacks in sessions that are over
	Awaited     int64               `json:"awaited"`               // rows that Meta lacks in sessions that are open or unknown to it
	Differences []SessionDifference `json:"differences,omitempty"` // the first 20
}

// A SessionDifference is an upload session of which Meta has another number of rows than it acknowledged.
type SessionDifference struct {
	Chunk    string `json:"chunk"`            // the first that sent in it
	Chunks   int    `json:"chunks,omitempty"` // that share it, when it is that of a replace
	Session  int64  `json:"session"`
	Sent     int64  `json:"sent"`
	Received int64  `json:"received"`
	Ended    bool   `json:"ended"` // Meta takes no more rows in it
}

// ChunkCounts counts the chunks of a run.
type ChunkCounts struct {
	Total  int `json:"total"`
	Done   int `json:"done"`
	Failed int `json:"failed"`
}

// A FailedChunk says why a chunk was not sent as a whole.
type FailedChunk struct {
	Chunk   string `json:"chunk"`
	Rows    int64  `json:"rows"` // not sent
	Class   string `json:"class"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"`
}

// A StageTime is how long a stage took, by the clocks of its own documents.
type StageTime struct {
	Stage   string  `json:"stage"`
	Seconds float64 `json:"seconds"`
}

// AudienceStatus is Meta's word on the audience after the upload.
type AudienceStatus struct {
	OperationCode int    `json:"operation_code"`
	Operation     string `json:"operation"` // in words
	DeliveryCode  int    `json:"delivery_code"`
	Delivery      string `json:"delivery"`
	LowerBound    int64  `json:"lower_bound"` // rounded by Meta; up to 1000 it is a privacy placeholder
	UpperBound    int64  `json:"upper_bound"`
}

// Outcome is outcome.json: the report in the size of an event.
type Outcome struct {
	Schema  int         `json:"schema"`
	Outcome string      `json:"outcome"`
	Rows    Rows        `json:"rows"`
	Chunks  ChunkCounts `json:"chunks"`
	Failure *Cause      `json:"failure,omitempty"` // why the outcome is failed
}

// A Cause is why chunks failed: of several causes, the one that waits longest for a person.
type Cause struct {
	Class    string `json:"class"`
	ExitCode int    `json:"exit_code"`
	Next     string `json:"next"`
}
