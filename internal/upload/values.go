package upload

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A column turns a matched column into what travels to Meta.
type column struct {
	key            audience.Key
	hashed         bool // the matched values are hashes already
	defaultCountry string

	out       table.Column // hash, or text of the keys that are not hashed; empty: nothing to send
	canonical table.Column // of COUNTRY only: what the other columns of the row are read by
}

// convert fills out from the matched values. countries has each row's canonical country, or is nil.
func (c *column) convert(in, countries *table.Column, seen *tally) {
	c.out.Reset()
	c.canonical.Reset()
	for i := range in.Len() {
		value := bytes.TrimSpace(in.Value(i))
		if len(value) > 0 && (string(value) == "n/a" || (c.key == audience.Email && !bytes.Contains(value, []byte("@")))) {
			seen.drop(string(c.key), "todo")
			value = nil
		}
		if c.key == audience.Country {
			c.canonical.Append(value)
		}
		if len(value) == 0 || !c.key.Hashed() {
			c.out.Append(value)
			continue
		}
		sum := sha256.Sum256(value)
		var text [2 * sha256.Size]byte
		hex.Encode(text[:], sum[:])
		c.out.Append(text[:])
	}
}
