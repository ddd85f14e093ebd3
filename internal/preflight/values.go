package preflight

import (
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// valueTerms checks the terms that Meta has for audiences with values. They are accepted apart from the others, and nobody
// who does not send values is asked for them.
func (f *Findings) valueTerms(account meta.Account, def *audience.Definition) {
	switch {
	case !sendsValues(def):
	case account.ValueTermsAccepted():
		f.ok(checkValueTerms, "the terms of value-based audiences are accepted")
	default:
		f.fail(checkValueTerms, audience.Action, "a person who manages the ad account must accept them once, or take LOOKALIKE_VALUE out of source.columns",
			"the terms of value-based audiences are not accepted for %s", account.ID)
	}
}

// values checks that the audience is value-based exactly when the definition sends values. Meta refuses people without a
// value in an audience that is, and takes no notice of values in one that is not; which of the two it is cannot be changed.
func (f *Findings) values(a meta.CustomAudience, def *audience.Definition) {
	const another = "let the definition have another audience: take meta.audience_id out, and our mark out of this one's description in Ads Manager"
	switch {
	case def.Meta.Mode == audience.ModeRemove: // for which Meta need only know who
		f.ok(checkValues, "removing people needs no values")
	case a.ValueBased && !sendsValues(def):
		f.fail(checkValues, audience.Invalid, "map a column to LOOKALIKE_VALUE, or "+another,
			"audience %s is value-based: Meta refuses people without a LOOKALIKE_VALUE, and the definition maps none", a.ID)
	case !a.ValueBased && sendsValues(def):
		f.fail(checkValues, audience.Invalid, "take LOOKALIKE_VALUE out of source.columns, or "+another,
			"audience %s is not value-based: the LOOKALIKE_VALUE that the definition maps would be lost", a.ID)
	case a.ValueBased:
		f.ok(checkValues, "it is value-based, and the definition maps LOOKALIKE_VALUE")
	default:
		f.ok(checkValues, "it is not value-based")
	}
}

func sendsValues(def *audience.Definition) bool {
	return def.ValueBased() && def.Meta.Mode != audience.ModeRemove
}
