package prepare

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// handMadeRows is what every well-formed file of test/data becomes.
var handMadeRows = []string{
	"C-1|zoe@example.com|" + hashOf("zoe@example.com") + "|müller|" + hashOf("müller") + "|two\nlines",
	"C-2|ann@example.org|" + hashOf("ann@example.org") + "|oneil|" + hashOf("oneil") + "|says \"hi\", then; goes\taway | x",
	"C-3|∅|∅|lee|" + hashOf("lee") + "|∅",
}

func TestEveryDialectGivesTheSameTable(t *testing.T) {
	encodings := map[string]string{"utf-16be-no-bom.csv": "utf-16", "latin-1.csv": "latin-1"}
	entries, err := os.ReadDir(handMade)
	require.NoError(t, err)
	tried := 0
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, "bad-") || strings.HasPrefix(name, "empty") || strings.HasPrefix(name, "header-only") ||
			strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".md") {
			continue
		}
		tried++
		t.Run(name, func(t *testing.T) {
			change := map[string]any{"source.keep": []string{"Note"}}
			if encoding := encodings[name]; encoding != "" {
				change["source.encoding"] = encoding
			}
			b := newBench(t).define(change).putHandMade(name)
			doc := b.prepared()
			assert.Equal(t, handMadeRows, b.rows(audience.PreparedDir))
			assert.Empty(t, b.rows(audience.QuarantineDir))
			assert.Equal(t, []audience.SourceFile{{Name: name, Bytes: doc.Files[0].Bytes, Rows: 3}}, doc.Files)
			assert.Positive(t, doc.Files[0].Bytes)
		})
	}
	assert.Greater(t, tried, 15)
}

func TestParquetAndManyFilesInFolders(t *testing.T) {
	b := newBench(t).define(map[string]any{"source.keep": []any{"visits", "Since", map[string]string{"column": "Note", "type": "string"}, "Only Here"}})
	fields := []table.Field{
		{Name: "customer_id", Type: table.BigInt}, {Name: "EMAIL", Type: table.String}, {Name: "Last Name", Type: table.String},
		{Name: "visits", Type: table.BigInt}, {Name: "since", Type: table.Date}, {Name: "note", Type: table.Double}, {Name: "only here", Type: table.Boolean},
	}
	b.putParquet("2026/a.parquet", fields, []string{"1", "A@example.com", "Lee", "7", "2020-02-29", "1.5", "true"}, []string{"2", "∅", "Poe", "∅", "∅", "∅", "∅"})
	b.putParquet("2025/old/b.parquet", fields[:5:5]) // overwritten below: the folder has only files with all columns
	fields[6].Type = table.String
	b.putParquet("2025/old/b.parquet", fields, []string{"3", "b@example.com", "Roe", "-1", "1999-12-31", "∅", "maybe"})
	b.put("_SUCCESS", "").put("_old/x.parquet", "not Parquet").put(".hidden", "x").put("2026/folder_$folder$", "")

	doc := b.prepared()
	assert.Equal(t, []string{
		"1|a@example.com|" + hashOf("a@example.com") + "|lee|" + hashOf("lee") + "|7|2020-02-29|1.5|true",
		"2|∅|∅|poe|" + hashOf("poe") + "|∅|∅|∅|∅",
		"3|b@example.com|" + hashOf("b@example.com") + "|roe|" + hashOf("roe") + "|-1|1999-12-31|∅|maybe",
	}, b.rows(audience.PreparedDir))
	assert.Equal(t, []string{"extern_id", "email", "email_sha256", "ln", "ln_sha256", "visits", "since", "note", "only_here"}, doc.Columns)
	assert.Equal(t, "2025/old/b.parquet", doc.Files[0].Name)
	assert.Equal(t, "2026/a.parquet", doc.Files[1].Name)
	assert.Len(t, doc.Files, 2)

	var types []string
	for _, c := range b.table().Columns {
		types = append(types, c.Name+":"+c.Type)
	}
	assert.Equal(t, []string{
		"extern_id:string", "email:string", "email_sha256:string", "ln:string", "ln_sha256:string",
		"visits:bigint", "since:date", "note:string", "only_here:string", // whose types differ between the files
	}, types)
}

func TestSwitchesTheTable(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(50))
	b.prepared()
	got := b.table()
	assert.Equal(t, b.deps.Folder.URL()+"prepared/", got.Location)
	assert.Equal(t, "acme_big_spenders", got.Name)
	assert.Equal(t, "r1", got.Run)
	assert.Equal(t, 1, got.Schema)
	assert.Equal(t, audience.CatalogColumn{Name: "extern_id", Type: "string"}, got.Columns[0])
	assert.Equal(t, []string{"acme_big_spenders.json"}, b.keys(b.catalog, ""))
}

// everyKey maps all of Meta's keys.
var everyKey = map[string]any{
	"source.columns": map[string]string{
		"EXTERN_ID": "id", "EMAIL": "mail", "PHONE": "phone", "GEN": "sex", "DOB": "born", "LN": "last", "FN": "first", "FI": "initial",
		"CT": "city", "ST": "state", "ZIP": "zip", "MADID": "device", "COUNTRY": "country",
		"LOOKALIKE_VALUE": "worth", "DATA_PROCESSING_OPTIONS": "limits",
	},
	"source.default_country": "DE",
}

const everyHeader = "id,mail,phone,sex,born,last,first,initial,city,state,zip,device,country,worth,limits\n"

func TestColumnsAreInMetasOrder(t *testing.T) {
	b := newBench(t).define(everyKey).put("a.csv", everyHeader+
		"7,Zoe@Example.com,(415) 555-0100,f,2/3/1980,Roe,Zoe,Z,San Francisco,California,94103-1234,AEBE52E7-03EE-455A-B3C4-E57283966239,USA,12.50,yes\n"+
		"8,,030 1234567,,,Doe,,,,,,,,,\n")
	doc := b.prepared()
	var want []string
	for _, key := range audience.Keys {
		want = append(want, key.Column())
		if key.Hashed() {
			want = append(want, key.HashColumn())
		}
	}
	assert.Equal(t, want, doc.Columns)
	rows := b.rows(audience.PreparedDir)
	values := strings.Split(rows[0], "|")
	got := map[string]string{}
	for i, name := range doc.Columns {
		got[name] = values[i]
	}
	for key, canonical := range map[audience.Key]string{
		"EMAIL": "zoe@example.com", "PHONE": "14155550100", "GEN": "f", "DOBY": "1980", "DOBM": "02", "DOBD": "03", "LN": "roe", "FN": "zoe",
		"FI": "z", "CT": "sanfrancisco", "ST": "ca", "ZIP": "94103", "COUNTRY": "us",
	} {
		assert.Equal(t, canonical, got[key.Column()], key)
		assert.Equal(t, hashOf(canonical), got[key.HashColumn()], key)
	}
	assert.Equal(t, "7", got["extern_id"])
	assert.Equal(t, "12.5", got["lookalike_value"])
	assert.Equal(t, audience.Limited, got["data_processing_options"])
	assert.Equal(t, "aebe52e7-03ee-455a-b3c4-e57283966239", got["madid"])
	assert.Contains(t, rows[1], "|49301234567|", "the default country reads a row without one")
	assert.Equal(t, audience.KeyQuality{Filled: 1, Valid: 1}, doc.Keys[audience.DOB])
	assert.NotContains(t, doc.Keys, audience.DOBYear)
}

// Values that say how to use a person are kept as they will be sent; one that cannot be read costs nobody their place.
func TestValues(t *testing.T) {
	columns := map[string]string{"EXTERN_ID": "id", "LOOKALIKE_VALUE": "worth", "DATA_PROCESSING_OPTIONS": "ccpa"}
	rows := "id,worth,ccpa\n1,44.50,yes\n2,0,no\n3,,\n4,\"1,234.50\",maybe\n5,-1,n/a\n6,44.5,LDU\n"
	b := newBench(t).define(map[string]any{"source.columns": columns}).put("a.csv", rows)
	doc := b.prepared()
	assert.Equal(t, []string{"1|44.5|[\"LDU\"]", "2|0|[]", "3|∅|∅", "4|∅|[\"LDU\"]", "5|∅|∅", "6|44.5|[\"LDU\"]"}, b.rows(audience.PreparedDir))
	assert.Equal(t, []audience.CatalogColumn{{Name: "extern_id", Type: "string"}, {Name: "lookalike_value", Type: "double"}, {Name: "data_processing_options", Type: "string"}}, b.table().Columns)
	assert.Equal(t, audience.KeyQuality{Filled: 5, Valid: 3, Invalid: map[string]int64{"ambiguous_value": 1, "negative_value": 1}, Duplicates: 1}, doc.Keys[audience.LookalikeValue])
	assert.Equal(t, audience.KeyQuality{Filled: 5, Valid: 3, Invalid: map[string]int64{"not_yes_or_no": 1, "placeholder": 1}, Duplicates: 1}, doc.Keys[audience.DataProcessing])

	b = newBench(t).define(map[string]any{"source.columns": columns, "limits.max_invalid_ratio": 0.3}).put("a.csv", rows)
	_ = b.fails(audience.Gate, "the LOOKALIKE_VALUE of 2 of 6 people (33.3 %) cannot be read", "ambiguous_value (1), negative_value (1)", `column "worth"`, "quarantine/")
	b = newBench(t).define(map[string]any{"source.columns": columns, "limits.max_invalid_ratio": 0.3, "meta.mode": "remove"}).put("a.csv", rows)
	assert.Equal(t, int64(6), b.prepared().Prepared, "who is removed needs no value")
	b = newBench(t).define(map[string]any{"source.columns": columns, "limits.max_invalid_ratio": 0.1}).put("a.csv", strings.NewReplacer(`"1,234.50"`, "1", "-1", "1").Replace(rows))
	_ = b.fails(audience.Gate, "the DATA_PROCESSING_OPTIONS of 1 of 6 people (16.7 %) cannot be read", "not_yes_or_no (1)", `column "ccpa"`)
}

func TestHashesPassThrough(t *testing.T) {
	hash := hashOf("zoe@example.com")
	b := newBench(t).put("a.csv", "customer_id,Email,Last Name\n1,"+strings.ToUpper(hash)+",\n2,Zoe@Example.com,\n3,x@example.com,\n")
	doc := b.prepared()
	assert.Equal(t, []string{
		"1|" + hash + "|" + hash + "|∅|∅", "2|zoe@example.com|" + hash + "|∅|∅", "3|x@example.com|" + hashOf("x@example.com") + "|∅|∅",
	}, b.rows(audience.PreparedDir))
	assert.Equal(t, audience.KeyQuality{Filled: 3, Valid: 3, Duplicates: 1}, doc.Keys[audience.Email], "a value and its hash are the same person")
}

func TestQuarantine(t *testing.T) {
	keep := []any{map[string]string{"column": "Spent", "type": "double"}, map[string]string{"column": "Last Seen", "type": "date"}}
	b := newBench(t).define(map[string]any{"source.keep": keep, "source.consent": "ok"}).put("sub/a.csv", "customer_id,Email,Last Name,Spent,Last Seen,ok\n"+
		"1,one@example.com,Lee,1.50,2026-01-02,yes\n"+
		"2,not an address,Lee,,,Yes\n"+
		"3,three@example.com,Lee,much,yesterday,1\n"+
		"4,four@example.com\n"+
		",also no address,,5,,TRUE\n"+
		",,,5,,y\n"+
		"7,seven@example.com,Lee,,,no\n"+
		",broken mail,,,,\n"+
		"9,nine@example.com,Lee,1,1.1.2026,t\n")
	doc := b.prepared()
	assert.Equal(t, []string{
		"sub/a.csv|2|EMAIL|not_an_address|field",
		"sub/a.csv|3|last_seen|not_date|field",
		"sub/a.csv|3|spent|not_double|field",
		"sub/a.csv|4|∅|ragged_row|row",
		"sub/a.csv|5|EMAIL|not_an_address|field",
		"sub/a.csv|5|∅|no_key|row",
		"sub/a.csv|6|∅|no_key|row",
		"sub/a.csv|9|last_seen|not_date|field",
	}, b.rows(audience.QuarantineDir))
	assert.Equal(t, map[string]int64{"ragged_row": 1, "no_key": 2}, doc.RowReasons)
	assert.Equal(t, map[string]int64{"last_seen:not_date": 2, "spent:not_double": 1}, doc.KeptReasons)
	assert.Equal(t, []int64{9, 2, 3, 4}, []int64{doc.Source, doc.NoConsent, doc.Quarantined, doc.Prepared})
	assert.Equal(t, audience.KeyQuality{Filled: 4, Valid: 3, Invalid: map[string]int64{"not_an_address": 1}}, doc.Keys[audience.Email])
	assert.Equal(t, audience.KeyQuality{Filled: 4, Valid: 4, Duplicates: 3}, doc.Keys[audience.LastName])
	assert.Contains(t, b.rows(audience.PreparedDir), "3|three@example.com|"+hashOf("three@example.com")+"|lee|"+hashOf("lee")+"|∅|∅")
}

func TestBadRowsOfHandMadeFiles(t *testing.T) {
	for _, c := range []struct {
		name, encoding string
		prepared       int64
		quarantine     []string
	}{
		{"bad-ragged.csv", "", 2, []string{"2|∅|ragged_row|row", "3|∅|ragged_row|row"}},
		{"bad-quotes.csv", "", 2, []string{"2|∅|bad_quote|row", "4|∅|unclosed_quote|row"}},
		{"bad-encoding.csv", "", 1, []string{"2|∅|bad_encoding|row"}},
		{"bad-encoding.csv", "latin-1", 2, nil},
		{"bad-lines.jsonl", "", 1, []string{"2|∅|not_json|row", "3|∅|not_json|row", "4|∅|nested_value|row", "5|∅|duplicate_key|row", "6|∅|not_json|row"}},
	} {
		t.Run(c.name+c.encoding, func(t *testing.T) {
			change := map[string]any{}
			if c.encoding != "" {
				change["source.encoding"] = c.encoding
			}
			b := newBench(t).define(change).putHandMade(c.name)
			doc := b.prepared()
			assert.Equal(t, c.prepared, doc.Prepared)
			var want []string
			for _, record := range c.quarantine {
				want = append(want, c.name+"|"+record)
			}
			assert.Equal(t, want, b.rows(audience.QuarantineDir))
		})
	}
}

func TestBadInputChangesNothing(t *testing.T) {
	for _, c := range []struct {
		file  string
		class audience.Class
		says  []string
	}{
		{"bad-header.csv", audience.Invalid, []string{"bad-header.csv", "customer_id", "Email", "Last Name"}},
		{"bad-one-column.csv", audience.Invalid, []string{"bad-one-column.csv", `no column "Email"`, "Mail"}},
		{"bad-twice.csv", audience.Invalid, []string{"bad-twice.csv", "more than one column", "Email"}},
		{"bad-not-parquet.parquet", audience.Invalid, []string{"bad-not-parquet.parquet", "not a Parquet file"}},
		{"bad-truncated.csv.gz", audience.Invalid, []string{"bad-truncated.csv.gz", "truncated gzip"}},
		{"bad-array.json", audience.Invalid, []string{"bad-array.json", "JSON array"}},
		{"empty.csv", audience.Gate, []string{"empty input", "source.path"}},
		{"empty.csv.gz", audience.Gate, []string{"empty input", "source.path"}},
		{"README.md", audience.Invalid, []string{"README.md", "format"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			b := newBench(t).putHandMade(c.file)
			_ = b.fails(c.class, c.says...)
			assert.Empty(t, b.keys(b.deps.Folder, ""))
		})
	}
}

func TestOneBadFileAmongMany(t *testing.T) {
	b := newBench(t).putHandMade("bad-truncated.csv.gz").put("a.csv", csvOf(5000)).put("z.csv", csvOf(5000))
	err := b.fails(audience.Invalid, "bad-truncated.csv.gz")
	assert.NotContains(t, err.Error(), "@")
	assert.Empty(t, b.keys(b.deps.Folder, ""), "half a table is left")
	b = newBench(t).putHandMade("bad-one-column.csv").put("a.csv", csvOf(50))
	_ = b.fails(audience.Invalid, "bad-one-column.csv", `no column "Email"`)
	assert.NotContains(t, b.log.String(), "a.csv", "nothing is read before all headers are right")
}

func TestEmptyFilesAmongOthers(t *testing.T) {
	b := newBench(t).putHandMade("empty.csv").putHandMade("empty.csv.gz").putHandMade("header-only.csv").put("a.csv", csvOf(3))
	doc := b.prepared()
	assert.Equal(t, int64(3), doc.Source)
	var files []string
	for _, f := range doc.Files {
		files = append(files, fmt.Sprintf("%s %d", f.Name, f.Rows))
	}
	assert.Equal(t, []string{"a.csv 3", "empty.csv.gz 0", "header-only.csv 0"}, files)
}

func TestNothingThere(t *testing.T) {
	b := newBench(t)
	_ = b.fails(audience.Gate, "empty input", "nothing is there", "source.path")
	b.define(map[string]any{"source.path": "file://" + filepath.ToSlash(b.source) + "/no-such.csv"})
	_ = b.fails(audience.Gate, "no-such.csv", "source.path")
	b = newBench(t).putHandMade("header-only.csv")
	_ = b.fails(audience.Gate, "empty input", "hold no row")
}

func TestColumnThatNoJSONRowHas(t *testing.T) {
	line := `{"customer_id":"1","Last Name":"Lee"}` + "\n"
	b := newBench(t).put("a.jsonl", line).put("b.jsonl", line)
	_ = b.fails(audience.Invalid, "no row", `column "Email"`)
	assert.Empty(t, b.keys(b.deps.Folder, ""))

	b.put("b.jsonl", `{"customer_id":"1","email":"a@example.com"}`)
	assert.Equal(t, int64(2), b.prepared().Prepared, "one file of several has it")

	b = newBench(t).put("a.jsonl", line).put("b.csv", csvOf(1))
	assert.Equal(t, int64(2), b.prepared().Prepared, "a CSV file has all columns")

	b = newBench(t).put("a.jsonl", "x\n")
	b.define(map[string]any{"limits.max_invalid_ratio": 0.5})
	_ = b.fails(audience.Gate, "not_json")
}

func TestConsent(t *testing.T) {
	for word, want := range map[string]bool{
		"yes": true, "Yes": true, " YES ": true, "y": true, "true": true, "TRUE": true, "t": true, "1": true, "on": true, "On": true, "\u00a0yes\t": true,
		"": false, " ": false, "no": false, "n": false, "false": false, "0": false, "off": false, "x": false, "yess": false, "ja": false,
		"null": false, "2": false, "yes please": false, "not yes": false, "ye\u017f": false,
	} {
		assert.Equal(t, want, consents([]byte(word)), "%q", word)
	}
	fields := []table.Field{{Name: "customer_id", Type: table.String}, {Name: "Email", Type: table.String}, {Name: "Last Name", Type: table.String}, {Name: "ok", Type: table.Boolean}}
	b := newBench(t).define(map[string]any{"source.consent": "OK"})
	b.putParquet("a.parquet", fields, []string{"1", "∅", "∅", "true"}, []string{"2", "∅", "∅", "false"}, []string{"3", "∅", "∅", "∅"})
	doc := b.prepared()
	assert.Equal(t, int64(2), doc.NoConsent)
	assert.Equal(t, []string{"1|∅|∅|∅|∅"}, b.rows(audience.PreparedDir))
	assert.Empty(t, b.rows(audience.QuarantineDir))
}
