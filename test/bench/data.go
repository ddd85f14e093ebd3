package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/brianvoe/gofakeit/v7"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// A dataset is the files that are measured with. They are made once and used again.
type dataset struct {
	dir  string
	rows int64
}

const (
	dataVersion    = 1       // raised when the data would come out otherwise
	smallFiles     = 1000    // of the match that is planned
	rowGroup       = 1 << 20 // rows: about 128 MB, the size that Spark aims at
	dictionaryMost = 1 << 20 // bytes: where Spark gives a column's dictionary up
)

func (d dataset) csv() string  { return filepath.Join(d.dir, "customers", "customers.csv") }
func (d dataset) zstd() string { return filepath.Join(d.dir, "match-zstd", "part-00000.zstd.parquet") }
func (d dataset) snappy() string {
	return filepath.Join(d.dir, "match-snappy", "part-00000.snappy.parquet")
}
func (d dataset) many() string { return filepath.Join(d.dir, "match-many") }

// A made is what made.json says of the files beside it.
type made struct {
	Version int   `json:"version"`
	Rows    int64 `json:"rows"`
}

// make makes the files unless they are there.
func (d dataset) make(ctx context.Context) error {
	mark := filepath.Join(d.dir, "made.json")
	want := made{dataVersion, d.rows}
	var have made
	switch data, err := os.ReadFile(mark); { //nolint:gosec // the user's own folder
	case err == nil && json.Unmarshal(data, &have) == nil && have == want:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for _, file := range []string{d.csv(), d.zstd(), d.snappy(), filepath.Join(d.many(), "x")} {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
	}
	_ = os.Remove(mark) // what is there now is not of these options
	for _, write := range []func(context.Context) error{
		d.writeCSV,
		func(ctx context.Context) error { return d.writeMatch(ctx, d.zstd(), &parquet.Zstd, d.rows) },
		func(ctx context.Context) error { return d.writeMatch(ctx, d.snappy(), &parquet.Snappy, d.rows) },
		d.writeMany,
	} {
		if err := write(ctx); err != nil {
			return fmt.Errorf("make the data: %w", err)
		}
	}
	data, err := json.Marshal(want)
	if err != nil {
		return err
	}
	return os.WriteFile(mark, data, 0o600)
}

// writeMatch writes a match as Spark does: dictionaries until they grow too large, large row groups.
func (d dataset) writeMatch(ctx context.Context, name string, codec compress.Codec, rows int64) (err error) {
	f, err := os.Create(name) //nolint:gosec // the user's own folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := parquet.NewGenericWriter[customer](f, parquet.Compression(codec), parquet.MaxRowsPerRowGroup(rowGroup), parquet.DictionaryMaxBytes(dictionaryMost))
	p := newPeople()
	buffer := make([]customer, 0, 1000)
	for i := range rows {
		buffer = append(buffer, p.customer(i))
		if len(buffer) < cap(buffer) && i+1 < rows {
			continue
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		buffer = buffer[:0]
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return w.Close()
}

// writeMany writes a match of a thousand files, as a query with many workers leaves behind.
func (d dataset) writeMany(ctx context.Context) error {
	for i := range smallFiles {
		if err := d.writeMatch(ctx, filepath.Join(d.many(), fmt.Sprintf("part-%05d.zstd.parquet", i)), &parquet.Zstd, 100); err != nil {
			return err
		}
	}
	return nil
}

const csvHeader = "customer_id,e-mail,phone,gender,birthday,last name,first name,city,state,zip,device,country,opt in,lifetime value\n"

// writeCSV writes the same people as a shop exports them.
func (d dataset) writeCSV(ctx context.Context) (err error) {
	f, err := os.Create(d.csv())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	_, _ = w.WriteString(csvHeader) // Flush tells
	p := newPeople()
	for i := range d.rows {
		who := p.customer(i)
		phone := who.Phone[1:]
		_, _ = fmt.Fprintf(w, "%s, %s,(%s) %s-%s,%s,%s/%s/%s,%s,%s,\"%s\",%s,%s-1234,%s,US,yes,%d.50\n",
			who.ExternID, strings.ToUpper(who.Email[:1])+who.Email[1:], phone[:3], phone[3:6], phone[6:], who.Gender,
			who.Month, who.Day, who.Year, who.LastName, who.First, who.City, strings.ToUpper(who.State), who.Zip, who.MADID, i%1000)
		if i%10_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return w.Flush()
}

// A customer is a row of the match, in canonical form: fourteen keys, of which Meta wants twelve hashed.
type customer struct {
	ExternID string `parquet:"extern_id,optional,dict"`
	Email    string `parquet:"email,optional,dict"`
	Phone    string `parquet:"phone,optional,dict"`
	Gender   string `parquet:"gen,optional,dict"`
	Year     string `parquet:"doby,optional,dict"`
	Month    string `parquet:"dobm,optional,dict"`
	Day      string `parquet:"dobd,optional,dict"`
	LastName string `parquet:"ln,optional,dict"`
	First    string `parquet:"fn,optional,dict"`
	City     string `parquet:"ct,optional,dict"`
	State    string `parquet:"st,optional,dict"`
	Zip      string `parquet:"zip,optional,dict"`
	MADID    string `parquet:"madid,optional,dict"`
	Country  string `parquet:"country,optional,dict"`
}

// people makes customers by number: the same ones each time, with as many different names and places as there are.
type people struct{ firsts, lasts, cities, states []string }

func newPeople() *people {
	fake := gofakeit.NewFaker(rand.NewPCG(1, 2), false)
	draw := func(n int, next func() string) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = letters(next())
		}
		return all
	}
	return &people{draw(5000, fake.FirstName), draw(20_000, fake.LastName), draw(15_000, fake.City), draw(400, fake.StateAbr)}
}

// letters is a name as Meta wants it hashed.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

func (p *people) customer(i int64) customer {
	r := rand.New(rand.NewPCG(uint64(i), 3)) //nolint:gosec // made-up people
	skewed := func(from []string) string { return from[int(float64(len(from))*r.Float64()*r.Float64())] }
	first, last := skewed(p.firsts), skewed(p.lasts)
	who := customer{
		ExternID: fmt.Sprintf("C-%09d", i), Email: fmt.Sprintf("%s.%s%d@example.com", first, last, i),
		Phone:  fmt.Sprintf("1%03d555%04d", 201+r.IntN(700), r.IntN(10_000)),
		Gender: []string{"m", "f"}[r.IntN(2)], Year: fmt.Sprint(1940 + r.IntN(66)), Month: fmt.Sprintf("%02d", 1+r.IntN(12)), Day: fmt.Sprintf("%02d", 1+r.IntN(28)),
		LastName: last, First: first, City: skewed(p.cities), State: skewed(p.states), Zip: fmt.Sprintf("%05d", 10_000+r.IntN(30_000)),
		MADID: fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()&(1<<48-1)), Country: "us",
	}
	if i%5 == 0 {
		who.MADID = "" // not everybody has the app
	}
	return who
}
