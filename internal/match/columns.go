package match

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

// ColumnsOf finds the columns that every file with rows has in common, and which key each holds; names that are no key's
// come back as ignored. A file without rows is not asked: some query engines write one without any column.
//
// Where both a key's canonical value and its hash were selected, the canonical value is taken: it can still be checked
// against Meta's rules, a hash cannot.
//
// Columns that say how to use a person are taken where the definition has a use for them, and have to be there where it maps
// them: what is sent without them could not be told from what was meant.
func ColumnsOf(def *audience.Definition, files []File) (columns []audience.PlanColumn, ignored []string, err error) {
	var model *File
	for i := range files {
		f := &files[i]
		if f.Rows() == 0 {
			continue
		}
		if model == nil {
			model = f
		} else if err := sameColumns(model, f); err != nil {
			return nil, nil, err
		}
	}
	if model == nil {
		return nil, nil, nil
	}
	columns, ignored, err = assign(model)
	if err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(columns, func(c audience.PlanColumn) bool { return c.Key.Finds() }) {
		return nil, nil, audience.Fail(audience.Invalid,
			"let the query select at least one of "+table.Quoted(finding())+"; "+table.Quoted([]string{audience.Email.HashColumn()})+" and the like count too, for values that are hashes already",
			fmt.Errorf("read matched file %s: its columns %s hold nothing by which Meta finds a person", model.Name, table.Quoted(model.Columns)))
	}
	return usageOf(def, columns, ignored)
}

// usageOf leaves out the columns of usage that are not sent, and misses those that must be.
func usageOf(def *audience.Definition, columns []audience.PlanColumn, ignored []string) ([]audience.PlanColumn, []string, error) {
	removes := def.Meta.Mode == audience.ModeRemove // for which Meta need only know who
	var kept []audience.PlanColumn
	for _, c := range columns {
		if !c.Key.Matches() && removes || c.Key == audience.LookalikeValue && !def.ValueBased() {
			ignored = append(ignored, c.Column)
			continue
		}
		kept = append(kept, c)
	}
	slices.Sort(ignored)
	for _, key := range []audience.Key{audience.LookalikeValue, audience.DataProcessing} {
		_, mapped := def.Source.Columns[key]
		if mapped && !removes && !slices.ContainsFunc(kept, func(c audience.PlanColumn) bool { return c.Key == key }) {
			return nil, nil, audience.Fail(audience.Invalid, "let the query select "+key.Column()+" too, or take the key out of source.columns",
				fmt.Errorf("read the matched files: the definition maps %s, and they have no column %s", key, table.Quoted([]string{key.Column()})))
		}
	}
	return kept, ignored, nil
}

// assign says which column holds which key, in the order of audience.Keys.
func assign(f *File) (columns []audience.PlanColumn, ignored []string, err error) {
	plain, hashed := map[audience.Key]string{}, map[audience.Key]string{}
	for _, name := range f.Columns {
		key, isHash, ok := audience.KeyOfColumn(name)
		if !ok {
			ignored = append(ignored, name)
			continue
		}
		into := plain
		if isHash {
			into = hashed
		}
		if other, taken := into[key]; taken {
			return nil, nil, audience.Failf(audience.Invalid,
				"read matched file %s: columns %q and %q both hold %s: let the query select one of them", f.Name, other, name, key)
		}
		if slices.Contains(f.Nested, name) {
			return nil, nil, audience.Failf(audience.Invalid,
				"read matched file %s: column %q is nested and cannot hold %s: let the query select a plain value", f.Name, name, key)
		}
		into[key] = name
	}
	for _, key := range audience.Keys {
		name, isPlain := plain[key]
		hash, isHash := hashed[key]
		switch {
		case isPlain:
			columns = append(columns, audience.PlanColumn{Key: key, Column: name})
			if isHash {
				ignored = append(ignored, hash)
			}
		case isHash:
			columns = append(columns, audience.PlanColumn{Key: key, Column: hash, Hashed: true})
		}
	}
	slices.Sort(ignored)
	return columns, ignored, nil
}

// sameColumns tells apart two files of which one has a column that the other lacks. Their order does not matter: columns
// are read by name.
func sameColumns(a, b *File) error {
	onlyA, onlyB := without(a.Columns, b.Columns), without(b.Columns, a.Columns)
	if len(onlyA) == 0 && len(onlyB) == 0 {
		return nil
	}
	var differ []string
	if len(onlyA) > 0 {
		differ = append(differ, "only "+a.Name+" has "+table.Quoted(onlyA))
	}
	if len(onlyB) > 0 {
		differ = append(differ, "only "+b.Name+" has "+table.Quoted(onlyB))
	}
	return audience.Failf(audience.Invalid,
		"read matched files %s and %s: their columns differ (%s): one query writes files of one kind, so look for files of another query in the same folder",
		a.Name, b.Name, strings.Join(differ, "; "))
}

func without(names, other []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(other, n) {
			out = append(out, n)
		}
	}
	return out
}

func finding() []string {
	var names []string
	for _, k := range audience.Keys {
		if k.Finds() {
			names = append(names, k.Column())
		}
	}
	return names
}
