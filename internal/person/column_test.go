package person

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

func TestConvert(t *testing.T) {
	hash := hashOf("ann@example.com")
	md5 := strings.Repeat("0a", 16)
	for _, c := range []struct {
		name    string
		key     audience.Key
		hashed  bool
		value   string
		country string
		want    string // in clear
		reason  identity.Reason
	}{
		{"canonical", audience.Email, false, "ann@example.com", "", "#ann@example.com", ""},
		{"not canonical", audience.Email, false, " Ann@Example.COM ", "", "#ann@example.com", ""},
		{"blank", audience.Email, false, "  ", "", "", ""},
		{"null", audience.Email, false, "\x00", "", "", ""},
		{"placeholder", audience.Email, false, "n/a", "", "", identity.Placeholder},
		{"no address", audience.Email, false, "ann", "", "", identity.NotAnAddress},
		{"a hash in a plain column", audience.Email, false, strings.ToUpper(hash), "", hash, ""},
		{"a hash in its column", audience.Email, true, hash, "", hash, ""},
		{"a hash in capitals", audience.Email, true, strings.ToUpper(hash), "", hash, ""},
		{"blank among hashes", audience.Email, true, " ", "", "", ""},
		{"null among hashes", audience.Email, true, "\x00", "", "", ""},
		{"an address among hashes", audience.Email, true, "ann@example.com", "", "", identity.NotSHA256},
		{"a word among hashes", audience.Email, true, "ann", "", "", identity.NotSHA256},
		{"MD5 among hashes", audience.Email, true, md5, "", "", identity.NotSHA256},
		{"63 digits", audience.Email, true, hash[1:], "", "", identity.NotSHA256},
		{"the hash of nothing", audience.Email, true, hashOf(""), "", "", identity.EmptyHash},
		{"a placeholder among hashes", audience.Phone, true, "null", "", "", identity.Placeholder},
		{"canonical phone", audience.Phone, false, "14155550123", "de", "#14155550123", ""},
		{"phone by its row's country", audience.Phone, false, "0171 5550123", "de", "#491715550123", ""},
		{"phone by the default country", audience.Phone, false, "(415) 555-0123", "", "#14155550123", ""},
		{"phone by a hashed country", audience.Phone, false, "0171 5550123", hashOf("de"), "#491715550123", ""},
		{"zip by its row's country", audience.Zip, false, "94025-3215", "us", "#94025", ""},
		{"id", audience.ExternID, false, " Cust/7 ", "", "Cust/7", ""},
		{"device", audience.MADID, false, "38400000-8CF0-11BD-B23E-10B96E40000D", "", "38400000-8cf0-11bd-b23e-10b96e40000d", ""},
		{"a worth", audience.LookalikeValue, false, "12.50", "", "12.5", ""},
		{"no worth", audience.LookalikeValue, false, " ", "", "", identity.Missing},
		{"a negative worth", audience.LookalikeValue, false, "-3", "", "", identity.NegativeValue},
		{"limits", audience.DataProcessing, false, "yes", "", audience.Limited, ""},
		{"no limits", audience.DataProcessing, false, "[]", "", audience.Unlimited, ""},
		{"nothing said of limits", audience.DataProcessing, false, "", "", "", ""},
		{"unreadable limits", audience.DataProcessing, false, "maybe", "", audience.Limited, identity.NotYesOrNo},
		{"no device", audience.MADID, false, "00000000-0000-0000-0000-000000000000", "", "", identity.ZeroID},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in table.Column
			if c.value == "\x00" {
				in.AppendNull()
			} else {
				in.AppendString(c.value)
			}
			of := &countries{}
			of.rows = []uint16{of.number([]byte(c.country))}
			column, seen := newColumn(c.key, c.hashed), Tally{}
			for range 2 { // the second time into used buffers
				column.convert(identity.NewNormalizer("US", nil), &in, of, &seen)
			}
			require.Equal(t, 1, column.Out.Len())
			want := c.want
			if value, hashed := strings.CutPrefix(want, "#"); hashed {
				want = hashOf(value)
			}
			assert.Equal(t, want, string(column.Out.Value(0)))
			if c.reason == "" {
				assert.Empty(t, seen.Reasons)
			} else {
				assert.Equal(t, map[string]int64{string(c.key) + ":" + string(c.reason): 2}, seen.Reasons)
			}
		})
	}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
