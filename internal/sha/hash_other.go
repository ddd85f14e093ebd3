//go:build !amd64 || purego || plainsha

package sha

// hashBlocks hashes padded messages by the standard library, which uses the processor's instructions for SHA-256 on arm64. The
// benchmark is built with the tag plainsha too, to tell what ours are worth.
func hashBlocks(digests []Digest, blocks []block) { hashPlain(digests, blocks) }
