package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyType has a column of each type, and two of text.
var everyType = []Field{
	{"text", String}, {"again", String}, {"number", BigInt}, {"worth", Double}, {"yes", Boolean}, {"day", Date}, {"moment", Timestamp},
}

// made are the columns of random rows, with as many different values as asked for.
func made(r *rand.Rand, rows, different int) []Column {
	columns := make([]Column, len(everyType))
	for range rows {
		for i, field := range everyType {
			n := r.IntN(different)
			if r.IntN(9) == 0 {
				columns[i].AppendNull()
				continue
			}
			columns[i].AppendString(madeValue(r, field.Type, n))
		}
	}
	return columns
}

func madeValue(r *rand.Rand, t Type, n int) string {
	if r.IntN(30) == 0 {
		return []string{"", " ", "none", "-", "ü\x00"}[r.IntN(5)]
	}
	switch t {
	case BigInt:
		return fmt.Sprint(n - 100)
	case Double:
		return fmt.Sprint(float64(n-100) / 8)
	case Boolean:
		return []string{"yes", "No", "1", "f"}[n%4]
	case Date:
		return fmt.Sprintf("%04d-%02d-%02d", 1900+n%200, 1+n%12, 1+n%28)
	case Timestamp:
		return fmt.Sprintf("%04d-%02d-%02dT01:02:%02d.%06dZ", 1900+n%200, 1+n%12, 1+n%28, n%60, n)
	}
	return fmt.Sprint("value ", n)
}

// split gives some of the rows of columns, those of type String as codes if that is wanted.
func split(columns []Column, from, to int, set, made *Column, codes bool) []Values {
	var values []Values
	for i := range columns {
		v := Values{Column: &Column{}}
		if i == 1 && made != nil && codes { // what was made of the column before
			for made.Len() < set.Len() {
				made.AppendString("made of " + string(set.Value(made.Len())))
			}
			values = append(values, Values{Column: made, Codes: values[0].Codes})
			continue
		}
		if i < 2 && codes {
			v = Values{Column: set, Codes: []int32{}}
		}
		for row := from; row < to; row++ {
			switch {
			case v.Codes == nil && columns[i].IsNull(row):
				v.AppendNull()
			case v.Codes == nil:
				v.Append(columns[i].Value(row))
			case columns[i].IsNull(row):
				v.Codes = append(v.Codes, -1)
			default:
				v.Codes = append(v.Codes, codeOf(set, columns[i].Value(row)))
			}
		}
		values = append(values, v)
	}
	return values
}

func codeOf(set *Column, value []byte) int32 {
	for i := range set.Len() {
		if bytes.Equal(set.Value(i), value) {
			return int32(i)
		}
	}
	set.Append(value)
	return int32(set.Len() - 1)
}

// checkWriter writes random rows in random batches and holds the file against the library's.
func checkWriter(t *testing.T, seed uint64, rows, different, groupRows, dictionary int, codes bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	columns := made(r, rows, different)
	twins := codes && seed%3 == 0
	if twins {
		columns[1].Reset()
		for row := range rows {
			if columns[0].IsNull(row) {
				columns[1].AppendNull()
			} else {
				columns[1].AppendString("made of " + string(columns[0].Value(row)))
			}
		}
	}
	var want, got []string
	var plain, out bytes.Buffer
	note := func(list *[]string, first int) func(row, column int) {
		return func(row, column int) { *list = append(*list, fmt.Sprint(column, ":", first+row)) }
	}
	require.NoError(t, writePlain(&plain, everyType, columns, groupRows, note(&want, 0)))
	w, err := NewWriter(&out, everyType, WriteOptions{RowGroupRows: int64(groupRows), DictionaryBytes: dictionary})
	require.NoError(t, err)
	set, second := &Column{}, (*Column)(nil)
	for from := 0; from < rows; {
		to := min(rows, from+1+r.IntN(100))
		if r.IntN(5) == 0 {
			set, second = &Column{}, nil // begun anew
		}
		if twins && second == nil {
			second = &Column{}
		}
		require.NoError(t, w.WriteValues(split(columns, from, to, set, second, codes && r.IntN(6) > 0), note(&got, from)))
		from = to
	}
	require.NoError(t, w.Close())
	assert.Equal(t, int64(rows), w.Rows())
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got, "what does not parse")
	require.Equal(t, rowsOf(t, plain.Bytes()), rowsOf(t, out.Bytes()))
	checkFooter(t, plain.Bytes(), out.Bytes())
}

// rowsOf reads a file with the library alone, and checks its sums.
func rowsOf(t *testing.T, file []byte) (rows []string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	places := map[string]int{}
	for i, path := range f.Schema().Columns() {
		places[path[0]] = i
	}
	for _, group := range f.RowGroups() {
		reader := group.Rows()
		buffer := make([]parquet.Row, 10)
		for {
			n, err := reader.ReadRows(buffer)
			for _, row := range buffer[:n] {
				text := ""
				for _, field := range everyType {
					value := row[places[field.Name]]
					text += fmt.Sprintf("%+v|", value.Level(0, value.DefinitionLevel(), 0))
				}
				rows = append(rows, text)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		require.NoError(t, reader.Close())
	}
	return rows
}

// checkFooter compares what the two files say of themselves, as far as it does not depend on how they are stored.
func checkFooter(t *testing.T, plain, file []byte) {
	t.Helper()
	want, err := parquet.OpenFile(bytes.NewReader(plain), int64(len(plain)))
	require.NoError(t, err)
	got, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Len(t, got.RowGroups(), len(want.RowGroups()))
	for g, group := range got.Metadata().RowGroups {
		size := int64(0)
		for _, column := range group.Columns {
			meta := column.MetaData
			at := slices.IndexFunc(want.Metadata().RowGroups[g].Columns, func(c format.ColumnChunk) bool { return c.MetaData.PathInSchema[0] == meta.PathInSchema[0] })
			other := want.Metadata().RowGroups[g].Columns[at].MetaData
			assert.Equal(t, other.Type, meta.Type)
			assert.Equal(t, other.NumValues, meta.NumValues)
			assert.Equal(t, other.Statistics.NullCount, meta.Statistics.NullCount)
			assert.Equal(t, other.Statistics.MinValue, meta.Statistics.MinValue, meta.PathInSchema)
			assert.Equal(t, other.Statistics.MaxValue, meta.Statistics.MaxValue, meta.PathInSchema)
			size += meta.TotalCompressedSize
			last := int64(-1)
			index, err := got.RowGroups()[g].ColumnChunks()[slices.IndexFunc(everyType, func(f Field) bool { return f.Name == meta.PathInSchema[0] })].OffsetIndex()
			require.NoError(t, err)
			for page := range index.NumPages() {
				assert.Greater(t, index.FirstRowIndex(page), last)
				last = index.FirstRowIndex(page)
			}
		}
		assert.Equal(t, size, group.TotalCompressedSize)
	}
	for _, element := range want.Metadata().Schema[1:] {
		at := slices.IndexFunc(got.Metadata().Schema, func(e format.SchemaElement) bool { return e.Name == element.Name })
		assert.Equal(t, element, got.Metadata().Schema[at])
	}
}

func TestWriterWritesWhatTheLibraryWrites(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 8))
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			checkWriter(t, seed, 1+r.IntN(1500), 1+r.IntN(400), 1+r.IntN(900), 1+r.IntN(4000), seed%2 == 0)
		})
	}
}

func FuzzWriter(f *testing.F) {
	f.Add(uint64(1), uint16(300), uint16(50), uint16(100), uint16(1000), true)
	f.Add(uint64(2), uint16(3000), uint16(500), uint16(5000), uint16(100), false)
	f.Fuzz(func(t *testing.T, seed uint64, rows, different, groupRows, dictionary uint16, codes bool) {
		checkWriter(t, seed, 1+int(rows)%3000, 1+int(different)%1000, 1+int(groupRows), 1+int(dictionary), codes)
	})
}

// A column and its hashes have the same codes: their page is made once.
func TestColumnsOfTheSameCodesShareAPage(t *testing.T) {
	values, hashes := &Column{}, &Column{}
	var codes []int32
	for i := range 5000 {
		if i < 100 {
			values.AppendString(fmt.Sprint("value ", i))
			hashes.AppendString(fmt.Sprint("hash ", i))
		}
		codes = append(codes, int32(i*7%101)-1)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, []Field{{"value", String}, {"hash", String}}, WriteOptions{RowGroupRows: 3000})
	require.NoError(t, err)
	require.NoError(t, w.WriteValues([]Values{{values, codes}, {hashes, codes}}, nil))
	require.NoError(t, w.Close())
	lines, err := contents(inMemory("a.parquet", out.Bytes()), ReadOptions{Columns: []string{"value", "hash"}})
	require.NoError(t, err)
	require.Len(t, lines, 5000)
	for i, code := range codes {
		want := fmt.Sprintf("%d: value %d|hash %d", i+1, code, code)
		if code < 0 {
			want = fmt.Sprintf("%d: ∅|∅", i+1)
		}
		require.Equal(t, want, lines[i])
	}
	assert.ErrorContains(t, w.WriteValues([]Values{{values, codes}, {hashes, codes[1:]}}, nil), `column "hash" has 4999 rows where "value" has 5000`)
	w, err = NewWriter(&out, []Field{{"value", Date}}, WriteOptions{})
	require.NoError(t, err)
	assert.ErrorContains(t, w.WriteValues([]Values{{values, codes}}, nil), "codes for a column of type")
}

// So do any number of columns one behind the other: each takes over what the one before it has just made of the codes.
func TestThreeColumnsOfTheSameCodes(t *testing.T) {
	columns := []*Column{{}, {}, {}}
	fields := []Field{{"value", String}, {"hash", String}, {"third", String}}
	var out bytes.Buffer
	w, err := NewWriter(&out, fields, WriteOptions{RowGroupRows: 500})
	require.NoError(t, err)
	for batch := range 20 { // with some new values each, or none
		var codes []int32
		for i := range 100 {
			if i%10 == 0 && batch%3 != 1 {
				for c := range columns {
					columns[c].AppendString(fmt.Sprint(fields[c].Name, " ", columns[c].Len()))
				}
			}
			codes = append(codes, int32(i*7%columns[0].Len()))
		}
		require.NoError(t, w.WriteValues([]Values{{columns[0], codes}, {columns[1], codes}, {columns[2], codes}}, nil))
	}
	require.NoError(t, w.Close())
	lines, err := contents(inMemory("a.parquet", out.Bytes()), ReadOptions{Columns: []string{"value", "hash", "third"}})
	require.NoError(t, err)
	require.Len(t, lines, 2000)
	for _, line := range lines {
		_, row, _ := strings.Cut(line, ": value ")
		number, rest, _ := strings.Cut(row, "|")
		require.Equal(t, fmt.Sprintf("hash %s|third %s", number, number), rest)
	}
}

func FuzzHybrid(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcdefghijk"), byte(8))
	f.Add(append(bytes.Repeat([]byte{1, 2}, 50), bytes.Repeat([]byte{7}, 77)...), byte(3))
	f.Add([]byte{0}, byte(1))
	f.Fuzz(func(t *testing.T, text []byte, width byte) {
		width = 1 + width%20
		values, signed := []uint32{}, []int32{}
		for _, c := range text {
			v := uint32(c) * 0x01010101 >> (32 - width)
			values, signed = append(values, v), append(signed, int32(v))
		}
		decoded, err := (&rle.Encoding{BitWidth: int(width)}).DecodeInt32(nil, appendHybrid(nil, values, int(width)))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(decoded), len(signed))
		require.Equal(t, signed, append([]int32{}, decoded[:len(signed)]...))
	})
}
