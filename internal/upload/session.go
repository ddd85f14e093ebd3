package upload

import (
	"crypto/sha256"
	"encoding/binary"
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

// sessionID is the id of a group's session: between 1 and 2^53, so that every JSON reader keeps it exact. It derives from
// what the session carries, so that a second task for the chunk continues the session of the first, and from where the
// matched file lies, which has the query's id in it, so that no two runs ever share a session.
func sessionID(r *audience.Receipt, group string, epoch int) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d %q %d", r.Run, r.Chunk, r.File, r.FirstRow, r.Rows, group, epoch))
	return max(1, int64(binary.BigEndian.Uint64(sum[:8])>>11)) // 53 bits are left
}
