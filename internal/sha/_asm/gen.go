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
	block   Mem
	digest  Mem
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
	at := func(constant Register) func(offset int) Mem {
		return func(offset int) Mem { return Mem{Base: constant, Disp: offset} }
	}
	hashPairs(table, at)
	putQuoted(table, at)
	Generate()
}

func hashPairs(table Mem, from func(constant Register) func(offset int) Mem) {
	TEXT("hashPairs", NOSPLIT, "func(digests *[32]byte, blocks *[64]byte, pairs int)")
	Doc("hashPairs hashes 2*pairs padded messages. Two are hashed at a time: the rounds of a message wait for one another, those of",
		"two messages fill each other's gaps.")
	Pragma("noescape")
	digests := Load(Param("digests"), GP64())
	blocks := Load(Param("blocks"), GP64())
	pairs := Load(Param("pairs"), GP64())
	constant := GP64()
	LEAQ(table, constant)
	at := from(constant)
	VZEROUPPER()
	Label("pair")
	TESTQ(pairs, pairs)
	JZ(LabelRef("done"))
	two := [2]stream{
		{Mem{Base: blocks}, Mem{Base: digests}, X1, X2, [4]VecPhysical{X3, X4, X5, X6}},
		{Mem{Base: blocks, Disp: 64}, Mem{Base: digests, Disp: 32}, X7, X8, [4]VecPhysical{X9, X10, X11, X12}},
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
	ADDQ(Imm(128), blocks)
	ADDQ(Imm(64), digests)
	DECQ(pairs)
	JMP(LabelRef("pair"))
	Label("done")
	RET()
}

func putQuoted(table Mem, from func(constant Register) func(offset int) Mem) {
	TEXT("putQuoted", NOSPLIT, "func(dst []byte, at []int, rows []int32, places []int32, digests *[32]byte, hashed int, before byte) (done int)")
	Doc("putQuoted does what Rows.PutQuoted does, and ends early at a row that is out of bounds. There are as many at as",
		"rows.")
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	room := Load(Param("dst").Len(), GP64())
	ats := Load(Param("at").Base(), GP64())
	rows := Load(Param("rows").Base(), GP64())
	n := Load(Param("rows").Len(), GP64())
	places := Load(Param("places").Base(), GP64())
	known := Load(Param("places").Len(), GP64())
	digests := Load(Param("digests"), GP64())
	hashed := Load(Param("hashed"), GP64())
	before := GP64()
	Load(Param("before"), before)
	constant := GP64()
	LEAQ(table, constant)
	mask, digits, low, high := Y2, Y3, Y4, Y5
	VBROADCASTI128(from(constant)(nibbleAt), mask)
	VBROADCASTI128(from(constant)(digitsAt), digits)
	ORQ(U32('"'<<8), before)
	i := GP64()
	XORQ(i, i)
	to, place, end := GP64(), GP64(), GP64()
	Label("row")
	CMPQ(i, n)
	JGE(LabelRef("end"))
	MOVLQSX(Mem{Base: rows, Index: i, Scale: 4}, place)
	CMPQ(place, known)
	JCC(LabelRef("end")) // unsigned: a negative one is out of bounds too
	MOVQ(Mem{Base: ats, Index: i, Scale: 8}, to)
	CMPQ(to, room)
	JHI(LabelRef("end"))
	LEAQ(Mem{Base: to, Disp: blankSize}, end)
	CMPQ(end, room)
	JHI(LabelRef("end"))
	MOVLQSX(Mem{Base: places, Index: place, Scale: 4}, place)
	MOVW(before.As16(), Mem{Base: dst, Index: to, Scale: 1})
	TESTQ(place, place)
	JS(LabelRef("close"))
	CMPQ(place, hashed)
	JCC(LabelRef("end"))
	LEAQ(Mem{Base: to, Disp: quotedSize}, end)
	CMPQ(end, room)
	JHI(LabelRef("end"))
	SHLQ(Imm(5), place)
	VPERMQ(Imm(0xd8), Mem{Base: digests, Index: place, Scale: 1}, low) // so that unpacking leaves the bytes in order
	VPSRLW(Imm(4), low, high)
	VPAND(mask, high, high)
	VPAND(mask, low, low)
	VPUNPCKLBW(low, high, Y0)
	VPUNPCKHBW(low, high, Y1)
	VPSHUFB(Y0, digits, Y0)
	VPSHUFB(Y1, digits, Y1)
	VMOVDQU(Y0, Mem{Base: dst, Index: to, Scale: 1, Disp: 2})
	VMOVDQU(Y1, Mem{Base: dst, Index: to, Scale: 1, Disp: 34})
	Label("close")
	MOVB(Imm('"'), Mem{Base: dst, Index: end, Scale: 1, Disp: -1})
	MOVQ(end, Mem{Base: ats, Index: i, Scale: 8})
	INCQ(i)
	JMP(LabelRef("row"))
	Label("end")
	VZEROUPPER()
	Store(i, ReturnIndex(0))
	RET()
}

// Lengths that the package has too.
const (
	blankSize  = 3
	quotedSize = 67
)

// load reads a message and sets the state to SHA-256's first.
func (s stream) load(at func(int) Mem) {
	for i, m := range s.message {
		VMOVDQU(s.block.Offset(16*i), m)
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

// finish adds the first state and puts the words in order, which gives the digest.
func (s stream) finish(at func(int) Mem) {
	VPADDD(at(firstAt), s.s0, s.s0)
	VPADDD(at(firstAt+16), s.s1, s.s1)
	VPSHUFD(Imm(0x1b), s.s0, tmp)
	VPSHUFD(Imm(0xb1), s.s1, s.s1)
	VPBLENDW(Imm(0xf0), s.s1, tmp, s.s0)
	VPALIGNR(Imm(8), tmp, s.s1, s.s1)
	VPSHUFB(swap, s.s0, s.s0)
	VPSHUFB(swap, s.s1, s.s1)
	VMOVDQU(s.s0, s.digest)
	VMOVDQU(s.s1, s.digest.Offset(16))
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
