package table

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// csvSeeds are texts in which quotes, delimiters and line ends meet.
var csvSeeds = []string{
	"a,b\n1,2\n", "\"a\n\"\"b\",c\r\n\r\n,\n", "a\"b,\"c\"d\n\"", "x, \"y\" \n\r", "\"\"\"\"\n", "\r\r\n,\r", "1,\"2\n3,4\n\n5,6\n", "\"1\n2\",\"3\n4\"x\n5,6\n7,8",
	"\xff,\"\xff\"\n\ufffd,2\nü,3\n", "a b \"c \" d\na§\"b\"§c\n\"a\xa7", "\n\n\n1,2\n\r\n\n3,4", "\" , \" , \" \"\"\n\" \n",
}

// A shape is how a text is read: what is random about it in the tests.
type shape struct {
	dialect
	fields   int
	places   []int
	limit    int // bytes of a row
	step     int // bytes that are read at a time
	cutter   cutter
	replaced bool
}

func randomShape(seed uint64) shape {
	r := rand.New(rand.NewPCG(seed, 1))
	s := shape{fields: 1 + r.IntN(4), limit: 2 + r.IntN(100), step: 1 + r.IntN(40), replaced: r.IntN(4) == 0}
	s.delimiter = []byte([]string{",", ",", ",", ";", "§", " ", "\"", "\xa7", "1"}[r.IntN(9)])
	s.end = "\n\n\n\r"[r.IntN(4)]
	for range r.IntN(4) {
		s.places = append(s.places, r.IntN(s.fields))
	}
	s.cutter = cutter{most: 1 + r.IntN(5), size: 1 + r.IntN(60), near: 1 + r.IntN(30), end: s.end}
	if r.IntN(3) == 0 {
		s.limit, s.step, s.cutter.most, s.cutter.size, s.cutter.near = 1<<20, windowStep, 1000, blockBytes, stretchBytes
	}
	return s
}

// read reads a text with the cutter, and splits each block when the next one has been cut.
func (s shape) read(t testing.TB, data []byte, by textFormat, border func([]byte, bool) (int, outcome)) []string {
	c := s.cutter
	c.border = border
	c.window = newWindow(iotest.HalfReader(bytes.NewReader(data)), s.limit)
	c.window.step = s.step
	c.window.buf = make([]byte, 0, slack) // it does not begin with a large piece
	var lines []string
	blocks := [2]Block{}
	for i := 0; ; i++ {
		b, before := &blocks[i%2], &blocks[(i+1)%2]
		b.Reset()
		b.format = by
		err := c.next(b)
		before.Split()
		lines = append(lines, describe(&before.Batch)...)
		before.Reset()
		if err != nil {
			return lines
		}
		require.LessOrEqual(t, b.Count(), s.cutter.most)
		require.Positive(t, b.Count())
	}
}

func (s shape) check(t testing.TB, data []byte) {
	by := &splitter{dialect: s.dialect, replaced: s.replaced}
	by.want(s.places, s.fields)
	want := plainLines(data, s.dialect, s.limit, s.fields, s.places, s.replaced)
	require.Equal(t, want, s.read(t, data, by, by.border), "%+v", s)
}

func FuzzCSV(f *testing.F) {
	for i, text := range csvSeeds {
		f.Add([]byte(text), uint64(i))
		f.Add([]byte(strings.Repeat(text, 20)), uint64(100+i))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) { randomShape(seed).check(t, data) })
}

// Texts of pieces that matter, in shapes of all kinds.
func TestCSVAgainstThePlainSplitter(t *testing.T) {
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := randomShape(seed)
		pieces := []string{"a", "ü", "\"", "\"", "\"\"", string(s.delimiter), string(s.delimiter), "\n", "\r", "\r\n", " ", "1", "\xff", "\ufffd", "abcdefgh", "\xc2"}
		if r.IntN(2) == 0 {
			pieces = pieces[:14-r.IntN(5)]
		}
		var text strings.Builder
		for range r.IntN(60) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		s.check(t, []byte(text.String()))
	}
}

// Rows of usual kinds, more than fit into a stretch and, of some, into a block.
func TestCSVOfManyBlocks(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := shape{dialect: dialect{[]byte(","), '\n'}, fields: 3, places: []int{2, 0, 2}, limit: 4 << 20, step: windowStep}
		s.cutter = cutter{most: 4096, size: blockBytes, near: stretchBytes, end: '\n'}
		long := strings.Repeat("long ", 10_000)
		var text strings.Builder
		for text.Len() < 3*blockBytes {
			switch r.IntN(200) {
			case 0:
				text.WriteString("a,\"b\n\"\"c\"\"\nd\",e\n")
			case 1:
				text.WriteString("a,\"b\nc,d,e\n")
			case 2:
				text.WriteString("ü,\xff,\xff\n\n")
			case 3:
				text.WriteString("x,y\n" + long[:r.IntN(len(long))] + ",\"" + long[:r.IntN(len(long))] + "\",z\r\n")
			default:
				fmt.Fprintf(&text, "%d,\"city %d\",%s\n", r.IntN(1000), r.IntN(1000), long[:r.IntN(80)])
			}
		}
		s.check(t, []byte(text.String()))
	}
}

// plainJSON parses a text line by line.
func plainJSON(data []byte, format *jsonFormat, limit int) []string {
	p, row := newJSONParser(format), int64(0)
	b := Batch{}
	b.begin(len(format.places))
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		switch {
		case len(line)+1 > limit:
			row++
			b.Bad = append(b.Bad, BadRow{row, RowTooLong})
		case len(bytes.TrimSpace(line)) > 0:
			row = p.lines(line, &b, row+1) - 1
		}
		data = rest
	}
	return describe(&b)
}

func TestJSONLinesAgainstLines(t *testing.T) {
	pieces := []string{"{", "}", "{\"a\":1}\n", "{\"b\":\"x\",\"A\":null}\n", "\n", "\r\n", " \u00a0\t", "{\"a\":\"ü\"}\n", "\xff", "{\"a\":\"" + strings.Repeat("x", 120) + "\"}\n"}
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := randomShape(seed)
		s.cutter.end = '\n'
		format := &jsonFormat{wanted: []string{"a", "b"}, places: []int{0, 1}, replaced: s.replaced}
		format.parsers.New = func() any { return newJSONParser(format) }
		var text strings.Builder
		for range r.IntN(40) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		data := []byte(text.String())
		require.Equal(t, plainJSON(data, format, s.limit), s.read(t, data, format, jsonLine), "%q", data)
	}
}

// A line without an end must not be kept, however long it is, and neither must lines without a byte.
func TestCutterKeepsLittle(t *testing.T) {
	for _, text := range []string{"1,2\n" + strings.Repeat("x", 1<<20) + "\n3,4\n", strings.Repeat("\n", 1<<20) + "1,2\n" + strings.Repeat("\r\n", 1<<20)} {
		by := &splitter{dialect: dialect{[]byte(","), '\n'}}
		by.want([]int{0}, 2)
		c := cutter{border: by.border, most: 10, size: 1 << 10, near: 1 << 10, end: '\n', window: newWindow(strings.NewReader(text), 1<<12)}
		c.window.step = 1 << 10
		c.window.buf = make([]byte, 0, slack)
		var b Block
		for c.next(&b) == nil {
			assert.LessOrEqual(t, cap(b.text), 1<<14)
		}
		assert.LessOrEqual(t, cap(c.window.buf), 1<<14)
	}
}
