package table

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxSpellings bounds what is remembered of keys: an object's keys may be data, and then without end.
const maxSpellings = 1 << 12

// A jsonParser parses one line at a time.
type jsonParser struct {
	*jsonFormat
	decoder   *jsontext.Decoder
	buffer    bytes.Buffer
	cells     []cell // for each of wanted, the current row's value
	seen      []bool // for each of wanted, whether any row of the block had it
	spellings map[string]spelling
}

// A cell is a JSON value in a line.
type cell struct {
	raw   []byte // nil when the row does not have it
	exact bool   // its key is the wanted name itself
	twice bool   // the row has a second one as good
}

// A spelling is what a key means: the place in wanted, or -1.
type spelling struct {
	place int
	exact bool
}

func newJSONParser(format *jsonFormat) *jsonParser {
	return &jsonParser{
		jsonFormat: format, decoder: jsontext.NewDecoder(bytes.NewReader(nil)), cells: make([]cell, len(format.wanted)),
		seen: make([]bool, len(format.wanted)), spellings: map[string]spelling{},
	}
}

// lines parses all lines and gives the number of the row behind them.
func (p *jsonParser) lines(text []byte, b *Batch, row int64) int64 {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if reason := p.parse(line); reason != "" {
			b.Bad = append(b.Bad, BadRow{Row: row, Reason: reason})
		} else {
			b.Rows = append(b.Rows, row)
			for i, place := range p.places {
				p.cells[place].appendTo(&b.Columns[i])
			}
		}
		row++
	}
	return row
}

// parse puts a line's wanted values into cells, or says why it is no row.
func (p *jsonParser) parse(line []byte) (reason string) {
	if !utf8.Valid(line) || p.replaced && bytes.Contains(line, replacement) {
		return BadEncoding
	}
	clear(p.cells)
	p.buffer = *bytes.NewBuffer(line)
	p.decoder.Reset(&p.buffer, jsontext.AllowDuplicateNames(true))
	if token, err := p.decoder.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
		return NotJSON
	}
	for p.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := p.value(line)
		if err != nil {
			return NotJSON
		}
		meaning := p.meaning(name)
		value, err := p.value(line)
		if err != nil {
			return NotJSON
		}
		if meaning.place >= 0 {
			p.cells[meaning.place].set(value, meaning.exact)
		}
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return NotJSON
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return NotJSON
	}
	return p.check()
}

// value reads a key or a value, as a view into the line.
func (p *jsonParser) value(line []byte) ([]byte, error) {
	value, err := p.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(p.decoder.InputOffset())
	return line[end-len(value) : end], nil
}

// meaning finds the wanted column of a key, quoted as it is in the file.
func (p *jsonParser) meaning(name []byte) spelling {
	if known, ok := p.spellings[string(name)]; ok {
		return known
	}
	unquoted, _ := jsontext.AppendUnquote(nil, name) // the decoder has accepted it
	key := strings.TrimSpace(string(unquoted))
	meaning := spelling{place: slices.Index(p.wanted, key), exact: true}
	if meaning.place < 0 {
		same := func(name string) bool { return strings.EqualFold(name, key) }
		if meaning = (spelling{place: slices.IndexFunc(p.wanted, same)}); meaning.place >= 0 && slices.ContainsFunc(p.wanted[meaning.place+1:], same) {
			meaning.place = -1 // it may mean either
		}
	}
	if len(p.spellings) < maxSpellings {
		p.spellings[string(name)] = meaning
	}
	return meaning
}

// check looks at the row's cells.
func (p *jsonParser) check() (reason string) {
	for i, cell := range p.cells {
		switch {
		case cell.raw == nil:
			continue
		case cell.twice:
			return DuplicateKey
		case cell.raw[0] == '{' || cell.raw[0] == '[':
			return NestedValue
		}
		p.seen[i] = true
	}
	return ""
}

// set takes a value; one whose key is exactly the wanted name counts more than one whose key differs in case.
func (c *cell) set(raw []byte, exact bool) {
	switch {
	case c.raw == nil || exact && !c.exact:
		*c = cell{raw: raw, exact: exact}
	case exact == c.exact:
		c.twice = true
	}
}

// appendTo adds the value to a column: a string's text, null, else the literal as it stands.
func (c *cell) appendTo(column *Column) {
	switch {
	case c.raw == nil || c.raw[0] == 'n':
		column.AppendNull()
	case c.raw[0] != '"':
		column.Append(c.raw)
	case bytes.IndexByte(c.raw, '\\') < 0:
		column.Append(c.raw[1 : len(c.raw)-1])
	default:
		column.Data, _ = jsontext.AppendUnquote(column.Data, c.raw) // the decoder has accepted it
		column.Append(nil)
	}
}
