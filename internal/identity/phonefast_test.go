package identity

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// regions are all of the library's, in the order of the alphabet.
var regions = slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions()))

// requireSame holds the quick parser against the library, which is right by definition.
func requireSame(t *testing.T, digits string, plus bool, region string) (known bool) {
	t.Helper()
	quick, quickOK, known := quickParse([]byte(digits), plus, region)
	if !known {
		return false
	}
	slow, slowOK := slowParse([]byte(digits), plus, region)
	if quickOK != slowOK || !bytes.Equal(quick.text(), slow.text()) || quick.code != slow.code || quick.valid != slow.valid {
		require.Failf(t, "the quick parser differs", "%s plus %v in %q: %s %v %v, the library says %s %v %v",
			digits, plus, region, quick.text(), quickOK, quick.valid, slow.text(), slowOK, slow.valid)
	}
	return true
}

// examples are numbers of every kind and region, whole, cut short, too long, with every prefix that may be dialled, and
// with digits changed at random.
func examples(rng *rand.Rand) []string {
	var national []string
	for _, region := range regions {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			if example := phonenumbers.GetExampleNumberForType(region, kind); example != nil {
				national = append(national, fmt.Sprint(example.GetCountryCode())+" "+phonenumbers.GetNationalSignificantNumber(example))
			}
		}
	}
	var all []string
	for _, e := range national {
		var code, rest string
		_, _ = fmt.Sscan(e, &code, &rest) // both are there
		all = append(all, code+rest, rest, "0"+rest, "1"+rest, "8"+rest, "00"+code+rest, "011"+code+rest, code+"0"+rest, code+"1"+rest, code+code+rest,
			code+rest[:len(rest)-1], code+rest+"5", rest+"5", code+"00"+rest, mutate(rng, code+rest), mutate(rng, rest), mutate(rng, "0"+rest))
	}
	return all
}

func mutate(rng *rand.Rand, digits string) string {
	d := []byte(digits)
	for range 1 + rng.IntN(3) {
		d[rng.IntN(len(d))] = byte('0' + rng.IntN(10))
	}
	return string(d)
}

func TestQuickParseIsTheLibrarys(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	known, all := 0, 0
	for _, digits := range examples(rng) {
		for _, region := range append([]string{"", "US", "GB", "DE", "FR", "IT", "IN", "BR", "CN", "JP", "MX", "AR", "AU", "RU"}, regions[rng.IntN(len(regions))]) {
			if requireSame(t, digits, region == "", region) {
				known++
			}
			all++
		}
	}
	assert.Greater(t, float64(known)/float64(all), 0.9, "the quick parser must be worth its lines")
}

// Every beginning of a number that decides anything about it: the first six digits at every length.
func TestQuickParseIsTheLibrarysWhateverTheBeginning(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60_000 {
		digits := make([]byte, 4+rng.IntN(14))
		for i := range digits {
			digits[i] = byte('0' + rng.IntN(10))
		}
		requireSame(t, string(digits), true, "")
		requireSame(t, string(digits), false, regions[rng.IntN(len(regions))])
	}
}

func TestEveryPlanCompiles(t *testing.T) {
	for region, p := range allPlans().byRegion {
		assert.NoError(t, p.compile(), region)
	}
	for code, p := range allPlans().byCode {
		if p != nil {
			assert.NoError(t, p.compile(), code)
		}
	}
}

func TestDigitMachine(t *testing.T) {
	for _, c := range []struct {
		pattern, digits string
		matches, begins bool
	}{
		{`^(?:12)$`, "12", true, true},
		{`^(?:12)$`, "123", false, false},
		{`^(?:12)`, "123", false, true},
		{`^(?:12)`, "1", false, false},
		{`^(?:(00\d{2})$|0)`, "0055", true, true},
		{`^(?:(00\d{2})$|5)`, "0055", true, true},
		{`^(?:(00\d{2})$|5)`, "00551", false, false},
		{`^(?:0?)`, "5", false, true},
		{`^(?:)$`, "5", false, false},
		{`^(?:)$`, "", true, true},
		{`^(?:[2-9]\d{2,3}|1(?:[0-2]|99))$`, "199", true, true},
		{`^(?:[2-9]\d{2,3}|1(?:[0-2]|99))$`, "1999", false, false},
		{`^(?:[^3]\d)$`, "35", false, false},
		{`^(?:[^3]\d)$`, "53", true, true},
	} {
		m, err := compileDigits(c.pattern)
		require.NoError(t, err)
		assert.Equal(t, c.matches, m.matches([]byte(c.digits)), "%s %s", c.pattern, c.digits)
		assert.Equal(t, c.begins, m.begins([]byte(c.digits)), "%s %s", c.pattern, c.digits)
	}
	for _, pattern := range []string{`(`, `\b12`, `(?m)^12$`, `[0-9]*1[0-9]{20}`} {
		_, err := compileDigits(pattern)
		assert.Error(t, err, pattern)
	}
}

func FuzzQuickParse(f *testing.F) {
	for _, digits := range []string{"16505551212", "6505551212", "442079460018", "02079460018", "4915112345678", "390612345678", "0111523456789", "5491123456789"} {
		for _, region := range []string{"", "US", "GB", "DE", "IT", "AR"} {
			f.Add(digits, region)
		}
	}
	f.Fuzz(func(t *testing.T, digits, region string) {
		if len(digits) > mostDigits || !allDigits([]byte(digits)) || region != "" && !slices.Contains(regions, region) {
			t.Skip()
		}
		requireSame(t, digits, region == "", region)
	})
}
