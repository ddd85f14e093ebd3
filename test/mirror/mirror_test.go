// Package mirror has runs of a mirrored audience one after the other: with other matches, runs that fail anywhere, runs of other
// modes in between. Whenever one succeeds, the audience must have the people of its match, and nobody else.
package mirror

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const seeds = 40

func TestWhoeverSucceedsLeavesTheMatch(t *testing.T) {
	t.Parallel()
	succeeded, mirrored, failed := 0, 0, 0
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 4))
			w := newWorld(t, []int{0, 0, 40}[r.IntN(3)])
			match := matchOf(r, 12)
			for n := range 20 {
				w.now = w.now.Add(time.Duration(1+r.IntN(10*24)) * time.Hour)
				if r.IntN(4) > 0 { // else the match is as it was
					match = next(r, match)
				}
				mode := audience.ModeMirror
				if r.IntN(12) == 0 {
					mode = audience.ModeAdd
				}
				id := fmt.Sprintf("r%d", n)
				w.give(id, mode, match)
				for range r.IntN(3) {
					w.trouble(r)
					_, err := w.send(id, mode)
					w.heal()
					if err != nil {
						failed++
					}
					w.now = w.now.Add(time.Duration(r.IntN(100)) * time.Minute)
				}
				if n > 0 && r.IntN(3) == 0 {
					continue // it is left as it is, and the next run begins with that
				}
				made, err := w.send(id, mode)
				require.NoError(t, err, "run %s", id)
				require.Equal(t, audience.OutcomeSucceeded, made.Outcome, "run %s: %s", id, made.Next)
				if mode == audience.ModeMirror {
					require.Equal(t, expected(match), w.members(), "run %s in mode %s: %s", id, made.Mode, made.ModeReason)
					succeeded++
				}
				if made.Mode == audience.ModeMirror {
					mirrored++
				}
			}
		})
	}
	t.Logf("%d attempts failed; of %d mirrors that succeeded, %d sent only what had changed", failed, succeeded, mirrored)
	assert.Greater(t, failed, seeds)
	assert.Greater(t, mirrored, succeeded/2, "the others sent everybody")
}

// trouble has a request get lost or a task die, somewhere.
func (w *world) trouble(r *rand.Rand) {
	if r.IntN(2) == 0 {
		w.requests, w.taken = r.IntN(12), r.IntN(2) == 0
		return
	}
	w.life.Revive(r.IntN(60), r.IntN(2) == 0)
}

// next draws the match that follows on one.
func next(r *rand.Rand, match []row) []row {
	match = slices.Clone(match)
	for range r.IntN(4) {
		if i := r.IntN(len(match)); len(match) > 4 {
			match = slices.Delete(match, i, i+1)
		}
	}
	return append(match, matchOf(r, r.IntN(4))...)
}

// TestKilledAtEachWrite kills a task at each of the writes and deletes of a run, before it and behind it, and goes on with the run
// or with another one.
func TestKilledAtEachWrite(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		for _, before := range []bool{false, true} {
			t.Run(fmt.Sprintf("other run %t, before the write %t", other, before), func(t *testing.T) {
				for at := 0; ; at++ {
					if at > 1000 {
						require.Fail(t, "there is no end to the writes")
					}
					if !killedAt(t, at, before, other) {
						assert.Greater(t, at, 20, "writes and deletes of a run")
						return
					}
				}
			})
		}
	}
}

// killedAt reports whether the run came as far as that write.
func killedAt(t *testing.T, at int, before, other bool) bool {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	w := newWorld(t, 0)
	first := matchOf(r, 20)
	second, third := append(slices.Clone(first[5:]), matchOf(r, 5)...), append(slices.Clone(first[2:]), matchOf(r, 3)...)
	w.give("r1", audience.ModeMirror, first)
	_, err := w.send("r1", audience.ModeMirror)
	require.NoError(t, err)
	require.Equal(t, expected(first), w.members())

	w.give("r2", audience.ModeMirror, second)
	w.life.Revive(at, before)
	_, err = w.send("r2", audience.ModeMirror)
	died := w.life.Alive() != nil
	require.Equal(t, died, err != nil, "%v", err)
	w.heal()
	match, id := second, "r2"
	if other {
		match, id = third, "r3"
		w.give(id, audience.ModeMirror, match)
	}
	made, err := w.send(id, audience.ModeMirror)
	require.NoError(t, err, "killed at %d", at)
	require.Equal(t, audience.OutcomeSucceeded, made.Outcome)
	require.Equal(t, audience.ModeMirror, made.Mode, "killed at %d: %s", at, made.ModeReason)
	require.Equal(t, expected(match), w.members(), "killed at %d", at)

	w.give("r4", audience.ModeMirror, first)
	made, err = w.send("r4", audience.ModeMirror)
	require.NoError(t, err)
	require.Equal(t, audience.ModeMirror, made.Mode, made.ModeReason)
	require.Equal(t, expected(first), w.members(), "killed at %d", at)
	objects, err := w.state().List(t.Context(), "mirror/")
	require.NoError(t, err)
	for _, o := range objects {
		require.Contains(t, o.Key, "mirror/r4/", "of older runs nothing is kept")
	}
	return died
}
