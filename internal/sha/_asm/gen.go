// Gen writes the assembly of the package above: go generate ./internal/sha.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	. "github.com/mmcloughlin/avo/reg"     //nolint:revive,staticcheck // likewise
)

// A stream is the registers of one message.
type stream struct {
	ptr     Mem
	s0, s1  VecPhysical    // the state, as the instructions want it: words A B E F, and C D G H
	message [4]VecPhysical // four words of the schedule each
}

var (
	wk   = X0  // SHA256RNDS2 reads what it adds from there
	tmp  = X13 // of either stream
	swap = X14 // the order of bytes in a word
)

func main() {
	ConstraintExpr("!purego")
	table := constants()

	TEXT("hexPairs", NOSPLIT, "func(cells *[64]byte, pairs int)")
	Doc("hexPairs replaces each of 2*pairs padded messages by its hash in hexadecimal. Two are hashed at a time: the rounds of a",
		"message wait for one another, those of two messages fill each other's gaps.")
	Pragma("noescape")
	cells := Load(Param("cells"), GP64())
	pairs := Load(Param("pairs"), GP64())
	constant := GP64()
	LEAQ(table, constant)
	VZEROUPPER()
	Label("pair")
	TESTQ(pairs, pairs)
	JZ(LabelRef("done"))
	at := func(offset int) Mem { return Mem{Base: constant, Disp: offset} }
	two := [2]stream{
		{Mem{Base: cells}, X1, X2, [4]VecPhysical{X3, X4, X5, X6}},
		{Mem{Base: cells, Disp: 64}, X7, X8, [4]VecPhysical{X9, X10, X11, X12}},
	}
	VMOVDQU(at(swapAt), swap)
	for _, s := range two {
		s.load(at)
	}
	for i := range 16 {
		Comment(fmt.Sprintf("Rounds %d to %d", 4*i, 4*i+3))
		for _, s := range two {
			s.rounds(i, at)
		}
	}
	for _, s := range two {
		s.finish(at)
	}
	for _, s := range two {
		s.hex(at)
	}
	ADDQ(Imm(128), cells)
	DECQ(pairs)
	JMP(LabelRef("pair"))
	Label("done")
	RET()
	Generate()
}

// load reads a message and sets the state to SHA-256's first.
func (s stream) load(at func(int) Mem) {
	for i, m := range s.message {
		VMOVDQU(s.ptr.Offset(16*i), m)
		VPSHUFB(swap, m, m)
	}
	VMOVDQU(at(firstAt), s.s0)
	VMOVDQU(at(firstAt+16), s.s1)
}

// rounds is four rounds, and the four words of the schedule that come sixteen later.
func (s stream) rounds(i int, at func(int) Mem) {
	m := func(n int) VecPhysical { return s.message[(n+16)%4] }
	VPADDD(at(16*i), m(i), wk)
	SHA256RNDS2(wk, s.s0, s.s1)
	if 3 <= i && i <= 14 {
		VPALIGNR(Imm(4), m(i-1), m(i), tmp)
		VPADDD(tmp, m(i+1), m(i+1))
		SHA256MSG2(m(i), m(i+1))
	}
	VPSHUFD(Imm(0x0e), wk, wk)
	SHA256RNDS2(wk, s.s1, s.s0)
	if 1 <= i && i <= 12 {
		SHA256MSG1(m(i), m(i-1))
	}
}

// finish adds the first state and puts the words in order: s0 and s1 are then the hash's bytes.
func (s stream) finish(at func(int) Mem) {
	VPADDD(at(firstAt), s.s0, s.s0)
	VPADDD(at(firstAt+16), s.s1, s.s1)
	VPSHUFD(Imm(0x1b), s.s0, tmp)
	VPSHUFD(Imm(0xb1), s.s1, s.s1)
	VPBLENDW(Imm(0xf0), s.s1, tmp, s.s0)
	VPALIGNR(Imm(8), tmp, s.s1, s.s1)
	VPSHUFB(swap, s.s0, s.s0)
	VPSHUFB(swap, s.s1, s.s1)
}

// hex writes the 32 bytes as 64 digits over the message.
func (s stream) hex(at func(int) Mem) {
	mask, digits, low, high := s.message[0], s.message[1], s.message[2], s.message[3]
	VMOVDQU(at(nibbleAt), mask)
	VMOVDQU(at(digitsAt), digits)
	for i, bytes := range []VecPhysical{s.s0, s.s1} {
		VPSRLW(Imm(4), bytes, high)
		VPAND(mask, high, high)
		VPAND(mask, bytes, low)
		VPUNPCKLBW(low, high, tmp)
		VPUNPCKHBW(low, high, high)
		VPSHUFB(tmp, digits, tmp)
		VPSHUFB(high, digits, high)
		VMOVDQU(tmp, s.ptr.Offset(32*i))
		VMOVDQU(high, s.ptr.Offset(32*i+16))
	}
}

// Where things lie in the table of constants, in bytes: behind SHA-256's 64 words.
const (
	firstAt  = 256 // the first state: A B E F from the highest word down, then C D G H
	swapAt   = 288
	nibbleAt = 304
	digitsAt = 320
)

func constants() Mem {
	table := GLOBL("constants", RODATA|NOPTR)
	for i, word := range k {
		DATA(4*i, U32(word))
	}
	for i, word := range []uint32{0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667, 0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372} {
		DATA(firstAt+4*i, U32(word))
	}
	for i, word := range []uint64{0x0405060700010203, 0x0c0d0e0f08090a0b, 0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f} {
		DATA(swapAt+8*i, U64(word))
	}
	DATA(digitsAt, String("0123456789abcdef"))
	return table
}

var k = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
