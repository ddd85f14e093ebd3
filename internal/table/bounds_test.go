package table

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A long value would be in the footer as a whole: a column with one has no bounds.
func TestALongValueIsNoBound(t *testing.T) {
	fits, long := strings.Repeat("x", 256), strings.Repeat("x", 257)
	for _, coded := range []bool{false, true} {
		for _, test := range []struct {
			values   []string
			min, max string
		}{
			{[]string{"b", fits}, "b", fits},
			{[]string{fits, "y"}, fits, "y"},
			{[]string{"b", long}, "", ""},
			{[]string{long, "y"}, "", ""},
			{[]string{"b", "z", long}, "b", "z"}, // it is between them
		} {
			column, codes := &Column{}, []int32(nil)
			for i, value := range test.values {
				column.AppendString(value)
				if coded {
					codes = append(codes, int32(i))
				}
			}
			var out bytes.Buffer
			w, err := NewWriter(&out, []Field{{"a", String}}, WriteOptions{})
			require.NoError(t, err)
			require.NoError(t, w.WriteValues([]Values{{column, codes}}, nil))
			require.NoError(t, w.Close())
			file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
			require.NoError(t, err)
			statistics := file.Metadata().RowGroups[0].Columns[0].MetaData.Statistics
			assert.Equal(t, test.min, string(statistics.MinValue))
			assert.Equal(t, test.max, string(statistics.MaxValue))
		}
	}
}
