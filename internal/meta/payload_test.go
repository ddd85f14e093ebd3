package meta_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// usersBody is the documented body of a request to /users.
type usersBody struct {
	Payload struct {
		Schema []string   `json:"schema"`
		Data   [][]string `json:"data"`
	} `json:"payload"`
	Session struct {
		ID    int64 `json:"session_id"`
		Seq   int   `json:"batch_seq"`
		Last  bool  `json:"last_batch_flag"`
		Total int64 `json:"estimated_num_total"`
	} `json:"session"`
}

func decodeUsers(t testing.TB, b meta.Batch) usersBody {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(b.Body))
	decoder.DisallowUnknownFields()
	var body usersBody
	require.NoError(t, decoder.Decode(&body))
	return body
}

func appendRow(p *meta.Payload, values ...string) {
	p.BeginRow()
	for _, v := range values {
		p.Value([]byte(v))
	}
	p.EndRow()
}

func TestPayloadIsTheDocumentedBody(t *testing.T) {
	p := meta.NewPayload([]audience.Key{audience.ExternID, audience.Email})
	appendRow(p, `a"b\c`, hash)
	appendRow(p, "Zoë\u2028\x01\n", "")
	appendRow(p, "short")
	batch := p.Batch(meta.Session{ID: 1<<53 - 1, Seq: 7, Last: true, EstimatedTotal: 42})

	assert.Equal(t, 3, batch.Rows)
	assert.Equal(t, 3, p.Rows())
	body := decodeUsers(t, batch)
	assert.Equal(t, []string{"EXTERN_ID", "EMAIL"}, body.Payload.Schema)
	assert.Equal(t, [][]string{{`a"b\c`, hash}, {"Zoë\u2028\x01\n", ""}, {"short", ""}}, body.Payload.Data)
	assert.Equal(t, int64(1<<53-1), body.Session.ID)
	assert.Equal(t, 7, body.Session.Seq)
	assert.True(t, body.Session.Last)
	assert.Equal(t, int64(42), body.Session.Total)
}

func TestPayloadGoesOnAfterABatch(t *testing.T) {
	p := meta.NewPayload([]audience.Key{audience.Email})
	empty := decodeUsers(t, p.Batch(meta.Session{ID: 1, Seq: 1}))
	assert.Empty(t, empty.Payload.Data)
	appendRow(p, "one")
	assert.Equal(t, [][]string{{"one"}}, decodeUsers(t, p.Batch(meta.Session{ID: 1, Seq: 1})).Payload.Data)
	appendRow(p, "two")
	again := decodeUsers(t, p.Batch(meta.Session{ID: 2, Seq: 1}))
	assert.Equal(t, [][]string{{"one"}, {"two"}}, again.Payload.Data)
	assert.Equal(t, int64(2), again.Session.ID)
	assert.False(t, again.Session.Last)
	p.Reset()
	appendRow(p, "three")
	assert.Equal(t, [][]string{{"three"}}, decodeUsers(t, p.Batch(meta.Session{ID: 1, Seq: 2})).Payload.Data)
}

func TestPayloadRefusesMistakes(t *testing.T) {
	schema := []audience.Key{audience.Email}
	full := meta.NewPayload(schema)
	for range meta.BatchRows {
		appendRow(full, "")
	}
	assert.Panics(t, full.BeginRow, "a row too many")
	assert.Panics(t, func() { appendRow(meta.NewPayload(schema), "a", "b") }, "a value too many")
	assert.Panics(t, func() { meta.NewPayload(schema).Value(nil) }, "a value outside a row")
	assert.Panics(t, func() { meta.NewPayload(schema).EndRow() }, "an end without a beginning")
	assert.Panics(t, func() {
		p := meta.NewPayload(schema)
		p.BeginRow()
		p.Batch(meta.Session{ID: 1, Seq: 1})
	}, "a batch inside a row")
}

func TestPayloadMakesNoGarbage(t *testing.T) {
	p := meta.NewPayload([]audience.Key{audience.ExternID, audience.Email, audience.Phone})
	id, digest := []byte(`customer "7"`), []byte(hash)
	fill := func() {
		p.Reset()
		for range 1000 {
			p.BeginRow()
			p.Value(id)
			p.Value(digest)
			p.Value(nil)
			p.EndRow()
		}
		p.Batch(meta.Session{ID: 1, Seq: 1})
	}
	fill()
	assert.Zero(t, testing.AllocsPerRun(10, fill))
}

func FuzzPayload(f *testing.F) {
	f.Add("67", hash, "")
	f.Add("\xff\xfe", `"`, "\x00")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		p := meta.NewPayload([]audience.Key{audience.ExternID, audience.Email, audience.Phone})
		appendRow(p, a, b, c)
		appendRow(p, c, a)
		data := decodeUsers(t, p.Batch(meta.Session{ID: 1, Seq: 1})).Payload.Data
		// Bytes that are no UTF-8 become one replacement character each, as encoding/json reads them.
		utf8 := func(s string) string { return string([]rune(s)) }
		assert.Equal(t, [][]string{{utf8(a), utf8(b), utf8(c)}, {utf8(c), utf8(a), ""}}, data)
	})
}

func BenchmarkPayload(b *testing.B) {
	p := meta.NewPayload([]audience.Key{audience.ExternID, audience.Email, audience.Phone})
	digest := []byte(hash)
	for b.Loop() {
		p.Reset()
		for range meta.BatchRows {
			p.BeginRow()
			p.Value([]byte("c-1234567"))
			p.Value(digest)
			p.Value(digest)
			p.EndRow()
		}
	}
	b.ReportMetric(float64(b.N)*meta.BatchRows/b.Elapsed().Seconds(), "rows/s")
}

var hash = strings.Repeat("0123456789abcdef", 4)

func TestPayloadMovesRows(t *testing.T) {
	for name, gone := range map[string][]int{
		"all": {0, 1, 2, 3, 4}, "none": {}, "the first": {0}, "the last": {4}, "the middle": {1, 2, 3}, "every other": {0, 2, 4},
	} {
		t.Run(name, func(t *testing.T) {
			schema := []audience.Key{audience.Email, audience.Phone}
			p, other := meta.NewPayload(schema), meta.NewPayload(schema)
			appendRow(other, "before")
			stay, left := [][]string{}, [][]string{{"before", ""}}
			for i := range 5 {
				row := []string{strings.Repeat("a", i), strings.Repeat(`"`, 5-i)}
				appendRow(p, row...)
				if slices.Contains(gone, i) {
					left = append(left, row)
				} else {
					stay = append(stay, row)
				}
			}
			p.MoveTo(other, func(row int) bool { return slices.Contains(gone, row) })
			assert.Equal(t, len(stay), p.Rows())
			assert.Equal(t, len(left), other.Rows())
			assert.Equal(t, stay, decodeUsers(t, p.Batch(meta.Session{ID: 1, Seq: 1})).Payload.Data)
			appendRow(other, "after")
			assert.Equal(t, append(left, []string{"after", ""}), decodeUsers(t, other.Batch(meta.Session{ID: 1, Seq: 1})).Payload.Data)
			appendRow(p, "after")
			p.MoveTo(meta.NewPayload(schema), func(row int) bool { return row < len(stay) })
			assert.Equal(t, [][]string{{"after", ""}}, decodeUsers(t, p.Batch(meta.Session{ID: 1, Seq: 1})).Payload.Data)
		})
	}
	p := meta.NewPayload([]audience.Key{audience.Email})
	assert.Panics(t, func() { p.MoveTo(meta.NewPayload(nil), func(int) bool { return true }) })
}

// Values that say how to use a person travel as JSON, and stay behind where only the person counts.
func TestPayloadOfValues(t *testing.T) {
	schema := []audience.Key{audience.Email, audience.Phone, audience.LookalikeValue, audience.DataProcessing, audience.ProcessingCountry, audience.ProcessingState}
	p, people := meta.NewPayload(schema), meta.NewPayload(meta.People(schema))
	for i, email := range []string{"a", `b"`, "c", "d"} {
		appendRow(p, email, "", strconv.Itoa(i)+".5", `["LDU"]`, "1", "1000")
	}
	data := func(p *meta.Payload) (rows []string) {
		var body struct {
			Payload struct {
				Schema []audience.Key
				Data   []json.RawMessage
			}
		}
		require.NoError(t, json.Unmarshal(p.Batch(meta.Session{ID: 1, Seq: 1}).Body, &body))
		for _, row := range body.Payload.Data {
			rows = append(rows, string(row))
		}
		return rows
	}
	row := func(email string, i int) string { return fmt.Sprintf(`[%q,"",%d.5,["LDU"],1,1000]`, email, i) }
	assert.Equal(t, []string{row("a", 0), row(`b"`, 1), row("c", 2), row("d", 3)}, data(p))
	p.MoveTo(people, func(i int) bool { return i == 1 })
	p.MoveTo(people, func(i int) bool { return i != 1 })
	assert.Equal(t, []string{row("c", 2)}, data(p))
	assert.Equal(t, []string{`["b\"",""]`, `["a",""]`, `["d",""]`}, data(people))
	p.Reset()
	appendRow(p, "e", "f", "7")
	assert.Equal(t, []string{`["e","f",7,"","",""]`}, data(p))
	p.MoveTo(people, func(int) bool { return true })
	assert.Equal(t, 4, people.Rows())
	assert.Panics(t, func() { p.MoveTo(meta.NewPayload(schema), func(int) bool { return true }) }, "to a payload with values")
}

// Whatever the values, the body holds them as a straightforward encoder writes it, and People gives them back.
func FuzzPayloadRows(f *testing.F) {
	f.Add([]byte("id 7|a\"b\\c|Zo\xc3\xab|\x00\x1f|\xff|\x7f|\\"), uint8(1))
	f.Add([]byte("|||"), uint8(3))
	schema := []audience.Key{audience.ExternID, audience.Email, audience.MADID, audience.LookalikeValue}
	f.Fuzz(func(t *testing.T, text []byte, split uint8) {
		p := meta.NewPayload(schema)
		var want []string
		values := bytes.Split(text, []byte("|"))
		for i, v := range values {
			var hash []byte
			if i%2 == int(split%2) {
				hash = identity.AppendHash(nil, v)
			}
			p.BeginRow()
			p.Value(v)
			p.Value(hash)
			p.Value(values[len(values)-1-i])
			p.Value([]byte("1.5"))
			p.EndRow()
			row := []string{string(v), string(hash), string(values[len(values)-1-i])}
			var parts []string
			for _, value := range row {
				quoted, err := json.Marshal(strings.ToValidUTF8(value, "\ufffd"))
				require.NoError(t, err)
				parts = append(parts, string(quoted))
			}
			want = append(want, "["+strings.Join(parts, ",")+",1.5]")
		}
		body := p.Batch(meta.Session{ID: 1}).Body
		var got struct {
			Payload struct{ Data []json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(body, &got))
		require.Len(t, got.Payload.Data, len(want))
		for i := range want {
			var has, wants []any
			require.NoError(t, json.Unmarshal(got.Payload.Data[i], &has))
			require.NoError(t, json.Unmarshal([]byte(want[i]), &wants))
			if utf8.Valid(text) { // of what is no UTF-8 each encoder replaces as many bytes at a time as it likes
				require.Equal(t, wants, has)
			}
			people := p.People(i, nil)
			require.Len(t, people, 3)
			for k, value := range people {
				require.Equal(t, has[k], string(value))
			}
		}
	})
}
