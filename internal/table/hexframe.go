package table

import (
	"encoding/binary"
)

// Half of a hash in hexadecimal is air: each digit is one of sixteen. Zstandard's codes for sixteen literals that are equally
// frequent are four bits each, in the order of the digits, so that a column of hashes can be compressed by packing the digits,
// in a fifth of the time that finding that out takes. What is written is a frame that every decoder reads: see RFC 8878, of
// which the numbers in this file are.

const (
	hexDigits = 64                 // of a hash
	hexValue  = 4 + hexDigits      // as Parquet stores it: its length, then its digits
	hexLength = "\x40\x00\x00\x00" // its length
	hexBlock  = 1024               // hashes of a block, whose size may be 128 KiB at most
	hexLeast  = 8                  // fewer hashes do not pay for the tree of codes
)

// appendHexFrame appends a frame that holds src: some bytes, then hashes as Parquet stores text. It is not ok when src is
// something else; then what is behind dst is of no use.
func appendHexFrame(dst, src []byte, before int) (_ []byte, ok bool) {
	hashes := src[before:]
	if len(hashes) < hexLeast*hexValue || len(hashes)%hexValue != 0 || before+len(hexLength) > 64<<10 {
		return dst, false
	}
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd, 0xa0)               // a frame of one segment, with its size
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(src))) //nolint:gosec // a page is far below 4 GiB
	// The first length is the one of which the others are copies.
	dst = appendBlockHeader(dst, rawBlock, before+len(hexLength))
	dst = append(dst, src[:before+len(hexLength)]...)
	for len(hashes) > 0 {
		n := min(len(hashes)/hexValue, hexBlock)
		if dst, ok = appendHexBlock(dst, hashes[:n*hexValue], len(hashes) == n*hexValue); !ok {
			return dst, false
		}
		hashes = hashes[n*hexValue:]
	}
	return dst, true
}

// The types of blocks, with the bit that says whether a block is the last one.
const (
	lastBlock       = 1
	rawBlock        = 0 << 1
	compressedBlock = 2 << 1
)

func appendBlockHeader(dst []byte, kind, size int) []byte {
	header := kind | size<<3
	return append(dst, byte(header), byte(header>>8), byte(header>>16)) //nolint:gosec // its bytes
}

// appendHexBlock appends a block of n hashes without the length of the first one, which is there, and with that of the hash
// behind the last one, if there is one.
func appendHexBlock(dst, hashes []byte, last bool) (_ []byte, ok bool) {
	n := len(hashes) / hexValue
	sequences, kind := n, compressedBlock
	if last {
		sequences, kind = n-1, compressedBlock|lastBlock
	}
	dst = appendBlockHeader(dst, kind, 0)
	begin := len(dst)
	if dst, ok = appendHexLiterals(dst, hashes); !ok {
		return dst, false
	}
	dst = appendCopies(dst, sequences)
	appendBlockHeader(dst[:begin-3], kind, len(dst)-begin)
	return dst, true
}

// hexTree says that the codes of 0 to 9 and a to f are equally long: a weight of 1 each, two to a byte, for all literals up to e;
// that of f follows from the others.
var hexTree = func() []byte {
	tree := []byte{127 + 'f'}
	for literal := 0; literal < 'f'; literal += 2 {
		tree = append(tree, hexWeight(literal)<<4|hexWeight(literal+1))
	}
	return tree
}()

func hexWeight(literal int) byte {
	if '0' <= literal && literal <= '9' || 'a' <= literal && literal < 'f' {
		return 1
	}
	return 0
}

// appendHexLiterals appends the digits in four streams, each of which is read from its end, where a bit is set: so a stream
// is the hashes' bytes in reverse.
func appendHexLiterals(dst, hashes []byte) (_ []byte, ok bool) {
	n := len(hashes) / hexValue
	stream := n * hexDigits / 2 / 4
	size := len(hexTree) + 3*2 + 4*(stream+1)
	header := uint64(2|3<<2) | uint64(n*hexDigits)<<4 | uint64(size)<<22
	dst = append(dst, byte(header), byte(header>>8), byte(header>>16), byte(header>>24), byte(header>>32)) //nolint:gosec // its bytes
	dst = append(dst, hexTree...)
	for range 3 {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(stream+1)) //nolint:gosec // hexBlock/4 hashes
	}
	var packed [hexBlock * hexDigits / 2]byte
	reversed := packed[:n*hexDigits/2]
	for i := range n {
		value := hashes[i*hexValue : (i+1)*hexValue]
		if string(value[:4]) != hexLength || !packReversed(reversed[(n-1-i)*hexDigits/2:], value[4:]) {
			return dst, false
		}
	}
	for s := range 4 {
		dst = append(dst, reversed[(3-s)*stream:(4-s)*stream]...)
		dst = append(dst, 1)
	}
	return dst, true
}

// packReversed writes the 32 bytes of a hash to dst, the last one first. It is not ok when hex is no hash in lower case.
func packReversed(dst, hex []byte) (ok bool) {
	const ones = 0x0101010101010101
	dst, hex = dst[:hexDigits/2], hex[:hexDigits]
	wrong := uint64(0)
	for i := 0; i < hexDigits; i += 8 {
		text := binary.LittleEndian.Uint64(hex[i:])
		digits := text&(15*ones) + text>>6&ones*9
		letters := (digits + 0x76*ones) >> 7 & ones // of digits above 9
		wrong |= digits&(0xf0*ones) | ((digits + 0x30*ones + letters*0x27) ^ text)
		pairs := (digits<<4 | digits>>8) & 0x00ff00ff00ff00ff
		pairs = (pairs | pairs>>8) & 0x0000ffff0000ffff
		binary.BigEndian.PutUint32(dst[hexDigits/2-4-i/2:], uint32(pairs|pairs>>16)) //nolint:gosec // the lower half
	}
	return wrong == 0
}

// appendCopies appends n sequences, each of which copies the length of the hash before. A sequence is 64 literals (code 25 and
// six bits of 0) and 4 bytes (code 1) from 68 before (code 6 and six bits of 7: 68 is 64+7-3); all have the same codes.
func appendCopies(dst []byte, n int) []byte {
	if n < 128 {
		dst = append(dst, byte(n)) //nolint:gosec // see above
	} else {
		dst = append(dst, byte(n>>8)+128, byte(n)) //nolint:gosec // hexBlock at most
	}
	if n == 0 {
		return dst
	}
	dst = append(dst, 0x54, 25, 6, 1)
	const bits = 7 << 6
	for range n / 2 { // two are three bytes
		dst = append(dst, bits&0xff, bits>>8|bits<<4&0xff, bits>>4)
	}
	if n%2 == 1 {
		return append(dst, bits&0xff, bits>>8|1<<4) // with the bit that is set at the end
	}
	return append(dst, 1)
}
