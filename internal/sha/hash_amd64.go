//go:build !purego && !plainsha

package sha

import "crypto/sha256"

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
