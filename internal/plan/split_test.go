package plan

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/match"
)

func TestSplitSizes(t *testing.T) {
	for _, c := range []struct {
		name   string
		groups []int64
		limit  int64
		want   []int64
	}{
		{"no rows", nil, 10, nil},
		{"an empty group", []int64{0}, 10, nil},
		{"empty groups between", []int64{0, 4, 0, 4, 0}, 10, []int64{8}},
		{"one small group", []int64{7}, 10, []int64{7}},
		{"exactly the limit", []int64{10}, 10, []int64{10}},
		{"a large group in equal parts", []int64{25}, 10, []int64{9, 8, 8}},
		{"one row too many", []int64{11}, 10, []int64{6, 5}},
		{"whole groups, though a chunk could be fuller", []int64{6, 6, 6}, 10, []int64{6, 6, 6}},
		{"balanced, not 8 and 2", []int64{2, 2, 2, 2, 2}, 9, []int64{6, 4}},
		{"the rest of a large group joins its neighbour", []int64{12, 3}, 10, []int64{6, 9}},
		{"one row a chunk", []int64{2, 1}, 1, []int64{1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int64
			for _, chunk := range chunksOf([]match.File{{Name: "a", Groups: c.groups}}, c.limit) {
				got = append(got, chunk.Rows)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestChunksNameTheirFileAndRows(t *testing.T) {
	files := []match.File{{Name: "a.parquet", Groups: []int64{5, 5}}, {Name: "b.parquet", Groups: []int64{0}}, {Name: "c.parquet", Groups: []int64{12}}}
	assert.Equal(t, []audience.Chunk{
		{ID: "00001", File: "a.parquet", FirstRow: 0, Rows: 10},
		{ID: "00002", File: "c.parquet", FirstRow: 0, Rows: 6},
		{ID: "00003", File: "c.parquet", FirstRow: 6, Rows: 6},
	}, chunksOf(files, 10))
}

// FuzzSplit checks that chunks cover every row exactly once, and that none is larger than asked for or crosses a border
// that it must not.
func FuzzSplit(f *testing.F) {
	f.Add([]byte{3, 0, 200}, []byte{17}, uint16(10))
	f.Add([]byte{255, 255, 1}, []byte{}, uint16(300))
	f.Add([]byte{}, []byte{1}, uint16(1))
	f.Fuzz(func(t *testing.T, one, two []byte, limit uint16) {
		if limit == 0 {
			limit = 1
		}
		files := []match.File{fuzzFile("1", one), fuzzFile("2", two)}
		chunks := chunksOf(files, int64(limit))
		next := map[string]int64{}
		for i, c := range chunks {
			require.Positive(t, c.Rows)
			require.LessOrEqual(t, c.Rows, int64(limit))
			require.Equal(t, next[c.File], c.FirstRow, "a gap or an overlap before chunk %s", c.ID)
			next[c.File] += c.Rows
			if i > 0 {
				require.LessOrEqual(t, chunks[i-1].File, c.File)
				require.Less(t, chunks[i-1].ID, c.ID)
			}
		}
		for i := range files {
			require.Equal(t, files[i].Rows(), next[files[i].Name], "rows of file %s", files[i].Name)
			checkBorders(t, &files[i], chunks, int64(limit))
		}
	})
}

func fuzzFile(name string, groups []byte) match.File {
	f := match.File{Name: name}
	for _, g := range groups {
		f.Groups = append(f.Groups, int64(g)*7)
	}
	return f
}

// checkBorders checks that a chunk begins inside a row group only where the group is larger than the limit.
func checkBorders(t *testing.T, f *match.File, chunks []audience.Chunk, limit int64) {
	start := int64(0)
	for _, rows := range f.Groups {
		inside := slices.ContainsFunc(chunks, func(c audience.Chunk) bool {
			return c.File == f.Name && c.FirstRow > start && c.FirstRow < start+rows
		})
		require.False(t, inside && rows <= limit, "group at row %d of %s was split", start, f.Name)
		start += rows
	}
}
