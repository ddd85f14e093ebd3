//go:build !purego && !plainsha

package sha

import "github.com/klauspost/cpuid/v2"

//go:generate sh -c "cd _asm && go run . -out ../sha_amd64.s -stubs ../stub_amd64.go -pkg sha"

// fast says that the processor has all instructions that hexPairs uses.
var fast = cpuid.CPU.Supports(cpuid.SHA, cpuid.AVX)

func hashCells(cells []Hex) {
	if !fast {
		hashPlain(cells)
		return
	}
	pairs := len(cells) / 2
	if pairs > 0 {
		hexPairs((*[blockSize]byte)(&cells[0]), pairs)
	}
	if 2*pairs < len(cells) {
		hashLast(&cells[len(cells)-1])
	}
}

// hashLast hashes the one that has no partner.
func hashLast(cell *Hex) {
	two := [2]Hex{*cell}
	hexPairs((*[blockSize]byte)(&two[0]), 1)
	*cell = two[0]
}
