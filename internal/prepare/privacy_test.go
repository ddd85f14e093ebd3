package prepare

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// marker is in every value of the private test's source, and must be in nothing but the prepared table.
const marker = "qzjxv"

func TestNoValueOutsideThePreparedTable(t *testing.T) {
	change := map[string]any{"source.keep": []any{map[string]string{"column": "spent", "type": "double"}}, "source.consent": "ok"}
	for key, value := range everyKey {
		change[key] = value
	}
	columns := strings.Split(strings.TrimSpace(everyHeader)+",spent,ok", ",")
	var csv, lines strings.Builder
	csv.WriteString(strings.Join(columns, ",") + "\n")
	for i := range 50 {
		values := make([]string, len(columns))
		for k := range values {
			values[k] = fmt.Sprintf("%s%d %d", marker, i, k)
		}
		if i%2 == 0 {
			values[1] = marker + fmt.Sprint(i) + "@example.com"
		} else {
			values[0], values[5] = "", "" // nobody can be found
		}
		values[len(values)-1] = "yes"
		csv.WriteString(strings.Join(values, ",") + "\n")
		fmt.Fprintf(&lines, "{%q: %q, \"ok\": \"yes\", %q: 1}\n", columns[1], values[1], marker)
	}
	csv.WriteString(marker + "," + marker + "\n\"" + marker + "\"x,\n\"" + marker)
	lines.WriteString(marker + "\n{\"mail\": [\"" + marker + "\"]}\n")
	for name, spoil := range map[string]func(b *bench){
		"prepared":      func(*bench) {},
		"gate":          func(b *bench) { b.define(with(change, "limits.max_invalid_ratio", 0.01)) },
		"no header":     func(b *bench) { b.put("z.csv", csv.String()[len(everyHeader):]) },
		"not Parquet":   func(b *bench) { b.put("z.parquet", marker) },
		"other format":  func(b *bench) { b.put("z.csv.gz", "\x1f\x8b"+marker) },
		"no such field": func(b *bench) { b.put("z.csv", "mail,"+strings.TrimSpace(everyHeader)+"\n"+marker+"\n") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t).define(change).put("a.csv", csv.String()).put("b.jsonl", lines.String())
			spoil(b)
			_, err := b.run()
			assert.Equal(t, name == "prepared", err == nil, "%v", err)
			if err != nil {
				assert.NotContains(t, err.Error()+audience.NextOf(err), marker)
			}
			assert.NotContains(t, b.log.String(), marker)
			for _, key := range append(b.keys(b.deps.Folder, audience.QuarantineDir), b.keys(b.deps.Folder, audience.PreparedFile)...) {
				data, err := b.deps.Folder.Read(t.Context(), key)
				require.NoError(t, err)
				assert.NotContains(t, string(data), marker, key)
				assert.NotContains(t, key, marker)
			}
			assert.NotContains(t, strings.Join(b.rows(audience.QuarantineDir), "\n"), marker)
			if name == "prepared" {
				assert.Contains(t, strings.Join(b.rows(audience.PreparedDir), "\n"), marker)
				assert.NotEmpty(t, b.rows(audience.QuarantineDir))
			}
		})
	}
}

func with(change map[string]any, key string, value any) map[string]any {
	change = maps.Clone(change)
	change[key] = value
	return change
}
