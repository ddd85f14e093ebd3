package prepare

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var set sums
		want := map[uint64]bool{}
		for range r.IntN(2000) {
			sum := r.Uint64() >> r.IntN(64) << r.IntN(20) // some that share a slot, and 0
			set.add(sum)
			want[sum] = true
			require.Equal(t, len(want), set.n)
		}
		var got []uint64
		set.each(func(sum uint64) { got = append(got, sum) })
		slices.Sort(got)
		require.Equal(t, slices.Sorted(maps.Keys(want)), got)
	}
}
