package meta

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A Token is an access token or an app secret. However it is printed, it prints as [redacted]; string(t) is the value.
type Token string

// String hides the value.
func (Token) String() string { return redacted }

// GoString hides the value from %#v.
func (Token) GoString() string { return redacted }

// Format hides the value from every verb: %d or %x would otherwise go round String.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue hides the value from slog.
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the value from documents.
func (Token) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the value from text encoders.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Samples are the rows that Meta refused, with its reasons: {"<row as a JSON array>": "reason"}. They hold personal data,
// so they print as their number; ranging over them is a decision.
type Samples map[string]string

// String tells how many there are.
func (s Samples) String() string { return fmt.Sprintf("[%d rows redacted]", len(s)) }

// GoString hides the rows from %#v.
func (s Samples) GoString() string { return s.String() }

// Format hides the rows from every verb.
func (s Samples) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue hides the rows from slog.
func (s Samples) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the rows from documents.
func (s Samples) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalText hides the rows from text encoders.
func (s Samples) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
