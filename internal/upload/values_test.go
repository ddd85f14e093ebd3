package upload

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
