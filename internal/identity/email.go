package identity

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/cleanreach/cleanreach/internal/ascii"
)

// email is lower case. Dots and plus parts stay: they are part of the address for every provider but one.
func (n *Normalizer) email(dst, v []byte) ([]byte, Reason) {
	start := len(dst)
	if ascii.Is(v) {
		dst = appendLowerASCII(dst, v)
	} else {
		n.folded = n.folded[:0]
		for _, r := range string(v) {
			if !unicode.Is(unicode.Cf, r) { // nobody sees them, and no address has any
				n.folded = utf8.AppendRune(n.folded, unicode.ToLower(r))
			}
		}
		dst = n.appendComposed(dst)
	}
	mailbox, domain, ok := bytes.Cut(dst[start:], []byte("@"))
	switch {
	case !ok || !isMailbox(mailbox) || !isDomain(domain):
		return dst[:start], NotAnAddress
	case isDummyAddress(mailbox, domain):
		return dst[:start], Placeholder
	}
	return dst, ""
}

// isMailbox checks the part before the @: RFC 5321's dot-string, with the letters of any script as RFC 6531 has it.
func isMailbox(m []byte) bool {
	if len(m) == 0 || len(m) > 64 || m[0] == '.' || m[len(m)-1] == '.' || bytes.Contains(m, []byte("..")) {
		return false
	}
	for i, c := range m {
		if c >= utf8.RuneSelf {
			return allLetters(m[i:], isMailboxASCII)
		}
		if !isMailboxASCII(c) {
			return false
		}
	}
	return true
}

func isMailboxASCII(c byte) bool {
	if isAlphanumeric(c) {
		return true
	}
	switch c {
	case '.', '_', '-', '+', '!', '#', '$', '%', '&', '\'', '*', '/', '=', '?', '^', '`', '{', '|', '}', '~':
		return true
	}
	return false
}

// isDomain wants at least two labels, of which the last is no number.
func isDomain(d []byte) bool {
	if len(d) > 255 {
		return false
	}
	labels := 0
	var label []byte
	for more := true; more; labels++ {
		label, d, more = bytes.Cut(d, []byte("."))
		if !isLabel(label) {
			return false
		}
	}
	return labels >= 2 && utf8.RuneCount(label) >= 2 && !allDigits(label)
}

func isLabel(l []byte) bool {
	if len(l) == 0 || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	for i, c := range l {
		if c >= utf8.RuneSelf {
			return allLetters(l[i:], isLabelASCII)
		}
		if !isLabelASCII(c) {
			return false
		}
	}
	return true
}

func isLabelASCII(c byte) bool { return c == '-' || isAlphanumeric(c) }

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// allLetters checks text beyond ASCII: letters, marks and digits of any script, and of ASCII what allowed says.
func allLetters(v []byte, allowed func(byte) bool) bool {
	for _, r := range string(v) {
		if r < utf8.RuneSelf && allowed(byte(r)) { //nolint:gosec // it is ASCII
			continue
		}
		if r < utf8.RuneSelf || !unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
			return false
		}
	}
	return true
}

// isDummyAddress reports addresses that are typed to get past a form, such as test@test.com and noemail@example.org.
func isDummyAddress(mailbox, domain []byte) bool {
	switch string(mailbox) {
	case "noemail", "no-email", "no_email", "no.email", "nomail", "noemailaddress", "donotemail":
		return true
	case "test", "testing", "none", "null", "na", "no", "fake", "unknown", "undefined", "asdf", "xxx", "email", "nobody", "noone", "noreply":
		label, _, _ := bytes.Cut(domain, []byte("."))
		return bytes.Equal(mailbox, label)
	}
	return false
}
