package table

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// jsonReader reads JSON Lines.
type jsonReader struct {
	file   string
	text   *text
	cutter cutter
	format *jsonFormat
	whole  Block  // what Read fills
	good   bool   // a row was read
	seen   []bool // for each of the format's wanted columns, whether any row had it that Read gave
}

// A jsonFormat splits lines of JSON into columns.
type jsonFormat struct {
	wanted   []string // each once
	places   []int    // for each wanted column of the options, its place in wanted
	replaced bool     // see text
	parsers  sync.Pool
}

func openJSONL(file File, opts ReadOptions) (Reader, error) {
	text, err := openText(file, opts.Encoding)
	if err != nil {
		return nil, err
	}
	format := &jsonFormat{replaced: text.replaced}
	for _, name := range opts.Columns {
		name = strings.TrimSpace(name)
		place := slices.Index(format.wanted, name)
		if place < 0 {
			place = len(format.wanted)
			format.wanted = append(format.wanted, name)
		}
		format.places = append(format.places, place)
	}
	format.parsers.New = func() any { return newJSONParser(format) }
	r := &jsonReader{file: file.Name, text: text, format: format, seen: make([]bool, len(format.wanted))}
	r.cutter = cutter{window: newWindow(text, opts.MaxRow), border: jsonLine, end: '\n', most: opts.BatchRows, size: blockBytes, near: stretchBytes}
	if err := r.refuseArray(); err != nil {
		_ = text.Close() // the first error tells more
		return nil, err
	}
	return r, nil
}

// refuseArray tells a file that is one JSON array: the other kind of .json file, which would have to fit into memory.
func (r *jsonReader) refuseArray() error {
	if _, err := r.cutter.window.more(0); err != nil {
		return err
	}
	if bytes.HasPrefix(bytes.TrimLeft(r.cutter.window.rest(), " \t\r\n"), []byte("[")) {
		return audience.Fail(audience.Invalid, "write one object a line (jq -c '.[]' does)", fmt.Errorf("%s is a JSON array, not JSON Lines", r.file))
	}
	return nil
}

// jsonLine is where the line ends that data begins with. See dialect.border.
func jsonLine(data []byte, last bool) (length int, result outcome) {
	length = bytes.IndexByte(data, '\n') + 1
	switch {
	case length == 0 && !last:
		return 0, cutOff
	case length == 0:
		length = len(data)
	}
	if len(bytes.TrimSpace(data[:length])) == 0 {
		return length, blank
	}
	return length, whole
}

// Next fills a block. Until there was a row, it splits it, too: whether the file has any of the wanted columns shows in the
// first one.
func (r *jsonReader) Next(b *Block) error {
	b.format = r.format
	if err := r.cutter.next(b); err != nil || r.good {
		return err
	}
	b.Split()
	r.note(b)
	if r.good = len(b.Rows) > 0; r.good && len(r.seen) > 0 && !slices.Contains(r.seen, true) {
		return missing(r.file, r.format.wanted, nil, false)
	}
	return nil
}

// Read fills a batch.
func (r *jsonReader) Read(b *Batch) error {
	err := r.whole.read(r, b)
	if err == nil {
		r.note(&r.whole)
	}
	return err
}

// note remembers which columns a block's rows had.
func (r *jsonReader) note(b *Block) {
	for i, name := range r.format.wanted {
		r.seen[i] = r.seen[i] || !slices.Contains(b.absent, name)
	}
}

// split parses a block's lines.
func (f *jsonFormat) split(b *Block) {
	b.begin(len(f.places))
	p := f.parsers.Get().(*jsonParser) //nolint:forcetypeassert // it holds nothing else
	defer f.parsers.Put(p)
	clear(p.seen)
	b.splitEach(func(text []byte, row int64) int64 { return p.lines(text, &b.Batch, row) })
	for i, name := range f.wanted {
		if !p.seen[i] {
			b.absent = append(b.absent, name)
		}
	}
}

// Type is String: a JSON number is kept as its literal.
func (r *jsonReader) Type(int) Type { return String }

// Absent gives the wanted columns that no row had so far.
func (r *jsonReader) Absent() []string {
	var absent []string
	for i, name := range r.format.wanted {
		if !r.seen[i] {
			absent = append(absent, name)
		}
	}
	return absent
}

// Close lets go of the file.
func (r *jsonReader) Close() error { return r.text.Close() }
