package sandbox

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"
)

// maxRows is the most rows that Meta takes in one request.
const maxRows = 10_000

// A row is one person of a payload, or one line of a journal's block.
type row struct {
	raw         []byte    // as it was sent, a JSON array on one line
	fingerprint uint64    // of the set of its non-empty values with their keys; the order of the schema does not count
	ids         [4]uint64 // fingerprints of its identifiers; 0 where it has none
	wrong       string    // why it is refused; nothing when it is fine
	worthless   bool      // it has no LOOKALIKE_VALUE, although the schema has
}

// lead is the strongest identifier of the row; 0 when it has none.
func (r *row) lead() uint64 {
	for _, id := range r.ids {
		if id != 0 {
			return id
		}
	}
	return 0
}

// errShape is a row that does not fit the schema: the whole request is refused for it.
var errShape = errors.New("the row does not fit the schema")

// A rowReader reads rows without making garbage for each value: half a million a second and more.
type rowReader struct {
	schema  schema
	decoder *jsontext.Decoder
	data    []byte
	text    []byte
}

func newRowReader(s schema, data []byte) *rowReader {
	return &rowReader{schema: s, data: data, decoder: jsontext.NewDecoder(bytes.NewBuffer(data))}
}

// array reads all rows of a JSON array. Its error is errShape, errTooMany or one of syntax; the rows read so far come with
// it, the last being the one that was wrong.
func (r *rowReader) array() ([]row, error) {
	if begin, err := r.decoder.ReadToken(); err != nil || begin.Kind() != '[' {
		return nil, errors.New("payload[data] must be an array of rows")
	}
	rows := make([]row, 0, 1024)
	for r.decoder.PeekKind() != ']' {
		if len(rows) == maxRows {
			return rows, errTooMany
		}
		rows = append(rows, row{})
		if err := r.next(&rows[len(rows)-1]); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

var errTooMany = errors.New("more rows than a request may have")

// lines gives the rows of a journal's block.
func (r *rowReader) lines(each func(*row) error) error {
	for {
		var one row
		err := r.next(&one)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(&one); err != nil {
			return err
		}
	}
}

// next reads one row: an array of values, or the bare value of a single-key upload.
func (r *rowReader) next(into *row) error {
	kind := r.decoder.PeekKind()
	if r.schema.single && kind != '[' {
		value, err := r.decoder.ReadValue()
		if err != nil {
			return err
		}
		into.raw = r.tail(len(value))
		if err := r.value(into, 0, value); err != nil {
			return err
		}
		r.finish(into)
		return nil
	}
	begin, err := r.decoder.ReadToken()
	if err != nil {
		return err
	}
	if begin.Kind() != '[' {
		return errShape
	}
	start := r.decoder.InputOffset() - 1
	shape := error(nil)
	n := 0
	for ; r.decoder.PeekKind() != ']'; n++ {
		value, err := r.decoder.ReadValue()
		if err != nil {
			return err
		}
		if n < len(r.schema.columns) && shape == nil {
			shape = r.value(into, n, value)
		}
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return err
	}
	into.raw = r.data[start:r.decoder.InputOffset()]
	if n != len(r.schema.columns) || shape != nil {
		return errShape
	}
	r.finish(into)
	return nil
}

// tail is the last n bytes that were read.
func (r *rowReader) tail(n int) []byte {
	end := r.decoder.InputOffset()
	return r.data[end-int64(n) : end]
}

// value takes the row's nth value.
func (r *rowReader) value(into *row, n int, raw jsontext.Value) error {
	c := &r.schema.columns[n]
	if raw.Kind() == '[' && c.rule == options {
		if !isProcessing(raw) {
			into.refuse("invalid " + c.key)
		}
		return nil
	}
	text, err := r.plain(raw)
	if err != nil {
		return err
	}
	if wrong := c.wrong(text); wrong != "" {
		into.refuse(wrong)
	}
	into.worthless = into.worthless || c.rule == worth && len(text) == 0
	if len(text) > 0 && c.rule < option {
		hash := xxh3.HashSeed(text, c.seed)
		into.fingerprint += hash // a sum does not depend on the order
		if c.identifier >= 0 {
			into.ids[c.identifier] = hash
		}
	}
	return nil
}

// plain gives a value as text. It holds until the next one.
func (r *rowReader) plain(raw jsontext.Value) (text []byte, err error) {
	switch raw.Kind() {
	case '"':
		text = raw[1 : len(raw)-1]
		if bytes.IndexByte(text, '\\') >= 0 {
			r.text, err = jsontext.AppendUnquote(r.text[:0], raw)
			text = r.text
		}
		return text, err
	case '0':
		return raw, nil
	case 'n':
		return nil, nil
	}
	return nil, errShape
}

// refuse notes the first thing that is wrong with the row.
func (r *row) refuse(wrong string) {
	if r.wrong == "" {
		r.wrong = wrong
	}
}

// finish ends a row: one without any value is nobody.
func (r *rowReader) finish(into *row) {
	if into.fingerprint == 0 && into.wrong == "" {
		into.wrong = "no identifiers"
	}
	if bytes.IndexByte(into.raw, '\n') >= 0 {
		into.raw = compact(into.raw)
	}
}

// compact is a JSON value without white space.
func compact(raw []byte) []byte {
	value := jsontext.Value(bytes.Clone(raw))
	if value.Compact() != nil {
		return raw
	}
	return value
}
