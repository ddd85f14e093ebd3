package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// delimiters are those that are looked for in a header line when the definition gives none, the likeliest first.
var delimiters = []string{",", ";", "\t", "|", "\x01", "^", "~", ":"}

// replacement is U+FFFD, which decoders put where bytes mean nothing.
var replacement = []byte(string(utf8.RuneError))

// csvReader reads CSV.
type csvReader struct {
	file   string
	opts   ReadOptions
	text   *text
	window *window
	split  splitter
	places []int // for each wanted column, its cell
	row    int64
}

func openCSV(file File, opts ReadOptions) (Reader, error) {
	if opts.Delimiter != "" && (utf8.RuneCountInString(opts.Delimiter) != 1 || strings.ContainsAny(opts.Delimiter, "\"\r\n")) {
		return nil, audience.Failf(audience.Invalid, "read %s: the delimiter must be one character, and no quote or line end", file.Name)
	}
	text, err := openText(file, opts.Encoding)
	if err != nil {
		return nil, err
	}
	r := &csvReader{file: file.Name, opts: opts, text: text, window: newWindow(text, opts.MaxRow)}
	if err := r.readHeader(); err != nil {
		_ = text.Close() // the first error tells more
		return nil, err
	}
	return r, nil
}

// readHeader finds line end, delimiter and columns.
func (r *csvReader) readHeader() error {
	if _, err := r.window.more(); err != nil {
		return err
	}
	r.split.end = lineEnd(r.window.rest())
	hint, err := r.skipPreamble()
	if err != nil {
		return err
	}
	candidates := delimiters
	switch {
	case r.opts.Delimiter != "":
		candidates = []string{r.opts.Delimiter}
	case hint != "":
		candidates = []string{hint}
	case strings.Contains(strings.ToLower(r.file), ".tsv"):
		candidates = append([]string{"\t"}, delimiters...)
	}
	names, length, err := r.bestHeader(candidates)
	if err != nil {
		return err
	}
	places, err := match(r.file, r.opts.Columns, names)
	if err != nil {
		if !utf8.ValidString(strings.Join(names, "")) {
			return audience.Fail(audience.Invalid, "set the source's encoding, to latin-1 perhaps", fmt.Errorf("the header of %s is not UTF-8", r.file))
		}
		return err
	}
	r.window.start += length
	r.split.slots = make([]int, len(names))
	for i := range r.split.slots {
		r.split.slots[i] = -1
	}
	r.split.cells, r.places = r.split.cells[:0], make([]int, len(places))
	for i, field := range places {
		if r.split.slots[field] < 0 {
			r.split.slots[field] = len(r.split.cells)
			r.split.cells = append(r.split.cells, nil)
		}
		r.places[i] = r.split.slots[field]
	}
	return nil
}

// lineEnd tells \r from \n by the first line end outside quotes.
func lineEnd(head []byte) byte {
	quoted := false
	for i, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			return '\n'
		case c == '\r' && i+1 < len(head) && head[i+1] != '\n':
			return '\r'
		}
	}
	return '\n'
}

// skipPreamble consumes blank lines and the line "sep=;" with which Excel is told the delimiter, which it gives.
func (r *csvReader) skipPreamble() (delimiter string, err error) {
	for {
		line, cut, err := r.window.line(r.split.end)
		if err != nil {
			return "", err
		}
		if len(line) == 0 {
			return "", empty(r.file, "no header line")
		}
		if cut {
			return "", nil
		}
		words := string(bytes.Trim(line, "\r\n"))
		sep, is := strings.CutPrefix(strings.ToLower(words), "sep=")
		switch {
		case is && utf8.RuneCountInString(sep) == 1:
			delimiter = sep
		case strings.TrimSpace(words) != "":
			return delimiter, nil
		}
		r.window.start += len(line)
	}
}

// bestHeader splits the header by each delimiter and takes the one that finds most of the wanted columns, then the one
// that gives most columns.
func (r *csvReader) bestHeader(candidates []string) (names []string, length int, err error) {
	best, valid := -1, false
	for _, delimiter := range candidates {
		tried := splitter{delimiter: []byte(delimiter), end: r.split.end}
		n, ok, err := r.header(&tried)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			continue
		}
		valid = true
		header := make([]string, len(tried.cells))
		for i, cell := range tried.cells {
			header[i] = strings.TrimSpace(string(cell))
		}
		if hits := found(r.opts.Columns, header); hits > best || hits == best && len(header) > len(names) {
			best, names, length, r.split.delimiter = hits, header, n, tried.delimiter
		}
	}
	if !valid {
		return nil, 0, audience.Fail(audience.Invalid, "check its quotes and the delimiter", fmt.Errorf("the header line of %s cannot be split into columns", r.file))
	}
	return names, length, nil
}

// header splits the record at the window's start without consuming it. ok is false when it is no record.
func (r *csvReader) header(s *splitter) (length int, ok bool, err error) {
	for {
		length, result := s.record(r.window.rest(), r.window.ended)
		switch {
		case result == whole:
			return length, true, nil
		case result == badQuote || r.window.ended:
			return 0, false, nil
		}
		if full, err := r.window.more(); err != nil || full {
			return 0, false, err
		}
	}
}

// Read fills a batch.
func (r *csvReader) Read(b *Batch) error {
	b.begin(len(r.places))
	for size := 0; len(b.Rows)+len(b.Bad) < r.opts.BatchRows && size < batchBytes; {
		reason, err := r.next()
		if errors.Is(err, io.EOF) && len(b.Rows)+len(b.Bad) > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		r.row++
		if reason == "" {
			reason = r.check()
		}
		if reason != "" {
			b.Bad = append(b.Bad, BadRow{Row: r.row, Reason: reason})
			continue
		}
		b.Rows = append(b.Rows, r.row)
		for i, cell := range r.places {
			b.Columns[i].Append(r.split.cells[cell])
			size += len(r.split.cells[cell])
		}
	}
	return nil
}

// next splits the next record, or says why it is none. After a bad quote, an unclosed one or a row that is too long it
// goes on at the end of the line on which the bad record began: so one wrong quote costs one line, not all that follow.
func (r *csvReader) next() (reason string, err error) {
	for {
		if err := r.skipEmptyLines(); err != nil {
			return "", err
		}
		length, result := r.split.record(r.window.rest(), r.window.ended)
		switch {
		case result == whole:
			r.window.start += length
			return "", nil
		case result == badQuote:
			return BadQuote, r.window.skipLine(r.split.end)
		case r.window.ended:
			return UnclosedQuote, r.window.skipLine(r.split.end)
		}
		full, err := r.window.more()
		if err != nil {
			return "", err
		}
		if full {
			return RowTooLong, r.window.skipLine(r.split.end)
		}
	}
}

// skipEmptyLines consumes lines without a byte. It leaves at least one byte in the window, or gives io.EOF.
func (r *csvReader) skipEmptyLines() error {
	for {
		rest := r.window.rest()
		switch {
		case len(rest) > 0 && rest[0] == r.split.end:
			r.window.start++
		case len(rest) > 1 && r.split.end == '\n' && rest[0] == '\r' && rest[1] == '\n':
			r.window.start += 2
		case len(rest) > 1, len(rest) == 1 && (rest[0] != '\r' || r.split.end != '\n'):
			return nil
		case r.window.ended: // with nothing, or a lone \r
			return io.EOF
		default:
			if _, err := r.window.more(); err != nil {
				return err
			}
		}
	}
}

// check finds what is wrong with the record that was split last.
func (r *csvReader) check() (reason string) {
	if r.split.fields != len(r.split.slots) {
		return RaggedRow
	}
	for _, cell := range r.split.cells {
		if !utf8.Valid(cell) || r.text.replaced && bytes.Contains(cell, replacement) {
			return BadEncoding
		}
	}
	return ""
}

// Type is String: CSV knows no other.
func (r *csvReader) Type(int) Type { return String }

// Absent is nothing: the header has all columns.
func (r *csvReader) Absent() []string { return nil }

// Close lets go of the file.
func (r *csvReader) Close() error { return r.text.Close() }
