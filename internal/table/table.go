// Package table reads customers' files (CSV, JSON Lines, Parquet) column by column and writes Parquet. It knows rows,
// columns and their types, and nothing of what the values mean.
package table

import (
	"slices"
)

// A Column is the values of one column of a batch, as text in one buffer. The buffer is reused by the next batch: copy
// what must last. A reader that was told to KeepCodes may give codes instead; Len, Value and IsNull are the same for both.
type Column struct {
	Data []byte
	Ends []uint32 // value i is Data[Ends[i-1]:Ends[i]], the first from 0
	Null []bool   // as long as Ends, or nil when no value is null; a null value is empty in Data

	// Dict has the different values of a column of which Codes has, for each row, the place in Dict, or -1 for null. Nil: Data
	// and Ends have the values.
	Dict  *Dictionary
	Codes []int32

	spare []bool // Null's buffer while no value is null
}

// Len counts the column's values.
func (c *Column) Len() int {
	if c.Dict != nil {
		return len(c.Codes)
	}
	return len(c.Ends)
}

// Value is the i-th value, a view into the buffer. A null value is empty.
func (c *Column) Value(i int) []byte {
	if c.Dict != nil {
		return c.Dict.valueOf(c.Codes[i])
	}
	start := uint32(0)
	if i > 0 {
		start = c.Ends[i-1]
	}
	return c.Data[start:c.Ends[i]]
}

// IsNull reports whether the i-th value is missing, as opposed to empty.
func (c *Column) IsNull(i int) bool {
	if c.Dict != nil {
		return c.Codes[i] < 0
	}
	return c.Null != nil && c.Null[i]
}

// Append adds a value.
func (c *Column) Append(value []byte) {
	c.Data = append(c.Data, value...)
	c.end(false)
}

// AppendString adds a value.
func (c *Column) AppendString(value string) {
	c.Data = append(c.Data, value...)
	c.end(false)
}

// AppendNull adds a missing value.
func (c *Column) AppendNull() { c.end(true) }

// AppendOf adds another column's i-th value, which may be missing.
func (c *Column) AppendOf(other *Column, i int) {
	if other.IsNull(i) {
		c.AppendNull()
	} else {
		c.Append(other.Value(i))
	}
}

func (c *Column) end(null bool) {
	c.Ends = append(c.Ends, uint32(len(c.Data))) //nolint:gosec // a batch is far below 4 GiB
	if null && c.Null == nil {
		c.startNull(len(c.Ends) - 1)
	}
	if c.Null != nil {
		c.Null = append(c.Null, null)
	}
}

// startNull says of the first n values that none is null.
func (c *Column) startNull(n int) {
	c.Null = slices.Grow(c.spare[:0], cap(c.Ends))[:n]
	clear(c.Null)
}

// Reset empties the column and keeps its buffers.
func (c *Column) Reset() {
	if c.Null != nil {
		c.spare = c.Null
	}
	c.Data, c.Ends, c.Null = c.Data[:0], c.Ends[:0], nil
	c.Dict, c.Codes = nil, c.Codes[:0]
}

// A Batch is some consecutive rows of one file, in columns.
type Batch struct {
	Columns []Column // in the order in which the reader was asked for them
	Rows    []int64  // the number of each row in its file, from 1, a header not counted; as long as every column
	Bad     []BadRow // rows in this stretch of the file that could not be read; they are not in Columns
}

// begin empties the batch and gives it a number of columns.
func (b *Batch) begin(columns int) {
	if len(b.Columns) != columns {
		b.Columns = make([]Column, columns)
	}
	b.Reset()
}

// Reset empties the batch and keeps its buffers.
func (b *Batch) Reset() {
	for i := range b.Columns {
		b.Columns[i].Reset()
	}
	b.Rows, b.Bad = b.Rows[:0], b.Bad[:0]
}

// A BadRow is a row that is no row: ragged, not JSON, not in the file's encoding. Reason is one of a fixed set of words
// and never holds anything of the row.
type BadRow struct {
	Row    int64
	Reason string
}

// A Type is what a column of a written table holds, named as Glue names it.
type Type string

// The types.
const (
	String    Type = "string"
	BigInt    Type = "bigint"
	Double    Type = "double"
	Boolean   Type = "boolean"
	Date      Type = "date"      // text form 2006-01-02
	Timestamp Type = "timestamp" // text form RFC 3339; stored as microseconds in UTC
)

// A Field is a column's name and type.
type Field struct {
	Name string
	Type Type
}
