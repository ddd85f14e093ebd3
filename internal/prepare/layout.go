package prepare

import (
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A layout says which source columns are read, and what each of them becomes in the prepared table.
type layout struct {
	input   []string // the source's columns, as the reader is asked for them
	keys    []keyColumn
	kept    []keptColumn
	country int           // the place of COUNTRY in keys, or -1
	consent int           // the place of the consent column in input, or -1
	fields  []table.Field // of the prepared table
}

// A keyColumn is a mapped source column: one of Meta's keys, or DOB, which becomes three.
type keyColumn struct {
	key        audience.Key
	in         int // its place in input
	attributes []attribute
}

// An attribute is one of Meta's keys in the prepared table.
type attribute struct {
	key audience.Key
	out int // place of its canonical column; the hash column of a hashed key is the next one
}

// A keptColumn is a source column that is carried along.
type keptColumn struct {
	in, out int
	given   bool // its type is the definition's, not the files'
}

// newLayout lays out a source's columns: the keys in audience.Keys' order, DOB in the place of its parts, then what is kept.
func newLayout(source audience.Source) *layout {
	l := &layout{country: -1, consent: -1}
	for _, key := range audience.Keys {
		if column, mapped := source.Columns[key]; mapped {
			if key == audience.Country {
				l.country = len(l.keys)
			}
			l.addKey(key, column, key)
		}
		if column, mapped := source.Columns[audience.DOB]; mapped && key == audience.DOBYear {
			l.addKey(audience.DOB, column, audience.DOBYear, audience.DOBMonth, audience.DOBDay)
		}
	}
	for _, kept := range source.Keep {
		typ := table.Type(kept.Type)
		if typ == "" {
			typ = table.String
		}
		l.kept = append(l.kept, keptColumn{in: l.read(kept.Column), out: len(l.fields), given: kept.Type != ""})
		l.fields = append(l.fields, table.Field{Name: audience.ColumnName(kept.Column), Type: typ})
	}
	if source.Consent != "" {
		l.consent = l.read(source.Consent)
	}
	return l
}

// Columns is what preparing makes of a source, as far as its definition tells: a kept column without a type may turn out
// to have one in Parquet files.
func Columns(source audience.Source) []audience.CatalogColumn {
	var columns []audience.CatalogColumn
	for _, field := range newLayout(source).fields {
		columns = append(columns, audience.CatalogColumn{Name: field.Name, Type: string(field.Type)})
	}
	return columns
}

func (l *layout) addKey(key audience.Key, column string, parts ...audience.Key) {
	k := keyColumn{key: key, in: l.read(column)}
	for _, part := range parts {
		k.attributes = append(k.attributes, attribute{key: part, out: len(l.fields)})
		l.fields = append(l.fields, table.Field{Name: part.Column(), Type: typeOf(part)})
		if part.Hashed() {
			l.fields = append(l.fields, table.Field{Name: part.HashColumn(), Type: table.String})
		}
	}
	l.keys = append(l.keys, k)
}

// typeOf is the type of a key's column. What people are worth is a number, so that queries can compare and add it up.
func typeOf(key audience.Key) table.Type {
	if key == audience.LookalikeValue {
		return table.Double
	}
	return table.String
}

// read asks the reader for a column and gives its place.
func (l *layout) read(column string) int {
	l.input = append(l.input, column)
	return len(l.input) - 1
}

// adoptTypes gives each kept column without a type of its own the one that it has in all files, if they agree.
func (l *layout) adoptTypes(files []rawFile) {
	for _, kept := range l.kept {
		var types []table.Type
		for _, file := range files {
			if !file.empty && !slices.Contains(types, file.types[kept.in]) {
				types = append(types, file.types[kept.in])
			}
		}
		if !kept.given && len(types) == 1 {
			l.fields[kept.out].Type = types[0]
		}
	}
}

// columns names the prepared table's columns.
func (l *layout) columns() []string {
	names := make([]string, len(l.fields))
	for i, field := range l.fields {
		names[i] = field.Name
	}
	return names
}
