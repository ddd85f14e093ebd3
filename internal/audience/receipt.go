package audience

import "time"

// A Receipt is receipts/<chunk>.json: what became of a chunk's rows. It is a checkpoint too: an upload that starts again
// skips the batches in it. Rows = Unusable + Withheld + Sent + Failed always: what is not acknowledged yet
// counts as failed, so that the account balances even after a task that was killed.
//
// In the session of a replace a task leaves rows for later that cannot be sent there: those of other schema groups, those
// for which the session is too old, batches whose fate is unknown. They count as failed too, but such a receipt has no
// Failure: it is neither done nor failed, and when the replace has settled another task adds what it lacks.
type Receipt struct {
	Schema     int              `json:"schema"`
	Run        string           `json:"run"`
	Chunk      string           `json:"chunk"`
	File       string           `json:"file"`      // URL of the matched file that the rows are in
	FirstRow   int64            `json:"first_row"` // as in Chunk; a receipt of other rows is no checkpoint
	Rows       int64            `json:"rows"`
	Unusable   int64            `json:"unusable"`          // rows with no key left to send, or without the value that an audience demands
	Withheld   int64            `json:"withheld"`          // rows of people who opted out since the run was prepared
	Sent       int64            `json:"sent"`              // rows in batches that Meta acknowledged
	Failed     int64            `json:"failed"`            // rows that Meta did not acknowledge
	Received   int64            `json:"received"`          // of Sent, by Meta's own count
	Invalid    int64            `json:"invalid"`           // of Received, refused by Meta (Meta rounds it)
	Reasons    map[string]int64 `json:"reasons,omitempty"` // values dropped before sending, by KEY:reason
	Sessions   []Session        `json:"sessions,omitempty"`
	Batches    []Batch          `json:"batches,omitempty"`
	Pending    []Pending        `json:"pending,omitempty"` // batches of a replace that were sent and are not acknowledged
	Partial    bool             `json:"partial,omitempty"` // Meta said (1870148) that it took the replace in part only
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
// chunk has its own. Only the session of a replace is shared: it has the same id in the receipts of all chunks, Meta's counts
// of it are over all of them, and so is what is to be compared with them, the sum of the batches that it carried.
type Session struct {
	Group     string    `json:"group"` // the schema's keys, joined by commas
	ID        int64     `json:"id"`
	Mode      string    `json:"mode,omitempty"` // what its batches do: add, remove or replace
	Epoch     int       `json:"epoch"`          // raised when a session grew too old to continue
	FirstAt   time.Time `json:"first_at"`       // not later than when Meta began it
	Estimated int64     `json:"estimated"`      // rows announced
	Received  int64     `json:"received"`       // rows, by Meta's latest count over the session
	Invalid   int64     `json:"invalid"`        // of those, refused by Meta
}

// A Batch is one request that Meta acknowledged.
type Batch struct {
	Group    string `json:"group"`
	Seq      int    `json:"seq"`              // of the group within this chunk, from 1; the same rows on every attempt
	Session  int64  `json:"session"`          // that carried it; 0: all of it is withheld
	Number   int    `json:"number,omitempty"` // in the session of a replace, whose numbers are dealt out over all chunks
	FirstRow int64  `json:"first_row"`
	LastRow  int64  `json:"last_row"` // inclusive; the group's rows between the two
	Rows     int64  `json:"rows"`     // that were sent
	Withheld int64  `json:"withheld,omitempty"`
	Received int64  `json:"received"`
	Invalid  int64  `json:"invalid"` // in a replace those that Meta showed, as its number is of all chunks together
	// Owed says that people of the batch who opted out while it was sent are still to be taken out of the audience: Meta
	// takes no removal during a replace.
	Owed bool      `json:"owed,omitempty"`
	At   time.Time `json:"at"`
}

// A Pending is a batch that was on its way in the session of a replace when its task ended, or that is: it was noted before
// it was sent. Meta may have it, so it is not sent again in that session, but added when the replace has settled.
type Pending struct {
	Group   string    `json:"group"`
	Seq     int       `json:"seq"`
	Session int64     `json:"session"`
	Number  int       `json:"number"`
	At      time.Time `json:"at"`
}

// A RefusedRow is a row that Meta showed as refused, by its place in the match: never by its values, nor by their hashes.
type RefusedRow struct {
	File     string `json:"file"`      // relative to the plan's location
	RowGroup int    `json:"row_group"` // of the file, from 1
	Row      int64  `json:"row"`       // of the file, from 1 over all of its row groups
	Keys     []Key  `json:"keys"`      // that Meta's reason names; where it names none, all that the row has
	Reason   string `json:"reason"`    // Meta's, where it holds nothing of the row
}
