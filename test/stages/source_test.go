package stages

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/table"
)

// columns are those of the raw files.
var columns = []string{"Id", "Email", "Phone", "Country", "ok"}

// A customers makes raw files with everything in them that a row could get lost by, and counts the rows as it goes.
type customers struct {
	*bench
	rand *rand.Rand
	rows int64
}

// pick gives one of some texts.
func (c *customers) pick(texts ...string) string { return texts[c.rand.IntN(len(texts))] }

// customer is a row. Some are the same person again, some are nobody.
func (c *customers) customer() []string {
	n := c.rand.IntN(400)
	return []string{
		c.pick("", " ", fmt.Sprintf("C-%d", n), fmt.Sprintf("C-%d", n)),
		c.pick("", "n/a", "no address", fmt.Sprintf("Person%d@Example.com", n), fmt.Sprintf("person%d@example.com", n), fmt.Sprintf("p%d@example.org", n)),
		c.pick("", "12", fmt.Sprintf("(415) 555-%04d", n), fmt.Sprintf("+1 415 555 %04d", n)),
		c.pick("", "US", "us", "Germany", "nowhere"),
		c.pick("yes", "yes", "yes", "1", "no", ""),
	}
}

// write makes some files. The first one has somebody in it.
func (c *customers) write(dir string) {
	c.put(dir, "0.csv", []byte(strings.Join(columns, ",")+"\nC-1,one@example.com,,US,yes\nC-2,two@example.com,,US,yes"))
	c.rows += 2
	for i := range 1 + c.rand.IntN(5) {
		name, data := c.file(fmt.Sprint(i + 1))
		c.put(dir, name, data)
		if c.rand.IntN(4) == 0 { // the same export twice
			before := c.rows
			c.put(dir, "again/"+name, data)
			c.rows += c.rowsIn[name]
			require.Greater(c.t, c.rows, before-1)
		}
	}
}

func (c *customers) put(dir, name string, data []byte) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(c.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(c.t, os.WriteFile(path, data, 0o600))
}

// file makes one file of any kind.
func (c *customers) file(name string) (string, []byte) {
	before := c.rows
	var data []byte
	switch c.rand.IntN(7) {
	case 0:
		name += ".csv" // without a byte
	case 1:
		name, data = name+".parquet", c.parquet()
		c.rowsIn[name] = c.rows - before
		return name, data
	case 2, 3:
		name, data = name+".jsonl", c.lines()
	default:
		name, data = name+".csv", c.csv()
	}
	switch packed := c.rand.IntN(4); {
	case len(data) == 0:
	case packed == 0:
		name, data = name+".gz", gzipped(c.t, data)
	case packed == 1:
		name, data = name+".zst", zstandard(c.t, data)
	}
	c.rowsIn[name] = c.rows - before
	return name, data
}

// csv makes a CSV file of one dialect, with rows that are none in it.
func (c *customers) csv() []byte {
	delimiter, end := c.pick(",", ";", "\t", "|"), c.pick("\n", "\r\n")
	var b strings.Builder
	b.WriteString(c.pick("", "\ufeff", "\n", "sep="+delimiter+end))
	b.WriteString(strings.Join(columns, delimiter))
	for range c.rand.IntN(60) {
		b.WriteString(end)
		for c.rand.IntN(10) == 0 {
			b.WriteString(end) // no row
		}
		c.rows++
		row := c.customer()
		switch c.rand.IntN(12) {
		case 0:
			row = row[:3]
		case 1:
			row = append(row, "more")
		case 2:
			row[0] = `"quoted" badly`
		case 3:
			row[1] = "\"a line" + end + "and another, with \"\"quotes\"\"\""
		case 4:
			row[2] = "\xff\xfe"
		case 5:
			row = make([]string, len(columns))
		}
		b.WriteString(strings.Join(row, delimiter))
	}
	b.WriteString(c.pick("", end, end+end, end+"\r\n"))
	return []byte(b.String())
}

// lines makes a JSON Lines file, with lines that are no rows in it.
func (c *customers) lines() []byte {
	var b bytes.Buffer
	for i := range 1 + c.rand.IntN(60) {
		c.rows++
		object := map[string]any{}
		for j, value := range c.customer() {
			object[columns[j]] = value
		}
		line, err := json.Marshal(object)
		require.NoError(c.t, err)
		if i > 0 { // else a column could be in no row, which is an error
			line = []byte(c.pick(string(line), string(line), string(line), string(line), "null", "{}", `{"Email": "a@b.example"`,
				`{"Email": {}, "ok": "yes"}`, `{"Email": "a@b.example", "Email": "c@d.example"}`, `{"Email": "null@example.com", "Id": null, "ok": 1}`, "[]"))
		}
		b.Write(line)
		b.WriteString(c.pick("\n", "\n", "\n", "\r\n", "\n\n", "\n  \n"))
	}
	return b.Bytes()[:b.Len()-c.rand.IntN(2)]
}

// parquet makes a Parquet file, perhaps without a row, in row groups of some size.
func (c *customers) parquet() []byte {
	rows := make([][]string, c.rand.IntN(80))
	for i := range rows {
		c.rows++
		rows[i] = c.customer()
	}
	return parquetOf(c.t, columns, rows, 1+c.rand.Int64N(40))
}

// parquetOf writes rows of text into a Parquet file. What is empty is null.
func parquetOf(t require.TestingT, names []string, rows [][]string, group int64) []byte {
	var out bytes.Buffer
	fields := make([]table.Field, len(names))
	for i, name := range names {
		fields[i] = table.Field{Name: name, Type: table.String}
	}
	w, err := table.NewWriter(&out, fields, table.WriteOptions{RowGroupRows: group})
	require.NoError(t, err)
	values := make([]table.Column, len(names))
	for _, row := range rows {
		for i, value := range row {
			if value == "" {
				values[i].AppendNull()
			} else {
				values[i].AppendString(value)
			}
		}
	}
	require.NoError(t, w.WriteBatch(values, nil))
	require.NoError(t, w.Close())
	return out.Bytes()
}

func gzipped(t require.TestingT, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func zstandard(t require.TestingT, data []byte) []byte {
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(data, nil)
}
