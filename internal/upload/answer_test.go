package upload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

func emails(n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("person%d@example.org", i)}
	}
	return rows
}

func TestAnswerIsCheckedAgainstWhatWasSent(t *testing.T) {
	for _, c := range []struct {
		name     string
		answer   func(n int, ack *meta.Ack)
		received []int64 // by batch, of 10 rows each
		invalid  []int64
		warns    string
	}{
		{"as sent", func(int, *meta.Ack) {}, []int64{10, 10, 10}, []int64{0, 0, 0}, ""},
		{"one batch falls short", func(n int, a *meta.Ack) { a.Received -= []int64{0, 0, 4, 4}[n] }, []int64{10, 6, 10}, []int64{0, 0, 0}, `"sent":10,"received":6`},
		{"nothing received", func(_ int, a *meta.Ack) { a.Received = 0 }, []int64{0, 0, 0}, []int64{0, 0, 0}, `"received":0`},
		{"counted twice", func(_ int, a *meta.Ack) { a.Received *= 2 }, []int64{10, 10, 10}, []int64{0, 0, 0}, ""},
		{"some invalid", func(n int, a *meta.Ack) { a.Invalid = []int64{0, 1, 1, 5}[n] }, []int64{10, 10, 10}, []int64{1, 0, 4}, `"invalid":4`},
		{"more invalid than sent", func(_ int, a *meta.Ack) { a.Invalid = 1000 }, []int64{10, 10, 10}, []int64{10, 0, 0}, `"invalid":10`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, []string{"email"}, emails(30))
			b.meta.after = func(n int, _ *request, ack *meta.Ack) error { c.answer(n, ack); return nil }
			require.NoError(t, b.run())
			var received, invalid []int64
			for _, batch := range b.receipt.Batches {
				received, invalid = append(received, batch.Received), append(invalid, batch.Invalid)
			}
			assert.Equal(t, c.received, received)
			assert.Equal(t, c.invalid, invalid)
			assert.Equal(t, int64(30), b.receipt.Sent)
			if c.warns == "" {
				assert.NotContains(t, b.log.String(), `"WARN"`)
			} else {
				assert.Contains(t, b.log.String(), c.warns)
				assert.Contains(t, b.log.String(), `"WARN"`)
			}
		})
	}
}

func TestForeignAnswer(t *testing.T) {
	for name, answer := range map[string]func(*meta.Ack){
		"of another session":  func(a *meta.Ack) { a.SessionID++ },
		"of another audience": func(a *meta.Ack) { a.AudienceID = "999" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, []string{"email"}, emails(30))
			b.meta.after = func(n int, _ *request, ack *meta.Ack) error {
				if n == 2 {
					answer(ack)
				}
				return nil
			}
			err := b.run()
			require.ErrorContains(t, err, "Meta's answer is about")
			assert.Equal(t, audience.Transient, audience.ClassOf(err))
			assert.Equal(t, int64(10), b.receipt.Sent)
			assert.Equal(t, int64(20), b.receipt.Failed)
		})
	}
}

func TestRefusedRowsAreNamedByNumber(t *testing.T) {
	rows := [][]string{{"a@example.org", "id/1"}, {"b@example.org", "idtwo"}, {"c@example.org", "idé3"}, {"d@example.org", "id4"}, {"e@example.org", "id/1"}}
	b := newBench(t, []string{"email", "extern_id"}, rows)
	b.meta.after = func(_ int, r *request, ack *meta.Ack) error {
		spell := func(i int) string { // as PHP does: slashes and letters beyond ASCII escaped
			s, err := json.Marshal(r.data[i])
			require.NoError(t, err)
			return string(bytes.ReplaceAll(bytes.ReplaceAll(s, []byte("/"), []byte(`\/`)), []byte("é"), []byte(`\u00e9`)))
		}
		ack.Invalid = 3
		ack.Samples = meta.Samples{spell(0): "empty external ID", spell(1): "idtwo is bad", spell(2): "bad <row>", "no JSON": "x", `["other"]`: "y"}
		return nil
	}
	require.NoError(t, b.run())
	log := b.log.String()
	const hidden = "a reason that is not shown because it may hold personal data"
	assert.Contains(t, log, `"such_as_rows":["1: empty external ID","2: `+hidden+`","3: `+hidden+`"]`)
	part := func(row int64, reason string, keys ...audience.Key) audience.RefusedRow {
		return audience.RefusedRow{File: "part.parquet", RowGroup: 1, Row: row, Keys: keys, Reason: reason}
	}
	assert.Equal(t, []audience.RefusedRow{
		part(1, "empty external ID", audience.ExternID), part(2, hidden, audience.ExternID, audience.Email), part(3, hidden, audience.ExternID, audience.Email),
	}, b.receipt.Refused)
	checkPrivate(t, b, rows)
}

// TestRefusedRowsKeepTheirPlace looks for refused rows in every row group, in a chunk that begins within one, over a task that
// is killed: a row is named once, and no more are kept than a person reads.
func TestRefusedRowsKeepTheirPlace(t *testing.T) {
	b := newBench(t, []string{"email"}, emails(100)) // row groups of 32
	b.plan([]string{"email"}, audience.Chunk{ID: "00001", File: "part.parquet", FirstRow: 20, Rows: 80})
	b.meta.before = failAt(4, errLost)
	b.meta.after = func(_ int, r *request, ack *meta.Ack) error {
		ack.Samples = meta.Samples{}
		for _, i := range []int{2, 7, 9} { // row 33 is the first of its row group
			ack.Samples[`["`+r.data[i][0]+`"]`] = "invalid EMAIL"
		}
		return nil
	}
	require.Error(t, b.run())
	assert.Len(t, b.receipt.Refused, 9)
	b.meta.before = nil
	require.NoError(t, b.run())
	require.Len(t, b.receipt.Refused, refusedKept)
	for i, r := range b.receipt.Refused {
		row := int64(20 + i/3*10 + []int{2, 7, 9}[i%3] + 1)
		assert.Equal(t, audience.RefusedRow{File: "part.parquet", RowGroup: int(row-1)/32 + 1, Row: row, Keys: []audience.Key{audience.Email}, Reason: "invalid EMAIL"}, r)
	}
	checkPrivate(t, b, emails(100))
}

// checkPrivate checks that no value of the rows, raw or hashed, is in anything that the upload wrote.
func checkPrivate(t *testing.T, b *bench, rows [][]string, errs ...error) {
	t.Helper()
	receipt, err := b.deps.Folder.Read(t.Context(), audience.ReceiptFile("00001"))
	require.NoError(t, err)
	written := append(b.log.Bytes(), receipt...)
	for _, err := range errs {
		written = fmt.Appendf(written, "%v %+v %#v", err, err, err)
	}
	for _, row := range rows {
		for _, v := range row {
			if len(v) > 3 {
				assert.NotContains(t, string(written), v)
				assert.NotContains(t, string(written), sha(v))
			}
		}
	}
}

func TestNothingPersonalIsWritten(t *testing.T) {
	rows := mixed(100)
	for i := range rows {
		rows[i][4] = "\x00"
	}
	b := newBench(t, mixedColumns, rows)
	b.meta.before = failAt(3, errLost)
	first := b.run()
	require.Error(t, first)
	b.meta.before = nil
	require.NoError(t, b.run())
	checkPrivate(t, b, rows, first)
}

func TestBadInput(t *testing.T) {
	file := func(b *bench) string { return filepath.Join(b.match, "part.parquet") }
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, b *bench)
		says  string
	}{
		{"no plan", func(t *testing.T, b *bench) { remove(t, b, audience.PlanFile) }, "plan.json"},
		{"no chunks", func(t *testing.T, b *bench) { remove(t, b, audience.ChunksFile) }, "chunks.json"},
		{"no preflight", func(t *testing.T, b *bench) { remove(t, b, audience.PreflightFile) }, "preflight.json"},
		{"no audience", func(t *testing.T, b *bench) { put(t, b, audience.PreflightFile, audience.Preflight{Schema: 1}) }, "run preflight again"},
		{"a plan of another version", func(t *testing.T, b *bench) { put(t, b, audience.PlanFile, audience.Plan{Schema: 7}) }, "schema version is 7"},
		{"no such chunk", func(_ *testing.T, b *bench) { b.deps.Chunk = "00002" }, `chunk "00002"`},
		{"chunks that are none", func(t *testing.T, b *bench) { put(t, b, audience.ChunksFile, "x") }, "no list of chunks"},
		{"a chunk of no file", func(t *testing.T, b *bench) {
			put(t, b, audience.ChunksFile, []audience.Chunk{{ID: "00001", File: "x.parquet", Rows: 1}})
		}, "x.parquet"},
		{"a receipt that is none", func(t *testing.T, b *bench) { put(t, b, audience.ReceiptFile("00001"), "x") }, "receipts/00001.json"},
		{"the file is gone", func(t *testing.T, b *bench) { require.NoError(t, os.Remove(file(b))) }, "start a new run"},
		{"the folder is gone", func(t *testing.T, b *bench) { require.NoError(t, os.RemoveAll(b.match)) }, "start a new run"},
		{"the file changed", func(_ *testing.T, b *bench) { b.write([]string{"email"}, emails(29)) }, "bytes and had"},
		{"a column is gone", func(_ *testing.T, b *bench) {
			b.write([]string{"phone"}, emails(30))
			b.plan([]string{"email"}, audience.Chunk{ID: "00001", File: "part.parquet", Rows: 30})
		}, `"email"`},
		{"fewer rows than planned", func(_ *testing.T, b *bench) {
			b.plan([]string{"email"}, audience.Chunk{ID: "00001", File: "part.parquet", FirstRow: 20, Rows: 11})
		}, "start a new run"},
		{"no Parquet", func(t *testing.T, b *bench) {
			require.NoError(t, os.WriteFile(file(b), []byte("PAR1 ann@example.com PAR1"), 0o600))
			b.plan([]string{"email"}, audience.Chunk{ID: "00001", File: "part.parquet", Rows: 30})
		}, "part.parquet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, []string{"email"}, emails(30))
			c.spoil(t, b)
			err := b.run()
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err), err.Error())
			assert.NotContains(t, err.Error(), "ann@example.com")
			assert.Empty(t, b.meta.requests)
		})
	}
}

func remove(t *testing.T, b *bench, key string) {
	t.Helper()
	require.NoError(t, b.deps.Folder.Delete(t.Context(), key))
}

func put(t *testing.T, b *bench, key string, document any) {
	t.Helper()
	require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), key, document))
}
