package table

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A plainSplitter splits one CSV record after the other, with nothing in mind but the rules: what the cutter and the splitter do
// together must come to the same.
type plainSplitter struct {
	delimiter []byte // one character
	end       byte   // of a line
	cells     [][]byte
	scratch   []byte // of values whose doubled quotes were made single
}

// plainRecords gives a text's records: the cells of each, or the reason why it is none.
func plainRecords(data []byte, d dialect, limit int, each func(cells [][]byte, reason string)) {
	s := plainSplitter{delimiter: d.delimiter, end: d.end}
	for {
		data = s.skipEmptyLines(data)
		if len(data) == 0 {
			return
		}
		seen := data[:min(len(data), limit)]
		last := len(data) < limit
		length, result := s.record(seen, last)
		if result == whole {
			each(s.cells, "")
			data = data[length:]
			continue
		}
		switch {
		case result == badQuote:
			each(nil, BadQuote)
		case last:
			each(nil, UnclosedQuote)
		default:
			each(nil, RowTooLong)
		}
		if line := bytes.IndexByte(data, s.end); line >= 0 {
			data = data[line+1:]
		} else {
			return
		}
	}
}

// plainLines gives a text's records as describe does, with the fields of some places as columns.
func plainLines(data []byte, d dialect, limit, fields int, places []int, replaced bool) []string {
	var lines []string
	plainRecords(data, d, limit, func(cells [][]byte, reason string) {
		values := make([]string, len(places))
		if reason == "" && len(cells) != fields {
			reason = RaggedRow
		}
		for i, place := range places {
			if reason != "" {
				break
			}
			if values[i] = string(cells[place]); !utf8.ValidString(values[i]) || replaced && strings.ContainsRune(values[i], utf8.RuneError) {
				reason = BadEncoding
			}
		}
		if reason != "" {
			lines = append(lines, fmt.Sprintf("%d: !%s", len(lines)+1, reason))
		} else {
			lines = append(lines, fmt.Sprintf("%d: %s", len(lines)+1, strings.Join(values, "|")))
		}
	})
	return lines
}

func (s *plainSplitter) skipEmptyLines(data []byte) []byte {
	for {
		switch {
		case len(data) > 0 && data[0] == s.end:
			data = data[1:]
		case len(data) > 1 && s.end == '\n' && data[0] == '\r' && data[1] == '\n':
			data = data[2:]
		case len(data) == 1 && s.end == '\n' && data[0] == '\r':
			return nil
		default:
			return data
		}
	}
}

// record splits the record that data begins with and gives its length in bytes, line end included. last says that the
// text ends with data.
func (s *plainSplitter) record(data []byte, last bool) (length int, result outcome) {
	s.cells, s.scratch = s.cells[:0], s.scratch[:0]
	length = bytes.IndexByte(data, s.end) + 1
	line := data[:max(length-1, 0)]
	if length == 0 {
		if !last {
			return 0, cutOff
		}
		length, line = len(data), data
	}
	if bytes.IndexByte(line, '"') >= 0 {
		return s.quotedRecord(data, last)
	}
	s.plainLine(s.withoutReturn(line))
	return length, whole
}

// plainLine splits a line without any quote: nearly all lines of nearly all files.
func (s *plainSplitter) plainLine(line []byte) {
	for {
		i := bytes.Index(line, s.delimiter)
		if i < 0 {
			s.add(line)
			return
		}
		s.add(line[:i])
		line = line[i+len(s.delimiter):]
	}
}

// quotedRecord splits a record that has a quote somewhere in its first line.
func (s *plainSplitter) quotedRecord(data []byte, last bool) (int, outcome) {
	at := 0
	for {
		if open := s.skipSpaces(data, at); open < len(data) && data[open] == '"' {
			value, behind, ok := s.quoted(data, open+1, last)
			if !ok {
				return 0, cutOff
			}
			s.add(value)
			at = s.skipSpaces(data, behind)
		} else {
			behind := s.unquoted(data, at)
			if behind == len(data) && !last {
				return 0, cutOff
			}
			value := data[at:behind]
			if behind == len(data) || data[behind] == s.end {
				value = s.withoutReturn(value)
			}
			s.add(value)
			at = behind
		}
		switch rest := data[at:]; {
		case bytes.HasPrefix(rest, s.delimiter):
			at += len(s.delimiter)
		case len(rest) > 0 && rest[0] == s.end:
			return at + 1, whole
		case s.end == '\n' && bytes.HasPrefix(rest, []byte("\r\n")):
			return at + 2, whole
		case last && len(s.withoutReturn(rest)) == 0:
			return len(data), whole
		case !last && len(rest) < max(len(s.delimiter), len("\r\n")) && s.mayEnd(rest):
			return 0, cutOff
		default:
			return at, badQuote
		}
	}
}

// mayEnd reports whether the few bytes at the end of the data may be the beginning of a delimiter or of a line end.
func (s *plainSplitter) mayEnd(rest []byte) bool {
	return bytes.HasPrefix(s.delimiter, rest) || s.end == '\n' && string(rest) == "\r"
}

// quoted gives the value that begins at from, behind its opening quote, and where the closing quote is passed.
func (s *plainSplitter) quoted(data []byte, from int, last bool) (value []byte, behind int, ok bool) {
	doubled := false
	for at := from; ; {
		i := bytes.IndexByte(data[at:], '"')
		if i < 0 {
			return nil, 0, false
		}
		at += i + 1
		if at == len(data) && !last {
			return nil, 0, false // the next byte tells whether this quote closes
		}
		if at < len(data) && data[at] == '"' {
			doubled = true
			at++
			continue
		}
		value = data[from : at-1]
		if doubled {
			value = s.single(value)
		}
		return value, at, true
	}
}

// single makes doubled quotes single, in a copy: the record may have to be split again.
func (s *plainSplitter) single(value []byte) []byte {
	begin := len(s.scratch)
	for {
		i := bytes.IndexByte(value, '"')
		if i < 0 {
			s.scratch = append(s.scratch, value...)
			return s.scratch[begin:len(s.scratch):len(s.scratch)]
		}
		s.scratch = append(s.scratch, value[:i+1]...)
		value = value[i+2:]
	}
}

// unquoted gives where the field that begins at from ends: at a delimiter, a line end or the end of the data.
func (s *plainSplitter) unquoted(data []byte, from int) int {
	for at := from; at < len(data); at++ {
		if c := data[at]; c == s.end || c == s.delimiter[0] && bytes.HasPrefix(data[at:], s.delimiter) {
			return at
		}
	}
	return len(data)
}

func (s *plainSplitter) skipSpaces(data []byte, at int) int {
	for s.delimiter[0] != ' ' && at < len(data) && data[at] == ' ' {
		at++
	}
	return at
}

// withoutReturn takes the \r of a \r\n away.
func (s *plainSplitter) withoutReturn(line []byte) []byte {
	if s.end == '\n' && len(line) > 0 && line[len(line)-1] == '\r' {
		return line[:len(line)-1]
	}
	return line
}

func (s *plainSplitter) add(value []byte) { s.cells = append(s.cells, value) }
