package table

import (
	"encoding/hex"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

const (
	timestampLayout = "2006-01-02T15:04:05.999999999Z07:00"
	timeLayout      = "15:04:05.999999999"
	// exactDigits is how many decimal digits a float64 keeps.
	exactDigits = 15
	// julianEpoch is 1 January 1970 as INT96 timestamps count days.
	julianEpoch = 2_440_588
)

// A rendering turns a Parquet column's values into text.
type rendering struct {
	typ Type // empty: this package has no text for the column
	// null says that the column has no values at all: what pandas writes for a column of nothing but None.
	null bool
	// text says that the values are bytes, which must be checked to be UTF-8.
	text bool
	// value appends a value that is not null.
	value func(dst []byte, v parquet.Value) []byte
}

// renderingOf finds the text form of a column at the top level of a file.
func renderingOf(column *parquet.Column, element *format.SchemaElement) rendering {
	if !column.Leaf() || column.Repeated() {
		return rendering{}
	}
	switch element.LogicalType.Value.(type) {
	case *format.NullType:
		return rendering{typ: String, null: true}
	case *format.Float16Type:
		return rendering{}
	}
	typ := column.Type()
	if converted := typ.ConvertedType(); converted != nil && *converted == deprecated.Interval {
		return rendering{}
	}
	if logical := typ.LogicalType(); logical != nil {
		if found, is := logicalRendering(logical.Value, typ.Kind()); is {
			return found
		}
	}
	return physicalRendering(typ.Kind())
}

// logicalRendering is the rendering of a logical type; there is none where the physical type says it all.
func logicalRendering(logical format.LogicalTypeValue, kind parquet.Kind) (found rendering, is bool) {
	switch logical := logical.(type) {
	case *format.DateType:
		return rendering{typ: Date, value: func(dst []byte, v parquet.Value) []byte {
			return time.Unix(int64(v.Int32())*24*60*60, 0).UTC().AppendFormat(dst, time.DateOnly)
		}}, true
	case *format.TimeType:
		unit := nanoseconds(logical.Unit)
		return rendering{typ: String, value: func(dst []byte, v parquet.Value) []byte {
			return time.Unix(0, integer(v)*unit).UTC().AppendFormat(dst, timeLayout)
		}}, true
	case *format.TimestampType:
		unit := nanoseconds(logical.Unit)
		perSecond := int64(time.Second) / unit
		return rendering{typ: Timestamp, value: func(dst []byte, v parquet.Value) []byte {
			seconds, rest := v.Int64()/perSecond, v.Int64()%perSecond
			return time.Unix(seconds, rest*unit).UTC().AppendFormat(dst, timestampLayout)
		}}, true
	case *format.IntType:
		return integerRendering(logical), true
	case *format.DecimalType:
		return decimalRendering(logical, kind), true
	case *format.UUIDType:
		return rendering{typ: String, value: appendUUID}, true
	case *format.BsonType, *format.GeometryType, *format.GeographyType, *format.VariantType:
		return rendering{}, true
	}
	return rendering{}, false
}

// physicalRendering is the rendering of a column without a logical type. Bytes without one are text: writers of the Hive
// family leave the annotation out.
func physicalRendering(kind parquet.Kind) rendering {
	switch kind {
	case parquet.Boolean:
		return rendering{typ: Boolean, value: func(dst []byte, v parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }}
	case parquet.Int32, parquet.Int64:
		return rendering{typ: BigInt, value: func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, integer(v), 10) }}
	case parquet.Int96:
		return rendering{typ: Timestamp, value: appendInt96}
	case parquet.Float:
		return rendering{typ: Double, value: func(dst []byte, v parquet.Value) []byte { return appendFloat(dst, float64(v.Float()), 32) }}
	case parquet.Double:
		return rendering{typ: Double, value: func(dst []byte, v parquet.Value) []byte { return appendFloat(dst, v.Double(), 64) }}
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return rendering{typ: String, text: true, value: func(dst []byte, v parquet.Value) []byte { return append(dst, v.ByteArray()...) }}
	}
	return rendering{}
}

func integer(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

func nanoseconds(unit format.TimeUnit) int64 {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return int64(time.Millisecond)
	case *format.MicroSeconds:
		return int64(time.Microsecond)
	}
	return 1
}

func integerRendering(logical *format.IntType) rendering {
	switch {
	case logical.IsSigned:
		return physicalRendering(parquet.Int64)
	case logical.BitWidth == 64: // more than bigint holds
		return rendering{typ: String, value: func(dst []byte, v parquet.Value) []byte { return strconv.AppendUint(dst, v.Uint64(), 10) }}
	}
	return rendering{typ: BigInt, value: func(dst []byte, v parquet.Value) []byte { return strconv.AppendUint(dst, uint64(v.Uint32()), 10) }}
}

// decimalRendering writes a decimal out in full. Its type is the one that holds it exactly.
func decimalRendering(logical *format.DecimalType, kind parquet.Kind) rendering {
	r := rendering{typ: String}
	switch {
	case logical.Scale == 0 && logical.Precision <= 18:
		r.typ = BigInt
	case logical.Precision <= exactDigits:
		r.typ = Double
	}
	scale := int(logical.Scale)
	if scale < 0 || scale > 1000 {
		return rendering{}
	}
	r.value = func(dst []byte, v parquet.Value) []byte {
		begin := len(dst)
		if kind == parquet.Int32 || kind == parquet.Int64 {
			dst = strconv.AppendInt(dst, integer(v), 10)
		} else {
			dst = appendBigEndian(dst, v.ByteArray())
		}
		return insertPoint(dst, begin, scale)
	}
	return r
}

// appendBigEndian appends a number that is stored in two's complement, the highest byte first.
func appendBigEndian(dst, number []byte) []byte {
	n := new(big.Int).SetBytes(number)
	if len(number) > 0 && number[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(number))))
	}
	return n.Append(dst, 10)
}

// insertPoint makes the integer dst[begin:] a number with scale digits behind the point.
func insertPoint(dst []byte, begin, scale int) []byte {
	if scale == 0 {
		return dst
	}
	if dst[begin] == '-' {
		begin++
	}
	for len(dst)-begin <= scale {
		dst = slices.Insert(dst, begin, '0')
	}
	return slices.Insert(dst, len(dst)-scale, '.')
}

// appendFloat appends a number as people write it: without an exponent unless it is very large or small. A float that
// holds a customer's number (pandas makes such of integers with gaps) so becomes that number.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

// appendInt96 appends the timestamp of Impala and of older Spark: nanoseconds of the day, then the Julian day.
func appendInt96(dst []byte, v parquet.Value) []byte {
	i := v.Int96()
	nanos := int64(i[1])<<32 | int64(i[0])
	days := int64(int32(i[2])) - julianEpoch //nolint:gosec // the bits of a signed number
	return time.Unix(days*24*60*60, nanos).UTC().AppendFormat(dst, timestampLayout)
}

func appendUUID(dst []byte, v parquet.Value) []byte {
	var id [16]byte
	copy(id[:], v.ByteArray())
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// isNaN reports whether a value is no number, which is how pandas writes a missing one.
func isNaN(v parquet.Value) bool {
	switch v.Kind() {
	case parquet.Float:
		return math.IsNaN(float64(v.Float()))
	case parquet.Double:
		return math.IsNaN(v.Double())
	}
	return false
}
