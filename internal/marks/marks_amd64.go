//go:build !purego

package marks

import "github.com/klauspost/cpuid/v2"

//go:generate sh -c "cd _asm && go run . -out ../marks_amd64.s -stubs ../stub_amd64.go -pkg marks"

// fast says that the processor has all instructions that markWords uses.
var fast = cpuid.CPU.Supports(cpuid.AVX2)

func mark(masks []uint64, text []byte, three [3]byte) (high uint64) {
	switch {
	case !fast:
		return markPlain(masks, text, three)
	case len(masks) == 0:
		return 0
	}
	_ = text[word*len(masks)-1] // what the assembly reads
	return uint64(markWords(&masks[0], &text[0], len(masks), &three))
}
