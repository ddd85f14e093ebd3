package prepare

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// reasonsShown bounds how many reasons a gate's message lists.
const reasonsShown = 3

// checkGates gives an error of class Gate when the prepared rows must not be matched.
func checkGates(deps Deps, doc *audience.Prepared) error {
	def := deps.Run.Def()
	if doc.Source == 0 {
		return emptyInput(def.Source.Path, errors.New("its files hold no row"))
	}
	quarantine := deps.Folder.Sub(audience.QuarantineDir).URL()
	usable := doc.Source - doc.NoConsent - doc.Suppressed
	if ratio := doc.InvalidRatio(); ratio > def.Limits.MaxInvalidRatio {
		mend := "mend the files or source.columns"
		if doc.RowReasons[table.BadEncoding] > doc.Quarantined/2 {
			mend = "set source.encoding to what the files are written in"
		}
		return audience.Fail(audience.Gate, mend+", or raise limits.max_invalid_ratio; which rows and why is in "+quarantine,
			fmt.Errorf("%d of %d rows (%.1f %%) were quarantined, and limits.max_invalid_ratio allows %.1f %%; mostly for %s",
				doc.Quarantined, usable, 100*ratio, 100*def.Limits.MaxInvalidRatio, topReasons(doc.RowReasons)))
	}
	if doc.Prepared < def.Limits.MinRows {
		next := "give more rows, or lower limits.min_rows"
		if doc.NoConsent > doc.Source/2 {
			next = fmt.Sprintf("check that column %q says yes in so many words (%s); or lower limits.min_rows", def.Source.Consent, consentWords)
		}
		return audience.Fail(audience.Gate, next,
			fmt.Errorf("%d rows are left, and limits.min_rows asks for %d: of %d rows %d lack consent, %d opted out and %d were quarantined (see %s)",
				doc.Prepared, def.Limits.MinRows, doc.Source, doc.NoConsent, doc.Suppressed, doc.Quarantined, quarantine))
	}
	if def.Meta.Mode == audience.ModeRemove {
		return nil
	}
	return errors.Join(checkUsage(def, doc, audience.LookalikeValue, quarantine), checkUsage(def, doc, audience.DataProcessing, quarantine))
}

// checkUsage gives an error when too much of a column cannot be read that says how to use people. Their rows are good, so that
// the quarantine does not count them: but of values that are not understood, those that are have no meaning either.
func checkUsage(def *audience.Definition, doc *audience.Prepared, key audience.Key, quarantine string) error {
	unread := int64(0)
	for reason, n := range doc.Keys[key].Invalid {
		if reason != string(identity.Placeholder) { // which is a way to say nothing
			unread += n
		}
	}
	ratio := float64(unread) / float64(max(doc.Prepared, 1))
	if ratio <= def.Limits.MaxInvalidRatio {
		return nil
	}
	return audience.Fail(audience.Gate, fmt.Sprintf("mend column %q, or raise limits.max_invalid_ratio; which rows and why is in %s; docs/values.md says what is read", def.Source.Columns[key], quarantine),
		fmt.Errorf("the %s of %d of %d people (%.1f %%) cannot be read, and limits.max_invalid_ratio allows %.1f %%; mostly for %s",
			key, unread, doc.Prepared, 100*ratio, 100*def.Limits.MaxInvalidRatio, topReasons(doc.Keys[key].Invalid)))
}

// topReasons lists the most frequent reasons with their numbers.
func topReasons(reasons map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(reasons[b], reasons[a]), strings.Compare(a, b))
	})
	var list []string
	for _, name := range names[:min(len(names), reasonsShown)] {
		list = append(list, fmt.Sprintf("%s (%d)", name, reasons[name]))
	}
	return strings.Join(list, ", ")
}
