package sandbox

import "time"

// beginReplace checks whether a session that is not known yet may replace an audience's people. The caller holds a.mu.
func (s *Server) beginReplace(a *customAudience, p place, now time.Time) *apiError {
	status := s.operation(a, now)
	switch {
	case p.seq != 1:
		return refusal(2650, 1870147)
	case status == 414:
		return refusal(2650, 1870145)
	case status != 200:
		return notUpdated("users can be replaced when the operation status is 200; it is %d", status)
	case int64(len(a.people.members)) >= s.cfg.ReplaceBelow && a.count(now) >= s.cfg.ReplaceBelow: // the map has those removed, too
		return refusal(2650, 1870144)
	}
	return nil
}

// replacing reports whether a replace is in progress: its session is open, or Meta is not done with it.
func (a *customAudience) replacing(now time.Time, rest time.Duration) bool {
	if a.replace == nil {
		return false
	}
	end := a.replace.end(now)
	return end.IsZero() || now.Sub(end) < rest
}

// removeEverywhere removes people from all audiences of an ad account. It answers for the request alone: a session that is
// sent along is named, but not kept.
func (s *Server) removeEverywhere(c *call) reply {
	u, bad := s.readUpload(c)
	if bad != nil {
		return bad.reply()
	}
	for _, a := range s.ofAccount(c.account) {
		if s.removeFrom(a, *u) != nil && s.audience(a.id) != nil { // else it was deleted meanwhile
			return internal().reply()
		}
	}
	id := u.place.session
	if id == 0 {
		id = impliedSession(c.account, true, u.parsed)
	}
	return ok(s.receipt(id, u.record.tally(), u.samples))
}

// removeFrom removes people from one audience, whatever its data source, and in the middle of a replace too.
func (s *Server) removeFrom(a *customAudience, u upload) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.single == nil {
		return nil // nobody is in it
	}
	now := s.clock.Now()
	u.record.At, u.record.Session, u.record.Seq, u.record.Last, u.record.Total = now.UnixMilli(), 0, 0, false, 0
	return s.take(a, &u, now)
}
