package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// TestFits has chunks of 25 batches, which are 250,000 rows. The limited tier allows a batch in 15 seconds, so that 80 minutes
// without the start of two tasks have room for 314; the full tier allows ten a second.
func TestFits(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		speed  speed
		chunks int
		want   int
	}{
		{"limited, all of a small match", speed{meta.TierLimited, 5 * s, 8}, 10, 10},
		{"limited: 12 chunks are 300 batches, and a second wave starts", speed{meta.TierLimited, 5 * s, 8}, 12, 12},
		{"limited, one too many", speed{meta.TierLimited, 5 * s, 8}, 13, 12},
		{"limited, whatever the tasks", speed{meta.TierLimited, 5 * s, 18}, 40, 12},
		{"limited, by one slow task", speed{meta.TierLimited, 60 * s, 1}, 40, 3},
		{"an unknown tier counts as limited", speed{"", 5 * s, 8}, 40, 12},
		{"full, one task: 5 seconds a batch, and 40 for each start", speed{meta.TierFull, 5 * s, 1}, 100, 29},
		{"full, eight tasks", speed{meta.TierFull, 5 * s, 8}, 1000, 225},
		{"full, a second a batch", speed{meta.TierFull, 1 * s, 8}, 2000, 581},
		{"full, as many tasks as it has room for", speed{meta.TierFull, 5 * s, 50}, 5000, 1401},
		{"full, more tasks only start sooner", speed{meta.TierFull, 5 * s, 1000}, 5000, 1823},
		{"nothing fits behind an opener that takes 83 minutes", speed{meta.TierFull, 200 * s, 8}, 5, 0},
		{"one chunk", speed{meta.TierFull, 5 * s, 8}, 1, 1},
		{"no chunk", speed{meta.TierFull, 5 * s, 8}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, c.speed.fits(slices.Repeat([]int{25}, c.chunks)))
		})
	}
}

func TestDealOut(t *testing.T) {
	chunk := func(id string, rows int64) audience.Chunk { return audience.Chunk{ID: id, Rows: rows} }
	chunks := []audience.Chunk{chunk("00001", 10_001), chunk("00002", 10_000), chunk("00003", 1), chunk("00004", 20_000)}
	layout := dealOut(chunks, meta.BatchRows, speed{meta.TierFull, 5 * time.Second, 8})
	assert.Equal(t, &audience.ReplacePlan{Opener: "00001", Batches: 6, Rows: 40_002}, layout)
	first := func() (n []int) {
		for _, c := range chunks {
			n = append(n, c.FirstBatch)
		}
		return n
	}
	assert.Equal(t, []int{1, 3, 4, 5}, first())

	chunks = []audience.Chunk{chunk("00001", 2_000_000), chunk("00002", 2_000_000), chunk("00003", 1)}
	layout = dealOut(chunks, meta.BatchRows, speed{meta.TierLimited, 5 * time.Second, 8})
	assert.Equal(t, &audience.ReplacePlan{Opener: "00001", Batches: 200, Rows: 2_000_000, Later: 2_000_001}, layout)
	assert.Equal(t, []int{1, 0, 0}, first(), "what follows a chunk that does not fit would only come later")

	chunks = []audience.Chunk{chunk("00001", 4_000_000), chunk("00002", 1)}
	layout = dealOut(chunks, meta.BatchRows, speed{meta.TierLimited, 5 * time.Second, 8})
	assert.Equal(t, &audience.ReplacePlan{Opener: "00001", Batches: 400, Rows: 3_140_000, Later: 860_001}, layout, "it begins the session all the same, and no row counts twice")
}
