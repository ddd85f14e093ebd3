package audience

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAllow(t *testing.T) {
	usual := defaults().Limits
	lenient := Limits{MaxRemovedRatio: 1}
	for _, c := range []struct {
		name   string
		limits Limits
		r      Removal
		says   string // nothing: it is allowed
	}{
		{"nobody known before", usual, Removal{ModeReplace, 0, "", 5, 0}, ""},
		{"half of them", usual, Removal{ModeReplace, 10, "by run r1", 5, 5}, ""},
		{"one more than half", usual, Removal{ModeMirror, 10, "by run r1", 5, 6}, "6 of the 10 in it (by run r1) would be taken out, more than limits.max_removed_ratio 0.5 allows"},
		{"all exchanged", usual, Removal{ModeMirror, 10, "by run r1", 10, 10}, "raise limits.max_removed_ratio"},
		{"all exchanged, allowed", lenient, Removal{ModeMirror, 10, "by run r1", 10, 10}, ""},
		{"an empty match", usual, Removal{ModeReplace, 0, "", 0, 0}, "set limits.min_size to 0"},
		{"an empty match of an empty audience", usual, Removal{ModeMirror, 0, "", 0, 0}, "nobody"},
		{"emptied on purpose", lenient, Removal{ModeMirror, 10, "by run r1", 0, 10}, ""},
		{"emptied with the ratio forgotten", Limits{MaxRemovedRatio: 0.5}, Removal{ModeMirror, 10, "by run r1", 0, 10}, "limits.max_removed_ratio 0.5"},
		{"too few left", Limits{MinSize: 6, MaxRemovedRatio: 1}, Removal{ModeReplace, 10, "by run r1", 5, 5}, "the match has 5, and limits.min_size asks for 6"},
		{"just enough left", Limits{MinSize: 5, MaxRemovedRatio: 1}, Removal{ModeReplace, 10, "by run r1", 5, 5}, ""},
		{"nobody may be removed", Limits{MinSize: 1}, Removal{ModeMirror, 10, "by run r1", 9, 1}, "limits.max_removed_ratio 0 allows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.limits.Allow(c.r)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, Gate, ClassOf(err))
		})
	}
}
