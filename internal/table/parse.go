package table

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
)

// A parser makes a Parquet value of a text without white space around it. ok is false when the text is none of its type.
type parser func(text []byte) (v parquet.Value, ok bool)

func parseBigInt(text []byte) (parquet.Value, bool) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	return parquet.Int64Value(n), err == nil
}

// parseDouble reads a number in decimal. What Go takes besides (infinities, hexadecimal, underscores) is more likely a
// word than a number in a customer's file.
func parseDouble(text []byte) (parquet.Value, bool) {
	for _, c := range text {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return parquet.Value{}, false
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return parquet.DoubleValue(f), err == nil && !math.IsInf(f, 0)
}

// words are the spellings of booleans, in lower case.
var words = map[string]bool{
	"true": true, "t": true, "yes": true, "y": true, "1": true,
	"false": false, "f": false, "no": false, "n": false, "0": false,
}

func parseBoolean(text []byte) (parquet.Value, bool) {
	if len(text) > len("false") {
		return parquet.Value{}, false
	}
	b, ok := words[string(bytes.ToLower(text))]
	return parquet.BooleanValue(b), ok
}

func parseDate(text []byte) (parquet.Value, bool) {
	t, ok := parseTime(text)
	const day = 24 * 60 * 60
	seconds := t.Unix()
	days := seconds / day
	if seconds%day < 0 {
		days--
	}
	return parquet.Int32Value(int32(days)), ok //nolint:gosec // years 0 to 9999
}

func parseTimestamp(text []byte) (parquet.Value, bool) {
	t, ok := parseTime(text)
	return parquet.Int64Value(t.UnixMicro()), ok
}

// timeLayouts are the ways to write a moment, ISO 8601's and SQL's. Without an offset it is in UTC. Go takes a fraction
// of a second after each of them.
var timeLayouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05Z07",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04",
}

// parseTime reads a date, alone or with a time. Its wall-clock date is that of the text when it has no offset.
func parseTime(text []byte) (time.Time, bool) {
	s := string(text)
	if len(s) == len(time.DateOnly) {
		t, err := time.Parse(time.DateOnly, s)
		return t, err == nil
	}
	if len(s) > len("2006-01-02 15:04:05.999999999 +00:00") {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
