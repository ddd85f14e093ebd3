package audience

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Definition is what a user writes for one audience: where the people are, how they are matched, where they go.
// definition.schema.json is its contract; ParseDefinition applies it.
type Definition struct {
	Schema int    `json:"schema"` // version of this document; 1, and that is the default
	Tenant string `json:"tenant"`
	Name   string `json:"name"`
	Source Source `json:"source"`
	Match  Match  `json:"match"`
	Meta   Meta   `json:"meta"`
	Limits Limits `json:"limits"`
}

// Source is the customers' raw files.
type Source struct {
	Path           string         `json:"path"`                      // a file or a folder: s3://, file:// or, on a laptop, a plain path
	Format         string         `json:"format,omitempty"`          // csv, jsonl, parquet; by default the file name's ending tells
	Delimiter      string         `json:"delimiter,omitempty"`       // of CSV, one character; by default found in the header line
	Encoding       string         `json:"encoding,omitempty"`        // utf-8, utf-16, latin-1; by default the byte order mark tells, else utf-8
	Columns        map[Key]string `json:"columns"`                   // Meta's key (or DOB) → the column's name in the source
	Keep           []Kept         `json:"keep,omitempty"`            // further columns to carry into the prepared table
	DefaultCountry string         `json:"default_country,omitempty"` // ISO 3166-1 alpha-2, for phones and addresses without a country
	DateOrder      string         `json:"date_order"`                // of DOB written with numbers: mdy (default), dmy or ymd; ISO dates always work
	Consent        string         `json:"consent,omitempty"`         // column that must say yes; a row where it does not is left out
	GlueJob        string         `json:"glue_job,omitempty"`        // the user's own Glue job, run in place of Prepare
}

// Kept is a source column that is carried along. In JSON it is a name, or {"column": …, "type": …}.
type Kept struct {
	Column string `json:"column"`
	Type   string `json:"type,omitempty"` // string, bigint, double, boolean, date, timestamp; default: the Parquet source's own type, else string
}

// UnmarshalJSON accepts the short form, a bare column name.
func (k *Kept) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		return json.Unmarshal(data, &k.Column)
	}
	type long Kept
	return json.Unmarshal(data, (*long)(k))
}

// Match is the protected query in the clean room. Exactly one of SQL and TemplateARN is given.
type Match struct {
	MembershipID string            `json:"membership_id"`
	SQL          string            `json:"sql,omitempty"`
	TemplateARN  string            `json:"template_arn,omitempty"`
	Parameters   map[string]string `json:"parameters,omitempty"` // of the template; every member's query log shows them: never personal data
	Worker       *Worker           `json:"worker,omitempty"`     // default: Clean Rooms' own (32 CRPU, about one dollar a query)
}

// Worker sizes the query's compute.
type Worker struct {
	Type   string `json:"type"`   // CR.1X (2 CRPU each) or CR.4X (8 CRPU each)
	Number int    `json:"number"` // 2 to 400
}

// Meta is the destination.
type Meta struct {
	AdAccount          string `json:"ad_account"`               // act_<digits>
	AudienceID         string `json:"audience_id,omitempty"`    // default: found by our mark, or created
	AudienceName       string `json:"audience_name,omitempty"`  // default: the definition's name
	Mode               string `json:"mode"`                     // add (default), remove, replace or mirror
	Secret             string `json:"secret,omitempty"`         // name of the secret with the access token; unused on a laptop
	CustomerFileSource string `json:"customer_file_source"`     // default USER_PROVIDED_ONLY
	RetentionDays      int    `json:"retention_days,omitempty"` // 1 to 180; default: for ever
	APIVersion         string `json:"api_version,omitempty"`    // default: the binary's
	Description        string `json:"description,omitempty"`    // shown in Ads Manager in front of our mark

	DataProcessing *Processing `json:"data_processing_options,omitempty"` // default: nothing is said of it, unless a column does
}

// Limits stop a run before it does harm, and pace it.
type Limits struct {
	MaxInvalidRatio        float64 `json:"max_invalid_ratio"`         // quarantined rows / rows with consent; default 0.2
	MinRows                int64   `json:"min_rows"`                  // prepared rows; default 100
	MaxFailedChunksPercent float64 `json:"max_failed_chunks_percent"` // default 5
	ChunkRows              int64   `json:"chunk_rows"`                // rows an upload task sends; default 250,000
	Concurrency            int     `json:"concurrency"`               // upload tasks at once; default 8
	MaxRemovedRatio        float64 `json:"max_removed_ratio"`         // of the people in the audience, those that a replace or a mirror may take out; default 0.5
	MinSize                int64   `json:"min_size"`                  // people left in the audience by a replace or a mirror; default 1, so that an empty match never empties it
	ReplaceOverflow        string  `json:"replace_overflow"`          // what becomes of rows for which a replace's 90 minutes are too short: add (default) or refuse
}

// The modes of an upload.
const (
	ModeAdd     = "add"     // the match is added
	ModeRemove  = "remove"  // the match is taken out
	ModeReplace = "replace" // the match takes the place of whoever is in, within one upload session of Meta's
	ModeMirror  = "mirror"  // only what has changed since the last run is added and taken out
)

// What becomes of rows for which the 90 minutes of a replace are too short.
const (
	OverflowAdd    = "add"    // they are added when Meta is done with the replace
	OverflowRefuse = "refuse" // the run stops before it changes anything
)

// defaults is a definition with every default set; a document is decoded on top of it.
func defaults() Definition {
	return Definition{
		Schema: 1,
		Source: Source{DateOrder: "mdy"},
		Meta:   Meta{Mode: ModeAdd, CustomerFileSource: "USER_PROVIDED_ONLY"},
		Limits: Limits{MaxInvalidRatio: 0.2, MinRows: 100, MaxFailedChunksPercent: 5, ChunkRows: 250_000, Concurrency: 8,
			MaxRemovedRatio: 0.5, MinSize: 1, ReplaceOverflow: OverflowAdd},
	}
}

// maxDefinition is how many bytes a definition may have. Step Functions carries 256 KiB from state to state, and has the
// query twice while Clean Rooms runs it: as it was asked for, and in Clean Rooms' answer.
const maxDefinition = 120_000

// ParseDefinition reads a definition, checks it against the schema and against the rules that a schema cannot say, and
// fills in the defaults. Its error is a *ProblemsError that names every wrong field at once, of class Invalid.
func ParseDefinition(data []byte) (Definition, error) {
	if len(data) > maxDefinition {
		return Definition{}, Failf(Invalid, "the audience definition has %d bytes, and at most %d fit through the state machine: move a long query into an analysis template (match.template_arn)",
			len(data), maxDefinition)
	}
	problems, err := checkSchema(data)
	if err != nil {
		return Definition{}, Fail(Invalid, "", fmt.Errorf("read audience definition: %w", err))
	}
	def := defaults()
	switch err := json.Unmarshal(data, &def); {
	case err == nil: // it can be read, so what the schema found need not be all
		problems = addProblems(problems, def.problems())
	case len(problems) == 0:
		return Definition{}, Fail(Invalid, "", fmt.Errorf("read audience definition: %w", err))
	}
	if len(problems) > 0 {
		return Definition{}, Fail(Invalid, "", &ProblemsError{Document: "audience definition", Problems: problems})
	}
	if def.Meta.AudienceName == "" {
		def.Meta.AudienceName = def.Name
	}
	return def, nil
}

// addProblems adds those about fields that nothing is known to be wrong with.
func addProblems(known, more []Problem) []Problem {
	all := known
	for _, p := range more {
		if !slices.ContainsFunc(known, func(k Problem) bool { return k.Field == "" || strings.HasPrefix(p.Field+".", k.Field+".") }) {
			all = append(all, p)
		}
	}
	sortProblems(all)
	return all
}

// problems finds what the schema cannot say.
func (d *Definition) problems() []Problem {
	var found []Problem
	add := func(field, format string, args ...any) {
		found = append(found, Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if (d.Match.SQL == "") == (d.Match.TemplateARN == "") {
		add("match", "give exactly one of sql and template_arn")
	}
	if d.Match.SQL != "" && len(d.Match.Parameters) > 0 {
		add("match.parameters", "only a template takes parameters; write the values into sql")
	}
	if p := d.Meta.DataProcessing; p != nil && (p.Country == 0) != (p.State == 0) {
		add("meta.data_processing_options", "give country and state, or neither: Meta then finds out where somebody is")
	}
	d.checkColumns(add)
	d.checkKept(add)
	sortProblems(found)
	return found
}

func (d *Definition) checkColumns(add func(field, format string, args ...any)) {
	if strings.Contains(strings.ToLower(d.Meta.Description), markPrefix) {
		add("meta.description", "must not contain %s: the mark behind it tells whose audience it is", markPrefix)
	}
	identifying := false
	columns := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(d.Source.Columns)) { // in one order, so that the same fault has the same words
		column := d.Source.Columns[key]
		identifying = identifying || key.Finds()
		if other, taken := columns[column]; taken && strings.TrimSpace(column) != "" {
			add("source.columns."+string(key), "column %q is already mapped to %s", column, other)
		}
		columns[column] = string(key)
	}
	if !identifying {
		add("source.columns", "map at least one of EMAIL, PHONE, MADID, EXTERN_ID, LN: the other keys alone find nobody")
	}
	if _, ok := d.Source.Columns[DOB]; ok {
		for _, part := range []Key{DOBYear, DOBMonth, DOBDay} {
			if _, both := d.Source.Columns[part]; both {
				add("source.columns."+string(part), "give either DOB or its parts, not both")
			}
		}
	}
}

func (d *Definition) checkKept(add func(field, format string, args ...any)) {
	names := map[string]bool{}
	for i, kept := range d.Source.Keep {
		name := ColumnName(kept.Column)
		if _, _, isKey := KeyOfColumn(name); isKey || strings.HasSuffix(name, "_sha256") {
			add(fmt.Sprintf("source.keep[%d]", i), "%q would collide with a prepared key's column; map it under columns", kept.Column)
		}
		if names[name] {
			add(fmt.Sprintf("source.keep[%d]", i), "%q becomes column %s, which another kept column already is", kept.Column, name)
		}
		names[name] = true
	}
}

// ColumnName makes a column's name one that Glue and Clean Rooms accept: lower case letters, digits and underscores.
func ColumnName(source string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(source)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

// ValueBased reports whether Meta is told what each person is worth.
func (d *Definition) ValueBased() bool {
	_, mapped := d.Source.Columns[LookalikeValue]
	return mapped
}

// Mark is what the audience's description on Meta's side carries, so that a name collision never lets one audience
// write into another's.
func (d *Definition) Mark() string { return markPrefix + d.Tenant + "/" + d.Name }

const markPrefix = "cleanreach:"
