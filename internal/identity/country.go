package identity

import (
	"bytes"
	"strings"
	"sync"

	"github.com/biter777/countries"
)

// country is the ISO 3166-1 alpha-2 code in lower case, from a code of two or three letters, an English name or a common
// alias. It is never cut out of a longer word: Austria is not au.
func (n *Normalizer) country(dst, v []byte) ([]byte, Reason) {
	start := len(dst)
	dst, _ = n.city(dst, v)
	code := findCountry(dst[start:])
	if code == "" {
		return dst[:start], UnknownCountry
	}
	return append(dst[:start], code...), ""
}

// findCountry looks up letters in lower case. The library's own search comes last and only for whole names: it knows
// misspellings and German names, but also takes retired and sporting codes for countries.
func findCountry(letters []byte) string {
	if code, ok := countryNames()[string(letters)]; ok {
		return code
	}
	if len(letters) < 5 {
		return ""
	}
	if rest, ok := bytes.CutPrefix(letters, []byte("the")); ok {
		return findCountry(rest)
	}
	if found := countries.ByName(string(letters)); found.IsValid() {
		return countryNames()[strings.ToLower(found.Alpha2())]
	}
	return ""
}

// alpha2 checks the code of a row's country, which may be its hash; empty when it is none.
func alpha2(code []byte) string {
	switch len(code) {
	case 2:
		if known := countryNames()[string(code)]; known == string(code) {
			return known
		}
	case hashLength:
		return countryHashes()[string(code)]
	}
	return ""
}

// countryNames maps the letters of every code, name and alias, in lower case, to the alpha-2 code.
var countryNames = sync.OnceValue(func() map[string]string {
	names := make(map[string]string, 1024)
	put := func(name, code string) {
		letters, _ := new(Normalizer).city(nil, []byte(name))
		names[string(letters)] = code
	}
	for _, c := range countries.All() {
		if c == countries.YUG || c == countries.ANT { // dissolved
			continue
		}
		code := strings.ToLower(c.Alpha2())
		put(c.Alpha2(), code)
		put(c.Alpha3(), code)
		put(c.String(), code)
		short, _, _ := strings.Cut(c.String(), "(")
		put(short, code)
	}
	for code, aliases := range countryAliases {
		for alias := range strings.SplitSeq(aliases, ",") {
			put(alias, code)
		}
	}
	return names
})

// countryHashes finds the country of a row that has only the hash of its code.
var countryHashes = sync.OnceValue(func() map[string]string {
	hashes := map[string]string{}
	for _, code := range countryNames() {
		hashes[string(AppendHash(nil, []byte(code)))] = code
	}
	return hashes
})
