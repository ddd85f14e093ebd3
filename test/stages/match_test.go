package stages

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

// selections are what queries may select of the prepared table. A column that is no key comes along.
var selections = [][]string{
	{"email", "phone", "country"},
	{"email_sha256", "phone_sha256", "extern_id"},
	{"extern_id", "country_sha256", "email", "email_sha256"},
	{"phone"},
}

// match takes some of the prepared rows for a match, some of them twice or without anything in them, and writes them into
// files in folders, with what query engines leave beside. It gives their number.
func (b *bench) match(dir string) (matched int64) {
	b.t.Helper()
	names := selections[b.rand.IntN(len(selections))]
	rows := b.preparedRows(names)
	b.rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	rows = rows[:b.rand.IntN(len(rows)+1)]
	for range b.rand.IntN(4) {
		rows = append(rows, make([]string, len(names)))
	}
	if len(rows) > 0 {
		rows = append(rows, rows[0])
	}
	for i := range rows {
		rows[i] = append(rows[i][:len(names):len(names)], "gold")
	}
	names = append(names[:len(names):len(names)], "tier")
	matched = int64(len(rows))
	for i := 0; len(rows) > 0 || i < 2; i++ {
		n := b.rand.IntN(min(len(rows), 70) + 1)
		b.file(dir, fmt.Sprintf("collaboration=1/q1/part-%d.parquet", i), parquetOf(b.t, names, rows[:n], 1+b.rand.Int64N(25)))
		rows = rows[n:]
	}
	b.file(dir, "collaboration=1/_SUCCESS", nil)
	b.file(dir, "collaboration=1/q1/empty", nil)
	return matched
}

func (b *bench) file(dir, name string, data []byte) {
	b.t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(b.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(b.t, os.WriteFile(path, data, 0o600))
}

// preparedRows gives some columns of the prepared table; what is null is empty.
func (b *bench) preparedRows(names []string) (rows [][]string) {
	b.t.Helper()
	parts, err := b.folder.List(b.t.Context(), audience.PreparedDir)
	require.NoError(b.t, err)
	for _, part := range parts {
		rows = append(rows, b.rowsOf(part.Key, names)...)
	}
	assert.Len(b.t, rows, int(b.prepared.Prepared))
	return rows
}

func (b *bench) rowsOf(key string, names []string) (rows [][]string) {
	b.t.Helper()
	ra, err := b.folder.ReaderAt(b.t.Context(), key)
	require.NoError(b.t, err)
	defer func() { assert.NoError(b.t, ra.Close()) }()
	r, err := table.OpenColumns(key, ra, ra.Size(), names)
	require.NoError(b.t, err)
	defer func() { assert.NoError(b.t, r.Close()) }()
	for batch := (table.Batch{}); ; {
		err := r.Read(&batch, 1000)
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(b.t, err)
		for i := range batch.Rows {
			row := make([]string, len(names))
			for c := range batch.Columns {
				row[c] = string(batch.Columns[c].Value(i))
			}
			rows = append(rows, row)
		}
	}
}
