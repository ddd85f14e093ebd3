package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/brianvoe/gofakeit/v7"

	"github.com/cleanreach/cleanreach/internal/audience"
)

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

// A plainCustomer is the same without dictionaries.
type plainCustomer struct {
	ExternID string `parquet:"extern_id,optional"`
	Email    string `parquet:"email,optional"`
	Phone    string `parquet:"phone,optional"`
	Gender   string `parquet:"gen,optional"`
	Year     string `parquet:"doby,optional"`
	Month    string `parquet:"dobm,optional"`
	Day      string `parquet:"dobd,optional"`
	LastName string `parquet:"ln,optional"`
	First    string `parquet:"fn,optional"`
	City     string `parquet:"ct,optional"`
	State    string `parquet:"st,optional"`
	Zip      string `parquet:"zip,optional"`
	MADID    string `parquet:"madid,optional"`
	Country  string `parquet:"country,optional"`
}

type value struct {
	key  audience.Key
	text string
}

// values are the row's values in the order of a schema.
func (p *customer) values() []value {
	return []value{
		{audience.ExternID, p.ExternID}, {audience.Email, p.Email}, {audience.Phone, p.Phone}, {audience.Gender, p.Gender}, {audience.DOBYear, p.Year},
		{audience.DOBMonth, p.Month}, {audience.DOBDay, p.Day}, {audience.LastName, p.LastName}, {audience.First, p.First}, {audience.City, p.City},
		{audience.State, p.State}, {audience.Zip, p.Zip}, {audience.MADID, p.MADID}, {audience.Country, p.Country},
	}
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
		Phone:  fmt.Sprintf("1%s555%04d", area(r), r.IntN(10_000)), // nobody's
		Gender: []string{"m", "f"}[r.IntN(2)], Year: fmt.Sprint(1940 + r.IntN(66)), Month: fmt.Sprintf("%02d", 1+r.IntN(12)), Day: fmt.Sprintf("%02d", 1+r.IntN(28)),
		LastName: last, First: first, City: skewed(p.cities), State: skewed(p.states), Zip: fmt.Sprintf("%05d", 10_000+r.IntN(30_000)),
		MADID: fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()&(1<<48-1)), Country: "us",
	}
	if i%5 == 0 {
		who.MADID = "" // not everybody has the app
	}
	return who
}
