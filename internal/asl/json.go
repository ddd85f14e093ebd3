package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Limits of Step Functions (Developer Guide, "Service quotas").
const (
	maxDataBytes       = 262144
	maxDefinitionBytes = 1 << 20
	maxHistoryEvents   = 25000
	maxNesting         = 200
)

// encode writes v as compact JSON, without the escapes that encoding/json adds for HTML: AWS counts bytes without them.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, errors.New("value cannot be written as JSON")
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// decode reads exactly one JSON value and keeps the text of its numbers. Errors never quote the text.
func decode(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, errors.New("not a JSON value")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// normalise turns what an integration returned into a JSON value of this package's types, as a copy, and gives its size.
func normalise(v any) (any, int, error) {
	data, err := encode(v)
	if err != nil {
		return nil, 0, err
	}
	out, err := decode(data)
	return out, len(data), err
}

// clone copies containers, so that the receiver may change them.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	default:
		return v
	}
}

// number is the JSON number of an integer.
func number(i int) json.Number { return json.Number(strconv.Itoa(i)) }

// document is a parsed JSON text and what encoding/json would have hidden: fields that occur twice.
type document struct {
	value      any
	duplicates []string
}

// parseDocument reads a definition. Duplicate fields are collected by their path ("States.Load.Next"), since of two
// fields of one name encoding/json keeps the last and Step Functions refuses both.
func parseDocument(data []byte) (*document, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	doc := &document{}
	v, err := doc.read(dec, "", 0)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("not valid JSON at byte %d: %w", syntax.Offset, err)
		}
		return nil, fmt.Errorf("not valid JSON at byte %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more text after the definition, at byte %d", dec.InputOffset())
	}
	doc.value = v
	return doc, nil
}

func (d *document) read(dec *json.Decoder, path string, depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		return d.readObject(dec, path, depth)
	case json.Delim('['):
		out := []any{}
		for dec.More() {
			v, err := d.read(dec, fmt.Sprintf("%s[%d]", path, len(out)), depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		_, err := dec.Token()
		return out, err
	default:
		return tok, nil
	}
}

func (d *document) readObject(dec *json.Decoder, path string, depth int) (any, error) {
	out := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := tok.(string)
		at := key
		if path != "" {
			at = path + "." + key
		}
		if _, twice := out[key]; twice {
			d.duplicates = append(d.duplicates, at)
		}
		if out[key], err = d.read(dec, at, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return out, err
}
