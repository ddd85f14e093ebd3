package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// A dataset is the files that are measured with. They are made once and used again.
type dataset struct {
	dir  string
	rows int64
}

const (
	dataVersion    = 2       // raised when the data would come out otherwise
	smallFiles     = 1000    // of the match that is planned
	rowGroup       = 1 << 20 // rows: about 128 MB, the size that Spark aims at
	dictionaryMost = 1 << 20 // bytes: where Spark gives a column's dictionary up
)

func (d dataset) csv() string  { return filepath.Join(d.dir, "customers", "customers.csv") }
func (d dataset) zstd() string { return filepath.Join(d.dir, "match-zstd", "part-00000.zstd.parquet") }
func (d dataset) snappy() string {
	return filepath.Join(d.dir, "match-snappy", "part-00000.snappy.parquet")
}
func (d dataset) plain() string {
	return filepath.Join(d.dir, "match-plain", "part-00000.zstd.parquet")
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
	for _, file := range []string{d.csv(), d.zstd(), d.snappy(), d.plain(), filepath.Join(d.many(), "x")} {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
	}
	_ = os.Remove(mark) // what is there now is not of these options
	for _, write := range []func(context.Context) error{
		d.writeCSV,
		func(ctx context.Context) error { return d.writeMatch(ctx, d.zstd(), &parquet.Zstd, d.rows) },
		func(ctx context.Context) error { return d.writeMatch(ctx, d.snappy(), &parquet.Snappy, d.rows) },
		d.writePlain,
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
func (d dataset) writeMatch(ctx context.Context, name string, codec compress.Codec, rows int64) error {
	return write(ctx, name, rows, func(c customer) customer { return c },
		parquet.Compression(codec), parquet.MaxRowsPerRowGroup(rowGroup), parquet.DictionaryMaxBytes(dictionaryMost))
}

// writePlain writes the same rows without dictionaries.
func (d dataset) writePlain(ctx context.Context) error {
	return write(ctx, d.plain(), d.rows, func(c customer) plainCustomer { return plainCustomer(c) },
		parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowGroup))
}

// write writes the first customers, as rows of some type.
func write[Row any](ctx context.Context, name string, rows int64, as func(customer) Row, options ...parquet.WriterOption) (err error) {
	f, err := os.Create(name) //nolint:gosec // the user's own folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := parquet.NewGenericWriter[Row](f, options...)
	p := newPeople()
	buffer := make([]Row, 0, 1000)
	for i := range rows {
		buffer = append(buffer, as(p.customer(i)))
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
