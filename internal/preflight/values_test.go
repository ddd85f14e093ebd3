package preflight_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/preflight"
)

// An audience and the definition that fills it are both value-based, or neither is.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		name               string
		mode               string
		mapped, based, tos bool
		values, terms      string // the status of the check; empty: it is not made
		says, fix          string
	}{
		{"neither", audience.ModeAdd, false, false, false, good, "", "not value-based", ""},
		{"both", audience.ModeAdd, true, true, true, good, good, "maps LOOKALIKE_VALUE", ""},
		{"both, to replace", audience.ModeReplace, true, true, true, good, good, "maps LOOKALIKE_VALUE", ""},
		{"both without terms", audience.ModeAdd, true, true, false, good, fail, "maps LOOKALIKE_VALUE", "https://business.facebook.com/customaudiences/value_based/tos.php?act=42"},
		{"only the audience", audience.ModeMirror, false, true, false, fail, "", "refuses people without a LOOKALIKE_VALUE", "map a column to LOOKALIKE_VALUE"},
		{"only the definition", audience.ModeAdd, true, false, true, fail, good, "would be lost", "our mark out of this one's description"},
		{"removal", audience.ModeRemove, false, true, false, good, "", "needs no values", ""},
		{"removal by a definition with values", audience.ModeRemove, true, false, false, good, "", "needs no values", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake()
			f.audience.ValueBased = c.based
			if c.tos {
				f.account.TOSAccepted["value_based_custom_audience_tos"] = 1
			}
			def := newRun(t, c.mode, "7").Def()
			if c.mapped {
				def.Source.Columns[audience.LookalikeValue] = "worth"
			}
			found := preflight.Check(t.Context(), preflight.Question{Definition: def, Meta: f, Now: now})
			check := named(t, found.Checks, "audience values")
			assert.Equal(t, c.values, check.Status)
			assert.Contains(t, check.Detail, c.says)
			terms := audience.Check{}
			if c.terms != "" {
				terms = named(t, found.Checks, "value terms")
				assert.Equal(t, c.terms, terms.Status)
			}
			assert.Contains(t, check.Fix+terms.Fix+terms.Link, c.fix)
			switch {
			case c.values == fail:
				assert.Equal(t, audience.Invalid, audience.ClassOf(found.Err()))
			case c.terms == fail:
				require.ErrorContains(t, found.Err(), "value_based/tos.php?act=42")
				assert.Equal(t, audience.Action, audience.ClassOf(found.Err()))
			default:
				require.NoError(t, found.Err())
			}
			for _, other := range found.Checks {
				assert.False(t, c.terms == "" && other.Name == "value terms")
			}
		})
	}
}

// Whether an audience is value-based is said when it is made.
func TestCreatesValueBasedAudiences(t *testing.T) {
	for _, mapped := range []bool{true, false} {
		b := newBench(t)
		if mapped {
			b.deps.Run.Def().Source.Columns[audience.LookalikeValue] = "worth"
		}
		result, err := b.run()
		require.NoError(t, err)
		require.True(t, result.Created)
		made, err := b.deps.Meta.Audience(t.Context(), result.AudienceID)
		require.NoError(t, err)
		assert.Equal(t, mapped, made.ValueBased)

		require.NoError(t, b.deps.Folder.Delete(t.Context(), audience.PreflightFile))
		_, err = b.run()
		require.NoError(t, err, "the next run finds it as it must be")
	}
}
