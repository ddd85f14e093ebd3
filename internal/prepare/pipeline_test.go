package prepare

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

func TestManyPartsOfBoundedSize(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(1000))
	b.prepared()
	keys := b.keys(b.deps.Folder, audience.PreparedDir)
	assert.Greater(t, len(keys), 30)
	for _, key := range keys {
		assert.LessOrEqual(t, len(b.rowsOf(key)), 20+7)
	}
	b = newBench(t).put("a.csv", csvOf(1000))
	b.sizes.partRows, b.sizes.partBytes = 1<<20, 1
	b.sizes.workers = 1
	b.prepared()
	assert.Len(t, b.keys(b.deps.Folder, audience.PreparedDir), 1, "bytes count when a row group has been written")
}

func TestFewRowsMakeOnePart(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(1000))
	b.sizes = usualSizes()
	b.prepared()
	assert.Len(t, b.keys(b.deps.Folder, audience.PreparedDir), 1)
	assert.Empty(t, b.keys(b.deps.Folder, audience.QuarantineDir))
}

// TestPanicComesOut makes a worker panic: the task must hear of it in its own goroutine, and the log must not hear the value.
func TestPanicComesOut(t *testing.T) {
	b := newBench(t)
	f := guarded(t.Context(), b.deps.Log, func() error { panic("zoe@example.com") })
	err := f()
	require.Error(t, err)
	assert.NotContains(t, err.Error()+b.log.String(), "zoe")
	assert.Contains(t, b.log.String(), "TestPanicComesOut")
	assert.NotContains(t, b.log.String(), "0x", "arguments in hexadecimal may be values")
	assert.PanicsWithValue(t, "zoe@example.com", func() { _ = rethrow(fmt.Errorf("wrapped: %w", err)) })

	b.put("a.csv", csvOf(1000))
	p := b.pipeline()
	p.workers[1].tallies = nil
	assert.Panics(t, func() { _ = p.run(t.Context()) })
}

// pipeline makes a pipeline over the source that is ready to run.
func (b *bench) pipeline() *pipeline {
	b.Helper()
	src, err := findSource(b.Context(), b.deps.Run.Def().Source, b.deps.Log)
	require.NoError(b, err)
	b.Cleanup(func() { assert.NoError(b, src.folder.Close()) })
	plan := newLayout(b.deps.Run.Def().Source)
	src.opts.Columns, src.opts.BatchRows = plan.input, b.sizes.batchRows
	require.NoError(b, src.survey(b.Context()))
	suppressed, err := loadSuppressed(b.Context(), b.deps)
	require.NoError(b, err)
	return newPipeline(b.deps, src, plan, suppressed, b.sizes, today)
}

func TestFileThatVanishes(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(10)).put("b.csv", csvOf(10))
	p := b.pipeline()
	require.NoError(t, p.src.folder.Delete(t.Context(), "b.csv"))
	err := p.run(t.Context())
	require.ErrorContains(t, err, "b.csv")
	assert.Equal(t, audience.Transient, audience.ClassOf(err), "the next attempt lists anew")
	assert.NotEmpty(t, audience.NextOf(err))
}

// Whatever happens to a file while it is read, an account of it would be of no file that there ever was.
func TestFilesThatChange(t *testing.T) {
	for name, change := range map[string]func(b *bench) error{
		"a row more": func(b *bench) error {
			return os.WriteFile(filepath.Join(b.source, "a.csv"), []byte(csvOf(11)), 0o600)
		},
		"written anew": func(b *bench) error {
			return os.Chtimes(filepath.Join(b.source, "a.csv"), today, today)
		},
		"taken away": func(b *bench) error { return os.RemoveAll(filepath.Join(b.source, "a.csv")) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t).put("a.csv", csvOf(10)).put("b.csv", csvOf(10))
			b.sizes.readers = 1
			var once sync.Once
			log := b.deps.Log
			b.deps.Log = slog.New(stopAtFile{slog.DiscardHandler, func() {
				once.Do(func() { assert.NoError(t, change(b)) })
			}})
			_ = b.fails(audience.Transient, "a.csv changed while it was read", "let the export of the files finish")
			assert.Empty(t, b.keys(b.deps.Folder, ""))
			b.deps.Log = log
			b.put("a.csv", csvOf(12)).put("c.csv", csvOf(1))
			assert.Equal(t, int64(23), b.prepared().Prepared, "the next attempt lists anew")
		})
	}
}

// An attempt that a killed runner left behind is overtaken by the next one and fails. The table of that one must stay.
func TestOvertaken(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(100)).put("b.csv", csvOf(100))
	orphan := *b
	orphan.sizes.readers, orphan.sizes.partRows = 1, 1000 // no part is ended while the other is at work
	var whole []string
	var once sync.Once
	orphan.deps.Log = slog.New(stopAtFile{slog.DiscardHandler, func() {
		once.Do(func() {
			b.prepared()
			whole = b.keys(b.deps.Folder, "")
		})
	}})
	_, err := orphan.run()
	require.Error(t, err)
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	assert.Equal(t, whole, b.keys(b.deps.Folder, ""))
	assert.Equal(t, int64(200), b.prepared().Prepared)
}

// The rows of one file go to all workers, and keep their numbers; so do those of a packed one, which is unpacked meanwhile.
func TestOneFileForManyWorkers(t *testing.T) {
	var text strings.Builder
	text.WriteString("customer_id,Email,Last Name\n")
	for i := range 20_000 {
		switch i % 1000 {
		case 17:
			fmt.Fprintf(&text, "C-%d,\"a\"b,Lee\n", i)
		case 18:
			fmt.Fprintf(&text, "C-%d,\"person%d@example.com\",\"Lee\n\nand \"\"Son\"\"\"\n\n", i, i)
		default:
			fmt.Fprintf(&text, "C-%d,person%d@example.com,Lee\n", i, i)
		}
	}
	whole := newBench(t).put("a.csv", text.String())
	whole.sizes.workers, whole.sizes.batchRows, whole.sizes.partRows = 1, 1000, 1<<20
	want := whole.prepared()
	assert.Equal(t, map[string]int64{"bad_quote": 20}, want.RowReasons)

	var packed bytes.Buffer
	for part := range slices.Chunk([]byte(text.String()), 200_000) {
		w := gzip.NewWriter(&packed)
		_, err := w.Write(part)
		require.NoError(t, errors.Join(err, w.Close()))
	}
	for _, content := range []string{text.String(), packed.String()} {
		b := newBench(t).put("a.csv", content)
		b.sizes.workers, b.sizes.readers, b.sizes.batchRows, b.sizes.partRows = 4, 1, 100, 1<<20
		doc := b.prepared()
		assert.Equal(t, want.Keys, doc.Keys)
		assert.Equal(t, want.Source, doc.Source)
		assert.Equal(t, whole.rows(audience.PreparedDir), b.rows(audience.PreparedDir))
		assert.Equal(t, whole.rows(audience.QuarantineDir), b.rows(audience.QuarantineDir))
	}
}

// A column may turn up in the last of many batches, whichever worker gets it; one that no row of any file has is a mistake.
func TestColumnThatFewRowsHave(t *testing.T) {
	rows := strings.Repeat(`{"customer_id": "1", "Email": "zoe@example.com"}`+"\n", 500)
	b := newBench(t).put("a.jsonl", rows+`{"Last Name": "Lee"}`+"\n").put("b.jsonl", rows)
	assert.Equal(t, int64(1001), b.prepared().Source)
	b = newBench(t).put("a.jsonl", rows).put("b.jsonl", rows)
	_ = b.fails(audience.Invalid, `no row of`, `has the column "Last Name"`)
}

func TestForeignPartIsFound(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(10))
	p := b.pipeline()
	require.NoError(t, p.run(t.Context()))
	require.NoError(t, p.checkParts(t.Context()))
	require.NoError(t, b.deps.Folder.Write(t.Context(), audience.PreparedDir+"part-other-00-0001.parquet", []byte("x")))
	require.ErrorContains(t, p.checkParts(t.Context()), "another task")
	require.NoError(t, b.deps.Folder.Clear(t.Context(), audience.PreparedDir))
	require.ErrorContains(t, p.checkParts(t.Context()), "another task")
}

func TestDistinct(t *testing.T) {
	d := distinct{limit: 100}
	n, estimated := d.count()
	assert.Zero(t, n)
	assert.False(t, estimated)
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]uint64, 100_000)
	for i := range values {
		values[i] = random.Uint64()
	}
	d.add(append(values[:50:50], values[:100]...))
	n, estimated = d.count()
	assert.Equal(t, int64(100), n)
	assert.False(t, estimated)
	d.add(values[:101])
	n, estimated = d.count()
	assert.InDelta(t, 101, n, 1)
	assert.True(t, estimated)
	d.add(values)
	n, _ = d.count()
	assert.InEpsilon(t, len(values), n, 0.02)

	other := distinct{limit: 100}
	slices.Reverse(values)
	for part := range slices.Chunk(values, 7) {
		other.add(part)
	}
	again, _ := other.count()
	assert.Equal(t, n, again, "the order does not matter")
}

func TestDuplicatesAreEstimatedWhenMany(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(3000)).put("b.csv", csvOf(3000))
	doc := b.prepared()
	assert.True(t, doc.Keys[audience.Email].Estimated)
	assert.InDelta(t, 3000, doc.Keys[audience.Email].Duplicates, 60)
	assert.Equal(t, audience.KeyQuality{Filled: 6000, Valid: 6000, Duplicates: 5999}, doc.Keys[audience.LastName])
	again := newBench(t).put("a.csv", csvOf(3000)).put("b.csv", csvOf(3000))
	again.sizes.workers, again.sizes.batchRows = 1, 100
	assert.Equal(t, doc.Keys, again.prepared().Keys)
}

// dirty makes random rows of every kind of dirt, as a CSV file or as JSON lines.
func dirty(r *rand.Rand, rows int, asJSON bool) string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var text strings.Builder
	if !asJSON {
		text.WriteString(everyHeader[:len(everyHeader)-1] + ",ok,spent\n")
	}
	header := strings.Split(everyHeader[:len(everyHeader)-1]+",ok,spent", ",")
	for range rows {
		values := []string{
			pick("", fmt.Sprint("c", r.IntN(rows))), pick("", "n/a", "mail", fmt.Sprintf("p%d@example.com", r.IntN(rows)), hashOf("x@example.com")),
			pick("", "call me", "+49 30 1234567", "(415) 555-0100", "1"), pick("", "f", "Herr", "?"), pick("", "1/2/1980", "1980-02-30", "31.12.1999", "2100-01-01"),
			pick("", "Lee", "  ", "Müller", "-", "李"), pick("", "Ann", "\u200b", "7"), pick("", "A"), pick("", "Zürich", "1"), pick("", "CA", "Bavaria", "ZZ"),
			pick("", "94103", "SW1A 1AA", "!"), pick("", "AEBE52E7-03EE-455A-B3C4-E57283966239", "00000000-0000-0000-0000-000000000000", "x"),
			pick("", "US", "Deutschland", "??", "GB"),
			pick("", "7", "1.5e3", "-2", "1.234.567"), pick("", "yes", "0", "perhaps", "n/a"), pick("yes", "yes", "1", "no", ""), pick("", "1.5", "much"),
		}
		switch {
		case r.IntN(20) == 0:
			text.WriteString(pick("a,b\n", "{\"id\":\n", "\"open,\n", "\"a\"b,c\n", "\xff\xfe\n", "7\n", "null\n"))
		case asJSON:
			for k, value := range values {
				fmt.Fprintf(&text, "%s%q: %q", map[bool]string{true: "{", false: ","}[k == 0], header[k], value)
			}
			text.WriteString("}\n")
		default:
			text.WriteString(strings.Join(values, ",") + "\n")
		}
	}
	return text.String()
}

// TestEverythingBalances prepares random dirt and checks each account against the files that were written.
func TestEverythingBalances(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			change := map[string]any{"source.consent": "ok", "source.keep": []any{map[string]string{"column": "spent", "type": "double"}}}
			for key, value := range everyKey {
				change[key] = value
			}
			b := newBench(t).define(change)
			for i := range 1 + r.IntN(4) {
				b.put(fmt.Sprintf("f%d.csv", i), dirty(r, 1+r.IntN(200), false)).put(fmt.Sprintf("f%d.jsonl", i), dirty(r, 1+r.IntN(200), true))
			}
			b.sizes.workers, b.sizes.readers, b.sizes.batchRows = 1+r.IntN(4), 1+r.IntN(3), 1+r.IntN(50)
			doc := b.prepared()
			checkAccounts(t, b, doc)

			again := newBench(t).define(change)
			again.source = b.source
			again.define(change)
			other := again.prepared()
			other.StartedAt, other.FinishedAt = doc.StartedAt, doc.FinishedAt
			assert.Equal(t, doc, other, "the account depends on more than the files")
			assert.Equal(t, b.rows(audience.PreparedDir), again.rows(audience.PreparedDir))
			assert.Equal(t, b.rows(audience.QuarantineDir), again.rows(audience.QuarantineDir))
		})
	}
}

func checkAccounts(t *testing.T, b *bench, doc *audience.Prepared) {
	t.Helper()
	rows, reasons := int64(0), int64(0)
	for _, f := range doc.Files {
		rows += f.Rows
	}
	for _, n := range doc.RowReasons {
		reasons += n
	}
	assert.Equal(t, doc.Source, rows)
	assert.Equal(t, doc.Quarantined, reasons)

	// The same numbers, counted from the files: valid by column and invalid by record, the records of dropped rows apart.
	columns := map[string][]string{}
	for _, row := range b.rows(audience.PreparedDir) {
		for i, value := range strings.Split(row, "|") {
			if value != "∅" {
				columns[doc.Columns[i]] = append(columns[doc.Columns[i]], value)
			}
		}
	}
	dropped, invalid := map[string]bool{}, map[string]map[string]int64{}
	records := b.rows(audience.QuarantineDir)
	for _, record := range records {
		if f := strings.Split(record, "|"); f[4] == droppedRow {
			assert.False(t, dropped[f[0]+"|"+f[1]], "row twice in the quarantine: %s", record)
			dropped[f[0]+"|"+f[1]] = true
		}
	}
	for _, record := range records {
		f := strings.Split(record, "|")
		if f[4] == droppedField && !dropped[f[0]+"|"+f[1]] {
			if invalid[f[2]] == nil {
				invalid[f[2]] = map[string]int64{}
			}
			invalid[f[2]][f[3]]++
		}
	}
	for key, q := range doc.Keys {
		column := key.Column()
		if key == audience.DOB {
			column = audience.DOBYear.Column()
		}
		taken := q.Invalid[string(identity.NotYesOrNo)] // for LDU
		assert.Len(t, columns[column], int(q.Valid+taken), key)
		assert.Equal(t, invalid[string(key)], q.Invalid, key)
		sum := q.Valid
		for _, n := range q.Invalid {
			sum += n
		}
		assert.Equal(t, sum, q.Filled, key)
		if key != audience.DOB && key != audience.Email && taken == 0 { // whose values and hashes are mixed
			different := len(slices.Compact(slices.Sorted(slices.Values(columns[column]))))
			assert.Equal(t, int64(len(columns[column])-different), q.Duplicates, key)
		}
	}
	assert.Subset(t, doc.Columns, []string{"spent"})
}
