//go:build !purego && !plainsha

package sha

import (
	"crypto/sha256"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

//go:generate sh -c "cd _asm && go run . -out ../sha_amd64.s -stubs ../stub_amd64.go -pkg sha"

// fast says that the processor has all instructions that the assembly uses.
var fast = cpuid.CPU.Supports(cpuid.SHA, cpuid.AVX2)

// hashBlocks hashes padded messages. There are as many digests as blocks, one at least.
func hashBlocks(digests []Digest, blocks []block) {
	if !fast {
		hashPlain(digests, blocks)
		return
	}
	last := len(blocks) - 1
	if len(blocks) > 1 {
		hashPairs((*[sha256.Size]byte)(&digests[0]), (*[blockSize]byte)(&blocks[0]), len(blocks)/2)
	}
	if last%2 == 0 { // it has no partner
		two, both := [2][blockSize]byte{blocks[last]}, [2][sha256.Size]byte{}
		hashPairs(&both[0], &two[0], 1)
		digests[last] = both[0]
	}
}

func (r *Rows) put(dst []byte, at []int, rows []int32, before byte) {
	if !fast {
		r.putPlain(dst, at, rows, before)
		return
	}
	digests := (*[sha256.Size]byte)(unsafe.SliceData(r.Digests)) //nolint:gosec // there may be none, whose first has no address otherwise
	if putQuoted(dst, at[:len(rows)], rows, r.Places, digests, len(r.Digests), before) < len(rows) {
		panic("sha: a row, a digest or the room for it is out of bounds")
	}
}
