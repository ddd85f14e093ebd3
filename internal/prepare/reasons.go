package prepare

import "github.com/cleanreach/cleanreach/internal/identity"

// reasons numbers the reasons why values are rejected; 0 is none.
type reasons struct {
	names   []identity.Reason
	numbers map[identity.Reason]uint8
}

func newReasons() reasons {
	return reasons{names: []identity.Reason{""}, numbers: map[identity.Reason]uint8{}}
}

func (r *reasons) number(reason identity.Reason) uint8 {
	if reason == "" {
		return 0
	}
	number, ok := r.numbers[reason]
	if !ok {
		number = uint8(len(r.names)) //nolint:gosec // they are a fixed set of words
		r.numbers[reason], r.names = number, append(r.names, reason)
	}
	return number
}
