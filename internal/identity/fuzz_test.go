package identity

import (
	"bytes"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// oddities are values to begin with.
var oddities = []string{
	"", " ", "\u200b", "Mary", "O'Brien", "Valéry", "Vale\u0301ry", "정", "İ", "Σς", "M\u0303", "e-\u0301", "a\u200d\u0301", "\xff", "\ufffd", "n/a", "ª", "Ⅷ", "ǅ", "ﬃ", "Ǆ", "🅰",
	"mary@example.com", "JÖRG@MÜLLER.DE", "a@b.c", "K@K.com", "(650)555-1212", "+44 (0)20 7946 0018", "0044 20", "650-555-1212 x12", "١٢٣٤٥٦٧٨٩٠", "+65 0555 1212", "2/16/1997", "1997-02-16T00:00:00Z",
	"94025-3215", "M1 1AE", "〒100-0001", "United States", "São Paulo", "ə", "東京 Tokyo", "California", "AEBE52E7-03EE-455A-B3C4-E57283966239", "male", "Feb",
	"44.5", "1e3", "1,234.50", "$12", "-1", "LDU", `["LDU"]`, "[]", "yes", "0",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "F1904CF1A9D73A55FA5DE0AC823C4403DED71AFD4C3248D00BDCD0866552BB79", "8ZBM8anXOlX6XeCsgjxEA97XGv1MMkjQC9zQhmVSu3k=",
}

func FuzzAppend(f *testing.F) {
	for i, value := range oddities {
		for k := range audience.Keys {
			f.Add(byte(k), []byte(value), []string{"us", "de", "gb", "", "jp"}[i%5])
		}
	}
	n := normalizer()
	f.Fuzz(func(t *testing.T, k byte, value []byte, country string) {
		key := audience.Keys[int(k)%len(audience.Keys)]
		before := bytes.Clone(value)
		out, form := n.Append([]byte("x"), key, value, []byte(country))
		require.Equal(t, before, value, "the value is not touched")
		require.Equal(t, byte('x'), out[0])
		out = out[1:]
		blank := len(trim(value)) == 0
		if form.Reason != NotYesOrNo {
			require.Equal(t, len(out) == 0 && !blank, form.Reason != "", "a reason if nothing is left, and only then")
		}
		if form.Reason != "" {
			require.Contains(t, Reasons, form.Reason)
		}
		if len(out) == 0 {
			require.False(t, form.Hashed)
			return
		}
		requireAlphabet(t, key, out, form.Hashed)
		if form.Reason == NotYesOrNo {
			require.Equal(t, audience.DataProcessing, key)
			form.Reason = "" // of LDU itself there is none
		}
		again, formAgain := n.AppendCanonical(nil, key, out, []byte(country))
		require.Equal(t, string(out), string(again), "idempotent")
		require.Equal(t, form, formAgain)
		if key == audience.Phone && !form.Hashed {
			return // but for foreign numbers without +
		}
		again, formAgain = n.Append(nil, key, out, []byte(country))
		require.Equal(t, string(out), string(again), "idempotent")
		require.Equal(t, form, formAgain)
	})
}

// requireAlphabet holds a canonical value against what its key may consist of.
func requireAlphabet(t *testing.T, key audience.Key, out []byte, hashed bool) {
	t.Helper()
	require.True(t, utf8.Valid(out))
	if hashed {
		require.True(t, key.Hashed())
		require.Regexp(t, `^[0-9a-f]{64}$`, string(out))
		return
	}
	require.LessOrEqual(t, len(out), MaxBytes(key))
	if key != audience.ExternID {
		require.True(t, norm.NFC.IsNormal(out), "composed")
	}
	pattern := map[audience.Key]string{
		audience.Email: `^[^@\s]+@[^@\s]+\.[^@\s.]+$`, audience.Phone: `^[1-9][0-9]{3,14}$`, audience.Gender: `^[mf]$`,
		audience.DOBYear: `^(19|20)[0-9]{2}$`, audience.DOBMonth: `^(0[1-9]|1[0-2])$`, audience.DOBDay: `^(0[1-9]|[12][0-9]|3[01])$`,
		audience.Zip: `^[0-9a-z]{2,12}$`, audience.Country: `^[a-z]{2}$`, audience.MADID: `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`,
		audience.LookalikeValue: `^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$`, audience.DataProcessing: `^\[("LDU")?\]$`,
	}[key]
	if pattern != "" {
		require.Regexp(t, pattern, string(out))
	}
	if slices.Contains([]audience.Key{audience.First, audience.LastName, audience.Initial, audience.City, audience.State}, key) {
		for _, r := range string(out) {
			require.True(t, unicode.IsLetter(r) || unicode.IsMark(r), "%U is no letter", r)
			require.Equal(t, unicode.ToLower(r), r, "%U is not lower case", r)
			require.False(t, key == audience.City && r > unicode.MaxASCII && unicode.Is(unicode.Latin, r), "%U is Latin", r)
		}
	}
	if key == audience.Initial {
		require.Equal(t, 1, utf8.RuneCount(out))
	}
}

func FuzzSplitDOB(f *testing.F) {
	for _, value := range oddities {
		f.Add([]byte(value), "mdy")
		f.Add([]byte(value), "dmy")
	}
	for _, value := range []string{"16 Feb 1997", "1997年2月16日", "02161997", "29.2.2000", "Feb. 16th, 1997", "2/16/97"} {
		f.Add([]byte(value), "ymd")
	}
	n := normalizer()
	f.Fuzz(func(t *testing.T, value []byte, order string) {
		y, m, d, reason := n.SplitDOB(nil, nil, nil, value, order)
		if reason != "" || len(trim(value)) == 0 {
			require.Empty(t, append(append(y, m...), d...))
			require.NotEqual(t, len(trim(value)) == 0, reason != "")
			return
		}
		requireAlphabet(t, audience.DOBYear, y, false)
		requireAlphabet(t, audience.DOBMonth, m, false)
		requireAlphabet(t, audience.DOBDay, d, false)
		whole := string(y) + "-" + string(m) + "-" + string(d)
		y2, m2, d2, reason := n.SplitDOB(nil, nil, nil, []byte(whole), order)
		require.Empty(t, reason)
		require.Equal(t, whole, string(y2)+"-"+string(m2)+"-"+string(d2))
	})
}

func FuzzAlreadyHashed(f *testing.F) {
	for _, value := range oddities {
		f.Add([]byte(value))
	}
	n := normalizer()
	f.Fuzz(func(t *testing.T, value []byte) {
		trimmed := trim(value)
		for _, key := range audience.Keys {
			_, form := n.Append(nil, key, value, nil)
			isHash := len(trimmed) == 64 && allHex(trimmed)
			require.False(t, form.Hashed && (!isHash || !key.Hashed()))
			require.False(t, isHash && key.Hashed() && !form.Hashed && form.Reason != EmptyHash && form.Reason != Placeholder)
		}
	})
}
