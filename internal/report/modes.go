package report

import (
	"cmp"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A modeText is how the report speaks of a mode.
type modeText struct {
	does  string // as a fact of the run
	full  string // the outcome of a run of which all was sent
	aim   string // what rows were sent to Meta for
	again string // what a new run does for people whom Meta lacks
	fills string // how long Meta takes
}

const fills = "Meta takes up to 24 hours to fill the audience; ads can use it while it fills."

var modeTexts = map[string]modeText{
	audience.ModeAdd: {"Adds people", "Sent in full", "to add people to the audience", "adding people twice changes nothing", fills},
	audience.ModeRemove: {"Removes people", "Removed in full", "to remove people from the audience", "removing people twice changes nothing",
		"Meta takes up to 24 hours to remove the people from the audience."},
	audience.ModeReplace: {"Replaces everybody", "Replaced in full", "to take the place of everybody who was in the audience", "it replaces everybody once more", fills},
	audience.ModeMirror: {"Mirrors the match", "Up to date", "to add those who are new", "it sends them again",
		"Meta takes up to 24 hours to count who joined and who left; ads can use the audience meanwhile."},
}

// mode is what the upload did. A plan of an older version does not say, and did what it was asked to.
func (f *facts) mode() string {
	return cmp.Or(f.docs.plan.Mode, f.docs.preflight.Mode, f.run.Def().Meta.Mode)
}

// modeReason says why the upload did something else than the definition asks for; empty when it did not.
func (f *facts) modeReason() string {
	asked, did := f.run.Def().Meta.Mode, f.mode()
	switch {
	case asked == did:
		return ""
	case f.docs.changes != nil && f.docs.changes.Reason != "":
		return f.docs.changes.Reason
	case f.docs.preflight.Created:
		return "this run made the audience, so that nobody was in it"
	case f.docs.preflight.Status == meta.OperationNoUpload:
		return "nobody had been sent to the audience before, so that nobody was in it"
	}
	return "preflight.json says what it found"
}

// adviseMode tells that the upload did something else than it was asked to, where it did anything.
func adviseMode(r *audience.Report) []string {
	if r.AskedMode == "" || r.Outcome == audience.OutcomeEmpty {
		return nil
	}
	did := map[string]string{
		audience.ModeAdd: "added the whole match", audience.ModeReplace: "replaced everybody in the audience by the match",
	}[r.Mode]
	return []string{fmt.Sprintf("The definition says %s, and this run %s: %s", r.AskedMode, did, stop(r.ModeReason))}
}
