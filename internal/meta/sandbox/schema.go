package sandbox

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"
)

// A rule says what a key's values must look like.
type rule int

const (
	hashed rule = iota // SHA-256 as lower-case hex, or nothing
	madid              // a UUID with hyphens, or nothing
	extern             // anything but blank

	// From here on a value says how to use the row, not who the person is.
	option  // anything
	options // an array of words: LDU
	area    // a whole number that stands for a country or state, or nothing
	worth   // a number that is not negative, or nothing
)

// rules are the keys of a multi-key schema.
var rules = map[string]rule{
	"EXTERN_ID": extern, "MADID": madid, "EMAIL": hashed, "PHONE": hashed, "GEN": hashed, "DOBY": hashed, "DOBM": hashed, "DOBD": hashed,
	"LN": hashed, "FN": hashed, "FI": hashed, "CT": hashed, "ST": hashed, "ZIP": hashed, "COUNTRY": hashed,
	"LOOKALIKE_VALUE": worth, "DATA_PROCESSING_OPTIONS": options, "DATA_PROCESSING_OPTIONS_COUNTRY": area,
	"DATA_PROCESSING_OPTIONS_STATE": area, "PAGEUID": option,
}

// singles are the schemas of single-key uploads, an older form, and the keys that they amount to.
var singles = map[string]string{"EMAIL_SHA256": "EMAIL", "PHONE_SHA256": "PHONE", "MOBILE_ADVERTISER_ID": "MADID"}

// identifiers are the keys that name a person by themselves, the strongest first.
var identifiers = map[string]int{"EXTERN_ID": 0, "EMAIL": 1, "PHONE": 2, "MADID": 3}

// A column is a key at its place in the schema.
type column struct {
	key        string
	rule       rule
	seed       uint64 // makes the same value under two keys two values
	identifier int    // index of identifiers, -1 for other keys
}

// A schema is what a payload says of its rows.
type schema struct {
	names   []string // as they were sent
	columns []column
	single  bool // a single-key upload
	updates bool // its rows say more than who the person is: what came last holds
}

// parseSchema reads the array form, and the bare name that single-key uploads use.
func parseSchema(raw []byte) (schema, *apiError) {
	var names []string
	var name string
	switch {
	case json.Unmarshal(raw, &names) == nil && len(names) > 0:
	case json.Unmarshal(raw, &name) == nil && name != "":
		names = []string{name}
	default:
		return schema{}, invalidParameter("payload[schema] must be an array of keys")
	}
	return newSchema(names)
}

func newSchema(names []string) (schema, *apiError) {
	s := schema{names: names}
	seen := map[string]bool{}
	for _, name := range names {
		key := name
		if multi, is := singles[name]; is && len(names) == 1 {
			key, s.single = multi, true
		}
		r, known := rules[key]
		switch {
		case !known:
			return schema{}, invalidParameter("payload[schema]: %s is not a key", name)
		case seen[key]:
			return schema{}, invalidParameter("payload[schema]: %s is there twice", name)
		}
		seen[key] = true
		c := column{key: key, rule: r, seed: xxh3.HashString(key), identifier: -1}
		if i, is := identifiers[key]; is {
			c.identifier = i
		}
		s.columns = append(s.columns, c)
		s.updates = s.updates || r >= option
	}
	return s, nil
}

// has reports whether the schema names a key.
func (s schema) has(key string) bool {
	for _, c := range s.columns {
		if c.key == key {
			return true
		}
	}
	return false
}

// String is the schema as one word, to compare it with another.
func (s schema) String() string { return strings.Join(s.names, ",") }

// wrong says what is wrong with a value; nothing when it is fine. A value that is no text is fine only where it belongs.
func (c *column) wrong(v []byte) string {
	switch {
	case c.rule == extern && len(bytes.TrimSpace(v)) == 0:
		return "empty external ID"
	case len(v) == 0:
		return ""
	case c.rule == hashed && !isHash(v):
		return "invalid " + c.key
	case c.rule == madid && !isUUID(v), c.rule == area && !isWhole(v), c.rule == worth && !isWorth(v),
		c.rule == options: // a text is not the array that it must be
		return "invalid " + c.key
	}
	return ""
}

// emptyHash is the hash of nothing: a missing value that was hashed by mistake. Meta takes it and matches nobody; the
// sandbox refuses it, so that the mistake is seen.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func isHash(v []byte) bool {
	if len(v) != 64 || string(v) == emptyHash {
		return false
	}
	for _, c := range v {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isUUID(v []byte) bool {
	if len(v) != 36 {
		return false
	}
	for i, c := range v {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F'):
			return false
		}
	}
	return true
}

func isWhole(v []byte) bool {
	_, err := strconv.ParseUint(string(v), 10, 32)
	return err == nil
}

func isWorth(v []byte) bool {
	f, err := strconv.ParseFloat(string(v), 64)
	return err == nil && f >= 0 && !math.IsInf(f, 1)
}

// isProcessing checks DATA_PROCESSING_OPTIONS: [] or ["LDU"], limited data use.
func isProcessing(v []byte) bool {
	var words []string
	return json.Unmarshal(v, &words) == nil && (len(words) == 0 || len(words) == 1 && words[0] == "LDU")
}
