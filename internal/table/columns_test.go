package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// parquetOf writes one column "v" in row groups of a size; a nil value is null.
func parquetOf(t testing.TB, node parquet.Node, values []any, group int, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[any](&out, append(options, parquet.NewSchema("test", parquet.Group{"v": node}))...)
	for part := range slices.Chunk(values, group) {
		for _, value := range part {
			v := parquet.NullValue()
			if value != nil {
				level := 0
				if node.Optional() {
					level = 1
				}
				v = parquet.ValueOf(value).Level(0, level, 0)
			}
			_, err := w.ColumnWriters()[0].WriteRowValues([]parquet.Value{v})
			require.NoError(t, err)
		}
		require.NoError(t, w.Flush())
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// withFooter rewrites a file's footer, to make files as other writers make them.
func withFooter(t testing.TB, data []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	end := len(data) - 8
	begin := end - int(binary.LittleEndian.Uint32(data[end:]))
	var protocol thrift.CompactProtocol
	var meta format.FileMetaData
	require.NoError(t, thrift.Unmarshal(&protocol, data[begin:end], &meta))
	change(&meta)
	footer, err := thrift.Marshal(&protocol, &meta)
	require.NoError(t, err)
	out := append(slices.Clone(data[:begin]), footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, "PAR1"...)
}

func eachChunk(meta *format.FileMetaData, do func(*format.ColumnChunk)) {
	for i := range meta.RowGroups {
		for j := range meta.RowGroups[i].Columns {
			do(&meta.RowGroups[i].Columns[j])
		}
	}
}

func withoutPageIndex(meta *format.FileMetaData) {
	eachChunk(meta, func(c *format.ColumnChunk) {
		c.ColumnIndexOffset, c.ColumnIndexLength, c.OffsetIndexOffset, c.OffsetIndexLength = 0, 0, 0, 0
	})
}

// withoutDictionaryOffset is how older parquet-mr wrote: the column's data begin with a dictionary that the footer does not mention.
func withoutDictionaryOffset(meta *format.FileMetaData) {
	eachChunk(meta, func(c *format.ColumnChunk) {
		if c.MetaData.DictionaryPageOffset != 0 {
			c.MetaData.DataPageOffset, c.MetaData.DictionaryPageOffset = c.MetaData.DictionaryPageOffset, 0
		}
	})
}

func withoutLogicalTypes(meta *format.FileMetaData) {
	for i := range meta.Schema {
		meta.Schema[i].LogicalType = format.LogicalType{}
	}
}

func openBytes(data []byte, columns ...string) (*ColumnReader, error) {
	return OpenColumns("x.parquet", bytes.NewReader(data), int64(len(data)), columns)
}

func TestParquetTypes(t *testing.T) {
	decimal := func(unscaled string) []byte { return []byte(unscaled) }
	int96 := func(day, nanos int64) deprecated.Int96 {
		return deprecated.Int96{uint32(nanos), uint32(nanos >> 32), uint32(day)}
	}
	leaf := parquet.Leaf
	for _, c := range []struct {
		name  string
		node  parquet.Node
		value any
		typ   Type
		text  string
	}{
		{"string", parquet.String(), "Zoë", String, "Zoë"},
		{"bytes without annotation", leaf(parquet.ByteArrayType), "Zoë", String, "Zoë"},
		{"fixed bytes without annotation", leaf(parquet.FixedLenByteArrayType(3)), [3]byte{'a', 'b', 'c'}, String, "abc"},
		{"enum", parquet.Enum(), "yes", String, "yes"},
		{"JSON", parquet.JSON(), "{}", String, "{}"},
		{"UUID", parquet.UUID(), [16]byte{0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0, 0xa7, 0x65, 0, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6}, String, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
		{"boolean", leaf(parquet.BooleanType), true, Boolean, "true"},
		{"int32", leaf(parquet.Int32Type), int32(math.MinInt32), BigInt, "-2147483648"},
		{"int64", leaf(parquet.Int64Type), int64(math.MaxInt64), BigInt, "9223372036854775807"},
		{"int8", parquet.Int(8), int32(-8), BigInt, "-8"},
		{"uint32", parquet.Uint(32), uint32(math.MaxUint32), BigInt, "4294967295"},
		{"uint64", parquet.Uint(64), uint64(math.MaxUint64), String, "18446744073709551615"},
		{"float", leaf(parquet.FloatType), float32(0.1), Double, "0.1"},
		{"double", leaf(parquet.DoubleType), 15551234567.0, Double, "15551234567"},
		{"large double", leaf(parquet.DoubleType), 1e300, Double, "1e+300"},
		{"small double", leaf(parquet.DoubleType), -1e-7, Double, "-1e-07"},
		{"zero", leaf(parquet.DoubleType), 0.0, Double, "0"},
		{"NaN", leaf(parquet.DoubleType), math.NaN(), Double, "∅"},
		{"float NaN", leaf(parquet.FloatType), float32(math.NaN()), Double, "∅"},
		{"date", parquet.Date(), int32(19847), Date, "2024-05-04"},
		{"date before 1970", parquet.Date(), int32(-1), Date, "1969-12-31"},
		{"time", parquet.Time(parquet.Millisecond), int32(3_723_004), String, "01:02:03.004"},
		{"timestamp in ms", parquet.Timestamp(parquet.Millisecond), int64(-1), Timestamp, "1969-12-31T23:59:59.999Z"},
		{"timestamp in µs", parquet.Timestamp(parquet.Microsecond), int64(1_714_892_889_000_001), Timestamp, "2024-05-05T07:08:09.000001Z"},
		{"timestamp in ns", parquet.Timestamp(parquet.Nanosecond), int64(1_714_892_889_000_000_001), Timestamp, "2024-05-05T07:08:09.000000001Z"},
		{"local timestamp", parquet.TimestampAdjusted(parquet.Microsecond, false), int64(0), Timestamp, "1970-01-01T00:00:00Z"},
		{"INT96", leaf(parquet.Int96Type), int96(2_440_589, 1_000_000), Timestamp, "1970-01-02T00:00:00.001Z"},
		{"decimal int32", parquet.Decimal(2, 9, parquet.Int32Type), int32(-5), Double, "-0.05"},
		{"decimal int64", parquet.Decimal(0, 18, parquet.Int64Type), int64(1234), BigInt, "1234"},
		{"wide decimal", parquet.Decimal(3, 18, parquet.Int64Type), int64(1234), String, "1.234"},
		{"decimal bytes", parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(2)), [2]byte{0xff, 0x38}, String, "-2.00"},
		{"decimal variable bytes", parquet.Decimal(1, 38, parquet.ByteArrayType), decimal("\x01\x00"), String, "25.6"},
		{"no decimal bytes", parquet.Decimal(1, 38, parquet.ByteArrayType), decimal(""), String, "0.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for kind, data := range map[string][]byte{
				"required": parquetOf(t, c.node, []any{c.value}, 9),
				"optional": parquetOf(t, parquet.Optional(c.node), []any{c.value}, 9),
			} {
				r, err := openBytes(data, "V")
				require.NoError(t, err, kind)
				assert.Equal(t, c.typ, r.Type(0), kind)
				var b Batch
				require.NoError(t, r.Read(&b, 9), kind)
				assert.Equal(t, []string{"1: " + c.text}, describe(&b), kind)
				footer, err := ReadFooter("x", bytes.NewReader(data), int64(len(data)))
				require.NoError(t, err)
				assert.Equal(t, []Field{{Name: "v", Type: c.typ}}, footer.Columns)
			}
		})
	}
}

// Writers of before 2018 have converted types alone; DuckDB still does.
func TestParquetConvertedTypes(t *testing.T) {
	for _, c := range []struct {
		node  parquet.Node
		value any
		typ   Type
		text  string
	}{
		{parquet.String(), "x", String, "x"},
		{parquet.Date(), int32(1), Date, "1970-01-02"},
		{parquet.Timestamp(parquet.Microsecond), int64(1), Timestamp, "1970-01-01T00:00:00.000001Z"},
		{parquet.Decimal(2, 9, parquet.Int32Type), int32(5), Double, "0.05"},
		{parquet.Uint(8), uint32(255), BigInt, "255"},
	} {
		data := withFooter(t, parquetOf(t, parquet.Optional(c.node), []any{c.value, nil}, 9), withoutLogicalTypes)
		r, err := openBytes(data, "v")
		require.NoError(t, err)
		var b Batch
		require.NoError(t, r.Read(&b, 9))
		assert.Equal(t, []string{"1: " + c.text, "2: ∅"}, describe(&b))
		assert.Equal(t, c.typ, r.Type(0))
	}
}

// What pandas writes for a column of nothing but None.
func TestParquetColumnOfNulls(t *testing.T) {
	data := withFooter(t, parquetOf(t, parquet.Optional(parquet.Leaf(parquet.Int32Type)), []any{nil, nil}, 1), func(meta *format.FileMetaData) {
		meta.Schema[1].LogicalType = format.LogicalType{Value: &format.NullType{}}
	})
	got, err := contents(inMemory("x.parquet", data), ReadOptions{Columns: []string{"v"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"1: ∅", "2: ∅"}, got)
}

// nullable are values and their texts; every seventh is null if nulls are allowed.
func nullable(rows int, nulls bool) (values []any, texts []string) {
	for i := range rows {
		text := fmt.Sprintf("v%d", i%700)
		if nulls && i%7 == 0 {
			values, texts = append(values, nil), append(texts, "∅")
		} else {
			values, texts = append(values, text), append(texts, text)
		}
	}
	return values, texts
}

// Every way of writing pages is read in the same rows, from any row on.
func TestParquetLayouts(t *testing.T) {
	const rows = 5000
	encodings := map[string]func(parquet.Node) parquet.Node{
		"plain":      func(n parquet.Node) parquet.Node { return n },
		"dictionary": func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.RLEDictionary) },
		"delta":      func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.DeltaLengthByteArray) },
		"prefix":     func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.DeltaByteArray) },
	}
	codecs := []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd, &parquet.Gzip, &parquet.Brotli}
	footers := map[string]func(*format.FileMetaData){
		"as written":                func(*format.FileMetaData) {},
		"without page index":        withoutPageIndex,
		"without dictionary offset": func(m *format.FileMetaData) { withoutPageIndex(m); withoutDictionaryOffset(m) },
	}
	for encoding, encode := range encodings {
		for i, codec := range codecs {
			for version := 1; version <= 2; version++ {
				for _, optional := range []bool{false, true} {
					node := encode(parquet.String())
					if optional {
						node = parquet.Optional(node)
					}
					values, want := nullable(rows, optional)
					data := parquetOf(t, node, values, 1+rows/(1+i%3), parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(2048))
					for footer, change := range footers {
						name := fmt.Sprintf("%s, %s, v%d, optional %t, %s", encoding, codec, version, optional, footer)
						checkLayout(t, name, withFooter(t, data, change), want)
					}
				}
			}
		}
	}
}

// checkLayout reads a file from several rows on and compares column "v".
func checkLayout(t *testing.T, name string, data []byte, want []string) {
	t.Helper()
	r, err := openBytes(data, "v")
	require.NoError(t, err, name)
	require.Equal(t, int64(len(want)), r.Rows(), name)
	var b Batch
	for _, from := range []int{0, 1, 699, 1666, 1667, 2501, 0, len(want) - 1, len(want)} {
		require.NoError(t, r.SeekRow(int64(from)), name)
		at := from
		for {
			err := r.Read(&b, 1500)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, "%s from row %d", name, from)
			for i := range b.Rows {
				text := string(b.Columns[0].Value(i))
				if b.Columns[0].IsNull(i) {
					text += "∅"
				}
				if text != want[at] || b.Rows[i] != int64(at+1) {
					require.Equal(t, want[at], text, "%s: row %d, numbered %d", name, at+1, b.Rows[i])
				}
				at++
			}
		}
		require.Equal(t, len(want), at, "%s from row %d", name, from)
	}
	require.NoError(t, r.Close())
}

// A codec that is not known, and one that the Parquet library reads wrong without saying so.
func TestParquetCodecsThatAreRefused(t *testing.T) {
	values, _ := nullable(5000, false)
	for _, codec := range []format.CompressionCodec{format.Lz4Raw, format.Lz4, format.LZO, 99} {
		data := withFooter(t, parquetOf(t, parquet.String(), values, 1000), func(meta *format.FileMetaData) {
			eachChunk(meta, func(c *format.ColumnChunk) { c.MetaData.Codec = codec })
		})
		_, err := openBytes(data, "v")
		_, footerErr := ReadFooter("x.parquet", bytes.NewReader(data), int64(len(data)))
		for _, err := range []error{err, footerErr} {
			require.ErrorContains(t, err, "x.parquet is compressed with "+codec.String())
			assert.ErrorContains(t, err, "write it with Snappy or Zstandard")
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		}
	}
}

func TestParquetBadEncoding(t *testing.T) {
	var out bytes.Buffer
	type row struct {
		A, B []byte
		C    *int64
	}
	seven := int64(7)
	require.NoError(t, parquet.Write(&out, []row{{[]byte("1"), []byte("x"), nil}, {[]byte("\xff"), []byte("y"), &seven}, {[]byte("3"), []byte("\xfe"), nil}, {[]byte("4"), []byte("z"), &seven}}))
	got, err := contents(inMemory("x.parquet", out.Bytes()), ReadOptions{Columns: []string{"b", "a", "c", "b"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"1: x|1|∅|x", "2: !bad_encoding", "3: !bad_encoding", "4: z|4|7|z"}, got)
}

func TestParquetRefuses(t *testing.T) {
	type inner struct{ Street string }
	type row struct {
		Email string
		Home  inner
		Tags  []string `parquet:",list"`
		Many  []string
		Half  [2]byte
		Span  [12]byte
	}
	var out bytes.Buffer
	require.NoError(t, parquet.Write(&out, []row{{Email: "secret"}}))
	data := withFooter(t, out.Bytes(), func(meta *format.FileMetaData) {
		for i := range meta.Schema {
			switch meta.Schema[i].Name {
			case "Half":
				meta.Schema[i].LogicalType = format.LogicalType{Value: &format.Float16Type{}}
			case "Span":
				meta.Schema[i].ConvertedType.Set(deprecated.Interval)
			}
		}
	})
	for _, column := range []string{"Home", "Tags", "Many", "Half", "Span"} {
		_, err := openBytes(data, "Email", column)
		require.Error(t, err, column)
		assert.ErrorContains(t, err, column)
		assert.ErrorContains(t, err, "x.parquet")
		assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	}
	footer, err := ReadFooter("x", bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	assert.Equal(t, []Field{{Name: "Email", Type: String}, {Name: "Home"}, {Name: "Tags"}, {Name: "Many"}, {Name: "Half"}, {Name: "Span"}}, footer.Columns)

	_, err = openBytes(data, "Street")
	var missing *MissingColumnsError
	require.ErrorAs(t, err, &missing)

	r, err := openBytes(data, "Email")
	require.NoError(t, err)
	for _, row := range []int64{-1, 2} {
		assert.Equal(t, audience.Invalid, audience.ClassOf(r.SeekRow(row)))
	}
	require.NoError(t, r.SeekRow(1))
	assert.Equal(t, io.EOF, r.Read(&Batch{}, 1))
}

// A page that is not what it should be is an error that names column and row, and shows nothing.
func TestParquetDamagedPage(t *testing.T) {
	values, _ := nullable(5000, true)
	data := parquetOf(t, parquet.Optional(parquet.String()), values, 1000, parquet.Compression(&parquet.Snappy))
	copy(data[len(data)/2:], strings.Repeat("\x00", 300))
	r, err := openBytes(data, "v")
	require.NoError(t, err)
	var b Batch
	for err == nil {
		err = r.Read(&b, 500)
	}
	require.NotEqual(t, io.EOF, err)
	assert.ErrorContains(t, err, `column "v" at row`)
	assert.ErrorContains(t, err, "damaged")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
}

func TestParquetStorageFailure(t *testing.T) {
	values, _ := nullable(300_000, false)
	data := parquetOf(t, parquet.String(), values, 100_000)
	broken := audience.Fail(audience.Transient, "", os.ErrDeadlineExceeded)
	file := inMemory("x.parquet", data)
	file.OpenAt = func() (ReaderAtCloser, error) { return &breaking{bytes.NewReader(data), 1, broken}, nil }
	_, err := contents(file, ReadOptions{Columns: []string{"v"}})
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "x.parquet")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	_, err = ReadFooter("x.parquet", failing{broken}, 100)
	require.ErrorIs(t, err, broken)
	_, err = ReadFooter("x.parquet", bytes.NewReader(nil), 100)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// breaking fails after some reads.
type breaking struct {
	*bytes.Reader
	left int
	err  error
}

func (b *breaking) ReadAt(p []byte, off int64) (int, error) {
	if b.left--; b.left < 0 {
		return 0, b.err
	}
	return b.Reader.ReadAt(p, off)
}

func (b *breaking) Close() error { return nil }

// A footer costs its own bytes, and a row range only the pages around it.
func TestParquetReadsLittle(t *testing.T) {
	values := make([]any, 400_000)
	for i := range values {
		values[i] = fmt.Sprintf("%064x", uint64(i)*0x9e3779b97f4a7c15)
	}
	data := parquetOf(t, parquet.Optional(parquet.String()), values, 100_000)
	require.Greater(t, len(data), 25_000_000) // 64 characters a row
	at := &bytesAt{Reader: bytes.NewReader(data)}
	footer, err := ReadFooter("x", at, int64(len(data)))
	require.NoError(t, err)
	assert.Equal(t, []int64{100_000, 100_000, 100_000, 100_000}, footer.RowGroups)
	assert.Equal(t, int64(400_000), footer.Rows)
	assert.LessOrEqual(t, at.read, int64(tailBytes))

	for name, c := range map[string]struct {
		change func(*format.FileMetaData)
		most   int64
	}{"page index": {func(*format.FileMetaData) {}, 4 << 20}, "no page index": {withoutPageIndex, 8 << 20}} {
		data := withFooter(t, data, c.change)
		at := &bytesAt{Reader: bytes.NewReader(data)}
		r, err := OpenColumns("x", at, int64(len(data)), []string{"v"})
		require.NoError(t, err)
		require.NoError(t, r.SeekRow(290_000))
		var b Batch
		require.NoError(t, r.Read(&b, 2))
		assert.Equal(t, []string{fmt.Sprintf("290001: %s", values[290_000]), fmt.Sprintf("290002: %s", values[290_001])}, describe(&b))
		assert.Less(t, at.read, c.most, name)
	}
}

func FuzzParquet(f *testing.F) {
	values, _ := nullable(50, true)
	for _, version := range []int{1, 2} {
		node := parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
		f.Add(parquetOf(f, node, values, 30, parquet.DataPageVersion(version)))
		f.Add(parquetOf(f, parquet.Timestamp(parquet.Microsecond), []any{int64(1), int64(2)}, 1, parquet.DataPageVersion(version), parquet.Compression(&parquet.Snappy)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkReader(t, inMemory("x.parquet", data), ReadOptions{Columns: []string{"v"}, BatchRows: 7})
		if r, err := openBytes(data, "v"); err == nil {
			_ = r.SeekRow(r.Rows() / 2)
			_ = r.Read(&Batch{}, 7)
		}
	})
}

// Long values make small steps, whatever came before them: memory hangs on bytes and not on rows.
func TestParquetLongValues(t *testing.T) {
	var values []any
	for i := range 3000 {
		text := fmt.Sprint(i)
		if i >= 1500 {
			text += strings.Repeat("x", 50_000)
		}
		values = append(values, text)
	}
	file := inMemory("x.parquet", parquetOf(t, parquet.String(), values, 1000))
	r, err := OpenReader(t.Context(), file, ReadOptions{Columns: []string{"v"}, BatchRows: 100_000})
	require.NoError(t, err)
	var b Batch
	rows, largest := 0, 0
	for err = r.Read(&b); err == nil; err = r.Read(&b) {
		for i, row := range b.Rows {
			assert.True(t, strings.HasPrefix(string(b.Columns[0].Value(i))+"x", fmt.Sprint(row-1)+"x"), row)
		}
		rows += len(b.Rows)
		if rows > 1500+stepRows { // the step that meets the first long ones could not know
			largest = max(largest, len(b.Columns[0].Data))
		}
	}
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, r.Close())
	assert.Equal(t, 3000, rows)
	assert.LessOrEqual(t, largest, batchBytes+2*stepBytes)
	assert.Positive(t, largest)
}
