package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/telemetry"
)

var at = time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.UTC)

func TestRecorderWritesALine(t *testing.T) {
	var out bytes.Buffer
	r := telemetry.NewRecorder(&out, "CleanReach")
	r.Put(telemetry.RowsSent, 7)
	r.Put(telemetry.RowsSent, 9_999_999_999)
	r.Put(telemetry.ChunkSeconds, 1.5)
	r.Put(telemetry.MatchRate, math.NaN())
	r.Put(telemetry.InvalidRatio, math.Inf(1))
	r.Note(telemetry.KeyRun, "r-1")
	r.Note(telemetry.KeyChunk, "")
	require.NoError(t, r.Write(at, "acme", "upload"))
	assert.JSONEq(t, `{"ChunkSeconds":1.5,"RowsSent":9999999999,"Stage":"upload","Tenant":"acme","_aws":{"Timestamp":1795521600123,`+
		`"CloudWatchMetrics":[{"Namespace":"CleanReach","Dimensions":[["Tenant","Stage"]],"Metrics":[{"Name":"ChunkSeconds","Unit":"Seconds"},`+
		`{"Name":"RowsSent","Unit":"Count"}]}]},"run":"r-1"}`, out.String())
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
}

func TestRecorderIsSilentWithoutANamespace(t *testing.T) {
	var out bytes.Buffer
	r := telemetry.NewRecorder(&out, "")
	r.Put(telemetry.RowsSent, 7)
	require.NoError(t, r.Write(at, "acme", "upload"))
	assert.Empty(t, out.String())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRecorderTellsThatItCouldNotWrite(t *testing.T) {
	r := telemetry.NewRecorder(full{}, "CleanReach")
	require.ErrorContains(t, r.Write(at, "acme", "upload"), "write the metrics: no space left")
}

// Whatever is recorded, the line is valid by the specification, and what it announces is in it.
func TestLinesAreValid(t *testing.T) {
	schema := emfSchema(t)
	random := rand.New(rand.NewPCG(1, 2))
	texts := []string{"r-1", "00017", "line\nbreak", `"quoted"`, "日本", "", strings.Repeat("x", 80)}
	for range 2_000 {
		var out bytes.Buffer
		r := telemetry.NewRecorder(&out, "CleanReach")
		r.Put(telemetry.StageSeconds, random.Float64()*1e6) // each task puts this
		for _, m := range telemetry.Metrics() {
			if random.IntN(2) == 0 {
				r.Put(m, []float64{0, 1, math.Trunc(random.Float64() * 1e9), random.Float64(), -3, math.NaN()}[random.IntN(6)])
			}
		}
		r.Note(telemetry.KeyRun, texts[random.IntN(len(texts))])
		r.Note(telemetry.KeyClass, texts[random.IntN(len(texts))])
		require.NoError(t, r.Write(at.Add(time.Duration(random.Int64N(1e15))), "acme", "plan"))

		require.Equal(t, 1, strings.Count(out.String(), "\n"), "CloudWatch takes a line for an event")
		document := decode(t, out.Bytes())
		require.NoError(t, schema.Validate(document), out.String())
		for _, name := range announced(t, out.Bytes()) {
			require.Contains(t, document, name)
		}
	}
}

// The schema is worth something only if it refuses.
func TestSchemaRefuses(t *testing.T) {
	schema := emfSchema(t)
	const good = `{"_aws":{"Timestamp":1795521600000,"CloudWatchMetrics":[{"Namespace":"C","Dimensions":[["Tenant"]],"Metrics":[{"Name":"A","Unit":"Count"}]}]},"Tenant":"a","A":1}`
	require.NoError(t, schema.Validate(decode(t, []byte(good))))
	for _, c := range []struct{ name, old, replacement string }{
		{"seconds", "1795521600000", "1795521600"},
		{"no namespace", `"Namespace":"C",`, ``},
		{"AWS's namespace", `"Namespace":"C"`, `"Namespace":"AWS/C"`},
		{"flat dimensions", `[["Tenant"]]`, `["Tenant"]`},
		{"another unit", `"Count"`, `"Rows"`},
		{"no unit", `,"Unit":"Count"`, ``},
		{"a field more", `"Unit":"Count"`, `"Unit":"Count","Value":1`},
		{"no metrics", `[{"Name":"A","Unit":"Count"}]`, `[]`},
		{"an empty dimension", `"Tenant":"a"`, `"Tenant":""`},
		{"an object beside", `"A":1`, `"A":{}`},
	} {
		broken := strings.Replace(good, c.old, c.replacement, 1)
		require.NotEqual(t, good, broken, c.name)
		assert.Error(t, schema.Validate(decode(t, []byte(broken))), c.name)
	}
}

func emfSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile("testdata/emf.schema.json")
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("emf.json", document))
	schema, err := compiler.Compile("emf.json")
	require.NoError(t, err)
	return schema
}

func decode(t *testing.T, line []byte) map[string]any {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	require.NoError(t, err)
	object, ok := document.(map[string]any)
	require.True(t, ok)
	return object
}

// announced are the metrics and dimensions that a line says it has.
func announced(t *testing.T, line []byte) []string {
	t.Helper()
	var document struct {
		Meta struct {
			CloudWatchMetrics []struct {
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	require.NoError(t, json.Unmarshal(line, &document))
	var names []string
	for _, d := range document.Meta.CloudWatchMetrics {
		for _, set := range d.Dimensions {
			names = append(names, set...)
		}
		for _, m := range d.Metrics {
			names = append(names, m.Name)
		}
	}
	return names
}
