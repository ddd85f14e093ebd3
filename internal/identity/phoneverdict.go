package identity

import (
	"encoding/binary"
	"errors"
	"slices"
)

// A verdict tells in one pass over its digits whether a national number has the form of those that are assigned in any of the
// regions that share a country code. North America's two dozen regions have some two hundred machines, which would otherwise
// be asked one after the other.
type verdict struct {
	next  [][10]uint16 // of each state; state 0 is the one from which no number is valid any more, state 1 the start
	valid []bool       // if the number ends here
}

// has reports whether a national number is valid.
func (v *verdict) has(national []byte) bool {
	state := uint16(1)
	for _, c := range national {
		state = v.next[state][c-'0']
	}
	return v.valid[state]
}

// begun is the state of a leading machine that has matched: whatever follows.
const begun = 1<<16 - 1

// A verdictBuilder runs all machines of a country code at once. A state of the verdict is the machines' states and how many
// digits there were, because what is valid depends on the number of digits too.
type verdictBuilder struct {
	plans    []*plan
	machines []*digitMachine // of each plan: leading if it has one, general, kinds
	verdict  *verdict
	tuples   [][]uint16
	states   map[string]uint16

	at []uint16 // where the machines stand
	id []byte   // of the state that is looked for
}

var errTooMany = errors.New("the country's numbers need too many states")

// newVerdict builds the verdict of a main plan, all of whose siblings are ready.
func newVerdict(siblings []*plan) (*verdict, error) {
	b := &verdictBuilder{plans: siblings, verdict: &verdict{next: make([][10]uint16, 1), valid: make([]bool, 1)}, states: map[string]uint16{}, tuples: make([][]uint16, 1)}
	for _, p := range siblings {
		if p.leading != nil {
			b.machines = append(b.machines, p.leading)
		}
		b.machines = append(b.machines, p.general.numbers)
		for i := range p.kinds {
			b.machines = append(b.machines, p.kinds[i].numbers)
		}
	}
	b.at = make([]uint16, len(b.machines))
	for i := range b.at {
		b.at[i] = 1
	}
	if _, err := b.state(0); err != nil {
		return nil, err
	}
	first := 1
	for digits := 1; digits <= mostNational; digits++ {
		last := len(b.tuples)
		for s := first; s < last; s++ {
			for d := range 10 {
				b.step(b.tuples[s], d)
				next, err := b.state(digits)
				if err != nil {
					return nil, err
				}
				b.verdict.next[s][d] = next
			}
		}
		first = last
	}
	return b.verdict, nil
}

func (b *verdictBuilder) step(tuple []uint16, digit int) {
	for i, s := range tuple {
		if s != begun {
			s = b.machines[i].next[s][digit]
		}
		b.at[i] = s
	}
}

// state gives the number of the state at which the machines stand after some digits.
func (b *verdictBuilder) state(digits int) (uint16, error) {
	if dead := b.settle(b.at); dead {
		return 0, nil
	}
	b.id = binary.LittleEndian.AppendUint16(b.id[:0], uint16(digits)) //nolint:gosec // mostNational at most
	for _, s := range b.at {
		b.id = binary.LittleEndian.AppendUint16(b.id, s)
	}
	if s, ok := b.states[string(b.id)]; ok {
		return s, nil
	}
	if len(b.tuples) == mostStates {
		return 0, errTooMany
	}
	s := uint16(len(b.tuples)) //nolint:gosec // below mostStates
	b.states[string(b.id)] = s
	b.tuples = append(b.tuples, slices.Clone(b.at))
	b.verdict.next = append(b.verdict.next, [10]uint16{})
	b.verdict.valid = append(b.verdict.valid, b.valid(b.at, digits))
	return s, nil
}

// settle makes tuples alike that differ in nothing that matters, and reports those from which no number is valid.
func (b *verdictBuilder) settle(tuple []uint16) (dead bool) {
	dead = true
	for _, p := range b.plans {
		if p.leading != nil {
			if s := tuple[0]; s != begun && p.leading.accept[s]&acceptHere != 0 {
				tuple[0] = begun
			}
			tuple = tuple[1:]
		}
		if tuple[0] == 0 { // general: the region has no such numbers, of whatever kind
			clear(tuple[:1+len(p.kinds)])
		}
		alive := false
		for _, s := range tuple[1 : 1+len(p.kinds)] {
			alive = alive || s != 0
		}
		dead = dead && !alive
		tuple = tuple[1+len(p.kinds):]
	}
	return dead
}

// valid is what asking one region after the other says: see plan.assigned.
func (b *verdictBuilder) valid(tuple []uint16, digits int) bool {
	for _, p := range b.plans {
		leads := p.leading != nil
		begins := leads && (tuple[0] == begun || p.leading.accept[tuple[0]] != 0)
		if leads {
			tuple = tuple[1:]
		}
		owns := p.general.ends(tuple[0], digits) && p.anyEnds(tuple[1:1+len(p.kinds)], digits)
		switch {
		case begins || len(b.plans) == 1:
			return owns
		case !leads && owns:
			return true
		}
		tuple = tuple[1+len(p.kinds):]
	}
	return false
}

func (p *plan) anyEnds(states []uint16, digits int) bool {
	for i, s := range states {
		if p.kinds[i].ends(s, digits) {
			return true
		}
	}
	return false
}

// ends reports whether a number of some digits is of the kind whose machine stands at a state.
func (k *numberKind) ends(state uint16, digits int) bool {
	return (!k.lengths.known || k.lengths.has(digits)) && k.numbers.accept[state] != 0
}
