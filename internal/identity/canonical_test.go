package identity

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// canonicalValues are such as the short look must know: were it to say no, it would still be right and of no use.
var canonicalValues = []struct {
	key   audience.Key
	value string
}{
	{audience.Email, "john_smith@gmail.com"}, {audience.Email, "a.b+c@x-y.example.co"}, {audience.Phone, "16505551212"}, {audience.Phone, "4915112345678"},
	{audience.Phone, "447911123456"}, {audience.LastName, "smith"}, {audience.First, "nan"}, {audience.City, "newyork"}, {audience.State, "ca"}, {audience.Zip, "94025"},
	{audience.Gender, "f"}, {audience.Country, "us"}, {audience.MADID, "aebe52e7-03ee-455a-b3c4-e57283966239"}, {audience.ExternID, "Cust/00017"},
}

// doubtful values look canonical and are not, or not in every country.
var doubtful = []string{
	"null", "none", "na", "no", "unknown", "null@null.com", "test@test.com", "noemail@x.com", "a..b@c.de", ".a@b.cd", "a.@b.cd", "a@b", "a@-b.cd", "a@b-.cd", "a@b..cd", "a@b.c",
	"a@b.12", "a@" + strings.Repeat("b", 64) + ".cd", strings.Repeat("a", 65) + "@b.cd", "a@b.cd.", "1234567890", "11111111111", "12222222222", "1555", "0151123456", "99999", "00000", "xx", "zz", "m.",
	"ff", "00000000-0000-0000-0000-000000000000", "AEBE52E7-03EE-455A-B3C4-E57283966239", strings.Repeat("a", 32), strings.Repeat("f", 40), strings.Repeat("f", 64), strings.Repeat("x", 300), "a b", " a",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79",
}

func TestIsCanonicalKnowsTheUsualOnes(t *testing.T) {
	n := NewNormalizer("us", today)
	for _, c := range canonicalValues {
		assert.True(t, n.IsCanonical(c.key, []byte(c.value), nil), "%s %s", c.key, c.value)
	}
	assert.True(t, IsHash(AppendHash(nil, []byte("ann"))))
	for sum, reason := range worthless() {
		assert.False(t, IsHash(hex.AppendEncode(nil, sum[:])), reason)
	}
}

// requireAgreement holds the short look against the whole work.
func requireAgreement(t *testing.T, n *Normalizer, key audience.Key, value, country []byte) {
	out, form := n.AppendCanonical(nil, key, value, country)
	if n.IsCanonical(key, value, country) {
		require.Equal(t, Form{}, form, "%s %q in %q", key, value, country)
		require.Equal(t, string(value), string(out), "%s %q in %q", key, value, country)
	}
	if key.Hashed() && IsHash(value) {
		require.Equal(t, Form{Hashed: true}, form, "%s %q", key, value)
		require.Equal(t, string(value), string(out))
	}
}

func TestIsCanonicalAgrees(t *testing.T) {
	for _, defaultCountry := range []string{"", "us", "de", "ai"} {
		n := NewNormalizer(defaultCountry, today)
		for _, country := range []string{"", "us", "gb", "pr", "xx"} {
			for _, key := range audience.Keys {
				for _, value := range doubtful {
					requireAgreement(t, n, key, []byte(value), []byte(country))
				}
				for _, value := range oddities {
					requireAgreement(t, n, key, []byte(value), []byte(country))
				}
				for _, c := range canonicalValues {
					requireAgreement(t, n, key, []byte(c.value), []byte(country))
				}
				for word := range blankWords {
					requireAgreement(t, n, key, []byte(word), []byte(country))
				}
				for c := range 256 { // every byte in every place
					for _, known := range canonicalValues {
						for i := range known.value {
							value := []byte(known.value)
							value[i] = byte(c)
							if known.key == key && country != "gb" {
								requireAgreement(t, n, key, value, []byte(country))
							}
						}
					}
				}
			}
		}
	}
}

func FuzzIsCanonical(f *testing.F) {
	countries := []string{"us", "de", "gb", "", "jp"}
	for k := range audience.Keys {
		for i, value := range doubtful {
			f.Add(byte(k), []byte(value), countries[i%5])
		}
		for i, c := range canonicalValues {
			f.Add(byte(k), []byte(c.value), countries[i%5])
		}
	}
	n := NewNormalizer("us", today)
	f.Fuzz(func(t *testing.T, k byte, value []byte, country string) {
		key := audience.Keys[int(k)%len(audience.Keys)]
		requireAgreement(t, n, key, value, []byte(country))
		lower, _ := n.AppendCanonical(nil, key, bytes.ToLower(value), []byte(country)) // closer to what is canonical
		requireAgreement(t, n, key, lower, []byte(country))
	})
}

func BenchmarkIsCanonical(b *testing.B) {
	n := NewNormalizer("us", nil)
	for _, c := range canonicalValues {
		b.Run(string(c.key)+"/"+c.value, func(b *testing.B) {
			value, country := []byte(c.value), []byte("us")
			for b.Loop() {
				n.IsCanonical(c.key, value, country)
			}
		})
	}
	b.Run("hash", func(b *testing.B) {
		value := AppendHash(nil, []byte("ann"))
		for b.Loop() {
			IsHash(value)
		}
	})
}
