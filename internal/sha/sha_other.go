//go:build !amd64 || purego

package sha

func (r *Rows) put(dst []byte, at []int, rows []int32, before byte) {
	r.putPlain(dst, at, rows, before)
}
