package main

import (
	"context"
	"path/filepath"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// steady counts the allocations of an upload when it has begun: those by which a chunk of four times the rows has more than one
// of the rows. Batches of half the size tell how many are for each batch.
func steady(ctx context.Context, d dataset, _ int) (sample, error) {
	b, chunks, err := planned(ctx, filepath.Dir(d.zstd()), d.rows, chunkRows)
	if err != nil {
		return sample{}, err
	}
	defer b.close()
	few := min(d.rows/4, 500_000)
	short := audience.Chunk{ID: "short", File: chunks[0].File, Rows: few}
	long := audience.Chunk{ID: "long", File: chunks[0].File, Rows: 4 * few}
	if err := b.folder.WriteJSON(ctx, audience.ChunksFile, []audience.Chunk{short, long}); err != nil {
		return sample{}, err
	}
	to := &sink{received: map[int64]int64{}}
	var counts [4]sample
	for i, of := range []struct {
		chunk     audience.Chunk
		batchRows int
	}{
		{short, meta.BatchRows}, // what is made once in a process, such as the rules of a country's phone numbers
		{short, meta.BatchRows}, {long, meta.BatchRows}, {long, meta.BatchRows / 2},
	} {
		if err := b.again(ctx); err != nil {
			return sample{}, err
		}
		counts[i], err = timed(of.chunk.Rows, func() error { return b.send(ctx, of.chunk, to, of.batchRows) })
		if err != nil {
			return sample{}, err
		}
	}
	all := func(s sample) float64 { return s.Allocs * float64(s.Rows) }
	s := counts[2]
	s.Allocs = (all(counts[2]) - all(counts[1])) / float64(3*few)
	batches := float64(4*few) / meta.BatchRows // which are as many again when they are of half the size
	batch := (all(counts[3]) - all(counts[2])) / batches
	s.Parts = []part{{"batch", batch}, {"row", s.Allocs - batch/meta.BatchRows}}
	return s, nil
}
