package report

import (
	"cmp"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// reasonsShown is how many reasons are in sight at once; the rest is folded away.
const reasonsShown = 12

// A keyRow is the quality of one key.
type keyRow struct {
	Name, Key                                 string
	Filled, FilledShare, Valid, Invalid, Dups string
	InvalidShare                              string // of the filled values
	Bar                                       template.HTML
}

// keyRows lists the keys in Meta's order. A row without the key is what is left of the bar.
func keyRows(r *audience.Report) ([]keyRow, error) {
	var out []keyRow
	whole := r.Rows.Prepared
	for _, k := range r.Keys {
		whole = max(whole, k.Filled)
	}
	for _, key := range keysIn(r.Keys) {
		q := r.Keys[key]
		invalid := total(q.Invalid)
		drawn, err := bar(float64(whole), span{paintGood, float64(q.Valid)}, span{paintBad, float64(invalid)},
			span{paintEmpty, float64(max(whole-q.Valid-invalid, 0))})
		if err != nil {
			return nil, err
		}
		row := keyRow{
			Name: keyName(key), Key: string(key), Filled: count(q.Filled), FilledShare: percent(q.Filled, whole), Valid: count(q.Valid),
			Invalid: count(invalid), InvalidShare: percent(invalid, q.Filled), Dups: duplicates(key, q), Bar: drawn,
		}
		out = append(out, row)
	}
	return out, nil
}

// duplicates counts repeated values of a key that stands for one person. That two people share a city says nothing.
func duplicates(key audience.Key, q audience.KeyQuality) string {
	switch {
	case !key.Identifies():
		return "–"
	case q.Estimated && q.Duplicates > 0:
		return "about " + count(q.Duplicates)
	}
	return count(q.Duplicates)
}

// keysIn lists the keys of a map in Meta's order, a whole date of birth where its parts would be; unknown ones come last.
func keysIn[V any](m map[audience.Key]V) []audience.Key {
	place := func(k audience.Key) int {
		if k == audience.DOB {
			k = audience.DOBYear
		}
		if i := slices.Index(audience.Keys, k); i >= 0 {
			return i
		}
		return len(audience.Keys)
	}
	return slices.SortedFunc(maps.Keys(m), func(a, b audience.Key) int { return cmp.Or(place(a)-place(b), cmp.Compare(a, b)) })
}

// A reasonList is a table of reasons, the commonest first.
type reasonList struct{ Shown, More []reasonRow }

// A reasonRow says how many rows or values were left out for a reason. Match counts those that were left out later, in
// the matched rows.
type reasonRow struct {
	Key, Reason   string
	Source, Match string

	source, match int64
}

// rowReasons is why whole rows were quarantined.
func rowReasons(r *audience.Report) reasonList {
	var all []reasonRow
	for reason, n := range r.RowReasons {
		all = append(all, reasonRow{Reason: capital(reasonText(reason)), source: n})
	}
	return listOf(all)
}

// valueReasons is why single values were left out, in preparing and in sending.
func valueReasons(r *audience.Report) reasonList {
	type place struct {
		key    audience.Key
		reason string
	}
	sums := map[place]reasonRow{}
	for key, q := range r.Keys {
		for reason, n := range q.Invalid {
			row := sums[place{key, reason}]
			row.source += n
			sums[place{key, reason}] = row
		}
	}
	for both, n := range r.KeptReasons {
		column, reason, _ := strings.Cut(both, ":")
		sums[place{audience.Key(column), reason}] = reasonRow{source: n}
	}
	for both, n := range r.SendReasons {
		key, reason, _ := strings.Cut(both, ":")
		row := sums[place{audience.Key(key), reason}]
		row.match += n
		sums[place{audience.Key(key), reason}] = row
	}
	var all []reasonRow
	for p, row := range sums {
		row.Key, row.Reason = keyName(p.key), capital(reasonText(p.reason))
		all = append(all, row)
	}
	list := listOf(all)
	if !r.SourceKnown {
		for i := range all {
			all[i].Source = "–"
		}
	}
	return list
}

func listOf(all []reasonRow) reasonList {
	slices.SortFunc(all, func(a, b reasonRow) int {
		return cmp.Or(cmp.Compare(b.source+b.match, a.source+a.match), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Reason, b.Reason))
	})
	for i := range all {
		all[i].Source, all[i].Match = count(all[i].source), count(all[i].match)
	}
	if len(all) <= reasonsShown+3 { // not worth folding
		return reasonList{Shown: all}
	}
	return reasonList{Shown: all[:reasonsShown], More: all[reasonsShown:]}
}

// A refusedRow names a row that Meta refused.
type refusedRow struct{ File, RowGroup, Row, Keys, Reason string }

func refusedOf(r *audience.Report) []refusedRow {
	out := make([]refusedRow, len(r.RefusedRows))
	for i, row := range r.RefusedRows {
		keys := make([]string, len(row.Keys))
		for k, key := range row.Keys {
			keys[k] = string(key)
		}
		out[i] = refusedRow{row.File, count(int64(row.RowGroup)), count(row.Row), strings.Join(keys, ", "), sentence(row.Reason)}
	}
	return out
}
