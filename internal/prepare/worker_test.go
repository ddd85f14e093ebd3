package prepare

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// words are values of every key, good and bad, and some of them as hashes too.
var words = map[string][]string{
	"id": {"c1", "c2", "n/a", " c3 ", "\x00"}, "mail": {"n/a", "a@b", " Zoe@Example.com", "zoe@example.com", "J@MÜLLER.de", "x.@y.com", "test@test.com"},
	"phone": {"call me", "+49 30 1234567", "(415) 555-0100", "1", "030 1234567", "0041 44 668 18 00", "415.555.0100x7", "12345678901234567890"},
	"sex":   {"f", "Herr", "?", "male", "W"}, "born": {"1/2/1980", "1980-02-30", "31.12.1999", "2100-01-01", "16 Feb 1997", "n/a", "2/16/97"},
	"last": {"Lee", "lee", "  ", "Müller", "-", "李", "O'Neil", "n/a"}, "first": {"Ann", "\u200b", "7", "ANN", "Zoë"}, "initial": {"A", "ann", "1"},
	"city": {"Zürich", "zurich", "1", "San José"}, "state": {"CA", "Bavaria", "ZZ", "california", "Bayern"}, "zip": {"94103", "94103-1234", "SW1A 1AA", "!", "00000", "9410"},
	"device": {"AEBE52E7-03EE-455A-B3C4-E57283966239", "00000000-0000-0000-0000-000000000000", "x"}, "country": {"US", "us", "Deutschland", "??", "GB", "PR"},
	"worth": {"7", "1.5e3", "-2", "1.234.567", "0"}, "limits": {"yes", "0", "perhaps", "n/a", "LDU"}, "ok": {"yes", "yes", "1", "no", ""}, "spent": {"1.5", "much", " "},
	"note": {"", " ", "anything", "it"},
}

// randomRows are a CSV file of words, their hashes, and values that hardly come again.
func randomRows(r *rand.Rand, rows int) string {
	names := strings.Split(everyHeader[:len(everyHeader)-1]+",ok,spent,note", ",")
	var text strings.Builder
	text.WriteString(strings.Join(names, ",") + "\n")
	hashes := r.IntN(3) == 0
	for range rows {
		if r.IntN(25) == 0 {
			text.WriteString("too,few\n")
			continue
		}
		for i, name := range names {
			if i > 0 {
				text.WriteByte(',')
			}
			value := words[name][r.IntN(len(words[name]))]
			switch n := r.IntN(20); {
			case n < 4:
				value = ""
			case n == 4 && hashes:
				value = hashOf(strings.ToLower(value))
			case n == 5 && name != "ok":
				value = fmt.Sprint(value, r.IntN(100))
			case n == 6:
				value = strings.Repeat(value, 40)
			}
			fmt.Fprintf(&text, "%q", value)
		}
		text.WriteByte('\n')
	}
	return strings.ReplaceAll(text.String(), `\x00`, "")
}

// definitions are what the workers are told.
func someDefinition(r *rand.Rand) map[string]any {
	change := map[string]any{"source.default_country": []string{"DE", "US", ""}[r.IntN(3)], "source.date_order": []string{"mdy", "dmy", "ymd"}[r.IntN(3)]}
	columns := map[string]string{"LN": "last"}
	for key, column := range everyKey["source.columns"].(map[string]string) {
		if r.IntN(5) > 0 {
			columns[key] = column
		}
	}
	change["source.columns"] = columns
	if change["source.default_country"] == "" {
		delete(change, "source.default_country")
	}
	if r.IntN(2) == 0 {
		change["source.consent"] = "ok"
	}
	if r.IntN(2) == 0 {
		change["source.keep"] = []any{map[string]string{"column": "spent", "type": "double"}, map[string]string{"column": "note"}}
	}
	return change
}

// plain makes a worker as another pipeline would have it, with files of its own.
func (b *bench) plain(p *pipeline) *plainWorker {
	b.Helper()
	folder, err := storage.Open(b.Context(), storage.FileURL(b.TempDir()))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, folder.Close()) })
	def := b.deps.Run.Def().Source
	w := &plainWorker{
		layout: p.layout, suppressed: p.workers[0].suppressed, dateOrder: def.DateOrder,
		normalizer: identity.NewNormalizer(def.DefaultCountry, func() time.Time { return today }),
		prepared:   newParts(folder, audience.PreparedDir+"part", p.layout.fields, b.sizes), quarantine: newQuarantine(folder, audience.QuarantineDir+"part", b.sizes),
		tallies: newTallies(len(p.layout.keys)), out: make([]table.Column, len(p.layout.fields)), hashes: make([][]uint64, len(p.layout.keys)),
		cells: newCells(p.layout), rowReasons: map[string]int64{}, unparsed: map[string]int64{},
	}
	for range p.layout.keys {
		w.counts = append(w.counts, &distinct{limit: b.sizes.exact})
	}
	return w
}

// checkWorker prepares random rows by a worker and by the plain one.
func checkWorker(t *testing.T, seed uint64, rows, batchRows, known, bytes int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	b := newBench(t).define(someDefinition(r)).put("a.csv", randomRows(r, rows))
	if r.IntN(2) == 0 {
		b.suppress(audience.Email, "zoe@example.com").suppress(audience.ExternID, "c1")
	}
	b.sizes = sizes{workers: 1, readers: 1, batchRows: batchRows, partRows: 150, partBytes: 1 << 20, exact: 40, known: known}
	p := b.pipeline()
	w, plain := p.workers[0], b.plain(p)
	w.mostBytes = bytes
	reader, err := p.src.open(t.Context(), &p.src.files[0])
	require.NoError(t, err)
	for {
		both := &batch{file: &p.src.files[0]}
		if err = reader.Read(&both.Batch); errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.NoError(t, w.write(t.Context(), both))
		require.NoError(t, plain.write(t.Context(), both))
	}
	require.NoError(t, reader.Close())
	require.NoError(t, w.close(t.Context()))
	require.NoError(t, plain.close(t.Context()))

	require.Equal(t, plain.noConsent, w.noConsent)
	require.Equal(t, plain.optedOut, w.optedOut)
	require.Equal(t, plain.rowReasons, w.rowReasons)
	require.Equal(t, plain.unparsed, w.unparsed)
	require.Equal(t, plain.tallies, w.tallies)
	require.Equal(t, plain.prepared.rows, w.prepared.rows)
	for k := range w.counts {
		want, estimated := plain.counts[k].count()
		got, gotEstimated := w.counts[k].count()
		require.Equal(t, want, got, p.layout.keys[k].key)
		require.Equal(t, estimated, gotEstimated)
	}
	other := *b
	other.deps.Folder = plain.prepared.folder
	requireSameParts(t, &other, plain.prepared.done, b, w.prepared.done)
	requireSameParts(t, &other, plain.quarantine.parts.done, b, w.quarantine.parts.done)
}

func requireSameParts(t *testing.T, plain *bench, wants []string, b *bench, keys []string) {
	t.Helper()
	require.Len(t, keys, len(wants))
	for i := range keys {
		require.Equal(t, plain.rowsOf(wants[i]), b.rowsOf(keys[i]))
	}
}

func TestWorkerDoesWhatThePlainOneDoes(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 12))
			checkWorker(t, seed, 1+r.IntN(600), 1+r.IntN(200), 1+r.IntN(40), 1<<r.IntN(20))
		})
	}
}

func FuzzWorker(f *testing.F) {
	f.Add(uint64(1), uint16(500), uint16(100), uint16(10), uint32(1000))
	f.Add(uint64(2), uint16(50), uint16(1), uint16(1000), uint32(1<<20))
	f.Fuzz(func(t *testing.T, seed uint64, rows, batchRows, known uint16, bytes uint32) {
		checkWorker(t, seed, 1+int(rows)%2000, 1+int(batchRows)%1000, 1+int(known), int(bytes))
	})
}
