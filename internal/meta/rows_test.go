package meta

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/sha"
)

type texts [][]byte

func (t texts) Value(row int) []byte { return t[row] }

// someColumns are of every kind that a schema has, with values by chance; some need escaping.
func someColumns(r *rand.Rand, rows int, odd bool) ([]audience.Key, []Column, [][]byte) {
	digests := make([]sha.Digest, 7)
	for i := range digests {
		digests[i] = sha256.Sum256([]byte{byte(i)})
	}
	hashed := func() Column {
		places := make([]int32, rows)
		for i := range places {
			places[i] = int32(r.IntN(len(digests)+1)) - 1
		}
		return Column{Digests: sha.Rows{Places: places, Digests: digests}}
	}
	text := func(of ...string) texts {
		all := make(texts, rows)
		for i := range all {
			all[i] = []byte(of[r.IntN(len(of))])
		}
		return all
	}
	ids := []string{"", "a", "cust-000017", "with space"}
	if odd {
		ids = append(ids, `a"b`, "Zoë", "\x00", "\xff")
	}
	schema := []audience.Key{audience.ExternID, audience.Email, audience.MADID, audience.Country}
	columns := []Column{{Text: text(ids...)}, hashed(), {Text: text("", "38400000-8cf0-11bd-b23e-10b96e40000d")}, hashed()}
	var common [][]byte
	if r.IntN(2) == 0 {
		schema, columns = append(schema, audience.LookalikeValue), append(columns, Column{Text: text("", "1.5", "0")})
	}
	if r.IntN(2) == 0 {
		schema, common = append(schema, audience.DataProcessing, audience.ProcessingCountry), [][]byte{[]byte(`["LDU"]`), []byte("0")}
	}
	return schema, columns, common
}

// requireSameBody appends the same rows at once and one by one.
func requireSameBody(t testing.TB, seed uint64, rows int, odd bool) {
	r := rand.New(rand.NewPCG(seed, 3))
	schema, columns, common := someColumns(r, rows, odd)
	together, each := NewPayload(schema), NewPayload(schema)
	for range 3 {
		var some []int32
		for row := range rows {
			if r.IntN(5) > 0 {
				some = append(some, int32(row))
			}
		}
		together.Append(columns, common, some)
		each.appendEach(columns, common, some)
		require.Equal(t, string(each.Batch(Session{ID: 1}).Body), string(together.Batch(Session{ID: 1}).Body))
		require.Equal(t, each.Rows(), together.Rows())
		require.Equal(t, each.starts, together.starts)
		require.Equal(t, each.cuts, together.cuts)
		if r.IntN(2) == 0 {
			gone := func(row int) bool { return row%3 == 1 }
			other, otherEach := NewPayload(People(schema)), NewPayload(People(schema))
			together.MoveTo(other, gone)
			each.MoveTo(otherEach, gone)
			require.True(t, bytes.Equal(otherEach.Batch(Session{}).Body, other.Batch(Session{}).Body))
		}
	}
}

func TestAppendIsRowByRow(t *testing.T) {
	for seed := range uint64(200) {
		requireSameBody(t, seed, int(seed), seed%2 == 0)
	}
}

func FuzzAppend(f *testing.F) {
	f.Add(uint64(1), uint16(10), true)
	f.Add(uint64(2), uint16(1000), false)
	f.Fuzz(func(t *testing.T, seed uint64, rows uint16, odd bool) { requireSameBody(t, seed, int(rows%3000), odd) })
}

func TestAppendRefusesWhatDoesNotFit(t *testing.T) {
	schema, columns, common := someColumns(rand.New(rand.NewPCG(1, 1)), 5, false)
	p := NewPayload(schema)
	assert.Panics(t, func() { p.Append(columns[1:], common, []int32{0}) })
	assert.Panics(t, func() { p.Append(columns, common, make([]int32, BatchRows+1)) })
	p.Append(columns, common, nil)
	assert.Zero(t, p.Rows())
}
