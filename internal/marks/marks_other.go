//go:build !amd64 || purego

package marks

func mark(masks []uint64, text []byte, three [3]byte) (high uint64) {
	return markPlain(masks, text, three)
}
