package person

import "github.com/cleanreach/cleanreach/internal/identity"

// countries are the countries of a batch's rows, by numbers that hold from batch to batch. They are few: what stands for no
// country that is known, the hash of something else say, counts as one.
type countries struct {
	rows    []int16
	numbers map[string]int16
	codes   [][]byte // by number: what identity takes for a row's country
}

const (
	noCountry      = 0    // the number of rows without one
	unknownCountry = "??" // which is nobody's code
)

func newCountries() *countries {
	return &countries{numbers: map[string]int16{}, codes: [][]byte{noCountry: nil}}
}

// row is a row's country. There may be no column of them.
func (c *countries) row(i int) (number int16, code []byte) {
	if c == nil {
		return noCountry, nil
	}
	number = c.rows[i]
	return number, c.codes[number]
}

// of gives a batch's rows the countries that a dictionary's values are.
func (c *countries) of(k *known, codes []int32) {
	for i, code := range codes {
		c.rows[i] = noCountry
		if code >= 0 {
			c.rows[i] = k.country[code]
		}
	}
}

// number is that of a canonical country or of its hash. Other columns than COUNTRY have no countries.
func (c *countries) number(country []byte) int16 {
	if c == nil || len(country) == 0 {
		return noCountry
	}
	code := identity.Alpha2(country)
	if code == "" {
		code = unknownCountry
	}
	number, ok := c.numbers[code]
	if !ok {
		number = int16(len(c.codes)) //nolint:gosec // there are some 250 countries
		c.numbers[code], c.codes = number, append(c.codes, []byte(code))
	}
	return number
}
