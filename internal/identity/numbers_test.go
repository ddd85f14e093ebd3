package identity

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCountriesAreNumbered(t *testing.T) {
	var c Countries
	germany := AppendHash(nil, []byte("de"))
	for range 2 { // numbers hold
		assert.Equal(t, uint16(NoCountry), c.Number(nil))
		assert.Equal(t, uint16(1), c.Number([]byte("us")))
		assert.Equal(t, uint16(2), c.Number([]byte("de")))
		assert.Equal(t, uint16(2), c.Number(germany))
		assert.Equal(t, uint16(3), c.Number([]byte("nowhere")))
		assert.Equal(t, uint16(3), c.Number(AppendHash(nil, []byte("nowhere"))))
	}
	assert.Nil(t, c.Code(NoCountry))
	assert.Equal(t, "us", string(c.Code(1)))
	assert.Equal(t, "de", string(c.Code(2)))
	assert.Empty(t, Alpha2(c.Code(3)), "of no country that there is")
}

func TestReasonsAreNumbered(t *testing.T) {
	var r ReasonNumbers
	for range 2 {
		assert.Equal(t, uint8(0), r.Number(""))
		assert.Equal(t, uint8(1), r.Number(Placeholder))
		assert.Equal(t, uint8(2), r.Number(TooLong))
	}
	assert.Equal(t, []Reason{"", Placeholder, TooLong}, []Reason{r.Name(0), r.Name(1), r.Name(2)})
}
