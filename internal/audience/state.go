package audience

import "time"

// Documents in StateDir, which outlive the runs of an audience.
const (
	OpenReplaceFile = "replace.json"  // of a replace that is in progress
	LastReplaceFile = "replaced.json" // of the latest that was sent as a whole
)

// An OpenReplace is StateDir's replace.json: the replace that a run has begun, or was about to begin, and that Meta was not
// seen to be done with. By it a later run tells a replace of ours that got stuck from one of somebody else's.
type OpenReplace struct {
	Schema     int       `json:"schema"`
	Run        string    `json:"run"`
	AudienceID string    `json:"audience_id"`
	Session    int64     `json:"session"`
	Group      string    `json:"group"`     // as in Replace
	Closing    int       `json:"closing"`   // as in Replace
	OpenedAt   time.Time `json:"opened_at"` // when the run was about to send the session's first batch
}

// Is reports whether it is the session of a run. Nothing is none.
func (o *OpenReplace) Is(run string, session int64) bool {
	return o != nil && o.Run == run && o.Session == session
}

// A LastReplace is StateDir's replaced.json: what the latest replace that was sent as a whole left in the audience.
type LastReplace struct {
	Schema       int       `json:"schema"`
	Run          string    `json:"run"`
	AudienceID   string    `json:"audience_id"`
	Rows         int64     `json:"rows"`                    // that Meta acknowledged
	BatchSeconds float64   `json:"batch_seconds,omitempty"` // from a batch to the next of the chunk that was sent alone, as a rule; 0: nobody knows
	At           time.Time `json:"at"`
}
