package person

import "github.com/cleanreach/cleanreach/internal/identity"

// countries are the countries of a batch's rows, by numbers that hold from batch to batch.
type countries struct {
	identity.Countries
	rows []uint16
}

// row is a row's country. There may be no column of them.
func (c *countries) row(i int) (number uint16, code []byte) {
	if c == nil {
		return identity.NoCountry, nil
	}
	number = c.rows[i]
	return number, c.Code(number)
}

// of gives a batch's rows the countries that a dictionary's values are.
func (c *countries) of(k *known, codes []int32) {
	for i, code := range codes {
		c.rows[i] = identity.NoCountry
		if code >= 0 {
			c.rows[i] = k.country[code]
		}
	}
}

// number is that of a canonical country or of its hash. Other columns than COUNTRY have no countries.
func (c *countries) number(country []byte) uint16 {
	if c == nil {
		return identity.NoCountry
	}
	return c.Number(country)
}
