package identity

import "slices"

// NoCountry is the number of rows without a country.
const NoCountry = 0

// unknownCountry is nobody's code.
const unknownCountry = "??"

// Countries numbers the countries of rows, by numbers that hold for as long as it does. They are few: what stands for no country
// that is known, the hash of something else say, counts as one. It is for one goroutine.
type Countries struct {
	numbers map[string]uint16
	codes   [][]byte // of the numbers from 1 on
}

// Number is that of a canonical COUNTRY or of its hash.
func (c *Countries) Number(country []byte) uint16 {
	if len(country) == 0 {
		return NoCountry
	}
	code := alpha2(country)
	if code == "" {
		code = unknownCountry
	}
	number, ok := c.numbers[code]
	if !ok {
		if c.numbers == nil {
			c.numbers = map[string]uint16{}
		}
		c.codes = append(c.codes, []byte(code))
		number = uint16(len(c.codes)) //nolint:gosec // there are some 250 countries
		c.numbers[code] = number
	}
	return number
}

// Code is what the functions of this package take for a row's country.
func (c *Countries) Code(number uint16) []byte {
	if number == NoCountry {
		return nil
	}
	return c.codes[number-1]
}

// ReasonNumbers numbers the reasons why values are left out; 0 is none. It is for one goroutine.
type ReasonNumbers struct{ names []Reason }

// Number is that of a reason.
func (r *ReasonNumbers) Number(reason Reason) uint8 {
	if reason == "" {
		return 0
	}
	i := slices.Index(r.names, reason)
	if i < 0 {
		i = len(r.names)
		r.names = append(r.names, reason)
	}
	return uint8(i + 1) //nolint:gosec // there are a few dozen
}

// Name is the reason that has a number.
func (r *ReasonNumbers) Name(number uint8) Reason {
	if number == 0 {
		return ""
	}
	return r.names[number-1]
}
