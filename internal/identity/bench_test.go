package identity

import (
	"testing"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// Ten million rows with a dozen keys each are normalised twice in a run, by preparing and by uploading: a microsecond a
// value is two minutes.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name           string
		key            audience.Key
		value, country string
	}{
		{"email", audience.Email, "John_Smith@gmail.com", "us"},
		{"email, spaces", audience.Email, "  John_Smith@gmail.com ", "us"},
		{"email, not ASCII", audience.Email, "Jörg@müller.de", "de"},
		{"hash", audience.Email, "F1904CF1A9D73A55FA5DE0AC823C4403DED71AFD4C3248D00BDCD0866552BB79", "us"},
		{"phone, national", audience.Phone, "(650) 555-1212", "us"},
		{"phone, international", audience.Phone, "+1 650 555 1212", "us"},
		{"phone, without plus", audience.Phone, "16505551212", "us"},
		{"phone, German", audience.Phone, "0151 12345678", "de"},
		{"phone, British", audience.Phone, "07911 123456", "gb"},
		{"phone, British abroad", audience.Phone, "+44 (0)7911 123456", "us"},
		{"phone, Brazilian", audience.Phone, "011 96123-4567", "br"},
		{"phone, impossible", audience.Phone, "555-1212", "us"},
		{"gender", audience.Gender, "Female", "us"},
		{"year", audience.DOBYear, "1997", "us"},
		{"month", audience.DOBMonth, "2", "us"},
		{"name", audience.LastName, "O'Brien-Smith", "us"},
		{"name, accents", audience.First, "Valéry", "fr"},
		{"initial", audience.Initial, "Mary", "us"},
		{"city", audience.City, "New York", "us"},
		{"city, accents", audience.City, "São Paulo", "br"},
		{"state", audience.State, "California", "us"},
		{"state, code", audience.State, "CA", "us"},
		{"zip", audience.Zip, "94025-3215", "us"},
		{"zip, British", audience.Zip, "M1 1AE", "gb"},
		{"country", audience.Country, "United States", ""},
		{"country, code", audience.Country, "US", ""},
		{"device", audience.MADID, "AEBE52E7-03EE-455A-B3C4-E57283966239", "us"},
		{"id", audience.ExternID, "customer-00017", "us"},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := NewNormalizer("us", nil)
			value, country := []byte(c.value), []byte(c.country)
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = n.Append(dst[:0], c.key, value, country)
			}
		})
	}
}

func BenchmarkAppendCanonical(b *testing.B) {
	n := NewNormalizer("us", nil)
	value, country := []byte("16505551212"), []byte("us")
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = n.AppendCanonical(dst[:0], audience.Phone, value, country)
	}
}

func BenchmarkAppendHash(b *testing.B) {
	canonical := []byte("john_smith@gmail.com")
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendHash(dst[:0], canonical)
	}
}

func BenchmarkSplitDOB(b *testing.B) {
	n := NewNormalizer("us", nil)
	value := []byte("2/16/1997")
	var y, m, d []byte
	b.ReportAllocs()
	for b.Loop() {
		y, m, d, _ = n.SplitDOB(y[:0], m[:0], d[:0], value, "mdy")
	}
}

// BenchmarkLibrary is what the phone numbers would cost without the quick parser.
func BenchmarkLibrary(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		slowParse([]byte("6505551212"), false, "US")
	}
}
