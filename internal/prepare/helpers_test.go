package prepare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// handMade is the folder with the files of one oddity each.
const handMade = "../../test/data"

var today = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// A bench is a run over a folder of raw files.
type bench struct {
	testing.TB

	source  string // folder of the raw files
	catalog *storage.Folder
	deps    Deps
	sizes   sizes
	log     *bytes.Buffer
}

// definition is the audience's, before a test changes it.
func definition(path string) map[string]any {
	return map[string]any{
		"tenant": "acme", "name": "big-spenders",
		"source": map[string]any{"path": path, "columns": map[string]string{"EXTERN_ID": "customer_id", "EMAIL": "Email", "LN": "Last Name"}},
		"match":  map[string]any{"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
		"meta":   map[string]any{"ad_account": "act_1"},
		"limits": map[string]any{"max_invalid_ratio": 1, "min_rows": 1},
	}
}

// newBench makes a run whose source is a new folder. Its batches and parts are small, so that few rows make many.
func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{TB: t, source: t.TempDir(), log: &bytes.Buffer{}}
	b.sizes = sizes{workers: 3, readers: 2, batchRows: 7, partRows: 20, partBytes: 1 << 20, exact: 1000, known: 50}
	open := func() *storage.Folder {
		folder, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, folder.Close()) })
		return folder
	}
	b.catalog = open()
	b.deps = Deps{
		Folder: open(), Catalog: DocumentCatalog{Folder: b.catalog}, Now: func() time.Time { return today },
		Log: slog.New(slog.NewJSONHandler(b.log, nil)),
	}
	return b.define(nil)
}

// define sets the definition. Keys of change are such as "source.keep".
func (b *bench) define(change map[string]any) *bench {
	b.Helper()
	def := definition(storage.FileURL(b.source) + "/")
	for key, value := range change {
		part, field, _ := strings.Cut(key, ".")
		section, ok := def[part].(map[string]any)
		require.True(b, ok, key)
		section[field] = value
	}
	doc, err := json.Marshal(map[string]any{"schema": 1, "run": "r1", "tenant": "acme", "audience": "big-spenders", "definition": def})
	require.NoError(b, err)
	b.deps.Run, err = audience.ParseRun(doc)
	require.NoError(b, err)
	return b
}

// put writes a raw file.
func (b *bench) put(name, content string) *bench {
	b.Helper()
	path := filepath.Join(b.source, filepath.FromSlash(name))
	require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(b, os.WriteFile(path, []byte(content), 0o600))
	return b
}

// putHandMade copies a file of test/data.
func (b *bench) putHandMade(name string) *bench {
	b.Helper()
	data, err := os.ReadFile(filepath.Join(handMade, name))
	require.NoError(b, err)
	return b.put(name, string(data))
}

// putParquet writes a raw Parquet file of these columns; ∅ is null.
func (b *bench) putParquet(name string, fields []table.Field, rows ...[]string) *bench {
	b.Helper()
	var out bytes.Buffer
	w, err := table.NewWriter(&out, fields, table.WriteOptions{RowGroupRows: 100})
	require.NoError(b, err)
	columns := make([]table.Column, len(fields))
	for _, row := range rows {
		for i, value := range row {
			if value == "∅" {
				columns[i].AppendNull()
			} else {
				columns[i].AppendString(value)
			}
		}
	}
	require.NoError(b, w.WriteBatch(columns, func(row, column int) { b.Fatalf("row %d of %s has no %s", row, name, fields[column].Type) }))
	require.NoError(b, w.Close())
	return b.put(name, out.String())
}

func (b *bench) run() (*audience.Prepared, error) {
	return run(b.Context(), b.deps, b.sizes)
}

// prepared runs and wants success.
func (b *bench) prepared() *audience.Prepared {
	b.Helper()
	doc, err := b.run()
	require.NoError(b, err)
	b.checkDocument(doc)
	return doc
}

// checkDocument makes sure that prepared.json is the document, and that the document is true.
func (b *bench) checkDocument(doc *audience.Prepared) {
	b.Helper()
	var written audience.Prepared
	require.NoError(b, b.deps.Folder.ReadJSON(b.Context(), audience.PreparedFile, &written))
	assert.Equal(b, *doc, written)
	assert.Equal(b, doc.Source, doc.NoConsent+doc.Suppressed+doc.Quarantined+doc.Prepared)
	assert.Len(b, b.rows(audience.PreparedDir), int(doc.Prepared))
	dropped := slices.DeleteFunc(b.rows(audience.QuarantineDir), func(r string) bool { return strings.HasSuffix(r, "|field") })
	assert.Len(b, dropped, int(doc.Quarantined))
}

// fails runs and wants an error of a class, which says all of this and what to do.
func (b *bench) fails(class audience.Class, says ...string) error {
	b.Helper()
	err := b.failsWithoutAdvice(class, says...)
	assert.NotEmpty(b, audience.NextOf(err), "nobody is told what to do about: %s", err)
	return err
}

// failsWithoutAdvice is fails for what needs none: trying again may do. The table must be as it was: not there.
func (b *bench) failsWithoutAdvice(class audience.Class, says ...string) error {
	b.Helper()
	_, err := b.run()
	require.Error(b, err)
	assert.Equal(b, class, audience.ClassOf(err), err.Error())
	for _, part := range says {
		require.ErrorContains(b, err, part)
	}
	assert.Empty(b, b.keys(b.catalog, ""), "the table was switched")
	return err
}

func (b *bench) keys(folder *storage.Folder, prefix string) []string {
	b.Helper()
	objects, err := folder.List(b.Context(), prefix)
	require.NoError(b, err)
	var keys []string
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	return keys
}

// rows gives all rows of a folder of Parquet files, sorted: their values joined by |, null as ∅.
func (b *bench) rows(dir string) []string {
	b.Helper()
	var all []string
	for _, key := range b.keys(b.deps.Folder, dir) {
		all = append(all, b.rowsOf(key)...)
	}
	slices.Sort(all)
	return all
}

func (b *bench) rowsOf(key string) []string {
	b.Helper()
	ra, err := b.deps.Folder.ReaderAt(b.Context(), key)
	require.NoError(b, err)
	defer func() { assert.NoError(b, ra.Close()) }()
	footer, err := table.ReadFooter(key, ra, ra.Size())
	require.NoError(b, err)
	var names []string
	for _, c := range footer.Columns {
		names = append(names, c.Name)
	}
	r, err := table.OpenColumns(key, ra, ra.Size(), names)
	require.NoError(b, err)
	defer func() { assert.NoError(b, r.Close()) }()
	var rows []string
	for batch := (table.Batch{}); ; {
		err := r.Read(&batch, 1000)
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(b, err)
		for i := range batch.Rows {
			values := make([]string, len(names))
			for c := range batch.Columns {
				if values[c] = string(batch.Columns[c].Value(i)); batch.Columns[c].IsNull(i) {
					values[c] = "∅"
				}
			}
			rows = append(rows, strings.Join(values, "|"))
		}
	}
}

// table is the catalog's table.
func (b *bench) table() audience.CatalogTable {
	b.Helper()
	var doc audience.CatalogTable
	require.NoError(b, b.catalog.ReadJSON(b.Context(), "acme_big_spenders.json", &doc))
	return doc
}

// csvOf is a CSV file of n customers with addresses of their own.
func csvOf(n int) string {
	var text strings.Builder
	text.WriteString("customer_id,Email,Last Name\n")
	for i := range n {
		fmt.Fprintf(&text, "C-%d,person%d@example.com,Lee\n", i, i)
	}
	return text.String()
}
