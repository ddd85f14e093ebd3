// Package marks finds the few bytes that give a text its structure, 64 of its bytes at a time.
package marks

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// word is how many bytes one mask is of: a bit for each.
const word = 64

// Find appends the places in text of every byte that is one of the three, in order, and reports whether all of text is
// ASCII. The three need not differ. The text is shorter than 4 GiB.
func Find(places []uint32, text []byte, three [3]byte) (_ []uint32, ascii bool) {
	high := uint64(0)
	var masks [words]uint64
	for at := 0; at < len(text); at += words * word {
		part := text[at:min(at+words*word, len(text))]
		whole := len(part) / word
		high |= mark(masks[:whole], part, three)
		for i, mask := range masks[:whole] {
			places = flatten(places, mask, at+i*word)
		}
		if tail := part[whole*word:]; len(tail) > 0 {
			var padded [word]byte
			copy(padded[:], tail)
			var mask [1]uint64
			high |= mark(mask[:], padded[:], three)
			places = flatten(places, mask[0]&(1<<len(tail)-1), at+whole*word)
		}
	}
	return places, high == 0
}

// words is how many masks are made before their bits become places: they stay in the processor's nearest memory.
const words = 64

// flatten appends the places of a mask's bits. Most masks have few: eight are written in any case, as not to ask is faster.
func flatten(places []uint32, mask uint64, at int) []uint32 {
	n := len(places)
	places = slices.Grow(places, word)[:n+word]
	out := places[n : n+word : n+word]
	set := bits.OnesCount64(mask)
	for i := 0; i < set; i += 8 {
		eight := out[i : i+8 : i+8]
		for j := range eight {
			eight[j] = uint32(at + bits.TrailingZeros64(mask)) //nolint:gosec // a text is shorter than 4 GiB
			mask &= mask - 1
		}
	}
	return places[:n+set]
}

// markPlain sets the bits of the bytes that are one of the three, eight bytes at a time, and gives something that has a byte's
// highest bit where any eighth byte of the text is not ASCII.
func markPlain(masks []uint64, text []byte, three [3]byte) (high uint64) {
	const each, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	a, b, c := each*uint64(three[0]), each*uint64(three[1]), each*uint64(three[2])
	for i := range masks {
		mask := uint64(0)
		part := text[word*i : word*i+word]
		for j := 0; j < word; j += 8 {
			eight := binary.LittleEndian.Uint64(part[j:])
			high |= eight
			x, y, z := eight^a, eight^b, eight^c // a byte that is wanted is 0 in one of them
			x, y, z = x&low+low|x, y&low+low|y, z&low+low|z
			found := ^(x & y & z) & ^uint64(low)
			mask |= found >> 7 * 0x0102040810204080 >> 56 << j // the eight highest bits, side by side
		}
		masks[i] = mask
	}
	return high & ^uint64(low)
}
