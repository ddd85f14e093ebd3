package demo

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// The columns of a customer file, in order.
var columns = []string{
	"customer_id", "Email Address", "Mobile", "First Name", "Last Name", "City", "State", "ZIP", "Country", "Birthday",
	"Gender", "marketing_opt_in", "Lifetime Value", "last_order",
}

// How often things go wrong, of a thousand rows.
const (
	noConsentPer1000 = 80
	noKeyPer1000     = 10
	badMailPer1000   = 30
	badPhonePer1000  = 40
	noIDPer1000      = 50
	raggedPer1000    = 1
	repeatPer1000    = 15
)

// writeCustomers spreads the rows over files of three kinds, as exports of three shops would be.
func writeCustomers(ctx context.Context, dir string, options Options, p *people) error {
	first, second := options.Rows*5/10, options.Rows*8/10
	if err := writeCSV(ctx, filepath.Join(dir, "shop-us.csv"), ',', 0, first, p); err != nil {
		return err
	}
	if err := writeCSV(ctx, filepath.Join(dir, "shop-eu.csv.gz"), ';', first, second, p); err != nil {
		return err
	}
	return writeJSONL(ctx, filepath.Join(dir, "app.jsonl"), second, options.Rows, p)
}

// create opens a file for writing, compressed where its name says so. The function it returns finishes and closes it.
func create(path string) (io.Writer, func() error, error) {
	f, err := os.Create(path) //nolint:gosec // in the demo's own folder
	if err != nil {
		return nil, nil, err
	}
	buffered := bufio.NewWriterSize(f, 1<<20)
	if !strings.HasSuffix(path, ".gz") {
		return buffered, func() error { return firstOf(buffered.Flush(), f.Close()) }, nil
	}
	packed, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return nil, nil, err
	}
	return packed, func() error { return firstOf(packed.Close(), buffered.Flush(), f.Close()) }, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func writeCSV(ctx context.Context, path string, delimiter rune, from, to int, p *people) error {
	out, finish, err := create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(out)
	w.Comma = delimiter
	_ = w.Write(columns) // a csv.Writer keeps its first error for Flush
	for i := from; i < to && ctx.Err() == nil; i++ {
		row := p.customer(i)
		if dirt := random(p.seed, "ragged", i); dirt.IntN(1000) < raggedPer1000 {
			row = row[:5]
		}
		_ = w.Write(row)
	}
	w.Flush()
	return firstOf(w.Error(), finish(), ctx.Err())
}

func writeJSONL(ctx context.Context, path string, from, to int, p *people) error {
	out, finish, err := create(path)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := from; i < to && err == nil && ctx.Err() == nil; i++ {
		row := map[string]string{}
		for k, value := range p.customer(i) {
			row[columns[k]] = value
		}
		err = enc.Encode(row)
	}
	return firstOf(err, finish(), ctx.Err())
}

// customer is a row of the raw files: the person, as a web shop's form let them type it.
func (p *people) customer(i int) []string {
	r := random(p.seed, "dirt", i)
	who := p.person("customer", i)
	if i > 0 && r.IntN(1000) < repeatPer1000 {
		who = p.person("customer", r.IntN(i)) // the same customer once more, typed in another way
	}
	row := []string{
		who.id, who.mail(r), who.mobile(r), typed(r, who.first), typed(r, who.last), typed(r, who.city), who.state, who.zip,
		pick(r, []string{who.country.code, who.country.code, who.country.long, who.country.alias}), who.birthday(r),
		who.sex(r), pick(r, []string{"yes", "Yes", "TRUE", "1", "y"}), fmt.Sprintf("%.2f", who.value),
		fmt.Sprintf("%04d-%02d-%02d", who.orderYear, who.orderM, who.orderD),
	}
	if r.IntN(1000) < noIDPer1000 {
		row[0] = ""
	}
	if r.IntN(1000) < noConsentPer1000 {
		row[11] = pick(r, []string{"no", "", "false", "0"})
	}
	if r.IntN(1000) < noKeyPer1000 {
		row[0], row[1], row[2], row[3], row[4] = "", "n/a", "", "", ""
	}
	return row
}

func (who *person) mail(r *rand.Rand) string {
	if r.IntN(1000) < badMailPer1000 {
		return pick(r, []string{"", "n/a", "test@test.com", strings.Replace(who.email, "@", " at ", 1), "none"})
	}
	switch r.IntN(6) {
	case 0:
		return strings.ToUpper(who.email)
	case 1:
		return "  " + who.email + " "
	case 2:
		return strings.ToUpper(who.email[:1]) + who.email[1:]
	}
	return who.email
}

func (who *person) mobile(r *rand.Rand) string {
	if r.IntN(1000) < badPhonePer1000 {
		return pick(r, []string{"", "1234567890", "call me", who.phone + " / " + who.phone, "12"})
	}
	n := who.nationalPhone
	switch r.IntN(5) {
	case 0:
		return "+" + who.phone
	case 1:
		return "00" + who.phone
	case 2:
		return fmt.Sprintf("+%s (0) %s %s", who.country.dial, n[:3], n[3:])
	case 3:
		return fmt.Sprintf("(%s%s) %s-%s", who.country.trunk, n[:3], n[3:6], n[6:])
	}
	return who.country.trunk + n
}

func (who *person) birthday(r *rand.Rand) string {
	switch r.IntN(20) {
	case 0:
		return ""
	case 1:
		return "00/00/0000"
	}
	if r.IntN(2) == 0 {
		return fmt.Sprintf("%04d-%02d-%02d", who.year, who.month, who.day)
	}
	return fmt.Sprintf("%d/%d/%d", who.month, who.day, who.year)
}

func (who *person) sex(r *rand.Rand) string {
	if r.IntN(10) == 0 {
		return pick(r, []string{"", "prefer not to say", "x"})
	}
	if who.gender == "m" {
		return pick(r, []string{"m", "M", "male", "Mr"})
	}
	return pick(r, []string{"f", "F", "Female", "Mrs"})
}

// typed is a name as people type it: capitals, spaces, now and then a line break out of a form.
func typed(r *rand.Rand, s string) string {
	switch r.IntN(40) {
	case 0, 1:
		return strings.ToUpper(s)
	case 2:
		return " " + s
	case 3:
		return s + "\n"
	}
	return s
}
