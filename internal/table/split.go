package table

import (
	"bytes"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/cleanreach/cleanreach/internal/marks"
)

// replacement is U+FFFD, which decoders put where bytes mean nothing.
var replacement = []byte(string(utf8.RuneError))

// A splitter splits CSV records that are whole into columns.
type splitter struct {
	dialect
	slots    []int // for each field of a record, its place among the wanted ones, or -1
	wanted   int   // fields
	columns  []int // for each column of a batch, which of the wanted fields it has
	replaced bool  // see text
}

// want says at which places of a record's fields the columns' values are.
func (s *splitter) want(places []int, fields int) {
	s.slots, s.wanted, s.columns = make([]int, fields), 0, make([]int, len(places))
	for i := range s.slots {
		s.slots[i] = -1
	}
	for i, field := range places {
		if s.slots[field] < 0 {
			s.slots[field] = s.wanted
			s.wanted++
		}
		s.columns[i] = s.slots[field]
	}
}

// A span is where a wanted value stands in a stretch.
type span struct {
	from, to uint32
}

// doubled marks, in a span's end, a value whose quotes are doubled.
const doubled = 1 << 31

// spans is what is noted of a stretch before its values are copied. Its buffers are used again.
type spans struct {
	places []uint32 // of delimiters, quotes and line ends
	all    []span   // of the good rows, one row's wanted fields after the other
	fields int      // of the last record
}

var spansPool = sync.Pool{New: func() any { return new(spans) }}

// split puts a block's rows into its columns.
func (s *splitter) split(b *Block) {
	b.begin(len(s.columns))
	found := spansPool.Get().(*spans) //nolint:forcetypeassert // it holds nothing else
	defer spansPool.Put(found)
	b.splitEach(func(text []byte, row int64) int64 {
		row = s.records(text, found, &b.Batch, row)
		for i, field := range s.columns {
			b.Columns[i].appendSpans(text, found.all, field, s.wanted)
		}
		return row
	})
}

// records notes where the wanted values of all records are that are good, and gives the number of the row behind them.
func (s *splitter) records(text []byte, found *spans, b *Batch, row int64) int64 {
	var ascii bool
	found.places, ascii = marks.Find(found.places[:0], text, [3]byte{s.delimiter[0], '"', s.end})
	// A part of a text that is sound is sound, unless the delimiter is half a character.
	sound := ascii || utf8.Valid(s.delimiter) && s.sound(text)
	found.all = found.all[:0]
	for i, at := 0, 0; at < len(text); {
		n := len(found.all)
		i, at = s.record(text, at, i, found)
		reason := ""
		switch {
		case found.fields == 0: // an empty line
			found.all = found.all[:n]
			continue
		case found.fields != len(s.slots):
			reason = RaggedRow
		case !sound && !s.allSound(text, found.all[n:]):
			reason = BadEncoding
		}
		if reason == "" {
			b.Rows = append(b.Rows, row)
		} else {
			found.all = found.all[:n]
			b.Bad = append(b.Bad, BadRow{Row: row, Reason: reason})
		}
		row++
	}
	return row
}

// record notes the wanted fields of the record that begins at a place of the text, and counts all of them: none if the line
// is empty. i is the first of the noted places that is in it. Both are given for what follows.
func (s *splitter) record(text []byte, begin, i int, found *spans) (behind, next int) {
	n := len(found.all)
	found.all = slices.Grow(found.all, s.wanted)[:n+s.wanted]
	row := record{slots: s.slots, spans: found.all[n:]}
	places, end := found.places, s.end
	delimiter, simple := s.delimiter[0], len(s.delimiter) == 1 && s.delimiter[0] != '"'
	for from := begin; ; i++ {
		at := int(places[i])
		switch c := text[at]; {
		case simple && c == delimiter:
			row.add(from, at)
			from = at + 1
		case c == '"' && s.skipSpaces(text, from) == at:
			var more bool
			if i, from, more = s.value(text, i, places, &row); !more {
				found.fields = row.fields
				return i + 1, from
			}
		case c == end:
			if value := s.withoutReturn(text[from:at]); len(value) > 0 || row.fields > 0 {
				row.add(from, from+len(value))
			}
			found.fields = row.fields
			return i + 1, at + 1
		case !simple && bytes.HasPrefix(text[at:], s.delimiter):
			row.add(from, at)
			from = at + len(s.delimiter)
		}
	}
}

// A record is one that is being split.
type record struct {
	slots  []int
	spans  []span
	fields int
}

func (r *record) add(from, to int) {
	if r.fields < len(r.slots) {
		if slot := r.slots[r.fields]; slot >= 0 {
			r.spans[slot] = span{uint32(from), uint32(to)} //nolint:gosec // a stretch is far below 2 GiB
		}
	}
	r.fields++
}

// value adds the field whose opening quote is the i-th place. It gives the place of what ends it and where the text goes on,
// and whether with another field.
func (s *splitter) value(text []byte, i int, places []uint32, row *record) (last, behind int, more bool) {
	from, flag := int(places[i])+1, 0
	for i++; ; i++ {
		at := int(places[i])
		if text[at] != '"' {
			continue
		}
		if text[at+1] == '"' {
			flag = doubled
			i++
			continue
		}
		row.add(from, at|flag)
		if s.isDelimiter(text, at+1) {
			return i + 1, at + 2, true
		}
		at = s.skipSpaces(text, at+1)
		length, result := s.follows(text[at:], true)
		return i + 1, at + length, result == goesOn
	}
}

// allSound reports whether the wanted values of a row are in the file's encoding.
func (s *splitter) allSound(text []byte, row []span) bool {
	for _, value := range row {
		if !s.sound(text[value.from : value.to&^doubled]) {
			return false
		}
	}
	return true
}

func (s *splitter) sound(text []byte) bool {
	return utf8.Valid(text) && (!s.replaced || !bytes.Contains(text, replacement))
}

// fields splits a record into all its fields.
func (d *dialect) fields(text []byte) []string {
	text = append(slices.Grow([]byte(nil), len(text)+slack), text...)
	if !bytes.HasSuffix(text, []byte{d.end}) {
		text = append(text, d.end)
	}
	s := splitter{dialect: *d, slots: make([]int, bytes.Count(text, d.delimiter)+1)}
	for i := range s.slots {
		s.slots[i] = i
	}
	s.wanted = len(s.slots)
	var found spans
	found.places, _ = marks.Find(nil, text, [3]byte{d.delimiter[0], '"', d.end})
	s.record(text, 0, 0, &found)
	names := make([]string, found.fields)
	for i, name := range found.all[:found.fields] {
		names[i] = string(appendLong(nil, text, name))
	}
	return names
}
