package cleanroom

import (
	"bytes"
	_ "embed" // the schema is part of the binary
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// RoomSchema is the JSON Schema (2020-12) of a room file.
//
//go:embed room.schema.json
var RoomSchema []byte

// A RoomFile says who takes part in a clean room, which tables they bring, and what may be asked of each. Its words are
// those of the Clean Rooms API, in snake case.
type RoomFile struct {
	Schema          int        `json:"schema"` // version of this document; 1, and that is the default
	CollaborationID string     `json:"collaboration_id"`
	Runner          string     `json:"runner"` // name of the member who queries and receives the results
	Members         []Member   `json:"members"`
	Tables          []Table    `json:"tables"`
	Templates       []Template `json:"templates,omitempty"`

	dir string // of the file; tables' paths are relative to it
}

// A Member takes part in the collaboration.
type Member struct {
	Name         string `json:"name"`
	AccountID    string `json:"account_id"`
	MembershipID string `json:"membership_id"`
}

// A Table is a configured table with its association: somebody's files under the name that queries use.
type Table struct {
	Name         string       `json:"name"`
	Owner        string       `json:"owner"`             // a member's name
	Catalog      string       `json:"catalog,omitempty"` // a table of the catalog, or
	Path         string       `json:"path,omitempty"`    // Parquet or CSV: a file, a folder or a pattern, relative to the room file
	Columns      []Column     `json:"columns"`           // the allowed ones: no query sees another
	AnalysisRule AnalysisRule `json:"analysis_rule"`
}

// A Column is an allowed column. In JSON it is a name, or {"name": …, "type": …}.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"` // string, bigint, double, boolean, date, timestamp; default: Parquet's own, string for CSV
}

// UnmarshalJSON accepts the short form, a bare name.
func (c *Column) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		return json.Unmarshal(data, &c.Name)
	}
	type long Column
	return json.Unmarshal(data, (*long)(c))
}

// The types of analysis rule that give rows.
const (
	ruleList        = "LIST"
	ruleCustom      = "CUSTOM"
	ruleAggregation = "AGGREGATION" // gives no rows: refused
)

// anyQuery allows every query and template of the allowed providers.
const anyQuery = "ANY_QUERY"

// An AnalysisRule is what a table's owner allows to be asked. Clean Rooms allows one a table.
type AnalysisRule struct {
	Type string `json:"type"` // LIST or CUSTOM

	JoinColumns          []string `json:"join_columns,omitempty"`           // LIST
	ListColumns          []string `json:"list_columns,omitempty"`           // LIST
	AllowedJoinOperators []string `json:"allowed_join_operators,omitempty"` // LIST; AND (always allowed), OR

	AllowedAnalyses          []string `json:"allowed_analyses,omitempty"`           // CUSTOM; ANY_QUERY or templates' ARNs
	AllowedAnalysisProviders []string `json:"allowed_analysis_providers,omitempty"` // CUSTOM; accounts, with ANY_QUERY
	DisallowedOutputColumns  []string `json:"disallowed_output_columns,omitempty"`  // CUSTOM
}

// A Template is a query that members have reviewed, with parameters written :name.
type Template struct {
	ARN        string      `json:"arn"`
	SQL        string      `json:"sql"`
	Parameters []Parameter `json:"parameters,omitempty"`
}

// A Parameter is a value that a query gives to its template.
type Parameter struct {
	Name         string  `json:"name"`
	Type         string  `json:"type"`
	DefaultValue *string `json:"default_value,omitempty"` // default: the query must give it
}

// LoadRoom reads a room file. Its error is of class Invalid and names every wrong field at once.
func LoadRoom(name string) (*RoomFile, error) {
	data, err := os.ReadFile(name) //nolint:gosec // the user names the file
	if err != nil {
		return nil, audience.Fail(audience.Invalid, "check the path of the room file", fmt.Errorf("read room file: %w", err))
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("read room file %s: %w", name, err)
	}
	room, err := ParseRoom(data, filepath.Dir(absolute))
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", name, err)
	}
	return room, nil
}

// ParseRoom reads a room file's content. Tables' paths are relative to dir. Its error is a *audience.ProblemsError that
// names every wrong field at once, of class Invalid.
func ParseRoom(data []byte, dir string) (*RoomFile, error) {
	problems, err := audience.CheckSchema("room.schema.json", RoomSchema, data)
	if err != nil {
		return nil, audience.Fail(audience.Invalid, "", fmt.Errorf("read room file: %w", err))
	}
	for _, p := range aggregationProblems(data) { // it says more than the schema does of the same field
		problems = append(slices.DeleteFunc(problems, func(other audience.Problem) bool { return other.Field == p.Field }), p)
	}
	room := RoomFile{Schema: 1, dir: dir}
	if len(problems) == 0 {
		if err := json.Unmarshal(data, &room); err != nil {
			return nil, audience.Fail(audience.Invalid, "", fmt.Errorf("read room file: %w", err))
		}
		problems = room.problems()
	}
	if len(problems) > 0 {
		return nil, audience.Fail(audience.Invalid, "", &audience.ProblemsError{Document: "room file", Problems: problems})
	}
	return &room, nil
}

// aggregationProblems explains the one rule type of Clean Rooms that people will try and that can never work here; the
// schema would only call it unknown.
func aggregationProblems(data []byte) []audience.Problem {
	var loose struct {
		Tables []struct {
			Rule struct {
				Type any `json:"type"`
			} `json:"analysis_rule"`
		} `json:"tables"`
	}
	if json.Unmarshal(data, &loose) != nil {
		return nil // the schema says what is wrong
	}
	var found []audience.Problem
	for i, t := range loose.Tables {
		if t.Rule.Type == ruleAggregation {
			found = append(found, audience.Problem{
				Field:   fmt.Sprintf("tables.%d.analysis_rule.type", i),
				Message: "an AGGREGATION rule gives counts and never rows, so nobody can be activated from it: the table's owner must add LIST or CUSTOM",
			})
		}
	}
	return found
}

// member finds a member by name.
func (r *RoomFile) member(name string) (Member, bool) {
	for _, m := range r.Members {
		if m.Name == name {
			return m, true
		}
	}
	return Member{}, false
}

// table finds a table by the name that queries use, or nil.
func (r *RoomFile) table(name string) *Table {
	for i := range r.Tables {
		if r.Tables[i].Name == name {
			return &r.Tables[i]
		}
	}
	return nil
}

// template finds an analysis template, or nil.
func (r *RoomFile) template(arn string) *Template {
	for i := range r.Templates {
		if r.Templates[i].ARN == arn {
			return &r.Templates[i]
		}
	}
	return nil
}

// has reports whether a column is allowed.
func (t *Table) has(column string) bool {
	for _, c := range t.Columns {
		if c.Name == column {
			return true
		}
	}
	return false
}
