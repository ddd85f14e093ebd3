package prepare

// sums is a set of numbers that are hashes already, in a quarter of the time that a map takes.
type sums struct {
	slots []uint64 // where a number's lowest bits say, or behind that; 0: free
	n     int      // numbers in the set
	zero  bool     // 0 is one of them
}

// fewestSums is how many slots sums begin with, a power of two.
const fewestSums = 64

func (s *sums) add(sum uint64) {
	if 4*s.n >= 3*len(s.slots) {
		s.grow()
	}
	if sum == 0 {
		if !s.zero {
			s.zero = true
			s.n++
		}
		return
	}
	if slot := s.slot(sum); *slot == 0 {
		*slot = sum
		s.n++
	}
}

// slot is where a number is, or where it has a place.
func (s *sums) slot(sum uint64) *uint64 {
	mask := uint64(len(s.slots) - 1) //nolint:gosec // there are slots
	for at := sum; ; at++ {
		if slot := &s.slots[at&mask]; *slot == 0 || *slot == sum {
			return slot
		}
	}
}

func (s *sums) grow() {
	old := s.slots
	s.slots = make([]uint64, max(fewestSums, 2*len(old)))
	for _, sum := range old {
		if sum != 0 {
			*s.slot(sum) = sum
		}
	}
}

// each visits the numbers, in no order.
func (s *sums) each(visit func(sum uint64)) {
	if s.zero {
		visit(0)
	}
	for _, sum := range s.slots {
		if sum != 0 {
			visit(sum)
		}
	}
}
