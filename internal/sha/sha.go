// Package sha hashes many short messages with SHA-256, and writes their digests in hexadecimal. On processors with the
// instructions for it, two messages are hashed at a time, which takes a fifth of what crypto/sha256 takes for both.
package sha

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// HexLength is the length of a digest in hexadecimal.
const HexLength = 2 * sha256.Size

// LongestShort is the length up to which a message fits into one block of the algorithm.
const LongestShort = blockSize - 9

const blockSize = 64

// A Digest is what SHA-256 makes of a message.
type Digest [sha256.Size]byte

// A block is a message, padded as the algorithm wants it.
type block [blockSize]byte

// waitMost is how many messages wait to be hashed together: 4 KiB, which stay in the processor's cache.
const waitMost = 64

// A Batch hashes messages together and keeps their digests. Its memory is reused; it is not safe for concurrent use.
type Batch struct {
	digests []Digest // the last ones are of the messages that wait
	blocks  [waitMost]block
	waiting int
}

// Reset drops all messages and digests.
func (b *Batch) Reset() { b.digests, b.waiting = b.digests[:0], 0 }

// Grow makes room for so many more messages. Unlike slices.Grow it touches no memory before there is something to write.
func (b *Batch) Grow(messages int) {
	if n := len(b.digests) + messages; n > cap(b.digests) {
		b.digests = append(make([]Digest, 0, n), b.digests...)
	}
}

// Len counts the messages since Reset. The next one added has this number.
func (b *Batch) Len() int { return len(b.digests) }

// Add takes a message.
func (b *Batch) Add(message []byte) {
	if len(message) > LongestShort {
		b.AddDigest(sha256.Sum256(message))
		return
	}
	if b.waiting == waitMost {
		b.Hash()
	}
	pad(&b.blocks[b.waiting], message)
	b.waiting++
	b.next()
}

// AddDigest takes the digest of a message instead of the message.
func (b *Batch) AddDigest(digest Digest) {
	b.Hash()
	*b.next() = digest
}

func (b *Batch) next() *Digest {
	n := len(b.digests)
	b.digests = slices.Grow(b.digests, 1)[:n+1]
	return &b.digests[n]
}

// pad writes a message as the one block that is hashed of it: behind it a bit that is set, and at the end its length in bits.
func pad(to *block, message []byte) {
	*to = block{}
	n := copy(to[:LongestShort], message)
	to[n] = 0x80
	binary.BigEndian.PutUint16(to[blockSize-2:], uint16(8*n)) //nolint:gosec // at most 440
}

// Hash hashes the messages that wait.
func (b *Batch) Hash() {
	if b.waiting > 0 {
		hashBlocks(b.digests[len(b.digests)-b.waiting:], b.blocks[:b.waiting])
		b.waiting = 0
	}
}

// Digests are those of all messages, in the order in which they were added, once they are hashed. They hold until the next is
// added.
func (b *Batch) Digests() []Digest { return b.digests }

// AppendHex appends a digest as 64 lower-case digits.
func (d *Digest) AppendHex(dst []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, HexLength)[:n+HexLength]
	d.put((*[HexLength]byte)(dst[n:]))
	return dst
}

func (d *Digest) put(to *[HexLength]byte) {
	for i := 0; i < len(d); i += 4 {
		binary.LittleEndian.PutUint64(to[2*i:], hexOf(binary.LittleEndian.Uint32(d[i:])))
	}
}

// hexOf gives the eight digits of four bytes, all at once: a byte becomes two that are below 16, and those above 9 are letters.
func hexOf(four uint32) uint64 {
	x := uint64(four)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = x>>4&0x000f000f000f000f | x<<8&0x0f000f000f000f00
	const each = 0x0101010101010101
	letters := (x + 6*each) >> 4 & each
	return x + '0'*each + letters*('a'-'0'-10)
}

// FromHex reads 64 digits, of either case.
func FromHex(digits []byte) (d Digest, ok bool) {
	if len(digits) != HexLength {
		return d, false
	}
	_, err := hex.Decode(d[:], digits)
	return d, err == nil
}

const (
	// BlankSize is the length of an empty JSON string with what is before it: a bracket or a comma.
	BlankSize = len(`,""`)
	// QuotedSize is that of a digest likewise.
	QuotedSize = BlankSize + HexLength
)

// Rows are the digests of a column of rows: for each row the place of its digest, or a negative one for none.
type Rows struct {
	Places  []int32
	Digests []Digest
}

// PutQuoted writes for each of some rows its digest, as a JSON string in hexadecimal with a byte before it, to dst[at[i]:], and
// moves at[i] behind it; rows without a digest get an empty string. Places that are outside of what they point into panic.
func (r *Rows) PutQuoted(dst []byte, at []int, rows []int32, before byte) {
	r.put(dst, at, rows, before)
}

// hashPlain does what hashBlocks does, with the standard library.
func hashPlain(digests []Digest, blocks []block) {
	for i := range blocks {
		size := int(binary.BigEndian.Uint16(blocks[i][blockSize-2:]) / 8)
		digests[i] = sha256.Sum256(blocks[i][:size])
	}
}

// putPlain does what PutQuoted does, byte by byte.
func (r *Rows) putPlain(dst []byte, at []int, rows []int32, before byte) {
	for i, row := range rows {
		size, place := BlankSize, r.Places[row]
		if place >= 0 {
			size = QuotedSize
		}
		to := dst[at[i] : at[i]+size]
		to[0], to[1], to[size-1] = before, '"', '"'
		if place >= 0 {
			r.Digests[place].put((*[HexLength]byte)(to[2:]))
		}
		at[i] += size
	}
}
