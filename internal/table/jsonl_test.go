package table

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

func TestJSONLines(t *testing.T) {
	ab := []string{"a", "b"}
	for _, c := range []struct {
		name string
		data string
		opts ReadOptions
		want []string
	}{
		{"strings", `{"a":"1","b":""}`, ReadOptions{}, []string{"1: 1|"}},
		{"two lines", "{\"a\":\"1\"}\n{\"a\":\"2\"}\n", ReadOptions{}, []string{"1: 1|∅", "2: 2|∅"}},
		{"blank lines", "\n{\"a\":1}\r\n \t\r\n{\"a\":2}", ReadOptions{}, []string{"1: 1|∅", "2: 2|∅"}},
		{"byte order mark", "\ufeff{\"a\":1}", ReadOptions{}, []string{"1: 1|∅"}},
		{"spaces", ` { "a" : 1 , "b" : 2 } `, ReadOptions{}, []string{"1: 1|2"}},
		{"numbers as they stand", `{"a":1.50,"b":12345678901234567890e2}`, ReadOptions{}, []string{"1: 1.50|12345678901234567890e2"}},
		{"booleans and null", `{"a":true,"b":false}` + "\n" + `{"a":null,"b":null}`, ReadOptions{}, []string{"1: true|false", "2: ∅|∅"}},
		{"escapes", `{"\u0061":"x\"\\\n\u00fc\ud83d\ude00","b":"\/"}`, ReadOptions{}, []string{"1: x\"\\\nü😀|/"}},
		{"other keys", `{"x":[1,{"a":2}],"a":1,"y":{},"b":"2"}`, ReadOptions{}, []string{"1: 1|2"}},
		{"key in other case", `{" A ":1,"B":2}`, ReadOptions{}, []string{"1: 1|2"}},
		{"exact key before other case", `{"A":1,"a":2,"aa":3,"b":"4"}` + "\n" + `{"a":2,"A":1}`, ReadOptions{}, []string{"1: 2|4", "2: 2|∅"}},
		{"wanted in two cases", `{"a":1,"A":2,"b":3}`, ReadOptions{Columns: []string{"A", "a"}}, []string{"1: 2|1"}},
		{"may mean either", `{"aB":1,"Ab":2}`, ReadOptions{Columns: []string{"ab", "AB", "Ab"}}, []string{"1: ∅|∅|2"}},
		{"a column twice", `{"a":1}`, ReadOptions{Columns: []string{"a", "b", " a"}}, []string{"1: 1|∅|1"}},
		{"key twice", `{"a":1,"a":1}` + "\n" + `{"A":1,"A":1}` + "\n" + `{"a":1,"x":1,"x":2}`, ReadOptions{}, []string{"1: !duplicate_key", "2: !duplicate_key", "3: 1|∅"}},
		{"nested", `{"a":{}}` + "\n" + `{"b":[]}` + "\n" + `{"a":1}`, ReadOptions{}, []string{"1: !nested_value", "2: !nested_value", "3: 1|∅"}},
		{"no JSON", "x\n{\"a\":1\n{\"a\":1}}\n{\"a\":1}{}\n\"a\"\n[1]\n{\"a\":01}\n{a:1}\n{\"a\":1,}\n{\"a\":1}\nnull", ReadOptions{},
			[]string{"1: !not_json", "2: !not_json", "3: !not_json", "4: !not_json", "5: !not_json", "6: !not_json", "7: !not_json", "8: !not_json", "9: !not_json", "10: 1|∅", "11: !not_json"}},
		{"half a surrogate pair", `{"a":"\ud800"}`, ReadOptions{}, []string{"1: !not_json"}},
		{"bad encoding", "{\"a\":\"\xff\"}\n{\"a\":1}", ReadOptions{}, []string{"1: !bad_encoding", "2: 1|∅"}},
		{"UTF-16", string(utf16(unicode.LittleEndian, unicode.UseBOM, `{"a":"ü"}`)), ReadOptions{}, []string{"1: ü|∅"}},
		{"row too long", `{"a":"` + strings.Repeat("x", 300) + "\"}\n{\"a\":1}", ReadOptions{MaxRow: 100}, []string{"1: !row_too_long", "2: 1|∅"}},
		{"deep", strings.Repeat(`{"a":`, 100_000) + "\n{\"a\":1}", ReadOptions{}, []string{"1: !not_json", "2: 1|∅"}},
		{"nothing but blank lines", "\n \n", ReadOptions{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.opts.Columns == nil {
				c.opts.Columns = ab
			}
			for _, batch := range []int{1, 8192} {
				c.opts.BatchRows = batch
				got, err := contents(inMemory("x.jsonl", []byte(c.data)), c.opts)
				require.NoError(t, err)
				assert.Equal(t, c.want, got, "batches of %d", batch)
			}
		})
	}
}

func TestJSONLinesAbsent(t *testing.T) {
	r, err := OpenReader(context.Background(), inMemory("x.jsonl", []byte("{\"A\":1}\n{\"B\":null}\n")), ReadOptions{Columns: []string{"a", "b", "c"}, BatchRows: 1})
	require.NoError(t, err)
	var b Batch
	require.NoError(t, r.Read(&b))
	assert.Equal(t, []string{"b", "c"}, r.Absent())
	require.NoError(t, r.Read(&b))
	assert.Equal(t, []string{"c"}, r.Absent())
	assert.Equal(t, String, r.Type(0))
	require.ErrorIs(t, r.Read(&b), io.EOF)
}

// Objects whose keys are data must not fill the memory.
func TestJSONLinesForgetsKeys(t *testing.T) {
	var data strings.Builder
	for i := range 3 * maxSpellings {
		fmt.Fprintf(&data, "{\"key%d\":1,\"a\":%d}\n", i, i)
	}
	p := newJSONParser(&jsonFormat{wanted: []string{"a"}, places: []int{0}})
	var b Batch
	b.begin(1)
	p.lines([]byte(data.String()), &b, 1)
	assert.Len(t, b.Rows, 3*maxSpellings)
	assert.Len(t, p.spellings, maxSpellings)
}

func FuzzJSONLines(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"A\":\"\\u0000\"}\n\n{\"a\":[1]}"))
	f.Add(gzipped("{\"b\":null,\"a\":true}\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkReader(t, inMemory("x.jsonl", data), ReadOptions{Columns: []string{"a", "b", "A"}, MaxRow: 64, BatchRows: 3})
	})
}
