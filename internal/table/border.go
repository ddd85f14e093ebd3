package table

import "bytes"

// A dialect is how a CSV file marks where fields and lines end. It reads what encoding/csv reads and, beyond that, takes a
// quote inside an unquoted field for itself, and spaces around a quoted field for nothing.
type dialect struct {
	delimiter []byte // one character
	end       byte   // of a line: \n (also \r\n), or \r for files of the old Mac kind
}

// An outcome is what looking for a record's end came to.
type outcome int

const (
	whole    outcome = iota
	blank            // a line that is no record
	cutOff           // the record goes on behind the data, or the text ends in its quotes
	badQuote         // a closing quote is followed by text
	goesOn           // another field follows
	ended            // there is no more of the text
)

// border gives the length in bytes, line end included, of the record that data begins with. last says that the text ends
// with data. It looks at quotes and line ends only: a delimiter counts where it stands before a quote.
func (d *dialect) border(data []byte, last bool) (length int, result outcome) {
	end := d.lineEnd(data, 0)
	switch {
	case end == len(data) && !last:
		return 0, cutOff
	case len(d.withoutReturn(data[:end])) == 0:
		return min(end+1, len(data)), blank
	}
	for field, at := 0, 0; ; { // where a field begins, and where to look for a quote that opens one
		quote := at
		if at == end || data[at] != '"' {
			quote += bytes.IndexByte(data[at:end], '"')
		}
		switch {
		case quote >= at:
		case end == len(data) && !last:
			return 0, cutOff
		default:
			return min(end+1, len(data)), whole
		}
		if quote > field && !d.opens(data[field:quote]) {
			at = quote + 1
			continue
		}
		if at, result = d.quoted(data, quote+1, last); result != goesOn {
			return at, result
		}
		if field = at; end < at {
			end = d.lineEnd(data, at)
		}
	}
}

// quoted tells what follows the quoted field whose value begins at from (another field: goesOn), and where.
func (d *dialect) quoted(data []byte, from int, last bool) (behind int, result outcome) {
	at := closingQuote(data, from, last)
	switch {
	case at < 0:
		return 0, cutOff
	case d.isDelimiter(data, at): // as nearly always
		return at + 1, goesOn
	}
	at = d.skipSpaces(data, at)
	length, result := d.follows(data[at:], last)
	return at + length, result
}

// isDelimiter reports whether a delimiter of one byte is at a place, of which it is quick to tell.
func (d *dialect) isDelimiter(data []byte, at int) bool {
	return len(d.delimiter) == 1 && at < len(data) && data[at] == d.delimiter[0]
}

// lineEnd is where the line ends, or the data.
func (d *dialect) lineEnd(data []byte, from int) int {
	if i := bytes.IndexByte(data[from:], d.end); i >= 0 {
		return from + i
	}
	return len(data)
}

// opens reports whether a quote behind head opens a field: it stands at the beginning of one, or behind spaces there. head
// begins with a field.
func (d *dialect) opens(head []byte) bool {
	for d.delimiter[0] != ' ' && len(head) > 0 && head[len(head)-1] == ' ' {
		head = head[:len(head)-1]
	}
	return len(head) == 0 || bytes.HasSuffix(head, d.delimiter)
}

// closingQuote gives the place behind the quote that closes the field whose value begins at from, or -1.
func closingQuote(data []byte, from int, last bool) (behind int) {
	for at := from; ; {
		i := bytes.IndexByte(data[at:], '"')
		if i < 0 {
			return -1
		}
		at += i + 1
		switch {
		case at < len(data) && data[at] == '"':
			at++ // a doubled one stands for itself
		case at == len(data) && !last:
			return -1 // the next byte tells whether this quote closes
		default:
			return at
		}
	}
}

// follows tells what stands behind a quoted field and its spaces, and how long it is: a delimiter (goesOn), or what ends
// the record.
func (d *dialect) follows(rest []byte, last bool) (length int, result outcome) {
	switch {
	case bytes.HasPrefix(rest, d.delimiter):
		return len(d.delimiter), goesOn
	case len(rest) > 0 && rest[0] == d.end:
		return 1, whole
	case d.end == '\n' && bytes.HasPrefix(rest, []byte("\r\n")):
		return len("\r\n"), whole
	case last && len(d.withoutReturn(rest)) == 0:
		return len(rest), whole
	case !last && len(rest) < max(len(d.delimiter), len("\r\n")) && d.mayEnd(rest):
		return 0, cutOff
	}
	return 0, badQuote
}

// mayEnd reports whether the few bytes at the end of the data may be the beginning of a delimiter or of a line end.
func (d *dialect) mayEnd(rest []byte) bool {
	return bytes.HasPrefix(d.delimiter, rest) || d.end == '\n' && string(rest) == "\r"
}

func (d *dialect) skipSpaces(data []byte, at int) int {
	for d.delimiter[0] != ' ' && at < len(data) && data[at] == ' ' {
		at++
	}
	return at
}

// withoutReturn takes the \r of a \r\n away.
func (d *dialect) withoutReturn(line []byte) []byte {
	if d.end == '\n' && len(line) > 0 && line[len(line)-1] == '\r' {
		return line[:len(line)-1]
	}
	return line
}
