package audience

import "time"

// Changes is changes.json: what has changed in a match since the audience was last sent, or why nobody can tell. Matched =
// Unusable + Duplicate + Kept + Joins when Mode is mirror. Otherwise the match is sent as it is, what becomes of its rows is
// in the receipts, and Duplicate, Kept, Joins, Leaves and People are 0.
type Changes struct {
	Schema   int          `json:"schema"`
	Run      string       `json:"run"`
	Mode     string       `json:"mode"`             // mirror; add or replace where there is nothing to compare with
	Reason   string       `json:"reason,omitempty"` // why the whole match is sent
	Base     string       `json:"base,omitempty"`   // the run whose people the match was compared with
	Location string       `json:"location"`         // URL of the folder that the files of joins and leaves are in
	Columns  []PlanColumn `json:"columns"`          // of these files

	Matched   int64            `json:"matched"`
	Unusable  int64            `json:"unusable"`  // rows with no key left to send
	Duplicate int64            `json:"duplicate"` // rows for which an equal one stands
	Kept      int64            `json:"kept"`      // rows that are in the audience as they are
	Joins     int64            `json:"joins"`     // rows that are sent
	Leaves    int64            `json:"leaves"`    // rows, of earlier runs, by which people are taken out
	Reasons   map[string]int64 `json:"reasons,omitempty"`

	People Movement `json:"people"`

	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
}

// A Movement counts people, each by the strongest identifier of their rows. Of the match: Stayed + Changed + Joined. Of
// whoever was in the audience before: Stayed + Changed + Left.
type Movement struct {
	Stayed  int64 `json:"stayed"`  // by the same rows
	Changed int64 `json:"changed"` // by other rows
	Joined  int64 `json:"joined"`
	Left    int64 `json:"left"`
	// Resent are those of Stayed who are sent again: Meta would forget them, or may have taken them out with somebody who left.
	Resent int64 `json:"resent"`
}

// Before counts the people in the audience when the match was compared.
func (m Movement) Before() int64 { return m.Stayed + m.Changed + m.Left }

// After counts the people in the audience when the changes are made.
func (m Movement) After() int64 { return m.Stayed + m.Changed + m.Joined }
