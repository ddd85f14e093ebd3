package person

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

func today() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// plainly is Convert in its simplest form: value by value, each brought into form and hashed by itself.
func plainly(columns []audience.PlanColumn, n *identity.Normalizer, batch *table.Batch, seen *Tally) [][]string {
	for _, bad := range batch.Bad {
		seen.Unusable++
		seen.Drop("ROW", identity.Reason(bad.Reason))
	}
	rows := make([][]string, len(batch.Rows))
	for i := range rows {
		rows[i] = make([]string, len(columns))
		var country []byte
		for c, column := range columns {
			if column.Key == audience.Country {
				form, found := n.AppendCanonical(nil, column.Key, batch.Columns[c].Value(i), nil)
				if column.Hashed {
					form, _ = onlyHash(form, found)
				}
				country = form
			}
		}
		for c, column := range columns {
			form, found := n.AppendCanonical(nil, column.Key, batch.Columns[c].Value(i), country)
			if column.Hashed {
				form, found = onlyHash(form, found)
			}
			if found.Reason != "" {
				seen.Drop(column.Key, found.Reason)
			}
			if len(form) > 0 && column.Key.Hashed() && !found.Hashed {
				form = identity.AppendHash(nil, form)
			}
			rows[i][c] = string(form)
		}
	}
	return rows
}

// A row has a column in every form in which Convert may meet it: with a dictionary, with one that is given up, without.
type row struct {
	ExternID string  `parquet:"extern_id"`
	Email    string  `parquet:"email,dict"`
	Phone    *string `parquet:"phone,optional,dict"`
	Gender   *string `parquet:"gen,optional"`
	Last     string  `parquet:"ln"`
	First    string  `parquet:"fn,dict"`
	City     *string `parquet:"ct_sha256,optional,dict"`
	State    string  `parquet:"st,dict"`
	Zip      string  `parquet:"zip"`
	MADID    string  `parquet:"madid,dict"`
	Country  *string `parquet:"country,optional,dict"`
}

func columnsOf(names ...string) (columns []audience.PlanColumn) {
	for _, name := range names {
		key, hashed, _ := audience.KeyOfColumn(name)
		columns = append(columns, audience.PlanColumn{Column: name, Key: key, Hashed: hashed})
	}
	return columns
}

var rowColumns = columnsOf("extern_id", "email", "phone", "gen", "ln", "fn", "ct_sha256", "st", "zip", "madid", "country")

// values are what the columns hold: canonical, not canonical, hashed, and nothing of use.
func values(r *rand.Rand) row {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	maybe := func(of ...string) *string {
		if r.IntN(4) == 0 {
			return nil
		}
		s := pick(of...)
		return &s
	}
	return row{
		ExternID: pick("", "n/a", " id 7 ", fmt.Sprint("c-", r.IntN(1000))),
		Email:    pick(fmt.Sprintf("p%d@example.com", r.IntN(2000)), fmt.Sprintf(" P%d@Example.com", r.IntN(50)), "no address", "", hashOf("x@y.zz"), strings.Repeat("long.", 12)+"x@example.com"),
		Phone:    maybe(fmt.Sprintf("1415555%04d", r.IntN(10_000)), "0171 5550123", "(415) 555-0123", "020 7946 0018", "12", ""),
		Gender:   maybe("m", "f", "Female", "x", ""),
		Last:     pick(fmt.Sprint("smith", strings.Repeat("x", r.IntN(60))), "O'Brien", "null", "é", hashOf("lee"), strings.ToUpper(hashOf("lee"))),
		First:    pick("ann", "bob", " Zoë", "none", "", strings.Repeat("a", 32)),
		City:     maybe(hashOf("berlin"), strings.ToUpper(hashOf("paris")), "rome", "", hashOf(""), "n/a"),
		State:    pick("ca", "California", "ny", "bayern", "zz", ""),
		Zip:      pick("94025", "94025-1234", fmt.Sprintf("%05d", r.IntN(100)), "00000", "ec1a1bb", "x"),
		MADID:    pick("38400000-8cf0-11bd-b23e-10b96e40000d", "38400000-8CF0-11BD-B23E-10B96E40000D", "no", ""),
		Country:  maybe("us", "de", "GB", "Germany", "nowhere", hashOf("de"), hashOf("nowhere"), ""),
	}
}

// requireSame converts a made-up match batch by batch, and holds it against plainly.
func requireSame(t testing.TB, seed uint64, rows, size int, country bool) {
	r := rand.New(rand.NewPCG(seed, 5))
	all := make([]row, rows)
	for i := range all {
		all[i] = values(r)
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[row](&out, parquet.PageBufferSize(100+r.IntN(5000)), parquet.MaxRowsPerRowGroup(int64(1+r.IntN(2*rows))), parquet.DictionaryMaxBytes(int64(100+r.IntN(9000))))
	_, err := w.Write(all)
	require.NoError(t, err)
	require.NoError(t, w.Close())

	columns := rowColumns
	if !country {
		columns = columns[:len(columns)-1]
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Column)
	}
	reader, err := table.OpenColumns("x", bytes.NewReader(out.Bytes()), int64(out.Len()), names)
	require.NoError(t, err)
	if seed%3 > 0 {
		reader.KeepCodes()
	}
	convert, plain := NewRows(columns, "US", today), identity.NewNormalizer("US", today)
	var seen, want Tally
	var batch table.Batch
	for {
		err := reader.Read(&batch, size)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		convert.Convert(&batch, &seen)
		for i, row := range plainly(columns, plain, &batch, &want) {
			finds := false
			for c, value := range row {
				out := &convert.Columns[c].Out
				require.Equal(t, value, string(out.Value(i)), "%s of row %d", names[c], batch.Rows[i])
				require.Equal(t, value != "", out.Has(i))
				require.Equal(t, len(batch.Rows), out.Len())
				finds = finds || value != "" && columns[c].Key.Finds()
			}
			require.Equal(t, finds, convert.Usable(i))
		}
	}
	require.Equal(t, want, seen)
	require.NoError(t, reader.Close())
}

func TestConvertIsTheSameValueByValue(t *testing.T) {
	for seed := range uint64(30) {
		requireSame(t, seed, 1+int(seed*97), 1+int(seed*131)%700, seed%4 > 0)
	}
}

// Among more different values than are kept, each still gets its own hash.
func TestManyDifferentValues(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	columns := columnsOf("email", "ln", "country")
	convert, plain := NewRows(columns, "", today), identity.NewNormalizer("", today)
	for i := range 4 {
		batch := table.Batch{Columns: make([]table.Column, 3)}
		for row := range mostKnown/2 + 1 {
			batch.Rows = append(batch.Rows, int64(row+1))
			batch.Columns[0].AppendString(fmt.Sprintf("%d@example.com", row+i))
			batch.Columns[1].AppendString(strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(i*1000+row)))
			batch.Columns[2].AppendString([]string{"us", "de"}[row%2])
		}
		var seen, want Tally
		convert.Convert(&batch, &seen)
		for row, values := range plainly(columns, plain, &batch, &want) {
			for c, value := range values {
				require.Equal(t, value, string(convert.Columns[c].Out.Value(row)))
			}
		}
		assert.Equal(t, want, seen)
	}
}

// Where rows of two countries alternate, what a value is made again and again into does not pile up.
func TestAlternatingCountriesAreBounded(t *testing.T) {
	columns := columnsOf("email", "zip", "country")
	convert, plain := NewRows(columns, "", today), identity.NewNormalizer("", today)
	const rows = 20_000
	for range 10 {
		batch := table.Batch{Columns: make([]table.Column, 3)}
		for row := range rows {
			batch.Rows = append(batch.Rows, int64(row+1))
			batch.Columns[0].AppendString("p@example.com")
			batch.Columns[1].AppendString([]string{"94025", "94025-1234"}[row%3%2])
			batch.Columns[2].AppendString([]string{"us", "de"}[row%2])
		}
		var seen, want Tally
		convert.Convert(&batch, &seen)
		require.LessOrEqual(t, convert.Columns[1].Out.hashes.Len(), mostKnown+rows)
		for row, values := range plainly(columns, plain, &batch, &want) {
			require.Equal(t, values[1], string(convert.Columns[1].Out.Value(row)))
		}
	}
}

// After a batch that is too large to look for values that come again, nothing is left of what was known before it.
func TestNothingIsKnownAfterALargeBatch(t *testing.T) {
	columns := columnsOf("email", "ct")
	convert, plain := NewRows(columns, "US", today), identity.NewNormalizer("US", today)
	for i, rows := range []int{100, mostKnown + 1, 100} {
		batch := table.Batch{Columns: make([]table.Column, 2)}
		for row := range rows {
			batch.Rows = append(batch.Rows, int64(row+1))
			batch.Columns[0].AppendString("p@example.com")
			if i == 1 && row%100 > 0 { // so that few are hashed
				batch.Columns[1].AppendNull()
				continue
			}
			batch.Columns[1].AppendString(strings.Repeat(string(rune('a'+(row*(i%2*6+1))%26)), 3+row%20))
		}
		var seen, want Tally
		convert.Convert(&batch, &seen)
		for row, values := range plainly(columns, plain, &batch, &want) {
			require.Equal(t, values[1], string(convert.Columns[1].Out.Value(row)))
		}
	}
}

// What is converted again and again takes no memory from the heap.
func TestConvertAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	batch := table.Batch{Columns: make([]table.Column, len(rowColumns))}
	for i := range 500 {
		v := values(r)
		batch.Rows = append(batch.Rows, int64(i+1))
		for c, value := range []string{v.ExternID, "p@example.com", "14155550123", "m", "smith", v.First, hashOf("berlin"), "ca", "94025", v.MADID, "us"} {
			batch.Columns[c].AppendString(value)
		}
	}
	convert, seen := NewRows(rowColumns, "US", today), Tally{}
	convert.Convert(&batch, &seen)
	assert.Less(t, testing.AllocsPerRun(10, func() { convert.Convert(&batch, &seen) }), 20.0, "a few for the tally of 500 rows")
}

func FuzzConvert(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(10), true)
	f.Add(uint64(2), uint16(1000), uint16(2000), false)
	f.Fuzz(func(t *testing.T, seed uint64, rows, size uint16, country bool) {
		requireSame(t, seed, int(rows%3000)+1, int(size%4000)+1, country)
	})
}
