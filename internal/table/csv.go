package table

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// delimiters are those that are looked for in a header line when the definition gives none, the likeliest first.
var delimiters = []string{",", ";", "\t", "|", "\x01", "^", "~", ":"}

// csvReader reads CSV.
type csvReader struct {
	file   string
	opts   ReadOptions
	text   *text
	window *window
	split  splitter
	cutter cutter
	whole  Block // what Read fills
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
	r.cutter = cutter{window: r.window, border: r.split.border, end: r.split.end, most: opts.BatchRows, size: blockBytes, near: stretchBytes}
	return r, nil
}

// readHeader finds line end, delimiter and columns.
func (r *csvReader) readHeader() error {
	if _, err := r.window.more(0); err != nil {
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
	r.split.want(places, len(names))
	r.split.replaced = r.text.replaced
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
		tried := dialect{delimiter: []byte(delimiter), end: r.split.end}
		n, ok, err := r.header(&tried)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			continue
		}
		valid = true
		header := tried.fields(r.window.rest()[:n])
		for i, name := range header {
			header[i] = strings.TrimSpace(name)
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

// header gives the length of the record at the window's start. ok is false when it is no record.
func (r *csvReader) header(d *dialect) (length int, ok bool, err error) {
	for {
		length, result := d.border(r.window.rest(), r.window.ended)
		switch {
		case result == whole:
			return length, true, nil
		case result == badQuote || r.window.ended:
			return 0, false, nil
		}
		if full, err := r.window.more(0); err != nil || full {
			return 0, false, err
		}
	}
}

// Next fills a block.
func (r *csvReader) Next(b *Block) error {
	b.format = &r.split
	return r.cutter.next(b)
}

// Read fills a batch.
func (r *csvReader) Read(b *Batch) error { return r.whole.read(r, b) }

// Type is String: CSV knows no other.
func (r *csvReader) Type(int) Type { return String }

// Absent is nothing: the header has all columns.
func (r *csvReader) Absent() []string { return nil }

// Close lets go of the file.
func (r *csvReader) Close() error { return r.text.Close() }
