package match

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// Columns that say how to use a person are sent where the definition asks for it, and missed where it does.
func TestColumnsOfUsage(t *testing.T) {
	const worth, limits = audience.LookalikeValue, audience.DataProcessing
	for _, c := range []struct {
		name    string
		mode    string
		mapped  []audience.Key
		columns []string
		want    []audience.Key
		ignored []string
		err     string
	}{
		{"as mapped", audience.ModeAdd, []audience.Key{worth, limits}, []string{"data_processing_options", "Lookalike_Value", "email"}, []audience.Key{"EMAIL", worth, limits}, nil, ""},
		{"worth of an audience without values", audience.ModeAdd, nil, []string{"email", "lookalike_value"}, []audience.Key{"EMAIL"}, []string{"lookalike_value"}, ""},
		{"limits by the partner's column", audience.ModeAdd, nil, []string{"email", "data_processing_options"}, []audience.Key{"EMAIL", limits}, nil, ""},
		{"no worth", audience.ModeMirror, []audience.Key{worth}, []string{"email"}, nil, nil, `they have no column "lookalike_value": let the query select lookalike_value too`},
		{"no limits", audience.ModeReplace, []audience.Key{limits}, []string{"email"}, nil, nil, `they have no column "data_processing_options": let the query select`},
		{"removal without", audience.ModeRemove, []audience.Key{worth, limits}, []string{"email"}, []audience.Key{"EMAIL"}, nil, ""},
		{"removal with", audience.ModeRemove, []audience.Key{worth, limits}, []string{"email", "lookalike_value", "data_processing_options", "x"}, []audience.Key{"EMAIL"}, []string{"data_processing_options", "lookalike_value", "x"}, ""},
		{"nobody to find", audience.ModeAdd, []audience.Key{worth}, []string{"lookalike_value"}, nil, nil, "hold nothing by which Meta finds a person"},
	} {
		t.Run(c.name, func(t *testing.T) {
			def := &audience.Definition{Source: audience.Source{Columns: map[audience.Key]string{}}, Meta: audience.Meta{Mode: c.mode}}
			for _, key := range c.mapped {
				def.Source.Columns[key] = "x"
			}
			columns, ignored, err := ColumnsOf(def, []File{{Name: "a", Groups: []int64{1}, Columns: c.columns}})
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				assert.Equal(t, audience.Invalid, audience.ClassOf(err))
				return
			}
			require.NoError(t, err)
			var keys []audience.Key
			for _, column := range columns {
				keys = append(keys, column.Key)
			}
			assert.Equal(t, c.want, keys)
			assert.Equal(t, c.ignored, ignored)
		})
	}
}
