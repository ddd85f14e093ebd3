package audience

import (
	"crypto/sha256"
	"encoding/binary"
)

// SessionID makes the id of an upload session from what it carries: between 1 and 2^53, so that every JSON reader keeps it
// exact.
func SessionID(text []byte) int64 {
	sum := sha256.Sum256(text)
	return max(1, int64(binary.BigEndian.Uint64(sum[:8])>>11)) // 53 bits are left
}
