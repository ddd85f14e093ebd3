package sandbox

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
	next    uint64            // position of the next row
	counted int64             // -1: not known
}

func newPeople() people {
	return people{members: map[uint64]uint64{}, removed: map[uint64]uint64{}}
}

// in reports whether the row that was added at a position is still in.
func (p *people) in(r *row, position uint64) bool {
	if current, is := p.members[r.fingerprint]; !is || current != position {
		return false
	}
	if len(p.removed) == 0 {
		return true
	}
	for _, id := range r.ids {
		if id != 0 && p.removed[id] > position {
			return false
		}
	}
	return true
}

// An undo takes one addition back.
type undo struct {
	fingerprint uint64
	position    uint64
	was         bool
}

// add adds a row and reports whether that changed anything.
func (p *people) add(r *row) (undo, bool) {
	position, was := p.members[r.fingerprint]
	if was && p.in(r, position) {
		return undo{}, false
	}
	p.members[r.fingerprint] = p.next
	p.next++
	p.changed(1)
	return undo{r.fingerprint, position, was}, true
}

// takeBack undoes the latest additions. Positions count the journal's rows, so they are given out again.
func (p *people) takeBack(additions []undo) {
	p.next -= uint64(len(additions))
	for _, u := range additions {
		if u.was {
			p.members[u.fingerprint] = u.position
		} else {
			delete(p.members, u.fingerprint)
		}
		p.changed(-1)
	}
}

// remove removes a row's person.
func (p *people) remove(r *row) {
	if id := r.lead(); id != 0 {
		p.removed[id] = p.next
		p.counted = -1
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
