package audience

import "time"

// A Closing is closing.json: how the task "close" ended the session of a replace. It is no receipt, for its row is one of
// the opener's that was sent before, and counts there.
type Closing struct {
	Schema   int       `json:"schema"`
	Session  int64     `json:"session"`
	How      string    `json:"how"`
	Chunk    string    `json:"chunk,omitempty"`  // whose row the closing batch had
	Number   int       `json:"number,omitempty"` // of the closing batch
	Received int64     `json:"received"`         // rows in the session, by Meta's count; 0: it did not say
	At       time.Time `json:"at"`
}

// How the session of a replace ended.
const (
	ClosedByBatch  = "closed"    // Meta took the closing batch, now or before
	ClosedByTime   = "timed_out" // its 90 minutes were over
	ClosedPartly   = "partial"   // Meta said (1870148) that it took the replace in part only
	ClosedUnknown  = "unknown"   // Meta knows no such session
	ClosedByNobody = "left"      // there is nobody who may be sent: Meta ends it by its clock
)
