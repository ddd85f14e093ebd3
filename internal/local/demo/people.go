package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/brianvoe/gofakeit/v7"
)

// A person is somebody made up, with the values in the form that Meta hashes.
type person struct {
	id                        string
	email, phone              string // phone: digits with the country's code
	first, last               string
	city, state, zip          string
	country                   *country
	year, month, day          int
	gender                    string
	value                     float64
	orderYear, orderM, orderD int
	nationalPhone             string
}

// A country of the demo, with what its people's addresses look like.
type country struct {
	code, long, alias   string
	dial, trunk, mobile string // mobile: the national number's first digits
	digits              int    // of the national number
	zip                 string // # stands for a digit, ? for a letter
	cities, firsts      []string
	lasts               []string
	share               float64
}

// The library's names and places are American; these few keep the accents of the others in the demo.
var countries = []*country{
	{code: "US", long: "United States", alias: "USA", dial: "1", digits: 10, zip: "#####", share: 0.55},
	{code: "GB", long: "United Kingdom", alias: "UK", dial: "44", trunk: "0", mobile: "77", digits: 10, zip: "??# #??", share: 0.15,
		cities: []string{"London", "Leeds", "Bristol", "St Albans"}, firsts: []string{"Siân", "Zoë", "Oliver", "Amelia"}, lasts: []string{"O'Neill", "Smith-Jones", "Brontë", "Taylor"}},
	{code: "DE", long: "Germany", alias: "DEU", dial: "49", trunk: "0", mobile: "151", digits: 11, zip: "#####", share: 0.15,
		cities: []string{"Köln", "München", "Berlin", "Düsseldorf"}, firsts: []string{"Jürgen", "Käthe", "Lukas", "Mia"}, lasts: []string{"Müller", "Groß", "Weiß", "Schäfer"}},
	{code: "FR", long: "France", alias: "FRA", dial: "33", trunk: "0", mobile: "6", digits: 9, zip: "#####", share: 0.1,
		cities: []string{"Saint-Étienne", "Nîmes", "Paris", "Orléans"}, firsts: []string{"Valéry", "Hélène", "François", "Chloé"}, lasts: []string{"Lefèvre", "D'Arc", "Garçon", "Dupont"}},
	{code: "BR", long: "Brazil", alias: "BRA", dial: "55", trunk: "0", mobile: "119", digits: 11, zip: "#####-###", share: 0.05,
		cities: []string{"São Paulo", "Brasília", "Goiânia", "Belém"}, firsts: []string{"João", "Conceição", "Luís", "Inês"}, lasts: []string{"Gonçalves", "Araújo", "da Silva", "Simões"}},
}

// people makes persons by number.
type people struct {
	seed                  uint64
	firsts, lasts, cities []string
	states                []string
}

func newPeople(seed uint64) *people {
	faker := gofakeit.NewFaker(random(seed, "names", 0), false)
	draw := func(n int, next func() string) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = next()
		}
		return all
	}
	return &people{
		seed: seed, firsts: draw(2000, faker.FirstName), lasts: draw(3000, faker.LastName),
		cities: draw(2000, faker.City), states: draw(500, faker.StateAbr),
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// person makes the i-th of a stream: customers and strangers never share one.
func (p *people) person(stream string, i int) *person {
	r := random(p.seed, stream, i)
	who := &person{id: fmt.Sprintf("%s-%08d", stream, i), country: pickCountry(r), gender: pick(r, []string{"m", "f"})}
	who.first, who.last, who.city = pick(r, p.firsts), pick(r, p.lasts), pick(r, p.cities)
	if c := who.country; c.cities != nil {
		who.first, who.last, who.city = pick(r, append(c.firsts, who.first)), pick(r, append(c.lasts, who.last)), pick(r, c.cities)
	} else {
		who.state = pick(r, p.states)
	}
	who.zip = pattern(r, who.country.zip)
	who.email = fmt.Sprintf("%s.%s%d@%s", ascii(who.first), ascii(who.last), i, pick(r, []string{"example.com", "example.net", "example.org", "mail.example.com"}))
	who.nationalPhone = nationalPhone(r, who.country)
	who.phone = who.country.dial + who.nationalPhone
	who.year, who.month, who.day = 1945+r.IntN(60), 1+r.IntN(12), 1+r.IntN(28)
	who.orderYear, who.orderM, who.orderD = 2024+r.IntN(3), 1+r.IntN(10), 1+r.IntN(28)
	who.value = float64(r.IntN(500_000)) / 100
	return who
}

func pickCountry(r *rand.Rand) *country {
	at := r.Float64()
	for _, c := range countries {
		if at -= c.share; at < 0 {
			return c
		}
	}
	return countries[0]
}

// nationalPhone makes a number that is possible in the country. American ones are of area code 555's neighbours that
// nobody has.
func nationalPhone(r *rand.Rand, c *country) string {
	if c.mobile == "" {
		return fmt.Sprintf("%s555%04d", pick(r, []string{"212", "305", "415", "512", "617", "702", "773", "808"}), r.IntN(10000))
	}
	return c.mobile + pattern(r, strings.Repeat("#", c.digits-len(c.mobile)))
}

func pattern(r *rand.Rand, form string) string {
	out := []byte(form)
	for i, c := range out {
		switch c {
		case '#':
			out[i] = "0123456789"[r.IntN(10)]
		case '?':
			out[i] = "ABDEFGHJLNPQRSTUWXYZ"[r.IntN(20)]
		}
	}
	return string(out)
}

// ascii keeps the letters a to z of a name, for an address.
func ascii(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' {
			return c
		}
		return -1
	}, strings.ToLower(name))
}

func hashed(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}
