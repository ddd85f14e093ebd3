package identity

import (
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
)

// A digitMachine is a regular expression over the digits 0 to 9, compiled into a table: one look-up a digit, where Go's
// regexp needs a microsecond and the library's use of it allocates. It always matches from the first digit on.
type digitMachine struct {
	next   [][10]uint16 // of each state; state 0 is dead, state 1 is the start
	accept []acceptance
}

// An acceptance says whether a state ends a match.
type acceptance uint8

const (
	acceptHere  acceptance = 1 << iota // whatever follows
	acceptAtEnd                        // if nothing follows
)

// matches reports whether the expression matches all of the digits.
func (m *digitMachine) matches(digits []byte) bool {
	state := uint16(1)
	for _, c := range digits {
		if state = m.next[state][c-'0']; state == 0 {
			return false
		}
	}
	return m.accept[state] != 0
}

// begins reports whether the expression matches the beginning of the digits; it may match the empty beginning.
func (m *digitMachine) begins(digits []byte) bool {
	state := uint16(1)
	for _, c := range digits {
		if m.accept[state]&acceptHere != 0 {
			return true
		}
		if state = m.next[state][c-'0']; state == 0 {
			return false
		}
	}
	return m.accept[state] != 0
}

// compileDigits compiles an expression of the metadata by the subset construction. It fails for what no phone number's
// expression has, such as word boundaries.
func compileDigits(pattern string) (*digitMachine, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse pattern of phone numbers: %w", err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("compile pattern of phone numbers: %w", err)
	}
	b := machineBuilder{prog: prog, states: map[string]uint16{}, machine: &digitMachine{
		next: make([][10]uint16, 1), accept: make([]acceptance, 1),
	}}
	start := uint32(prog.Start) //nolint:gosec // an index into the program
	if _, err := b.state([]uint32{start}, true); err != nil {
		return nil, err
	}
	for s := 1; s < len(b.machine.next); s++ { // grows while it runs
		for d := range 10 {
			next, err := b.state(b.step(b.sets[s-1], rune('0'+d)), false)
			if err != nil {
				return nil, err
			}
			b.machine.next[s][d] = next
		}
	}
	return b.machine, nil
}

// mostStates is far more than any country's numbers need.
const mostStates = 1 << 14

type machineBuilder struct {
	prog    *syntax.Prog
	machine *digitMachine
	sets    [][]uint32        // the instructions of each state but the dead one
	states  map[string]uint16 // by their instructions
}

// step finds where a digit leads from a set of instructions.
func (b *machineBuilder) step(set []uint32, digit rune) []uint32 {
	var next []uint32
	for _, pc := range set {
		if inst := &b.prog.Inst[pc]; isRuneInst(inst.Op) && inst.MatchRune(digit) {
			next = append(next, inst.Out)
		}
	}
	return next
}

func isRuneInst(op syntax.InstOp) bool {
	switch op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// state gives the number of the state that is reached at some instructions. Two states are one only when they accept
// alike too.
func (b *machineBuilder) state(from []uint32, atStart bool) (uint16, error) {
	var accept acceptance
	seen := map[uint32]bool{}
	set := []uint32{}
	if err := b.follow(from, atStart, false, seen, &set, &accept); err != nil {
		return 0, err
	}
	if len(set) == 0 && accept == 0 {
		return 0, nil
	}
	slices.Sort(set)
	id := []byte{byte(accept)}
	for _, pc := range set {
		id = binary.LittleEndian.AppendUint32(id, pc)
	}
	if s, ok := b.states[string(id)]; ok {
		return s, nil
	}
	if len(b.machine.next) == mostStates {
		return 0, fmt.Errorf("compile pattern of phone numbers: more than %d states", mostStates)
	}
	s := uint16(len(b.machine.next)) //nolint:gosec // below mostStates
	b.states[string(id)] = s
	b.sets = append(b.sets, set)
	b.machine.next = append(b.machine.next, [10]uint16{})
	b.machine.accept = append(b.machine.accept, accept)
	return s, nil
}

// follow collects the instructions that wait for a digit, and whether a match ends here. ended: the way so far is open
// only at the end of the digits.
//
//nolint:cyclop // a case for each instruction
func (b *machineBuilder) follow(from []uint32, atStart, ended bool, seen map[uint32]bool, set *[]uint32, accept *acceptance) error {
	for _, pc := range from {
		id := pc << 1
		if ended {
			id |= 1
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		inst := &b.prog.Inst[pc]
		out := []uint32{inst.Out}
		switch inst.Op {
		case syntax.InstFail:
			continue
		case syntax.InstMatch:
			if ended {
				*accept |= acceptAtEnd
			} else {
				*accept |= acceptHere
			}
			continue
		case syntax.InstAlt, syntax.InstAltMatch:
			out = append(out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
		case syntax.InstEmptyWidth:
			open, atEnd, err := assertion(syntax.EmptyOp(inst.Arg), atStart) //nolint:gosec // as package syntax stores it
			if err != nil {
				return err
			}
			if !open {
				continue
			}
			if err := b.follow(out, atStart, ended || atEnd, seen, set, accept); err != nil {
				return err
			}
			continue
		default: // waits for a digit
			if !ended {
				*set = append(*set, pc)
			}
			continue
		}
		if err := b.follow(out, atStart, ended, seen, set, accept); err != nil {
			return err
		}
	}
	return nil
}

// assertion reads ^ and $.
func assertion(op syntax.EmptyOp, atStart bool) (open, atEnd bool, err error) {
	switch op {
	case syntax.EmptyBeginText:
		return atStart, false, nil
	case syntax.EmptyEndText:
		return true, true, nil
	}
	return false, false, fmt.Errorf("compile pattern of phone numbers: assertion %d is not known", op)
}
