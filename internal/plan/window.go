package plan

import (
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// Figures of a replace's 90 minutes. That a Fargate task starts in 40 seconds is what cleanreach estimate reckons with too.
const (
	// window is what is planned of the 90 minutes that Meta gives a replace from its first batch on. Uploads send nothing in
	// the session later than this; the rest is for batches on their way and for the one that ends it.
	window = 80 * time.Minute
	start  = 40 * time.Second // of a task, until its code runs
	// usualAnswer is how long Meta takes for a batch of 10,000 people, where no earlier replace has shown it: a design figure.
	usualAnswer = 5 * time.Second
)

// mostLimited is how many tasks at once can keep to the limited tier without being blocked. Each takes three of its 60 points
// with a batch, a twentieth; pacing keeps the usage at a tenth and a twentieth for each task, which reaches the limit at 18.
const mostLimited = 18

// A speed is how fast batches of a replace go.
type speed struct {
	tier   meta.Tier
	answer time.Duration // from a task's batch to its next, when no other task shares the limit
	tasks  int           // at once
}

// fits tells how many of the chunks, in their order and with these numbers of batches, can be expected to be sent within the
// window. The first is sent alone, as it begins the session. The others follow when two more tasks have started, Advance and
// the first of theirs; from then on a batch takes the share of its answer that the tasks at once leave to each, or, where that
// is longer, the time in which the ad account's limit allows one more.
func (s speed) fits(batches []int) int {
	every := s.tier.Every()
	used := 2 * start
	for i, n := range batches {
		switch at := max(min(s.tasks, len(batches)-1), 1); {
		case i == 0:
			used += time.Duration(n) * max(s.answer, every)
		case (i-1)%at == 0: // a wave of tasks starts; the first has started above
			if i > 1 {
				used += start
			}
			fallthrough
		default:
			used += time.Duration(n) * max(s.answer/time.Duration(at), every)
		}
		if used > window {
			return i
		}
	}
	return len(batches)
}

// alone tells how many batches of the first chunk can be expected to fit.
func (s speed) alone() int64 { return int64((window - 2*start) / max(s.answer, s.tier.Every())) }

// tierOf is the tier by the word of preflight.json. One that is not known counts as limited.
func tierOf(word string) meta.Tier {
	if word == audience.TierFull {
		return meta.TierFull
	}
	return meta.TierLimited
}

// batchesOf is how many batches a chunk has at the most.
func batchesOf(c audience.Chunk, rows int64) int {
	return int((c.Rows + rows - 1) / rows)
}
