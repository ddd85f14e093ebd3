package prepare

import "bytes"

// consentWords are the spellings of yes, in lower case. Consent is given in so many words or not at all: anything else,
// a blank too, is no. Parquet's booleans read as true and false.
const consentWords = "yes, y, true, t, 1, on"

// consents reports whether a value of the consent column says yes.
func consents(value []byte) bool {
	value = bytes.TrimSpace(value)
	if len(value) > len("true") {
		return false
	}
	var buf [len("true")]byte
	word := append(buf[:0], value...)
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			word[i] = c + ('a' - 'A')
		}
	}
	switch string(word) {
	case "yes", "y", "true", "t", "1", "on":
		return true
	}
	return false
}
