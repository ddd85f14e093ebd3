package table

import "bytes"

// A splitter splits CSV records. encoding/csv gives up on a file with its first bad quote and cannot say how a record
// begins or ends in the file; here a bad record is one bad row, and the next one is found again.
//
// It reads what encoding/csv reads and, beyond that, takes a quote inside an unquoted field for itself, and spaces around
// a quoted field for nothing.
type splitter struct {
	delimiter []byte // one character
	end       byte   // of a line: \n (also \r\n), or \r for files of the old Mac kind
	slots     []int  // for each field of a record, its place in cells or -1; nil: every field goes to cells

	cells   [][]byte // views of the record; void with the next one
	fields  int      // of the last record
	scratch []byte   // of values whose doubled quotes were made single
}

// An outcome is what splitting a record came to.
type outcome int

const (
	whole    outcome = iota
	cutOff           // the record goes on behind the data, or the text ends in its quotes
	badQuote         // a closing quote is followed by text
)

// record splits the record that data begins with and gives its length in bytes, line end included. last says that the
// text ends with data.
func (s *splitter) record(data []byte, last bool) (length int, result outcome) {
	s.fields, s.scratch = 0, s.scratch[:0]
	if s.slots == nil {
		s.cells = s.cells[:0]
	}
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
func (s *splitter) plainLine(line []byte) {
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
//
//nolint:cyclop // a scanner: every case is a line long
func (s *splitter) quotedRecord(data []byte, last bool) (int, outcome) {
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
func (s *splitter) mayEnd(rest []byte) bool {
	return bytes.HasPrefix(s.delimiter, rest) || s.end == '\n' && string(rest) == "\r"
}

// quoted gives the value that begins at from, behind its opening quote, and where the closing quote is passed.
func (s *splitter) quoted(data []byte, from int, last bool) (value []byte, behind int, ok bool) {
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
func (s *splitter) single(value []byte) []byte {
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
func (s *splitter) unquoted(data []byte, from int) int {
	for at := from; at < len(data); at++ {
		if c := data[at]; c == s.end || c == s.delimiter[0] && bytes.HasPrefix(data[at:], s.delimiter) {
			return at
		}
	}
	return len(data)
}

func (s *splitter) skipSpaces(data []byte, at int) int {
	for s.delimiter[0] != ' ' && at < len(data) && data[at] == ' ' {
		at++
	}
	return at
}

// withoutReturn takes the \r of a \r\n away.
func (s *splitter) withoutReturn(line []byte) []byte {
	if s.end == '\n' && len(line) > 0 && line[len(line)-1] == '\r' {
		return line[:len(line)-1]
	}
	return line
}

func (s *splitter) add(value []byte) {
	switch {
	case s.slots == nil:
		s.cells = append(s.cells, value)
	case s.fields < len(s.slots) && s.slots[s.fields] >= 0:
		s.cells[s.slots[s.fields]] = value
	}
	s.fields++
}
