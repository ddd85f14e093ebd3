//go:build !purego

package sha

import (
	"crypto/sha256"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

//go:generate sh -c "cd _asm && go run . -out ../sha_amd64.s -stubs ../stub_amd64.go -pkg sha"

// fast says that the processor has all instructions that the assembly uses.
var fast = cpuid.CPU.Supports(cpuid.SHA, cpuid.AVX2)

func (r *Rows) put(dst []byte, at []int, rows []int32, before byte) {
	if !fast {
		r.putPlain(dst, at, rows, before)
		return
	}
	digests := (*[sha256.Size]byte)(unsafe.SliceData(r.Digests)) //nolint:gosec // there may be none, whose first has no address otherwise
	if putQuoted(dst, at[:len(rows):len(at)], rows, r.Places, digests, len(r.Digests), before) < len(rows) {
		panic("sha: a row, a digest or the room for it is out of bounds")
	}
}
