package audience

import "fmt"

// A Removal is what a replace or a mirror is about to do to the number of people in an audience.
type Removal struct {
	Mode    string // that does it
	Before  int64  // people in the audience; 0: nobody knows
	Source  string // where Before comes from, in words such as "by run r1"
	After   int64  // people in it then
	Removed int64  // of Before, those who are taken out: of a replace, which only Meta could count, those at least
}

// Allow is nil when the limits let it happen. Otherwise it is a failure of class Gate, which says which limit allows it.
func (l Limits) Allow(r Removal) error {
	switch {
	case r.After == 0 && l.MinSize > 0:
		return Fail(Gate, "see why the query matched nobody; if nobody is to be left, set limits.min_size to 0",
			fmt.Errorf("%s the people of the audience: the match has nobody, and that would empty it", r.Mode))
	case r.After < l.MinSize:
		return Fail(Gate, "see why the query matched so few; if that is right, lower limits.min_size",
			fmt.Errorf("%s the people of the audience: the match has %d, and limits.min_size asks for %d", r.Mode, r.After, l.MinSize))
	case r.Before > 0 && float64(r.Removed) > l.MaxRemovedRatio*float64(r.Before):
		return Fail(Gate, "see why the query matched so few of them; if that is right, raise limits.max_removed_ratio",
			fmt.Errorf("%s the people of the audience: %d of the %d in it (%s) would be taken out, more than limits.max_removed_ratio %v allows",
				r.Mode, r.Removed, r.Before, r.Source, l.MaxRemovedRatio))
	}
	return nil
}
