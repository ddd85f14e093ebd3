package meta

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cleanreach/cleanreach/internal/ascii"
	"github.com/cleanreach/cleanreach/internal/audience"
)

// BatchRows is the most rows that Meta takes in one request to /users.
const BatchRows = 10_000

// A Session is where a batch stands in its upload session. The schema of a session's first batch holds for all of it, and
// Meta closes a session 90 minutes after that batch, so each schema group has sessions of its own.
type Session struct {
	ID             int64 // positive, unique in the ad account, below 2^53 so that every JSON reader keeps it exact
	Seq            int   // of the batch, from 1
	Last           bool  // no batch follows in this session
	EstimatedTotal int64 // rows that the session will carry; 0 leaves it out
}

// A Batch is one request's worth of rows, ready to send. Body belongs to the Payload that made it and holds until the
// payload is next changed.
type Batch struct {
	Session Session
	Rows    int
	Body    []byte
}

// A Payload builds the body of a request to /users row by row, without garbage: one buffer serves batch after batch.
//
//	p := meta.NewPayload(schema)
//	for each batch {
//		p.Reset()
//		for each row { p.BeginRow(); for each key { p.Value(v) }; p.EndRow() }
//		ack, err := users.AddUsers(ctx, audienceID, p.Batch(session))
//	}
//
// Calls out of order, more values in a row than the schema has keys, and more than BatchRows rows are mistakes of the
// program: they panic. A Payload is for one goroutine.
type Payload struct {
	keys   int
	people int      // how many of the keys, the first ones, Meta matches people by
	head   int      // length of the body up to the rows
	buf    []byte   // the body up to and with the last row
	part   []byte   // rows that Append puts together
	texts  [][]byte // of those rows: column by column what is not hashed
	hex    []byte   // a digest that it writes alone
	rows   int
	starts []int // of each row in buf
	cuts   []int // how much of each row is about who it is, when there are other keys too
	values int   // in the row that is being written; -1 between rows
}

// People gives the keys of a schema that Meta matches people by. They come first.
func People(schema []audience.Key) []audience.Key {
	for i, key := range schema {
		if !key.Matches() {
			return schema[:i]
		}
	}
	return schema
}

// NewPayload starts a payload whose rows hold one value for each key of schema, in that order: those that Meta matches people
// by, then the others.
func NewPayload(schema []audience.Key) *Payload {
	p := &Payload{keys: len(schema), people: len(People(schema)), values: -1}
	p.buf = append(p.buf, `{"payload":{"schema":[`...)
	for i, key := range schema {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = quote(p.buf, []byte(key))
	}
	p.buf = append(p.buf, `],"data":[`...)
	p.head = len(p.buf)
	return p
}

// Grow makes room for a body of a size. Unlike slices.Grow it touches no memory before there is something to write.
func (p *Payload) Grow(size int) {
	if size > cap(p.buf) {
		p.buf = append(make([]byte, 0, size), p.buf...)
	}
}

// Reset drops the rows and keeps the schema and the buffer.
func (p *Payload) Reset() {
	p.buf, p.rows, p.starts, p.cuts, p.values = p.buf[:p.head], 0, p.starts[:0], p.cuts[:0], -1
}

// BeginRow starts a row.
func (p *Payload) BeginRow() {
	switch {
	case p.values >= 0:
		panic("meta: BeginRow inside a row")
	case p.rows == BatchRows:
		panic("meta: more rows than Meta takes in one request")
	case p.rows > 0:
		p.buf = append(p.buf, ',')
	}
	p.starts = append(p.starts, len(p.buf))
	p.buf = append(p.buf, '[')
	p.values = 0
}

// Value appends the row's next value: the text of a key that travels unhashed, a hash as lower-case hex, or, of a key that
// Meta does not match by, JSON as it travels. An empty one says that there is none. The bytes are copied.
func (p *Payload) Value(v []byte) {
	p.beginValue()
	if p.values >= p.people && len(v) > 0 {
		p.buf = append(p.buf, v...)
	} else {
		p.buf = quote(p.buf, v)
	}
	p.endValue()
}

func (p *Payload) beginValue() {
	switch {
	case p.values < 0:
		panic("meta: Value outside a row")
	case p.values == p.keys:
		panic("meta: more values in a row than keys in the schema")
	case p.values > 0:
		p.buf = append(p.buf, ',')
	}
}

func (p *Payload) endValue() {
	p.values++
	if p.values == p.people && p.people < p.keys {
		p.cuts = append(p.cuts, len(p.buf)-p.starts[p.rows])
	}
}

// EndRow ends the row. Keys that got no value are sent as missing.
func (p *Payload) EndRow() {
	if p.values < 0 {
		panic("meta: EndRow outside a row")
	}
	for p.values < p.keys {
		p.Value(nil)
	}
	p.buf = append(p.buf, ']')
	p.rows++
	p.values = -1
}

// MoveTo moves the rows for which gone says yes to the end of another payload, whose schema must be the People of this one's:
// only who they are goes with them. The others move up.
func (p *Payload) MoveTo(other *Payload, gone func(row int) bool) {
	if p.values >= 0 || other.keys != p.people {
		panic("meta: MoveTo inside a row, or to another schema")
	}
	end, kept := p.head, 0
	for i, start := range p.starts {
		next := len(p.buf)
		if i+1 < len(p.starts) {
			next = p.starts[i+1] - 1 // without the comma
		}
		row := p.buf[start:next]
		if gone(i) {
			other.BeginRow()
			if len(p.cuts) > 0 {
				row = row[:p.cuts[i]]
			} else {
				row = row[:len(row)-1]
			}
			other.buf = append(other.buf, row[1:]...) // what is between the brackets
			other.values = other.keys
			other.EndRow()
			continue
		}
		if kept > 0 {
			p.buf[end] = ','
			end++
		}
		p.starts[kept] = end
		if len(p.cuts) > 0 {
			p.cuts[kept] = p.cuts[i]
		}
		end += copy(p.buf[end:], row)
		kept++
	}
	p.buf, p.rows, p.starts = p.buf[:end], kept, p.starts[:kept]
	p.cuts = p.cuts[:min(kept, len(p.cuts))]
}

// People appends the values of a row by which Meta matches the person, in the schema's order. They hold until the payload is
// next changed.
func (p *Payload) People(row int, values [][]byte) [][]byte {
	rest := p.buf[p.starts[row]+1:]
	for range p.people {
		end := 1 + bytes.IndexByte(rest[1:], '"')
		if bytes.IndexByte(rest[1:end], '\\') < 0 {
			values = append(values, rest[1:end])
			rest = rest[end+2:] // the quotation mark, and a comma or the row's end
			continue
		}
		value, size := unquote(rest)
		values = append(values, value)
		rest = rest[size+1:]
	}
	return values
}

// Rows counts the rows so far.
func (p *Payload) Rows() int { return p.rows }

// Batch completes the body with its place in the session. The payload itself is unchanged: the same rows may be asked
// for again under another session.
func (p *Payload) Batch(s Session) Batch {
	if p.values >= 0 {
		panic("meta: Batch inside a row")
	}
	body := append(p.buf, `]},"session":{"session_id":`...) //nolint:gocritic // the tail lies behind the rows on purpose
	body = strconv.AppendInt(body, s.ID, 10)
	body = append(body, `,"batch_seq":`...)
	body = strconv.AppendInt(body, int64(s.Seq), 10)
	body = append(body, `,"last_batch_flag":`...)
	body = strconv.AppendBool(body, s.Last)
	if s.EstimatedTotal > 0 {
		body = append(body, `,"estimated_num_total":`...)
		body = strconv.AppendInt(body, s.EstimatedTotal, 10)
	}
	body = append(body, `}}`...)
	p.buf = body[:len(p.buf)] // keeps the capacity that the tail grew
	return Batch{Session: s, Rows: p.rows, Body: body}
}

// quote appends v as a JSON string. Bytes that are no UTF-8 become U+FFFD, as encoding/json has it.
func quote(dst, v []byte) []byte {
	if ascii.NeedsNoEscape(v) {
		dst = append(dst, '"')
		dst = append(dst, v...)
		return append(dst, '"')
	}
	dst, _ = jsontext.AppendQuote(dst, v) // its error only reports the replacement
	return dst
}

// unquote reads the JSON string that data begins with, and tells how long it is there.
func unquote(data []byte) (text []byte, size int) {
	for size = 1; data[size] != '"'; size++ {
		if data[size] == '\\' {
			size++
		}
	}
	size++
	text, _ = jsontext.AppendUnquote(nil, data[:size]) // quote wrote it
	return text, size
}
