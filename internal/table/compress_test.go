package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlainColumnHasNoDictionary(t *testing.T) {
	columns := make([]Column, 2)
	for i := range 5000 {
		sum := sha256.Sum256([]byte(strconv.Itoa(i)))
		for c := range columns {
			columns[c].AppendString(hex.EncodeToString(sum[:]))
		}
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, []Field{{Name: "plain", Type: String, Plain: true}, {Name: "dictionary", Type: String}}, WriteOptions{})
	require.NoError(t, err)
	require.NoError(t, w.WriteBatch(columns, nil))
	require.NoError(t, w.Close())

	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	chunks := file.Metadata().RowGroups[0].Columns
	assert.NotContains(t, chunks[0].MetaData.Encoding, format.RLEDictionary)
	assert.Contains(t, chunks[0].MetaData.Encoding, format.Plain)
	assert.Contains(t, chunks[1].MetaData.Encoding, format.RLEDictionary)
	assert.Less(t, chunks[0].MetaData.TotalCompressedSize, int64(5000*40), "64 hex digits hold 32 bytes")

	lines, err := contents(inMemory("a.parquet", out.Bytes()), ReadOptions{Columns: []string{"plain", "dictionary"}})
	require.NoError(t, err)
	require.Len(t, lines, 5000)
	for i, line := range lines {
		sum := sha256.Sum256([]byte(strconv.Itoa(i)))
		text := hex.EncodeToString(sum[:])
		require.Equal(t, strconv.Itoa(i+1)+": "+text+"|"+text, line)
	}
}
