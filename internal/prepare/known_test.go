package prepare

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// What a column knows is bounded by bytes too, not only by how many values it is.
func TestAColumnKnowsNoMoreBytesThanItMay(t *testing.T) {
	const bytes, batches, batchRows = 100_000, 50, 100
	n := &former{
		normalizer: identity.NewNormalizer("US", func() time.Time { return today }), mostKnown: mostKnown, knownBytes: bytes,
	}
	names := keyColumn{key: audience.LastName, attributes: []attribute{{key: audience.LastName}}}
	d := newDescribing(names, mostKnown)
	empty, growth, forgot := d.size(), 0, 0
	var rows []int32
	for row := range int32(batchRows) {
		rows = append(rows, row)
	}
	for batch := range batches {
		var in table.Column
		for row := range batchRows {
			in.AppendString(distinctName(batch*batchRows + row))
		}
		before, held := d.size(), cap(d.meanings)
		d.convert(n, &in, rows, nil)
		if batch == 0 {
			growth = 2 * (d.size() - empty) // the slots double
		}
		if d.size() < before {
			forgot++
			assert.Less(t, cap(d.meanings), held, "others may need the memory")
		}
		require.LessOrEqual(t, d.size(), bytes+growth)
	}
	assert.Positive(t, forgot)
	assert.Less(t, forgot, batches/3, "but it knows as much as it may")
}

// However many columns have values that never come again, all of them together know no more than they may.
func TestAllColumnsKnowNoMoreBytesThanTheyMay(t *testing.T) {
	const bytes, batchRows = 200_000, 20
	b := newBench(t).define(everyKey)
	columns := strings.Count(everyHeader, ",") + 1
	var text strings.Builder
	text.WriteString(everyHeader)
	for row := range 2000 {
		text.WriteString(strings.Repeat(distinctName(row)+",", columns-1) + distinctName(row) + "\n")
	}
	b.put("a.csv", text.String())
	b.sizes = sizes{workers: 1, readers: 1, batchRows: batchRows, partRows: 1 << 20, partBytes: 1 << 20, exact: 1000, known: mostKnown}
	p := b.pipeline()
	w := p.workers[0]
	w.mostBytes = bytes
	known := func() (size int) {
		for _, d := range w.describe {
			size += d.size()
		}
		return size
	}
	require.Greater(t, len(w.describe), 2*knownShare)
	empty, growth, most := known(), 0, 0
	reader, err := p.src.open(t.Context(), &p.src.files[0])
	require.NoError(t, err)
	for {
		next := &batch{file: &p.src.files[0]}
		if err = reader.Read(&next.Batch); errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.NoError(t, w.write(t.Context(), next))
		if growth == 0 {
			growth = 2 * (known() - empty)
		}
		most = max(most, known())
		require.LessOrEqual(t, known(), bytes+growth)
	}
	assert.Greater(t, most, bytes*3/4, "but they know as much as they may")
	require.NoError(t, reader.Close())
	require.NoError(t, w.close(t.Context()))
}

// distinctName is a name that no other number has: names have no digits.
func distinctName(n int) string {
	return "Lee" + strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprintf("%06d", n))
}
