package table

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mixedRow has columns of every way in which a page may hold them.
type mixedRow struct {
	Plain    string   `parquet:"plain"`
	Maybe    *string  `parquet:"maybe,optional"`
	Dict     string   `parquet:"dict,dict"`
	DictNull *string  `parquet:"dictnull,optional,dict"`
	Delta    string   `parquet:"delta,delta"`
	Number   int64    `parquet:"number,dict"`
	Float    *float64 `parquet:"float,optional,dict"`
	Year     *int32   `parquet:"year,optional"`
}

var mixedColumns = []string{"plain", "maybe", "dict", "dictnull", "delta", "number", "float", "year", "dict"}

// mixedFile writes rows in small pages and row groups, with dictionaries that are given up on the way. Some values are no UTF-8.
func mixedFile(t testing.TB, seed uint64, rows int) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	kinds := 1 + r.IntN(200)
	text := func() string {
		s := "v" + string(rune('a'+r.IntN(26))) + string(make([]byte, r.IntN(3)))
		switch r.IntN(40 + kinds) {
		case 0:
			return s + "\xff"
		case 1, 2:
			return s + "é"
		case 3:
			return ""
		}
		return s + string(rune('0'+r.IntN(kinds)))
	}
	maybe := func() *string {
		if s := text(); r.IntN(3) > 0 {
			return &s
		}
		return nil
	}
	all := make([]mixedRow, rows)
	for i := range all {
		all[i] = mixedRow{Plain: text(), Maybe: maybe(), Dict: text(), DictNull: maybe(), Delta: text(), Number: int64(r.IntN(kinds))}
		if f := float64(r.IntN(5)); r.IntN(2) == 0 {
			if f == 4 {
				f = math.NaN()
			}
			all[i].Float = &f
		}
		if y := int32(r.IntN(100)); r.IntN(2) == 0 {
			all[i].Year = &y
		}
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[mixedRow](&out, parquet.PageBufferSize(64+r.IntN(2000)), parquet.MaxRowsPerRowGroup(int64(1+r.IntN(rows))),
		parquet.DictionaryMaxBytes(int64(50+r.IntN(500))), parquet.DataPageVersion(1+r.IntN(2)), parquet.Compression(&parquet.Snappy))
	_, err := w.Write(all)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// valueByValue reads a file as the Parquet library gives its values, and as ColumnReader promises to give them.
func valueByValue(t testing.TB, data []byte, columns []string, from int64) (rows [][]string, bad []bool) {
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	known, err := openParquetFile("x", bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	rows, bad = make([][]string, file.NumRows()), make([]bool, file.NumRows())
	for _, name := range columns {
		row := 0
		for _, group := range file.RowGroups() {
			for i := range known.columns {
				if known.columns[i].name != name {
					continue
				}
				pages := group.ColumnChunks()[known.columns[i].leaf].Pages()
				for page, err := pages.ReadPage(); !errors.Is(err, io.EOF); page, err = pages.ReadPage() {
					require.NoError(t, err)
					values := make([]parquet.Value, page.NumValues())
					_, err := page.Values().ReadValues(values)
					require.True(t, err == nil || errors.Is(err, io.EOF))
					for _, v := range values {
						text := "∅"
						if !v.IsNull() && !isNaN(v) {
							text = string(known.columns[i].value(nil, v))
						}
						rows[row] = append(rows[row], text)
						bad[row] = bad[row] || !utf8.ValidString(text)
						row++
					}
				}
				require.NoError(t, pages.Close())
			}
		}
	}
	return rows[from:], bad[from:]
}

// requireRows reads a file from a row on and holds it against what the library gives value by value.
func requireRows(t testing.TB, data []byte, from int64, size int, codes bool) (coded int) {
	reader, err := OpenColumns("x", bytes.NewReader(data), int64(len(data)), mixedColumns)
	require.NoError(t, err)
	defer func() { assert.NoError(t, reader.Close()) }()
	if codes {
		reader.KeepCodes()
	}
	require.NoError(t, reader.SeekRow(from))
	want, bad := valueByValue(t, data, mixedColumns, from)
	next := from
	var b Batch
	for {
		if err := reader.Read(&b, size); errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		for _, at := range b.Bad {
			require.True(t, bad[at.Row-1-from], "row %d is bad", at.Row)
		}
		next += int64(len(b.Rows) + len(b.Bad))
		for c := range b.Columns {
			require.Equal(t, len(b.Rows), b.Columns[c].Len())
			if b.Columns[c].Dict != nil {
				coded++
			}
		}
		for i, row := range b.Rows {
			require.False(t, bad[row-1-from], "row %d is good", row)
			for c := range b.Columns {
				got := string(b.Columns[c].Value(i))
				if b.Columns[c].IsNull(i) {
					require.Empty(t, got)
					got = "∅"
				}
				require.Equal(t, want[row-1-from][c], got, "column %s of row %d", mixedColumns[c], row)
			}
		}
	}
	require.Equal(t, int64(len(want)), next-from, "all rows")
	return coded
}

func TestReadIsTheLibrarysValueByValue(t *testing.T) {
	coded := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		rows := 1 + r.IntN(900)
		data := mixedFile(t, seed, rows)
		from, size := int64(r.IntN(rows)), 1+r.IntN(1500)
		assert.Zero(t, requireRows(t, data, 0, size, false))
		requireRows(t, data, from, size, false)
		coded += requireRows(t, data, 0, size, true) + requireRows(t, data, from, size, true)
	}
	assert.Positive(t, coded, "some columns must come as codes")
}

func FuzzReadCodes(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(0), uint16(10))
	f.Add(uint64(2), uint16(900), uint16(899), uint16(1000))
	f.Fuzz(func(t *testing.T, seed uint64, rows, from, size uint16) {
		n := int(rows%1000) + 1
		data := mixedFile(t, seed, n)
		requireRows(t, data, int64(from)%int64(n), int(size)+1, true)
		requireRows(t, data, int64(from)%int64(n), int(size)+1, false)
	})
}
