package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"sync"

	"github.com/cleanreach/cleanreach/internal/sha"
)

// hashLength is that of a SHA-256 in hexadecimal.
const hashLength = 2 * sha256.Size

// AppendHash appends the SHA-256 of a canonical value as 64 lower-case hex digits. A canonical value is never empty.
func AppendHash(dst, canonical []byte) []byte {
	digest := sha.Digest(sha256.Sum256(canonical))
	return digest.AppendHex(dst)
}

// alreadyHashed tells values that somebody has hashed before. Only SHA-256 in hexadecimal is of use to Meta; a reason
// comes with all other hashes, and with those that were cut off.
func alreadyHashed(v []byte) (is bool, reason Reason) {
	switch {
	case len(v) == hashLength && allHex(v):
		return true, worthlessHash(v)
	case len(v) >= shortestHash && allHex(v):
		return false, NotSHA256
	case len(v) == base64Length:
		var sum [sha256.Size + 1]byte
		if n, err := base64.StdEncoding.Decode(sum[:], v); err == nil && n == sha256.Size {
			return false, NotSHA256
		}
	}
	return false, ""
}

// shortestHash is the length of an MD5 in hexadecimal; no name is as long that has only the letters a to f.
const shortestHash = 32

// base64Length is that of a SHA-256 in base64.
const base64Length = 44

func allHex(v []byte) bool {
	for _, c := range v {
		if !isHex(c) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// worthlessHash finds the hashes of nothing: Meta would take them for a person.
func worthlessHash(v []byte) Reason {
	var sum [sha256.Size]byte
	if _, err := hex.Decode(sum[:], v); err != nil {
		return NotSHA256
	}
	return worthless()[sum]
}

var worthless = sync.OnceValue(func() map[[sha256.Size]byte]Reason {
	m := map[[sha256.Size]byte]Reason{sha256.Sum256(nil): EmptyHash, {}: Placeholder}
	for word := range blankWords {
		m[sha256.Sum256([]byte(word))] = Placeholder
	}
	for _, value := range []string{"test@test.com", "1234567890", "0000000000", "0"} {
		m[sha256.Sum256([]byte(value))] = Placeholder
	}
	return m
})

// mayBeWorthless has, by beginning, the hashes of nothing and few others.
var mayBeWorthless = sync.OnceValue(func() *[1 << 16]bool {
	var may [1 << 16]bool
	for sum := range worthless() {
		may[beginning(hex.AppendEncode(nil, sum[:2]))] = true
	}
	return &may
})

// beginning spreads the first four digits of a hash over 16 bits.
func beginning(digits []byte) uint16 {
	return uint16(binary.LittleEndian.Uint32(digits) * 0x9e3779b1 >> 16)
}
