package upload

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
	hash := sha("ann@example.com")
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
		{"the hash of nothing", audience.Email, true, sha(""), "", "", identity.EmptyHash},
		{"a placeholder among hashes", audience.Phone, true, "null", "", "", identity.Placeholder},
		{"canonical phone", audience.Phone, false, "14155550123", "de", "#14155550123", ""},
		{"phone by its row's country", audience.Phone, false, "0171 5550123", "de", "#491715550123", ""},
		{"phone by the default country", audience.Phone, false, "(415) 555-0123", "", "#14155550123", ""},
		{"phone by a hashed country", audience.Phone, false, "0171 5550123", sha("de"), "#491715550123", ""},
		{"zip by its row's country", audience.Zip, false, "94025-3215", "us", "#94025", ""},
		{"id", audience.ExternID, false, " Cust/7 ", "", "Cust/7", ""},
		{"device", audience.MADID, false, "38400000-8CF0-11BD-B23E-10B96E40000D", "", "38400000-8cf0-11bd-b23e-10b96e40000d", ""},
		{"no device", audience.MADID, false, "00000000-0000-0000-0000-000000000000", "", "", identity.ZeroID},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in, countries table.Column
			if c.value == "\x00" {
				in.AppendNull()
			} else {
				in.AppendString(c.value)
			}
			countries.AppendString(c.country)
			column, seen := column{key: c.key, hashed: c.hashed}, tally{}
			for range 2 { // the second time into used buffers
				column.convert(identity.NewNormalizer("US", nil), &in, &countries, &seen)
			}
			require.Equal(t, 1, column.out.Len())
			want := c.want
			if value, hashed := strings.CutPrefix(want, "#"); hashed {
				want = sha(value)
			}
			assert.Equal(t, want, string(column.out.Value(0)))
			if c.reason == "" {
				assert.Empty(t, seen.reasons)
			} else {
				assert.Equal(t, map[string]int64{string(c.key) + ":" + string(c.reason): 2}, seen.reasons)
			}
		})
	}
}

func TestCountryGuidesItsRow(t *testing.T) {
	columns := []string{"phone", "st", "country"}
	rows := [][]string{
		{"0171 5550123", "Bayern", "Germany"},
		{"(415) 555-0123", "California", "\x00"},
		{"(415) 555-0123", "California", "nowhere"},
		{"06 12 34 56 78", "", "FR"},
	}
	want := map[string]bool{
		"PHONE=" + sha("491715550123") + ";ST=" + sha("bayern") + ";COUNTRY=" + sha("de"): true,
		"PHONE=" + sha("14155550123") + ";ST=" + sha("ca"):                                true,
		"PHONE=" + sha("33612345678") + ";COUNTRY=" + sha("fr"):                           true,
	}
	b := newBench(t, columns, rows)
	require.NoError(t, b.run())
	assert.Equal(t, want, b.meta.members)
	assert.Equal(t, map[string]int64{"COUNTRY:unknown_country": 1}, b.receipt.Reasons)

	hashed := []string{"phone", "st", "country_sha256"}
	for i, country := range []string{"de", "", "", "fr"} {
		rows[i][2] = "\x00"
		if country != "" {
			sum := sha256.Sum256([]byte(country))
			rows[i][2] = hex.EncodeToString(sum[:])
		}
	}
	b = newBench(t, hashed, rows)
	require.NoError(t, b.run())
	assert.Equal(t, want, b.meta.members)
	assert.Empty(t, b.receipt.Reasons)
}

// TestHashedColumns has a partner that gives hashes only.
func TestHashedColumns(t *testing.T) {
	rows := [][]string{
		{sha("ann@example.com"), sha("14155550123"), "1"},
		{"bob@example.com", sha("14155550124"), "\x00"},
		{"bob@example.com", "\x00", "\x00"},
	}
	b := newBench(t, []string{"email_sha256", "phone_sha256", "extern_id"}, rows)
	require.NoError(t, b.run())
	assert.Equal(t, map[string]bool{
		"EXTERN_ID=1;EMAIL=" + sha("ann@example.com") + ";PHONE=" + sha("14155550123"): true,
		"PHONE=" + sha("14155550124"): true,
	}, b.meta.members)
	assert.Equal(t, int64(1), b.receipt.Unusable)
	assert.Equal(t, map[string]int64{"EMAIL:not_sha256": 2}, b.receipt.Reasons)
}
