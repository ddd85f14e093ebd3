package audience

import "fmt"

// Rows is the account of a run: nothing vanishes. Balance checks it.
type Rows struct {
	Source      int64 `json:"source"`
	NoConsent   int64 `json:"no_consent"`
	Suppressed  int64 `json:"suppressed"` // of people who opted out, found by Prepare
	Quarantined int64 `json:"quarantined"`
	Prepared    int64 `json:"prepared"`
	Matched     int64 `json:"matched"`
	Unusable    int64 `json:"unusable"`
	Duplicate   int64 `json:"duplicate"` // of a mirror: an equal row of the match stands for it
	Kept        int64 `json:"kept"`      // of a mirror: of people who are in the audience as they are, and were not sent again
	Withheld    int64 `json:"withheld"`  // of people who opted out, found by Upload
	Sent        int64 `json:"sent"`
	Failed      int64 `json:"failed"`
	Received    int64 `json:"received"`
	Invalid     int64 `json:"invalid"`
	// Leaves are of people who leave a mirrored audience: rows of an earlier run, and none of the above.
	Leaves Leaves `json:"leaves,omitzero"`
}

// Leaves is the account of the rows by which a mirror takes people out of the audience.
type Leaves struct {
	Planned  int64 `json:"planned"`
	Unusable int64 `json:"unusable"`
	Sent     int64 `json:"sent"`
	Failed   int64 `json:"failed"`
	Received int64 `json:"received"`
	Invalid  int64 `json:"invalid"`
}

// Balance says which sums do not hold: source = no_consent + suppressed + quarantined + prepared,
// matched = unusable + duplicate + kept + withheld + sent + failed, and of the leaves planned = unusable + sent + failed.
func (r Rows) Balance() error {
	if got := r.NoConsent + r.Suppressed + r.Quarantined + r.Prepared; r.Source != got {
		return fmt.Errorf("source has %d rows but no_consent %d + suppressed %d + quarantined %d + prepared %d = %d",
			r.Source, r.NoConsent, r.Suppressed, r.Quarantined, r.Prepared, got)
	}
	if got := r.Unusable + r.Duplicate + r.Kept + r.Withheld + r.Sent + r.Failed; r.Matched != got {
		return fmt.Errorf("matched has %d rows but unusable %d + duplicate %d + kept %d + withheld %d + sent %d + failed %d = %d",
			r.Matched, r.Unusable, r.Duplicate, r.Kept, r.Withheld, r.Sent, r.Failed, got)
	}
	if l := r.Leaves; l.Planned != l.Unusable+l.Sent+l.Failed {
		return fmt.Errorf("leaves has %d rows but unusable %d + sent %d + failed %d = %d", l.Planned, l.Unusable, l.Sent, l.Failed, l.Unusable+l.Sent+l.Failed)
	}
	return nil
}
