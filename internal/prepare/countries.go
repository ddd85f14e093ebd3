package prepare

import "github.com/cleanreach/cleanreach/internal/identity"

// countries are the countries of a batch's rows, by numbers that hold from batch to batch. They are few: what stands for no
// country that is known, the hash of something else say, counts as one.
type countries struct {
	column  *describing
	numbers map[string]uint16
	codes   [][]byte // by number: what identity takes for a row's country
}

const (
	noCountry      = 0    // the number of rows without one
	unknownCountry = "??" // which is nobody's code
)

func newCountries(column *describing) *countries {
	return &countries{column: column, numbers: map[string]uint16{}, codes: [][]byte{noCountry: nil}}
}

// row is the number of the country of the batch's i-th row.
func (c *countries) row(i int) uint16 { return c.column.meanings[c.column.rows[i]].country }

// code is what identity takes for a row's country. There may be no column of them.
func (c *countries) code(number uint16) []byte {
	if c == nil {
		return nil
	}
	return c.codes[number]
}

// number is that of a canonical country or of its hash.
func (c *countries) number(country []byte) uint16 {
	if len(country) == 0 {
		return noCountry
	}
	code := identity.Alpha2(country)
	if code == "" {
		code = unknownCountry
	}
	number, ok := c.numbers[code]
	if !ok {
		number = uint16(len(c.codes)) //nolint:gosec // there are some 250 countries
		c.numbers[code], c.codes = number, append(c.codes, []byte(code))
	}
	return number
}
