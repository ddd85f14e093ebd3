package prepare

import "github.com/cleanreach/cleanreach/internal/identity"

// countries are the countries of a batch's rows, by numbers that hold from batch to batch.
type countries struct {
	identity.Countries
	column *describing
}

// row is the number of the country of the batch's i-th row.
func (c *countries) row(i int) uint16 { return c.column.meanings[c.column.rows[i]].country }

// code is what identity takes for a row's country. There may be no column of them.
func (c *countries) code(number uint16) []byte {
	if c == nil {
		return nil
	}
	return c.Code(number)
}
