package prepare

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func TestGates(t *testing.T) {
	rows := "customer_id,Email,Last Name,ok\n1,,,y\n2,,,y\n3,,,y\n,x,,y\n,x,,y\n6,,,y\n7,n\n8,,,n\n9,,,n\n"
	for _, c := range []struct {
		name   string
		change map[string]any
		says   []string
	}{
		{"too many invalid", map[string]any{"limits.max_invalid_ratio": 0.42}, []string{
			"3 of 7 rows (42.9 %)", "allows 42.0 %", "no_key (2), ragged_row (1)", "limits.max_invalid_ratio", "quarantine/"}},
		{"too few", map[string]any{"limits.min_rows": 5}, []string{"4 rows are left", "asks for 5", "of 9 rows 2 lack consent, 0 opted out and 3 were quarantined", "quarantine/"}},
		{"nobody agrees", map[string]any{"source.consent": "Last Name"}, []string{"0 rows are left", `column "Last Name"`, "yes, y, true, t, 1, on"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := map[string]any{"source.consent": "ok"}
			for key, value := range c.change {
				change[key] = value
			}
			b := newBench(t).define(change).put("a.csv", rows)
			_ = b.fails(audience.Gate, c.says...)
			var doc audience.Prepared
			require.NoError(t, b.deps.Folder.ReadJSON(t.Context(), audience.PreparedFile, &doc))
			b.checkDocument(&doc)
			assert.Equal(t, int64(9), doc.Source)
			assert.NotEmpty(t, b.rows(audience.QuarantineDir))
		})
	}
	b := newBench(t).define(map[string]any{"source.consent": "ok", "limits.max_invalid_ratio": 3.0 / 7, "limits.min_rows": 4}).put("a.csv", rows)
	assert.Equal(t, int64(4), b.prepared().Prepared, "a limit that is just met is met")
}

func TestPreparedAlready(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(100))
	first := b.prepared()
	parts := b.keys(b.deps.Folder, audience.PreparedDir)
	require.NoError(t, b.catalog.Delete(t.Context(), "acme_big_spenders.json"))

	b.put("a.csv", "gone")
	b.deps.Now = func() time.Time { return today.Add(time.Hour) }
	assert.Equal(t, first, b.prepared())
	assert.Equal(t, parts, b.keys(b.deps.Folder, audience.PreparedDir))
	assert.Equal(t, "r1", b.table().Run, "the table is switched again")
}

func TestFilesInAnotherEncodingAreCalledThat(t *testing.T) {
	b := newBench(t).define(map[string]any{"limits.max_invalid_ratio": 0.1}).put("a.csv", "customer_id,Email,Last Name\n1,a@b.de,M\xfcller\n2,c@d.de,Gro\xdf\n")
	_ = b.fails(audience.Gate, "bad_encoding (2)", "set source.encoding", "limits.max_invalid_ratio")
}

func TestMendedAfterGate(t *testing.T) {
	b := newBench(t).define(map[string]any{"limits.max_invalid_ratio": 0.1}).put("a.csv", "customer_id,Email,Last Name\n,x,\n,y,\n3,,\n")
	_ = b.fails(audience.Gate, "no_key (2)")
	b.put("a.csv", csvOf(30))
	assert.Equal(t, int64(30), b.prepared().Prepared)
	assert.Empty(t, b.rows(audience.QuarantineDir))
	assert.NotEmpty(t, b.table().Location)
}

func TestMadeAnewWhenIncomplete(t *testing.T) {
	for name, spoil := range map[string]func(b *bench){
		"killed before prepared.json": func(b *bench) {
			require.NoError(b, b.deps.Folder.Delete(b.Context(), audience.PreparedFile))
		},
		"parts cleared away": func(b *bench) { require.NoError(b, b.deps.Folder.Clear(b.Context(), audience.PreparedDir)) },
		"another version's": func(b *bench) {
			require.NoError(b, b.deps.Folder.WriteJSON(b.Context(), audience.PreparedFile, map[string]any{"schema": 99}))
		},
		"no document": func(b *bench) {
			require.NoError(b, b.deps.Folder.Write(b.Context(), audience.PreparedFile, []byte("{")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t).put("a.csv", csvOf(40)+",nobody,\n")
			b.prepared()
			want := b.rows(audience.PreparedDir)
			spoil(b)
			require.NoError(t, b.deps.Folder.Write(t.Context(), audience.PreparedDir+"part-old-00-0001.parquet", []byte("half a part")))
			doc := b.prepared()
			assert.Equal(t, int64(40), doc.Prepared)
			assert.Equal(t, want, b.rows(audience.PreparedDir))
			assert.Len(t, b.rows(audience.QuarantineDir), 2)
		})
	}
}

// failingCatalog is a catalog that is out of reach.
type failingCatalog struct{}

func (failingCatalog) Switch(context.Context, audience.CatalogTable) error {
	return errors.New("catalog out of reach")
}

func TestCatalogOutOfReach(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(40))
	working := b.deps.Catalog
	b.deps.Catalog = failingCatalog{}
	_, err := b.run()
	require.ErrorContains(t, err, "out of reach")
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	b.deps.Catalog = working
	b.put("a.csv", "gone")
	assert.Equal(t, int64(40), b.prepared().Prepared, "the next attempt only switches")
}

// stopAtFile is a log that calls stop when the first file has been read.
type stopAtFile struct {
	slog.Handler
	stop func()
}

func (h stopAtFile) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "read a file" {
		h.stop()
	}
	return nil
}

func (stopAtFile) Enabled(context.Context, slog.Level) bool { return true }

func TestStopped(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(2000))
	ctx, cancel := context.WithCancel(t.Context())
	b.deps.Log = slog.New(stopAtFile{slog.DiscardHandler, cancel})
	for i := range 5 {
		b.put(string(rune('b'+i))+".csv", csvOf(2000))
	}
	_, err := run(ctx, b.deps, b.sizes)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, audience.Transient, audience.ClassOf(err))
	_, err = b.deps.Folder.Read(t.Context(), audience.PreparedFile)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Empty(t, b.keys(b.deps.Folder, ""))
	assert.Empty(t, b.keys(b.catalog, ""))
	assert.Equal(t, int64(12000), b.prepared().Prepared, "the run continues")
}
