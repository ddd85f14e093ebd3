//go:build !amd64 || purego || plainsha

package sha

// hashBlocks hashes padded messages by the standard library, which uses the processor's instructions for SHA-256 on arm64.
func hashBlocks(digests []Digest, blocks []block) { hashPlain(digests, blocks) }

func (r *Rows) put(dst []byte, at []int, rows []int32, before byte) {
	r.putPlain(dst, at, rows, before)
}
