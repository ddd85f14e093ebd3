package table

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// bytesAt is a file in memory that counts what is read of it.
type bytesAt struct {
	*bytes.Reader
	read int64
}

func (b *bytesAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.Reader.ReadAt(p, off)
	b.read += int64(n)
	return n, err
}

func (b *bytesAt) Close() error { return nil }

func inMemory(name string, data []byte) File {
	return File{
		Name:   name,
		Size:   int64(len(data)),
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		OpenAt: func() (ReaderAtCloser, error) { return &bytesAt{Reader: bytes.NewReader(data)}, nil },
	}
}

// contents is all of a file: a line a row, "3: a|b" for values and "3: !reason" for a bad row; null is ∅.
func contents(file File, opts ReadOptions) ([]string, error) {
	r, err := OpenReader(context.Background(), file, opts)
	if err != nil {
		return nil, err
	}
	lines, err := drain(r)
	return lines, errors.Join(err, r.Close())
}

func drain(r Reader) ([]string, error) {
	var lines []string
	var b Batch
	for {
		err := r.Read(&b)
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		lines = append(lines, describe(&b)...)
	}
}

func describe(b *Batch) []string {
	var lines []string
	bad := b.Bad
	for i, row := range b.Rows {
		for ; len(bad) > 0 && bad[0].Row < row; bad = bad[1:] {
			lines = append(lines, fmt.Sprintf("%d: !%s", bad[0].Row, bad[0].Reason))
		}
		values := make([]string, len(b.Columns))
		for j := range b.Columns {
			if values[j] = string(b.Columns[j].Value(i)); b.Columns[j].IsNull(i) {
				values[j] += "∅"
			}
		}
		lines = append(lines, fmt.Sprintf("%d: %s", row, strings.Join(values, "|")))
	}
	for _, row := range bad {
		lines = append(lines, fmt.Sprintf("%d: !%s", row.Row, row.Reason))
	}
	return lines
}

func gzipped(texts ...string) []byte {
	var b bytes.Buffer
	for _, text := range texts {
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	}
	return b.Bytes()
}

func zstandard(t testing.TB, text string) []byte {
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll([]byte(text), nil)
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{
		"a.csv": CSV, "a/b.TSV": CSV, "x.txt.gz": CSV, "a.csv.zst": CSV, "a.jsonl": JSONL, "a.ndjson.gzip": JSONL, "A.JSON": JSONL,
		"part-0.c000.snappy.parquet": Parquet, "a": "", "a.xlsx": "", "a.gz": "", ".csv": CSV,
	} {
		assert.Equal(t, want, FormatOf(name), name)
	}
}

func TestOpenReaderRefuses(t *testing.T) {
	const csv = "email,age\nsecret@example.com,7\n"
	zst := zstandard(t, strings.Repeat(csv, 100))
	for _, c := range []struct {
		name string
		file File
		opts ReadOptions
		says []string
	}{
		{"unknown format", inMemory("d/part-0", []byte(csv)), ReadOptions{}, []string{"d/part-0", "format"}},
		{"no bytes, no ending", inMemory("part-0", nil), ReadOptions{}, []string{"part-0", "empty file"}},
		{"empty CSV", inMemory("a.csv", nil), ReadOptions{}, []string{"a.csv", "empty file"}},
		{"empty gzip", inMemory("a.csv.gz", gzipped("")), ReadOptions{}, []string{"a.csv.gz", "empty file"}},
		{"blank CSV", inMemory("a.csv", []byte("\r\n \n")), ReadOptions{}, []string{"a.csv", "empty file", "no header line"}},
		{"byte order mark alone", inMemory("a.csv", []byte("\ufeff")), ReadOptions{}, []string{"a.csv", "empty file", "no header line"}},
		{"empty JSON Lines", inMemory("a.jsonl", nil), ReadOptions{}, []string{"a.jsonl", "empty file"}},
		{"empty Parquet", inMemory("a.parquet", nil), ReadOptions{}, []string{"a.parquet", "empty file"}},
		{"not Parquet", inMemory("a.parquet", []byte(csv)), ReadOptions{}, []string{"a.parquet", "not a Parquet file"}},
		{"short Parquet", inMemory("a.parquet", []byte("PAR1")), ReadOptions{}, []string{"a.parquet", "not a Parquet file"}},
		{"encrypted Parquet", inMemory("a.parquet", []byte("PARE\x01\x00\x00\x00PARE")), ReadOptions{}, []string{"encrypted"}},
		{"footer too long", inMemory("a.parquet", []byte("PAR1\xff\xff\xff\x7fPAR1")), ReadOptions{}, []string{"damaged"}},
		{"footer of nothing", inMemory("a.parquet", []byte("PAR1\x00\x00\x00\x00PAR1")), ReadOptions{}, []string{"a.parquet", "damaged"}},
		{"Parquet called CSV", inMemory("a.csv", []byte("PAR1....PAR1")), ReadOptions{}, []string{"a.csv", "is a Parquet file", "format to parquet"}},
		{"workbook", inMemory("a.csv", []byte("PK\x03\x04....")), ReadOptions{}, []string{"a.csv", "Excel workbook", "save it as CSV"}},
		{"UTF-16 without mark", inMemory("a.csv", []byte("e\x00m\x00a\x00i\x00l\x00\n\x00")), ReadOptions{}, []string{"a.csv", "NUL", "utf-16"}},
		{"truncated gzip", inMemory("a.csv.gz", gzipped(csv)[:20]), ReadOptions{}, []string{"a.csv.gz", "truncated gzip: the file ends early"}},
		{"gzip header alone", inMemory("a.csv.gz", gzipped(csv)[:2]), ReadOptions{}, []string{"truncated gzip"}},
		{"damaged gzip", inMemory("a.csv.gz", append(gzipped(csv), 0x1f, 0x8b, 7)), ReadOptions{}, []string{"a.csv.gz", "gzip"}},
		{"truncated zstd", inMemory("a.csv.zst", zst[:len(zst)-9]), ReadOptions{}, []string{"a.csv.zst", "truncated zstd"}},
		{"unknown encoding", inMemory("a.csv", []byte(csv)), ReadOptions{Encoding: "ebcdic"}, []string{"a.csv", "utf-8, utf-16, latin-1"}},
		{"long delimiter", inMemory("a.csv", []byte(csv)), ReadOptions{Delimiter: "::"}, []string{"a.csv", "delimiter"}},
		{"quote as delimiter", inMemory("a.csv", []byte(csv)), ReadOptions{Delimiter: `"`}, []string{"a.csv", "delimiter"}},
		{"header in quotes", inMemory("a.csv", []byte(`"email,age`)), ReadOptions{}, []string{"a.csv", "header line", "quotes"}},
		{"header too long", inMemory("a.csv", []byte(strings.Repeat("email,", 100)+"\n")), ReadOptions{MaxRow: 64}, []string{"a.csv", "header line"}},
		{"Latin-1 header", inMemory("a.csv", []byte("Pr\xe9nom\nx\n")), ReadOptions{Columns: []string{"Prénom"}}, []string{"a.csv", "not UTF-8", "latin-1"}},
		{"missing column", inMemory("a.csv", []byte(csv)), ReadOptions{Columns: []string{"age", "E-Mail"}}, []string{"a.csv", `no column "E-Mail"`, `it has "email", "age"`}},
		{"ambiguous column", inMemory("a.csv", []byte("Mail,MAIL\n")), ReadOptions{Columns: []string{"mail"}}, []string{"a.csv", "more than one", "own name"}},
		{"column twice", inMemory("a.csv", []byte("mail,mail\n")), ReadOptions{Columns: []string{"mail"}}, []string{"more than one"}},
		{"JSON array", inMemory("a.json", []byte(" [\n{}]")), ReadOptions{}, []string{"a.json", "JSON array", "one object a line"}},
		{"JSON without the columns", inMemory("a.json", []byte(`{"secret@example.com":1}`)), ReadOptions{Columns: []string{"email"}}, []string{"a.json", "none of the columns"}},
		{"nothing to read from", File{Name: "a.csv"}, ReadOptions{}, []string{"a.csv"}},
		{"nothing to read Parquet from", File{Name: "a.parquet"}, ReadOptions{}, []string{"a.parquet"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := contents(c.file, c.opts)
			require.Error(t, err)
			for _, words := range c.says {
				assert.ErrorContains(t, err, words)
			}
			assert.NotContains(t, err.Error(), "secret")
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
			assert.Equal(t, strings.Contains(err.Error(), "empty file"), errors.Is(err, ErrEmpty))
		})
	}
}

// A file without a header has a person in its place: the error must not show it.
func TestMissingColumnsErrorKeepsData(t *testing.T) {
	_, err := contents(inMemory("a.csv", []byte("secret@example.com,Jane,Doe\n")), ReadOptions{Columns: []string{"email", "fn"}})
	var missing *MissingColumnsError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, []string{"email", "fn"}, missing.Missing)
	assert.Empty(t, missing.Present)
	assert.NotContains(t, err.Error(), "Jane")
	assert.Contains(t, err.Error(), "first line is a header")
}

// The storage's failure keeps its own class, whatever layer meets it.
func TestStorageFailure(t *testing.T) {
	broken := audience.Fail(audience.Transient, "", os.ErrDeadlineExceeded)
	fails := func(data []byte) File {
		f := inMemory("a.csv", nil)
		f.Open = func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(data), failing{broken})), nil
		}
		return f
	}
	packed := gzipped(strings.Repeat("email\n", 1000))
	for name, data := range map[string][]byte{"plain": []byte("email\n1\n"), "gzip": packed[:len(packed)-9], "at once": nil} {
		_, err := contents(fails(data), ReadOptions{})
		require.ErrorIs(t, err, broken, name)
		assert.Equal(t, audience.Transient, audience.ClassOf(err), name)
	}
	opening := File{Name: "a.csv", Open: func() (io.ReadCloser, error) { return nil, broken }}
	_, err := contents(opening, ReadOptions{})
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = OpenReader(ctx, opening, ReadOptions{})
	require.ErrorIs(t, err, context.Canceled)
}

// A request that broke off comes with io.EOF inside: it must not pass for the end of the file, or the rest of its rows
// would be missed by nobody.
func TestABrokenConnectionIsNotTheEnd(t *testing.T) {
	cut := audience.Fail(audience.Throttled, "", fmt.Errorf("send request: %w", io.EOF))
	rows := inMemory("a.csv", nil)
	rows.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("v\n"+strings.Repeat("1\n", 1<<20)), failing{cut})), nil
	}
	lines := rows
	lines.Name = "a.jsonl"
	lines.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("{\"v\": 1}\n", 1<<18)), failing{cut})), nil
	}
	values, _ := nullable(300_000, false)
	data := parquetOf(t, parquet.String(), values, 100_000)
	columns := inMemory("a.parquet", data)
	columns.OpenAt = func() (ReaderAtCloser, error) { return &breaking{bytes.NewReader(data), 2, cut}, nil }
	for _, file := range []File{rows, lines, columns} {
		_, err := contents(file, ReadOptions{Columns: []string{"v"}})
		assert.NotErrorIs(t, err, io.EOF, file.Name)
		require.ErrorContains(t, err, file.Name)
		require.ErrorContains(t, err, "send request: EOF")
		assert.Equal(t, audience.Throttled, audience.ClassOf(err), file.Name)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)          { return 0, f.err }
func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
func (f failing) Close() error                      { return nil }
