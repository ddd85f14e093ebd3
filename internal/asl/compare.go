package asl

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"time"
)

// equal compares two JSON values; numbers by their value, so that 1 and 1.0 are one.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && compareNumbers(a, b) == 0
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case nil, bool, string:
		switch b.(type) {
		case nil, bool, string:
			return a == b
		}
	}
	return false
}

// compareNumbers compares integers exactly and everything else as float64.
func compareNumbers(a, b json.Number) int {
	i, errI := a.Int64()
	j, errJ := b.Int64()
	if errI == nil && errJ == nil {
		return cmp.Compare(i, j)
	}
	f, _ := a.Float64() // out of range is an infinity, which compares as it should
	g, _ := b.Float64()
	return cmp.Compare(f, g)
}

// rfc3339 is the profile that the States Language takes: T and Z in capitals, a zone, fractions after a point.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`)

func parseTimestamp(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok || !rfc3339.MatchString(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// timestamp writes a time as the context object and the history do.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
