package identity

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// quickKeys are those that quick knows.
var quickKeys = []audience.Key{audience.Email, audience.Phone, audience.MADID, audience.ExternID}

// requireQuick holds quick against what Append does otherwise.
func requireQuick(t *testing.T, n *Normalizer, key audience.Key, value, country string) (known bool) {
	t.Helper()
	before := []byte(value)
	out, ok := n.quick([]byte("x"), key, before, []byte(country))
	require.Equal(t, value, string(before), "the value is not touched")
	require.Equal(t, byte('x'), out[0])
	if !ok {
		return false
	}
	want, form := n.append([]byte("x"), key, []byte(value), []byte(country), false)
	require.Equal(t, string(want), string(out), "%s %q in %q", key, value, country)
	require.Equal(t, Form{}, form, "%s %q in %q", key, value, country)
	return true
}

// written are ways to write a number.
func written(r *rand.Rand, digits string) string {
	switch r.IntN(8) {
	case 0:
		return digits
	case 1:
		return "+" + digits
	case 2:
		return " (" + digits[:3] + ") " + digits[3:6] + "-" + digits[6:] + " "
	case 3:
		return digits[:2] + "." + digits[2:5] + "." + digits[5:]
	case 4:
		return "+ " + digits[:2] + "-(" + digits[2:5] + ")" + digits[5:]
	}
	var text strings.Builder
	for _, c := range digits {
		if r.IntN(4) == 0 {
			text.WriteString([]string{" ", "-", ".", "(", ")", "(0)", "+", "/", "x", ".0", "\u00a0"}[r.IntN(11)])
		}
		text.WriteRune(c)
	}
	return text.String()
}

func TestQuickPhonesAreTheSlowOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	countries := []string{"", "us", "ca", "gb", "de", "fr", "it", "in", "br", "cn", "jp", "mx", "ar", "au", "ru", "kz", "no", "??"}
	n := NewNormalizer("us", nil)
	known, all := 0, 0
	for _, digits := range examples(r) {
		if len(digits) < 7 {
			continue
		}
		for range 4 {
			country := countries[r.IntN(len(countries))]
			if r.IntN(4) == 0 {
				country = strings.ToLower(regions[r.IntN(len(regions))])
			}
			if requireQuick(t, n, audience.Phone, written(r, digits), country) {
				known++
			}
			all++
		}
	}
	assert.Greater(t, known, all/25)
	for _, usual := range []string{"(650) 253-0000", "650-253-0000", "6502530000", "+1 650 253 0000", "1-650-253-0000", "650.253.0000", " 16502530000"} {
		assert.True(t, requireQuick(t, n, audience.Phone, usual, "us"), usual)
		assert.True(t, requireQuick(t, n, audience.Phone, usual, ""), usual)
	}
}

func TestQuickKnowsTheUsual(t *testing.T) {
	n := NewNormalizer("", nil)
	for key, value := range map[audience.Key]string{
		audience.Email: " Zoe.O'Neil+x@Mail.Example.com ", audience.MADID: "AEBE52E7-03EE-455A-B3C4-E57283966239", audience.ExternID: "C-000017",
	} {
		assert.True(t, requireQuick(t, n, key, value, ""), key)
	}
}

func FuzzQuick(f *testing.F) {
	for _, value := range oddities {
		for k := range quickKeys {
			f.Add(byte(k), value, "us")
		}
	}
	for i, value := range []string{"(650) 253-0000", "+44 20 7946 0018", "0151 12345678", "1 (650) 253-0000", "7911123456", "11 96123-4567", "000000000", "1234567890", "noemail@x.com"} {
		f.Add(byte(i), value, []string{"us", "gb", "de", "ca", "gb", "br"}[i%6])
	}
	n := NewNormalizer("us", nil)
	f.Fuzz(func(t *testing.T, k byte, value, country string) {
		requireQuick(t, n, quickKeys[int(k)%len(quickKeys)], value, country)
	})
}

// Every region's numbers, with everything before them that is dialled somewhere, in their own country and in others.
func TestQuickPhonesOfEveryRegion(t *testing.T) {
	n, r, known := NewNormalizer("us", nil), rand.New(rand.NewPCG(8, 9)), 0
	for _, region := range regions {
		p, example := allPlans().byRegion[region], phonenumbers.GetExampleNumber(region)
		national := phonenumbers.GetNationalSignificantNumber(example)
		for range 30 {
			digits := []byte(national)
			for range r.IntN(4) {
				digits[len(digits)-1-r.IntN(len(digits))] = byte('0' + r.IntN(10))
			}
			if r.IntN(10) == 0 {
				digits = bytes.Repeat(digits[:1], len(digits))
			}
			code, before := string(p.codeText), p.metadata.GetNationalPrefix()
			for _, text := range []string{
				"", before, code, "+" + code, code + before, "+" + code + before, "00" + code, "011" + code, "8~10" + code, p.metadata.GetInternationalPrefix() + code,
			} {
				text += string(digits)
				for _, country := range []string{region, regions[r.IntN(len(regions))], "US", ""} {
					if requireQuick(t, n, audience.Phone, text, strings.ToLower(country)) {
						known++
					}
				}
			}
		}
	}
	assert.Greater(t, known, 10_000)
}

// Digits, signs and countries at random find more than a fuzzer's bytes.
func FuzzQuickPhone(f *testing.F) {
	f.Add(uint64(1))
	n := NewNormalizer("us", nil)
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 9))
		digits := make([]byte, 7+r.IntN(10))
		for i := range digits {
			digits[i] = byte('0' + r.IntN(10))
		}
		if region := regions[r.IntN(len(regions))]; r.IntN(2) == 0 {
			digits = append([]byte(fmt.Sprint(allPlans().byRegion[region].code)), digits...)
		}
		requireQuick(t, n, audience.Phone, written(r, string(digits)), strings.ToLower(regions[r.IntN(len(regions))]))
		if bytes.ContainsRune(digits, '5') {
			requireQuick(t, n, audience.Phone, written(r, string(digits)), "us")
		}
	})
}
