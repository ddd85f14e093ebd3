package prepare

import (
	"bytes"

	"github.com/cespare/xxhash/v2"

	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

const (
	hashSlots  = 4096 // a power of two; a million distinct surnames share them, the twelve months keep theirs
	cachedText = 23   // bytes; few first names and cities are longer
)

// hashCache remembers the hashes of short values. Names, places and dates repeat from row to row, and copying a hash
// takes a tenth of the time that making it takes. It is not safe for concurrent use.
type hashCache struct {
	slots [hashSlots]struct {
		size byte
		text [cachedText]byte
		hash [64]byte
	}
}

// appendTo appends the hash of a canonical value to a column.
func (c *hashCache) appendTo(column *table.Column, canonical []byte) {
	if len(canonical) > cachedText {
		appendHash(column, canonical)
		return
	}
	slot := &c.slots[xxhash.Sum64(canonical)%hashSlots]
	if !bytes.Equal(slot.text[:slot.size], canonical) { // a canonical value is never empty
		slot.size = byte(copy(slot.text[:], canonical)) //nolint:gosec // a cachedText at most
		identity.AppendHash(slot.hash[:0], canonical)
	}
	column.Append(slot.hash[:])
}

// appendHash appends the hash of a canonical value to a column.
func appendHash(column *table.Column, canonical []byte) {
	column.Data = identity.AppendHash(column.Data, canonical)
	column.Append(nil) // ends the value
}
