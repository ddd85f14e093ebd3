package sandbox

import (
	"slices"
	"time"
)

// people is who is in an audience, in 8 bytes of fingerprint and 8 of position each; the rows themselves are in the
// audience's journal.
//
// A member is a distinct row: the set of its non-empty values. A row that is sent again changes nothing. Removing a row
// removes every member that shares the row's strongest identifier (EXTERN_ID, EMAIL, PHONE, MADID, in this order), or, when
// it has none, the member that is the same row. What was removed is kept as a mark on the identifier, so that memory grows
// with removals and not with an index of everybody.
type people struct {
	members map[uint64]uint64 // fingerprint → position of the row that put it there
	removed map[uint64]uint64 // identifier → position at which it was removed: rows before it are out
	later   map[uint64][]span // the same of rows from some position on: of an EXTERN_ID that older rows have lost
	stamps  []stamp           // when rows came
	next    uint64            // position of the next row
	counted int64             // -1: not known
}

// A span is the positions of rows: the first and the one behind the last.
type span struct{ from, to uint64 }

// A stamp says when the rows from a position on came.
type stamp struct {
	position uint64
	at       time.Time
}

// externLife is how long Meta knows whom an EXTERN_ID stands for after a row with it came last.
const externLife = 90 * 24 * time.Hour

func newPeople() people { return emptied(0) }

// emptied is nobody, where the next row comes at a position.
func emptied(next uint64) people {
	return people{members: map[uint64]uint64{}, removed: map[uint64]uint64{}, later: map[uint64][]span{}, next: next}
}

// stamp notes when the rows come that are added next.
func (p *people) stamp(at time.Time) {
	if n := len(p.stamps); n > 0 && p.stamps[n-1].position == p.next {
		p.stamps[n-1].at = at
		return
	}
	p.stamps = append(p.stamps, stamp{p.next, at})
}

// came is when the row at a position came.
func (p *people) came(position uint64) time.Time {
	i, found := slices.BinarySearchFunc(p.stamps, position, func(s stamp, position uint64) int { return order(s.position, position) })
	if !found {
		i--
	}
	if i < 0 {
		return time.Time{}
	}
	return p.stamps[i].at
}

// since is the position of the first row that came at a time or after it.
func (p *people) since(at time.Time) uint64 {
	i, _ := slices.BinarySearchFunc(p.stamps, at, func(s stamp, at time.Time) int { return s.at.Compare(at) })
	switch i {
	case 0:
		return 0
	case len(p.stamps):
		return p.next
	}
	return p.stamps[i].position
}

func order(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// in reports whether the row that was added at a position is still in.
func (p *people) in(r *row, position uint64) bool {
	if current, is := p.members[r.fingerprint]; !is || current != position {
		return false
	}
	if len(p.removed) == 0 && len(p.later) == 0 {
		return true
	}
	for _, id := range r.ids {
		if id == 0 {
			continue
		}
		if p.removed[id] > position {
			return false
		}
		for _, s := range p.later[id] {
			if s.from <= position && position < s.to {
				return false
			}
		}
	}
	return true
}

// An undo takes one addition back.
type undo struct {
	fingerprint uint64
	position    uint64
	was         bool // in the map
	stayed      bool // a member, which came again
}

// add adds a row and reports whether that changed anything. A member's row counts as new when again says so of its
// position.
func (p *people) add(r *row, again func(position uint64) bool) (undo, bool) {
	position, was := p.members[r.fingerprint]
	stays := was && p.in(r, position)
	if stays && !again(position) {
		return undo{}, false
	}
	p.members[r.fingerprint] = p.next
	p.next++
	if !stays {
		p.changed(1)
	}
	return undo{r.fingerprint, position, was, stays}, true
}

// takeBack undoes the latest additions. Positions count the journal's rows, so they are given out again.
func (p *people) takeBack(additions []undo) {
	p.next -= uint64(len(additions))
	for _, u := range slices.Backward(additions) {
		if u.was {
			p.members[u.fingerprint] = u.position
		} else {
			delete(p.members, u.fingerprint)
		}
		if !u.stayed {
			p.changed(-1)
		}
	}
}

// remove removes a row's person. Rows whose EXTERN_ID Meta has forgotten are found by the next identifier.
func (p *people) remove(r *row, now time.Time) {
	end := p.next
	for i, id := range r.ids {
		if id == 0 {
			continue
		}
		p.counted = -1
		if i != identifiers["EXTERN_ID"] {
			p.removed[id] = max(p.removed[id], end)
			return
		}
		from := p.since(now.Add(-externLife))
		if from == 0 {
			p.removed[id] = end
			return
		}
		p.later[id] = append(p.later[id], span{from, end})
		end = from
	}
	if r.lead() != 0 {
		return
	}
	if _, is := p.members[r.fingerprint]; is {
		delete(p.members, r.fingerprint)
		p.changed(-1)
	}
}

func (p *people) changed(by int64) {
	if p.counted >= 0 {
		p.counted += by
	}
}
