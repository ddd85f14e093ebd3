package audience

import "time"

// A Plan is plan.json: how the matched rows are uploaded. It names every matched file, so that it may be larger than the
// state machine can carry: that reads upload.json.
type Plan struct {
	Schema           int           `json:"schema"`
	Location         string        `json:"location"` // where the matched files are
	Files            []MatchedFile `json:"files"`
	Columns          []PlanColumn  `json:"columns"`
	Ignored          []string      `json:"ignored,omitempty"` // columns that are no key, or of no use here
	Rows             int64         `json:"rows"`
	Chunks           int           `json:"chunks"`
	Concurrency      int           `json:"concurrency"`
	ToleratedPercent float64       `json:"tolerated_failure_percentage"`
	Mode             string        `json:"mode"`              // what the upload does: the preflight's, or what a mirror falls back to
	Replace          *ReplacePlan  `json:"replace,omitempty"` // of an upload that replaces
	StartedAt        time.Time     `json:"started_at"`
	FinishedAt       time.Time     `json:"finished_at"`
	// Processing is the definition's. It is set exactly where Meta is told of each row whether limited data use applies.
	Processing *Processing `json:"data_processing_options,omitempty"`
}

// A ReplacePlan lays out the one upload session of a replace, which all chunks share. The numbers of its batches are dealt
// out beforehand: a chunk's are Chunk.FirstBatch and on, one for each 10,000 of its rows, and numbers may stay unused.
type ReplacePlan struct {
	Opener  string `json:"opener"`  // the chunk whose first batch is the session's first: it is sent before all others
	Batches int    `json:"batches"` // the highest number dealt out; the closing batch has the next one
	Rows    int64  `json:"rows"`    // that are expected to be sent in the session
	Later   int64  `json:"later"`   // all others: they are expected not to fit into 90 minutes, and are added afterwards
}

// An Upload is upload.json: what the state machine does next with a plan. Plan writes it first, and Advance again each time
// that the state machine comes back to it.
type Upload struct {
	Schema           int     `json:"schema"`
	Next             string  `json:"next"`
	List             string  `json:"list"`   // of the chunks that the next Map sends; ChunksFile, or an excerpt
	Chunks           int     `json:"chunks"` // on that list
	Concurrency      int     `json:"concurrency"`
	ToleratedPercent float64 `json:"tolerated_failure_percentage"`
	Wait             int     `json:"wait_seconds"` // before NextWait goes on to Advance; less than a lease lasts
	More             bool    `json:"more"`         // Advance decides again when the chunks on the list are sent
	// Passes are those that Advance has ordered since Plan. The state machine does not look at them.
	Passes []Pass `json:"passes,omitempty"`
}

// A Pass is a part of an upload that Advance has ordered: a list of chunks for the Map.
type Pass struct {
	Name     string    `json:"name"`
	Orders   int       `json:"orders"`   // how often it was ordered
	Attempts int       `json:"attempts"` // that there had been at all chunks before it was ordered the first time
	At       time.Time `json:"at"`       // when it was ordered last
}

// What the state machine does next.
const (
	NextUpload  = "upload"  // it sends the chunks on the list
	NextAdvance = "advance" // it runs Advance, which says what to do then
	NextWait    = "wait"    // it waits, then runs Advance
	NextReport  = "report"  // nothing is left to send
)

// Upload is where the state machine begins with a plan: at its chunks, or at Advance where an upload has several passes.
func (p *Plan) Upload(next string) Upload {
	return Upload{
		Schema: p.Schema, Next: next, List: ChunksFile, Chunks: p.Chunks, Concurrency: p.Concurrency, ToleratedPercent: p.ToleratedPercent,
	}
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
	// FirstBatch is the number of the chunk's first batch in the session of a replace; 0: the chunk is not sent in it.
	FirstBatch int `json:"first_batch,omitempty"`
	// Remove says that the rows are of people who leave a mirrored audience.
	Remove bool `json:"remove,omitempty"`
}

// A Replace is replace.json of a run: how far the replace of the audience has come. Advance writes it. As long as OpenedAt is
// zero, whichever chunk is uploaded begins the session, with the first of its batches that has somebody to send as number 1.
// One that has nobody leaves the session unopened: then another chunk may be tried, since nobody was removed.
type Replace struct {
	Schema   int       `json:"schema"`
	Session  int64     `json:"session"`
	Group    string    `json:"group"`               // the schema of the session: keys, joined by commas
	Of       string    `json:"of,omitempty"`        // the run whose session it is, when this one only ends it because it got stuck
	Closer   string    `json:"closer,omitempty"`    // the chunk of which a row ends the session: the one that began it, or, with Of, one of the same schema
	OpenedAt time.Time `json:"opened_at,omitzero"`  // when Meta took batch 1: 90 minutes are left from then
	ClosedAt time.Time `json:"closed_at,omitzero"`  // when the session ended: nothing more is sent in it
	TimedOut bool      `json:"timed_out,omitempty"` // it ended by Meta's clock, not by its last batch
	// Closing is the number of the closing batch; 0: the one behind ReplacePlan.Batches. It must be above all that were sent.
	Closing int `json:"closing,omitempty"`
	// Partial says that Meta took the replace in part only (Receipt.Partial, ClosedPartly): all that it carried is added again.
	Partial bool `json:"partial,omitempty"`
	// SettledAt is when the audience's status was 200 again: from then on the rest is added.
	SettledAt time.Time `json:"settled_at,omitzero"`
	Waits     int       `json:"waits,omitempty"` // how often Advance found the audience busy
}
