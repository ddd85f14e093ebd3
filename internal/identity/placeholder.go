package identity

import (
	"bytes"
	"unicode"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// blankWords are what people and programs write into a field that they have nothing for, in lower case. They hold for
// every key.
var blankWords = map[string]bool{
	"n/a": true, "n.a.": true, "n.a": true, "n\\a": true, "#n/a": true, "#na": true, "<na>": true, "(n/a)": true,
	"null": true, "(null)": true, "<null>": true, "[null]": true, "\\n": true, "none": true, "(none)": true, "<none>": true,
	"undefined": true, "unknown": true, "empty": true, "(empty)": true, "blank": true, "(blank)": true, "missing": true,
	"not available": true, "not applicable": true, "not provided": true, "not specified": true, "not given": true,
	"not set": true, "no data": true, "tbd": true, "#value!": true, "#ref!": true, "#name?": true,
}

// shortBlankWords are names of people and places too (Na and Nan are both), so they do not hold for those.
var shortBlankWords = map[string]bool{"na": true, "nan": true, "nil": true, "no": true, "xxx": true}

// longestWord is the length of the longest of these words.
const longestWord = 14

// isPlaceholder reports values that stand for a missing one, for the rules that hold for every key.
func isPlaceholder(key audience.Key, v []byte) bool {
	if len(v) > longestWord {
		return false
	}
	if !hasInk(v) {
		return true
	}
	if !startsWord[v[0]] {
		return false
	}
	var lower [longestWord]byte
	word := appendLowerASCII(lower[:0], v)
	if blankWords[string(word)] {
		return true
	}
	switch key {
	case audience.First, audience.LastName, audience.Initial, audience.City, audience.Country, audience.ExternID:
		return false
	}
	return shortBlankWords[string(word)]
}

// startsWord holds the first bytes of the words above, in both cases.
var startsWord = func() (first [256]bool) {
	for _, words := range []map[string]bool{blankWords, shortBlankWords} {
		for word := range words {
			first[word[0]] = true
			first[bytes.ToUpper([]byte(word))[0]] = true
		}
	}
	return first
}()

// hasInk reports whether there is any letter or digit: a dash or a question mark stands for nothing.
func hasInk(v []byte) bool {
	for _, c := range v {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return true
		}
	}
	return bytes.ContainsFunc(v, func(r rune) bool { return r > unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsNumber(r)) })
}
