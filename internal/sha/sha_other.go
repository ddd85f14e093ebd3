//go:build !amd64 || purego || plainsha

package sha

// hashCells hashes by the standard library, which uses the processor's instructions for SHA-256 on arm64.
func hashCells(cells []Hex) { hashPlain(cells) }
