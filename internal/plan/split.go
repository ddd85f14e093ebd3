package plan

import (
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/match"
)

// chunksOf cuts the files, in the order given, into chunks that cover every row once. No chunk has more than limit rows
// or rows of two files. Its borders are those of row groups, except within a group that is larger than limit: a reader
// that starts inside a row group has to skip pages to get there. The same files always give the same chunks.
func chunksOf(files []match.File, limit int64) []audience.Chunk {
	var chunks []audience.Chunk
	for i := range files {
		first := int64(0)
		for _, rows := range pack(parts(files[i].Groups, limit), limit) {
			chunks = append(chunks, audience.Chunk{
				ID: fmt.Sprintf("%05d", len(chunks)+1), File: files[i].Name, FirstRow: first, Rows: rows,
			})
			first += rows
		}
	}
	return chunks
}

// parts splits each row group that is larger than limit into as few equal parts as fit. Empty groups vanish.
func parts(groups []int64, limit int64) []int64 {
	var out []int64
	for _, rows := range groups {
		n := (rows + limit - 1) / limit
		for i := range n {
			// The first rows%n parts are one row longer, so that the parts differ by one row at most.
			size := rows / n
			if i < rows%n {
				size++
			}
			out = append(out, size)
		}
	}
	return out
}

// pack joins neighbouring parts into as few chunks of at most limit rows as possible, and among these ways takes one
// whose largest chunk is smallest: a run is as slow as its largest chunk.
func pack(parts []int64, limit int64) []int64 {
	fewest := len(fill(parts, limit))
	low, high := int64(1), limit // high always gives the fewest
	for low < high {
		middle := low + (high-low)/2
		if got := fill(parts, middle); got != nil && len(got) <= fewest {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return fill(parts, high)
}

// fill joins parts from the left into chunks of at most limit rows. It gives nil when a part alone is larger.
func fill(parts []int64, limit int64) []int64 {
	var out []int64
	for _, rows := range parts {
		if rows > limit {
			return nil
		}
		if n := len(out); n > 0 && out[n-1]+rows <= limit {
			out[n-1] += rows
		} else {
			out = append(out, rows)
		}
	}
	return out
}
