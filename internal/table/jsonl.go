package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// maxSpellings bounds what is remembered of keys: an object's keys may be data, and then without end.
const maxSpellings = 1 << 12

// jsonReader reads JSON Lines.
type jsonReader struct {
	file    string
	opts    ReadOptions
	text    *text
	window  *window
	decoder *jsontext.Decoder
	buffer  bytes.Buffer
	row     int64
	good    bool // a row was read

	wanted    []string // each once
	places    []int    // for each wanted column of the options, its place in wanted
	seen      []bool   // for each of wanted, whether any row had it
	cells     []cell   // for each of wanted, the current row's value
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

func openJSONL(file File, opts ReadOptions) (Reader, error) {
	text, err := openText(file, opts.Encoding)
	if err != nil {
		return nil, err
	}
	r := &jsonReader{file: file.Name, opts: opts, text: text, window: newWindow(text, opts.MaxRow),
		decoder: jsontext.NewDecoder(bytes.NewReader(nil)), spellings: map[string]spelling{}}
	for _, name := range opts.Columns {
		name = strings.TrimSpace(name)
		place := slices.Index(r.wanted, name)
		if place < 0 {
			place = len(r.wanted)
			r.wanted = append(r.wanted, name)
		}
		r.places = append(r.places, place)
	}
	r.seen, r.cells = make([]bool, len(r.wanted)), make([]cell, len(r.wanted))
	if err := r.refuseArray(); err != nil {
		_ = text.Close() // the first error tells more
		return nil, err
	}
	return r, nil
}

// refuseArray tells a file that is one JSON array: the other kind of .json file, which would have to fit into memory.
func (r *jsonReader) refuseArray() error {
	if _, err := r.window.more(); err != nil {
		return err
	}
	if bytes.HasPrefix(bytes.TrimLeft(r.window.rest(), " \t\r\n"), []byte("[")) {
		return audience.Fail(audience.Invalid, "write one object a line (jq -c '.[]' does)", fmt.Errorf("%s is a JSON array, not JSON Lines", r.file))
	}
	return nil
}

// Read fills a batch.
func (r *jsonReader) Read(b *Batch) error {
	b.begin(len(r.places))
	for size := 0; len(b.Rows)+len(b.Bad) < r.opts.BatchRows && size < batchBytes; {
		line, reason, err := r.next()
		if errors.Is(err, io.EOF) && len(b.Rows)+len(b.Bad) > 0 {
			break
		}
		if err != nil {
			return err
		}
		r.row++
		if reason == "" {
			reason = r.parse(line)
		}
		if reason != "" {
			b.Bad = append(b.Bad, BadRow{Row: r.row, Reason: reason})
			continue
		}
		size += len(line)
		r.good = true
		b.Rows = append(b.Rows, r.row)
		for i, place := range r.places {
			r.cells[place].appendTo(&b.Columns[i])
		}
	}
	if r.good && len(r.wanted) > 0 && !slices.Contains(r.seen, true) {
		return missing(r.file, r.wanted, nil, false)
	}
	return nil
}

// next gives the next line that is not blank, or says why it is no row.
func (r *jsonReader) next() (line []byte, reason string, err error) {
	for {
		line, cut, err := r.window.line('\n')
		switch {
		case err != nil:
			return nil, "", err
		case cut:
			return nil, RowTooLong, r.window.skipLine('\n')
		case len(line) == 0:
			return nil, "", io.EOF
		}
		r.window.start += len(line)
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, "", nil
		}
	}
}

// parse puts a line's wanted values into cells, or says why it is no row.
func (r *jsonReader) parse(line []byte) (reason string) {
	if !utf8.Valid(line) || r.text.replaced && bytes.Contains(line, replacement) {
		return BadEncoding
	}
	clear(r.cells)
	r.buffer = *bytes.NewBuffer(line)
	r.decoder.Reset(&r.buffer, jsontext.AllowDuplicateNames(true))
	if token, err := r.decoder.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
		return NotJSON
	}
	for r.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := r.value(line)
		if err != nil {
			return NotJSON
		}
		meaning := r.meaning(name)
		value, err := r.value(line)
		if err != nil {
			return NotJSON
		}
		if meaning.place >= 0 {
			r.cells[meaning.place].set(value, meaning.exact)
		}
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return NotJSON
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return NotJSON
	}
	return r.check()
}

// value reads a key or a value, as a view into the line.
func (r *jsonReader) value(line []byte) ([]byte, error) {
	value, err := r.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(r.decoder.InputOffset())
	return line[end-len(value) : end], nil
}

// meaning finds the wanted column of a key, quoted as it is in the file.
func (r *jsonReader) meaning(name []byte) spelling {
	if known, ok := r.spellings[string(name)]; ok {
		return known
	}
	unquoted, _ := jsontext.AppendUnquote(nil, name) // the decoder has accepted it
	key := strings.TrimSpace(string(unquoted))
	meaning := spelling{place: slices.Index(r.wanted, key), exact: true}
	if meaning.place < 0 {
		same := func(name string) bool { return strings.EqualFold(name, key) }
		if meaning = (spelling{place: slices.IndexFunc(r.wanted, same)}); meaning.place >= 0 && slices.ContainsFunc(r.wanted[meaning.place+1:], same) {
			meaning.place = -1 // it may mean either
		}
	}
	if len(r.spellings) < maxSpellings {
		r.spellings[string(name)] = meaning
	}
	return meaning
}

// check looks at the row's cells.
func (r *jsonReader) check() (reason string) {
	for i, cell := range r.cells {
		switch {
		case cell.raw == nil:
			continue
		case cell.twice:
			return DuplicateKey
		case cell.raw[0] == '{' || cell.raw[0] == '[':
			return NestedValue
		}
		r.seen[i] = true
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

// Type is String: a JSON number is kept as its literal.
func (r *jsonReader) Type(int) Type { return String }

// Absent gives the wanted columns that no row had so far.
func (r *jsonReader) Absent() []string {
	var absent []string
	for i, name := range r.wanted {
		if !r.seen[i] {
			absent = append(absent, name)
		}
	}
	return absent
}

// Close lets go of the file.
func (r *jsonReader) Close() error { return r.text.Close() }
