package identity

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestExplain(t *testing.T) {
	n := normalizer()
	const us = "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621" // Meta's own
	for _, c := range []struct {
		key            audience.Key
		value, country Raw
		want           Explanation
	}{
		{audience.Country, "United States", "", Explanation{"us", us, ""}},
		{audience.Country, us, "", Explanation{us, us, ""}},
		{audience.Country, "Atlantis", "", Explanation{"", "", UnknownCountry}},
		{audience.Country, "", "", Explanation{}},
		{audience.State, "California", "USA", Explanation{"ca", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126", ""}},
		{audience.State, "California", us, Explanation{"ca", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126", ""}},
		{audience.MADID, "AEBE52E7-03EE-455A-B3C4-E57283966239", "us", Explanation{"aebe52e7-03ee-455a-b3c4-e57283966239", "", ""}},
		{audience.ExternID, us, "us", Explanation{us, "", ""}},
		{audience.Zip, "M1 1AE", "Atlantis", Explanation{"m11ae", "1dc694c2070e697769fb959b50671d76cafd430d8ca191fbdd0affcaea344ac5", ""}},
		{audience.DOB, "2/16/1997", "", Explanation{"19970216", "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c", ""}}, // Meta's own
		{audience.DOB, "16/2/1997", "", Explanation{"", "", NotADate}},
	} {
		got, err := n.Explain(c.key, c.value, c.country, "mdy")
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%s", c.key)
	}
	_, err := n.Explain("SHOE_SIZE", "secret", "", "mdy")
	require.ErrorContains(t, err, "the key is none of EXTERN_ID")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	assert.NotContains(t, err.Error(), "secret")
}

func TestEveryReasonHasAText(t *testing.T) {
	assert.Len(t, reasonTexts, len(Reasons))
	seen := map[string]bool{}
	for _, r := range Reasons {
		assert.Regexp(t, `^[a-z0-9]+(_[a-z0-9]+)*$`, string(r))
		assert.NotEqual(t, string(r), r.Text())
		assert.False(t, seen[r.Text()], "%s has the text of another", r)
		seen[r.Text()] = true
	}
	assert.Equal(t, "of_another_version", Reason("of_another_version").Text())
}

func TestAppendOfNoKey(t *testing.T) {
	assert.Panics(t, func() { normalizer().Append(nil, audience.DOB, []byte("1997-02-16"), nil) })
}

// Names of columns and of keys are written by people; the fields of a row are many. None may cost an allocation.
func TestUsualValuesCostNoAllocation(t *testing.T) {
	n := normalizer()
	dst := make([]byte, 0, 512)
	for _, c := range []struct {
		key            audience.Key
		value, country string
	}{
		{audience.Email, "John_Smith@gmail.com", "us"}, {audience.Phone, "(650) 555-1212", "us"}, {audience.Phone, "+49 151 12345678", "us"}, {audience.Phone, "0151 12345678", "de"},
		{audience.LastName, "O'Brien", "us"}, {audience.First, "Valéry", "fr"}, {audience.City, "São Paulo", "br"}, {audience.State, "California", "us"}, {audience.Zip, "94025-3215", "us"},
		{audience.Country, "United States", ""}, {audience.Gender, "Female", "us"}, {audience.DOBYear, "1997", "us"}, {audience.MADID, "AEBE52E7-03EE-455A-B3C4-E57283966239", "us"},
		{audience.Email, "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79", "us"},
	} {
		value, country := []byte(c.value), []byte(c.country)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			canonical, form := n.Append(dst, c.key, value, country)
			if !form.Hashed {
				AppendHash(canonical, canonical)
			}
		}), "%s %s", c.key, c.value)
	}
}
