// Gen writes the assembly of the package above: go generate ./internal/marks.
package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	. "github.com/mmcloughlin/avo/reg"     //nolint:revive,staticcheck // likewise
)

func main() {
	ConstraintExpr("!purego")
	TEXT("markWords", NOSPLIT, "func(masks *uint64, text *byte, words int, three *[3]byte) (high uint32)")
	Doc("markWords sets the bits of 64*words bytes of text, 32 bytes at a time. In high is a bit of every 32nd byte that is not ASCII.")
	Pragma("noescape")
	masks, text, words, three := Load(Param("masks"), GP64()), Load(Param("text"), GP64()), Load(Param("words"), GP64()), Load(Param("three"), GP64())
	wanted := [3]VecVirtual{YMM(), YMM(), YMM()}
	for i, w := range wanted {
		VPBROADCASTB(Mem{Base: three, Disp: i}, w)
	}
	all := YMM()
	VPXOR(all, all, all)
	Label("word")
	TESTQ(words, words)
	JZ(LabelRef("done"))
	low, high := half(text, 0, wanted, all), half(text, 32, wanted, all)
	SHLQ(Imm(32), high)
	ORQ(low, high)
	MOVQ(high, Mem{Base: masks})
	ADDQ(Imm(64), text)
	ADDQ(Imm(8), masks)
	DECQ(words)
	JMP(LabelRef("word"))
	Label("done")
	bits := GP32()
	VPMOVMSKB(all, bits)
	VZEROUPPER()
	Store(bits, ReturnIndex(0))
	RET()
	Generate()
}

// half is the bits of 32 bytes.
func half(text Register, offset int, wanted [3]VecVirtual, all VecVirtual) GPVirtual {
	bytes, found, next, bits := YMM(), YMM(), YMM(), GP64()
	VMOVDQU(Mem{Base: text, Disp: offset}, bytes)
	VPOR(bytes, all, all)
	VPCMPEQB(bytes, wanted[0], found)
	for _, w := range wanted[1:] {
		VPCMPEQB(bytes, w, next)
		VPOR(next, found, found)
	}
	VPMOVMSKB(found, bits.As32())
	return bits
}
