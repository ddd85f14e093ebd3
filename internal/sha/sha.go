// Package sha hashes many short messages with SHA-256, each into 64 hexadecimal digits. On processors with the instructions
// for it, two messages are hashed at a time, which takes a fifth of what crypto/sha256 takes for both.
package sha

import (
	"crypto/sha256"
	"encoding/binary"
)

// HexLength is the length of a hash in hexadecimal.
const HexLength = 2 * sha256.Size

// LongestShort is the length up to which a message fits into one block of the algorithm.
const LongestShort = blockSize - 9

const blockSize = 64

// A Hex is a hash in lower-case hexadecimal. It happens to be as long as a block of the algorithm, so that a message, padded to
// a block, is replaced by its hash.
type Hex [HexLength]byte

// A Batch hashes messages together and keeps their hashes. Its memory is reused; it is not safe for concurrent use.
type Batch struct {
	cells []Hex // hashes, and behind them padded messages, each of which its hash will replace
	done  int   // the first message
	ready []readyHash
}

// A readyHash is one that was there before its turn: the hash waits here while the messages around it are hashed.
type readyHash struct {
	cell int
	hex  Hex
}

// Reset drops all messages and hashes.
func (b *Batch) Reset() { b.Truncate(0) }

// Truncate drops all but the first n hashes, which must be hashed.
func (b *Batch) Truncate(n int) {
	b.cells, b.done, b.ready = b.cells[:n], n, b.ready[:0]
}

// Len counts the messages since Reset. The next one added has this number.
func (b *Batch) Len() int { return len(b.cells) }

// Add takes a message.
func (b *Batch) Add(message []byte) {
	if len(message) > LongestShort {
		b.AddHex(Sum(message))
		return
	}
	pad(b.next(), message)
}

// AddHex takes the hash of a message instead of the message.
func (b *Batch) AddHex(hex Hex) {
	n := len(b.cells)
	*b.next() = hex
	if b.done == n { // nothing waits to be hashed
		b.done++
		return
	}
	b.ready = append(b.ready, readyHash{n, hex})
}

func (b *Batch) next() *Hex {
	n := len(b.cells)
	if n == cap(b.cells) {
		b.grow()
	}
	b.cells = b.cells[:n+1]
	return &b.cells[n]
}

// grow makes room for more cells.
func (b *Batch) grow() {
	more := make([]Hex, len(b.cells), max(64, 2*cap(b.cells)))
	copy(more, b.cells)
	b.cells = more
}

// pad writes a message as the one block that is hashed of it: behind it a bit that is set, and at the end its length in bits.
func pad(cell *Hex, message []byte) {
	*cell = Hex{}
	n := copy(cell[:LongestShort], message)
	cell[n] = 0x80
	binary.BigEndian.PutUint16(cell[blockSize-2:], uint16(8*n)) //nolint:gosec // at most 440
}

// Hash hashes the messages that were added since it was last called.
func (b *Batch) Hash() {
	hashCells(b.cells[b.done:])
	b.done = len(b.cells)
	for i := range b.ready {
		b.cells[b.ready[i].cell] = b.ready[i].hex
	}
	b.ready = b.ready[:0]
}

// Hex is the hash of the i-th message, once it is hashed. It holds until a message is added.
func (b *Batch) Hex(i int) *Hex { return &b.cells[i] }

// All has the hashes of all messages, in the order in which they were added. It holds as Hex does.
func (b *Batch) All() []Hex { return b.cells }

// Sum is the hash of one message.
func Sum(message []byte) (hex Hex) {
	sum := sha256.Sum256(message)
	for i, c := range sum {
		binary.LittleEndian.PutUint16(hex[2*i:], digits[c])
	}
	return hex
}

// digits has the two digits of each byte.
var digits = func() (all [256]uint16) {
	const of = "0123456789abcdef"
	for i := range all {
		all[i] = uint16(of[i>>4]) | uint16(of[i&15])<<8
	}
	return all
}()

// hashPlain does what hashCells does, with the standard library.
func hashPlain(cells []Hex) {
	for i := range cells {
		cell := &cells[i]
		size := int(binary.BigEndian.Uint16(cell[blockSize-2:]) / 8)
		cells[i] = Sum(cell[:min(size, LongestShort)]) // what lies in the cell of a hash is passed over, and replaced by it
	}
}
