package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextThatHardlyRepeatsHasNoDictionary(t *testing.T) {
	columns := make([]Column, 3)
	var want []string
	for i := range 5000 {
		sum := sha256.Sum256([]byte(strconv.Itoa(i)))
		text, city := hex.EncodeToString(sum[:]), "city "+strconv.Itoa(i%500)
		columns[0].AppendString(text)
		columns[1].AppendString(city)
		if i < 4000 {
			columns[2].AppendNull()
			want = append(want, strconv.Itoa(i+1)+": "+text+"|"+city+"|∅")
		} else {
			columns[2].AppendString(text)
			want = append(want, strconv.Itoa(i+1)+": "+text+"|"+city+"|"+text)
		}
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, []Field{{"hash", String}, {"city", String}, {"late", String}}, WriteOptions{})
	require.NoError(t, err)
	require.NoError(t, w.WriteBatch(columns, nil))
	require.NoError(t, w.Close())

	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	chunks := file.Metadata().RowGroups[0].Columns
	assert.NotContains(t, chunks[0].MetaData.Encoding, format.RLEDictionary)
	assert.Contains(t, chunks[0].MetaData.Encoding, format.Plain)
	assert.Less(t, chunks[0].MetaData.TotalCompressedSize, int64(5000*40), "64 hex digits hold 32 bytes")
	assert.Contains(t, chunks[1].MetaData.Encoding, format.RLEDictionary)
	assert.Contains(t, chunks[2].MetaData.Encoding, format.RLEDictionary, "nothing told otherwise")

	lines, err := contents(inMemory("a.parquet", out.Bytes()), ReadOptions{Columns: []string{"hash", "city", "late"}})
	require.NoError(t, err)
	assert.Equal(t, want, lines)
}

func TestRowGroupEndsByBytes(t *testing.T) {
	var column Column
	for range 1000 {
		column.AppendString("0123456789")
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, []Field{{"a", String}}, WriteOptions{RowGroupBytes: 15_000})
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, w.WriteBatch([]Column{column}, nil))
	}
	require.NoError(t, w.Close())
	footer, err := ReadFooter("a", bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	assert.Equal(t, []int64{2000, 2000, 1000}, footer.RowGroups)
}

func TestFileWithoutRows(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, []Field{{"a", String}, {"b", Date}}, WriteOptions{Metadata: map[string]string{"k": "v"}})
	require.NoError(t, err)
	require.NoError(t, w.WriteBatch(make([]Column, 2), nil))
	require.NoError(t, w.Close())
	footer, err := ReadFooter("a", bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	assert.Equal(t, []Field{{"a", String}, {"b", Date}}, footer.Columns)
	assert.Zero(t, footer.Rows)
	assert.Equal(t, "v", footer.Metadata["k"])
}

// A dictionary of long values would be in memory until its page of small indices is full.
func TestLongValuesGetNoDictionary(t *testing.T) {
	var column Column
	for i := range 20 {
		column.AppendString(strings.Repeat(strconv.Itoa(i), 50_000))
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, []Field{{"a", String}}, WriteOptions{})
	require.NoError(t, err)
	require.NoError(t, w.WriteBatch([]Column{column}, nil))
	require.NoError(t, w.Close())
	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	chunk := file.Metadata().RowGroups[0].Columns[0].MetaData
	assert.NotContains(t, chunk.Encoding, format.RLEDictionary)
	r, err := OpenColumns("a", bytes.NewReader(out.Bytes()), int64(out.Len()), []string{"a"})
	require.NoError(t, err)
	var b Batch
	require.NoError(t, r.Read(&b, 100))
	assert.Equal(t, column.Data, b.Columns[0].Data)
	require.NoError(t, r.Close())
}
