package upload

import (
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// Meta closes a session 90 minutes after its first batch and discards what comes later.
const (
	sessionRenewal = 80 * time.Minute // no batch is sent to a session this old
	sessionTimeout = 88 * time.Minute // a batch that is still on its way then is given up and goes to a new session
	sessionLife    = 90 * time.Minute // what Meta answers then counts for nothing
)

// sessionID is the id of the session that begins with a batch. It derives from what the session carries, so that a second task for the chunk continues the session of the first, and from
// where the matched file lies, which has the query's id in it, so that no two runs ever share a session. Two tasks that are
// at the chunk at once share one only if it begins with the same batch: then a batch number means the same rows to both.
func sessionID(r *audience.Receipt, first *batch, epoch int) int64 {
	return audience.SessionID(fmt.Appendf(nil, "%q %q %q %d %d %q %d %d", r.Run, r.Chunk, r.File, r.FirstRow, r.Rows, first.group.name, first.seq, epoch))
}

// withheldSession is the id of the session that removes a batch's withheld rows again. Each attempt has its own.
func withheldSession(r *audience.Receipt, b *batch) int64 {
	return audience.SessionID(fmt.Appendf(nil, "%q %q %d withheld", r.Task, b.group.name, b.seq))
}
