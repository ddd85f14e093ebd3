package identity

import "log/slog"

// Redacted is what a raw value prints as.
const Redacted = "[redacted]"

// A Raw is a value as a customer's file holds it: personal data. However it is printed, it prints as [redacted].
type Raw string

// String hides the value.
func (Raw) String() string { return Redacted }

// GoString hides the value from %#v.
func (Raw) GoString() string { return Redacted }

// LogValue hides the value from slog.
func (Raw) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalJSON hides the value from documents.
func (Raw) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalText hides the value from text encoders.
func (Raw) MarshalText() ([]byte, error) { return []byte(Redacted), nil }
