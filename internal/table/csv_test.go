package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func utf16(order unicode.Endianness, mark unicode.BOMPolicy, text string) []byte {
	out, err := unicode.UTF16(order, mark).NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	return out
}

func latin1(text string) []byte {
	out, err := charmap.Windows1252.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	return out
}

func TestCSV(t *testing.T) {
	long := strings.Repeat("x", 300)
	ab := []string{"a", "b"}
	for _, c := range []struct {
		name string
		data string
		opts ReadOptions
		want []string
	}{
		{"plain", "a,b\n1,2\n3,4\n", ReadOptions{}, []string{"1: 1|2", "2: 3|4"}},
		{"no line end at the end", "a,b\n1,2", ReadOptions{}, []string{"1: 1|2"}},
		{"header alone", "a,b\n", ReadOptions{}, nil},
		{"header alone, no line end", "a,b", ReadOptions{}, nil},
		{"carriage returns", "a,b\r\n1,2\r\n3,\r\n", ReadOptions{}, []string{"1: 1|2", "2: 3|"}},
		{"old Mac line ends", "a,b\r1,2\r\r3,4\r", ReadOptions{}, []string{"1: 1|2", "2: 3|4"}},
		{"empty lines", "\n\r\na,b\n\n\n1,2\n\r\n3,4\n\n\r", ReadOptions{}, []string{"1: 1|2", "2: 3|4"}},
		{"empty values", "a,b\n,\n", ReadOptions{}, []string{"1: |"}},
		{"spaces are kept", "a,b\n 1 , 2\n", ReadOptions{}, []string{"1:  1 | 2"}},
		{"byte order mark", "\ufeffa,b\n1,2\n", ReadOptions{}, []string{"1: 1|2"}},
		{"header trimmed", " a ,\u00a0b\t\n1,2\n", ReadOptions{}, []string{"1: 1|2"}},
		{"header in quotes", "\"a\",\"b\"\n1,2\n", ReadOptions{}, []string{"1: 1|2"}},
		{"header with line break", "a,\"b\nb\"\n1,2\n", ReadOptions{Columns: []string{"a", "b\nb"}}, []string{"1: 1|2"}},
		{"header in other case", "A,B\n1,2\n", ReadOptions{}, []string{"1: 1|2"}},
		{"exact name before other case", "A,a,b\n1,2,3\n", ReadOptions{}, []string{"1: 2|3"}},
		{"other order", "b,x,a\n1,2,3\n", ReadOptions{}, []string{"1: 3|1"}},
		{"a column twice", "b,a\n1,2\n", ReadOptions{Columns: []string{"a", "b", "A"}}, []string{"1: 2|1|2"}},
		{"no column", "b,a\n1,2\n", ReadOptions{Columns: []string{}}, []string{"1: "}},
		{"semicolon", "a;b,c\n1,5;2\n", ReadOptions{Columns: []string{"a", "b,c"}}, []string{"1: 1,5|2"}},
		{"tab", "a\tb\n1,2\t2\n", ReadOptions{}, []string{"1: 1,2|2"}},
		{"pipe", "a|b|c\n1|2|3\n", ReadOptions{}, []string{"1: 1|2"}},
		{"Hive's ^A", "a\x01b\n1\x012\n", ReadOptions{}, []string{"1: 1|2"}},
		{"delimiter in a header's quotes", "\"x;y;z\",a,b\n1,2,3\n", ReadOptions{}, []string{"1: 2|3"}},
		{"wanted columns decide", "a;b;\"c,d,e,f\"\n1;2;3\n", ReadOptions{}, []string{"1: 1|2"}},
		{"Excel's hint", "sep=;\r\na;b\r\n1;2\r\n", ReadOptions{}, []string{"1: 1|2"}},
		{"Excel's odd hint", "SEP=#\na#b\n1#2\n", ReadOptions{}, []string{"1: 1|2"}},
		{"delimiter given", "a#b\n1#2\n", ReadOptions{Delimiter: "#"}, []string{"1: 1|2"}},
		{"delimiter of two bytes", "a§b\n1§\"2§\"\n\"3\"§4¶\n", ReadOptions{Delimiter: "§"}, []string{"1: 1|2§", "2: 3|4¶"}},
		{"delimiter is a space", "a b\n1 \"2 3\"\n", ReadOptions{Delimiter: " "}, []string{"1: 1|2 3"}},
		{"quoted line break", "a,b\n\"1\n2\r\n3\",4\n5,6\n", ReadOptions{}, []string{"1: 1\n2\r\n3|4", "2: 5|6"}},
		{"quoted delimiter and quotes", "a,b\n\"1,2\",\"\"\"3\"\"\"\n", ReadOptions{}, []string{"1: 1,2|\"3\""}},
		{"several doubled quotes", "a,b\n\"\"\"\",\"x\"\"y\"\"z\"\n", ReadOptions{}, []string{"1: \"|x\"y\"z"}},
		{"empty quotes", "a,b\n\"\",\"\"\n", ReadOptions{}, []string{"1: |"}},
		{"spaces around quotes", "a,b\n \"1,2\" , \"3\" \n", ReadOptions{}, []string{"1: 1,2|3"}},
		{"bare quote", "a,b\n5\" pipe,x\"y\"\n", ReadOptions{}, []string{"1: 5\" pipe|x\"y\""}},
		{"quote at the end", "a,b\n1,\"2\"", ReadOptions{}, []string{"1: 1|2"}},
		{"quote and carriage return at the end", "a,b\n1,\"2\"\r", ReadOptions{}, []string{"1: 1|2"}},
		{"ragged", "a,b\n1\n1,2,3\n1,2,\n4,5\n", ReadOptions{}, []string{"1: !ragged_row", "2: !ragged_row", "3: !ragged_row", "4: 4|5"}},
		{"text behind a quote", "a,b\n\"1\"x,2\n3,4\n", ReadOptions{}, []string{"1: !bad_quote", "2: 3|4"}},
		{"unclosed quote costs its line", "a,b\n1,\"2\n3,4\n5,6\n", ReadOptions{}, []string{"1: !unclosed_quote", "2: 3|4", "3: 5|6"}},
		{"unclosed quote meets the next", "a,b\n1,\"2\n3,\"4\"\n5,6\n", ReadOptions{}, []string{"1: !bad_quote", "2: 3|4", "3: 5|6"}},
		{"unclosed quote in the last line", "a,b\n3,4\n1,\"", ReadOptions{}, []string{"1: 3|4", "2: !unclosed_quote"}},
		{"bad encoding in a wanted column", "a,b,c\n\xff,2,3\n1,2,\xff\n", ReadOptions{}, []string{"1: !bad_encoding", "2: 1|2"}},
		{"row too long", "a,b\n" + long + ",2\n3,4\n", ReadOptions{MaxRow: 100}, []string{"1: !row_too_long", "2: 3|4"}},
		{"row too long, quoted", "a,b\n\"" + long + "\",2\n3,4\n", ReadOptions{MaxRow: 100}, []string{"1: !row_too_long", "2: 3|4"}},
		{"row too long, last", "a,b\n3,4\n" + long, ReadOptions{MaxRow: 100}, []string{"1: 3|4", "2: !row_too_long"}},
		{"quote open for too long", "a,b\n1,\"2\n3,4\n" + strings.Repeat("5,6\n", 2) + long, ReadOptions{MaxRow: 100},
			[]string{"1: !row_too_long", "2: 3|4", "3: 5|6", "4: 5|6", "5: !row_too_long"}},
		{"UTF-16 little-endian", string(utf16(unicode.LittleEndian, unicode.UseBOM, "a,b\nü,😀\n")), ReadOptions{}, []string{"1: ü|😀"}},
		{"UTF-16 big-endian", string(utf16(unicode.BigEndian, unicode.UseBOM, "a,b\nü,😀\n")), ReadOptions{}, []string{"1: ü|😀"}},
		{"UTF-16 named, little", string(utf16(unicode.LittleEndian, unicode.IgnoreBOM, "a,b\nü,2\n")), ReadOptions{Encoding: "utf-16"}, []string{"1: ü|2"}},
		{"UTF-16 named, big", string(utf16(unicode.BigEndian, unicode.IgnoreBOM, "a,b\nü,2\n")), ReadOptions{Encoding: "UTF-16"}, []string{"1: ü|2"}},
		{"half a surrogate pair", "\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8,\x002\x00\n\x003\x00,\x004\x00", ReadOptions{}, []string{"1: !bad_encoding", "2: 3|4"}},
		{"Latin-1", string(latin1("a,b\nJürgen,5€\n")), ReadOptions{Encoding: "latin-1"}, []string{"1: Jürgen|5€"}},
		{"none of Windows-1252", "a,b\n\x81,2\n3,4\n", ReadOptions{Encoding: "latin-1"}, []string{"1: !bad_encoding", "2: 3|4"}},
		{"UTF-8 named", "a,b\n\ufffd,2\n", ReadOptions{Encoding: "utf-8"}, []string{"1: \ufffd|2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.opts.Columns == nil {
				c.opts.Columns = ab
			}
			for _, batch := range []int{1, 2, 8192} {
				c.opts.BatchRows = batch
				got, err := contents(inMemory("x.csv", []byte(c.data)), c.opts)
				require.NoError(t, err)
				assert.Equal(t, c.want, got, "batches of %d", batch)
			}
		})
	}
}

func TestCSVCompressed(t *testing.T) {
	for name, data := range map[string][]byte{
		"a.csv.gz": gzipped("a,b\n1,2\n", "3,4\n"), "a.csv": gzipped("a,b\n1,2\n3,4\n"), "a.csv.zst": zstandard(t, "a,b\n1,2\n3,4\n"),
		"two.csv.zst":     append(zstandard(t, "a,b\n1,2\n"), zstandard(t, "3,4\n")...),
		"skip.csv.zst":    append([]byte("\x50\x2a\x4d\x18\x02\x00\x00\x00xx"), zstandard(t, "a,b\n1,2\n3,4\n")...),
		"unpacked.csv.gz": []byte("a,b\n1,2\n3,4\n"), // some clients unpack on the way and keep the name
		"utf16.csv.gz":    gzipped(string(utf16(unicode.LittleEndian, unicode.UseBOM, "a,b\n1,2\n3,4\n"))),
	} {
		got, err := contents(inMemory(name, data), ReadOptions{Columns: []string{"b"}})
		require.NoError(t, err, name)
		assert.Equal(t, []string{"1: 2", "2: 4"}, got, name)
	}
}

// A tab-separated file with one column and commas in its header is no puzzle when its name tells.
func TestTSV(t *testing.T) {
	got, err := contents(inMemory("x.tsv", []byte("last, first\nDoe, Jane\n")), ReadOptions{Columns: []string{"last, first"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"1: Doe, Jane"}, got)
}

// FuzzPlainCSV holds the plain splitter against the standard library.
func FuzzPlainCSV(f *testing.F) {
	for _, seed := range csvSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		reference := csv.NewReader(bytes.NewReader(data))
		reference.FieldsPerRecord = -1
		records, err := reference.ReadAll()
		if err != nil {
			return // it gives up on what is bad here by rows
		}
		var want, got []string
		for _, record := range records {
			want = append(want, fmt.Sprintf("%q", record))
		}
		plainRecords(data, dialect{delimiter: []byte(","), end: '\n'}, 1<<30, func(cells [][]byte, reason string) {
			// encoding/csv makes \r\n in quotes \n.
			got = append(got, reason+strings.ReplaceAll(fmt.Sprintf("%q", cells), `\r\n`, `\n`))
		})
		assert.Equal(t, want, got)
	})
}

func FuzzOpenCSV(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n\"3"), "", "")
	f.Add([]byte("\xff\xfea\x00"), "§", "utf-16")
	f.Add(gzipped("a;b\r1;2\r"), ";", "latin-1")
	f.Fuzz(func(t *testing.T, data []byte, delimiter, encoding string) {
		checkReader(t, inMemory("x.csv", data), ReadOptions{Columns: []string{"a"}, Delimiter: delimiter, Encoding: encoding, MaxRow: 64, BatchRows: 3})
	})
}

// checkReader reads a file and checks what holds for every file.
func checkReader(t *testing.T, file File, opts ReadOptions) {
	r, err := OpenReader(t.Context(), file, opts)
	if err != nil {
		return
	}
	defer func() { assert.NoError(t, r.Close()) }()
	var b Batch
	next := int64(1)
	for {
		if err := r.Read(&b); err != nil {
			return
		}
		require.NotZero(t, len(b.Rows)+len(b.Bad))
		require.LessOrEqual(t, len(b.Rows)+len(b.Bad), opts.BatchRows)
		for i := range b.Columns {
			require.Len(t, b.Rows, b.Columns[i].Len())
		}
		rows, bad := b.Rows, b.Bad
		for ; len(rows)+len(bad) > 0; next++ {
			switch {
			case len(rows) > 0 && rows[0] == next:
				rows = rows[1:]
			case len(bad) > 0 && bad[0].Row == next:
				bad = bad[1:]
			default:
				require.Fail(t, "rows are out of order", "row %d", next)
			}
		}
	}
}
