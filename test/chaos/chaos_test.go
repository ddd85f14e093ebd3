// Package chaos runs whole runs, by the real state machine and the real stages, in a world where everything goes wrong: tasks
// are killed between any two things that they do, answers are lost, Meta throttles, fails and is slow, the token expires, and
// people opt out meanwhile. What happens is drawn from a seed. However it went, in the end the audience has exactly the
// people that it should have, and the account of the rows balances.
//
// A seed lives in a bubble of testing/synctest: hours of waiting take no time.
package chaos

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The environment chooses how many seeds there are (CHAOS_SEEDS, of which the default is 100), or one seed (CHAOS_SEED),
// which is logged in detail.
const (
	envSeeds = "CHAOS_SEEDS"
	envSeed  = "CHAOS_SEED"
)

// stories are what happens to an audience in each mode.
var stories = map[string]func(*world) error{
	"add":     (*world).adds,
	"remove":  (*world).removes,
	"replace": (*world).replaces,
	"mirror":  (*world).mirrors,
}

func TestChaos(t *testing.T) {
	for mode, story := range stories {
		t.Run(mode, func(t *testing.T) {
			failed := play(t, mode, seeds(t), story)
			for seed, problems := range failed {
				assert.Fail(t, fmt.Sprintf("seed %d", seed), "%v\nrepeat it: %s=%d go test ./test/chaos -run 'TestChaos/%s$' -v", problems, envSeed, seed, mode)
			}
		})
	}
}

func seeds(t *testing.T) []uint64 {
	t.Helper()
	if one := os.Getenv(envSeed); one != "" {
		seed, err := strconv.ParseUint(one, 10, 64)
		require.NoError(t, err)
		return []uint64{seed}
	}
	n := 100
	if many := os.Getenv(envSeeds); many != "" {
		var err error
		n, err = strconv.Atoi(many)
		require.NoError(t, err)
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = uint64(i)
	}
	return list
}

// play plays a story for each seed, all in one bubble, and gives the problems of those that have any.
func play(t *testing.T, mode string, seeds []uint64, story func(*world) error) map[uint64][]string {
	t.Helper()
	failed := map[uint64][]string{}
	bubble(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		if len(seeds) == 1 && testing.Verbose() {
			log = slog.New(slog.NewTextHandler(t.Output(), nil))
		}
		var mu sync.Mutex
		var group sync.WaitGroup
		next := make(chan uint64)
		for range runtime.GOMAXPROCS(0) {
			group.Go(func() {
				for seed := range next {
					if problems := playOne(t, mode, seed, log, story); len(problems) > 0 {
						mu.Lock()
						failed[seed] = problems
						mu.Unlock()
					}
				}
			})
		}
		for _, seed := range seeds {
			next <- seed
		}
		close(next)
		group.Wait()
	})
	return failed
}

func playOne(t *testing.T, mode string, seed uint64, log *slog.Logger, story func(*world) error) []string {
	w, err := newWorld(t, mode, seed, log)
	if err != nil {
		return []string{err.Error()}
	}
	defer w.close()
	if err := story(w); err != nil {
		w.problem("%s", err)
	}
	return w.problems
}

// bubble runs f in a bubble. What the compression of Parquet keeps for the next file has channels in it, and one that was
// made in a bubble must not be used outside of it: what other bubbles left is dropped, and what is kept for ever is made
// before the bubble.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	_, err := parquetOf([]row{person(1)}, 1)
	require.NoError(t, err)
	for range 2 { // a sync.Pool is empty after the second
		runtime.GC()
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // little of what is made stays
	synctest.Test(t, f)
}
