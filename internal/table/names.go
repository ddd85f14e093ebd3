package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A MissingColumnsError says that a file lacks columns that it was asked for. Its class is Invalid.
type MissingColumnsError struct {
	File    string
	Missing []string
	// Present are the file's columns. It is empty when the file has none of the wanted ones: then what stands in for the
	// header may be a row of somebody's data.
	Present []string
}

// Error names both sides, so that a misspelt mapping is seen at once.
func (e *MissingColumnsError) Error() string {
	if len(e.Present) == 0 {
		return fmt.Sprintf("%s has none of the columns %s", e.File, Quoted(e.Missing))
	}
	return fmt.Sprintf("%s has no column %s; it has %s", e.File, Quoted(e.Missing), Quoted(e.Present))
}

// Quoted lists names as a person would.
func Quoted(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strconv.Quote(name)
	}
	return strings.Join(all, ", ")
}

// missing makes the error for wanted columns that a file lacks. found says whether it has any of the others.
func missing(file string, names, present []string, found bool) error {
	e := &MissingColumnsError{File: file, Missing: names}
	next := "check that its first line is a header, and the definition's source: the columns' names and, where they are set, delimiter and encoding"
	if found {
		next = "correct the columns' names in the definition's source"
		e.Present = present
	}
	return audience.Fail(audience.Invalid, next, e)
}

// match finds each wanted column in the file's: the same name, or else the only one that differs just in case. White
// space around a name does not count.
func match(file string, wanted, present []string) ([]int, error) {
	places := make([]int, len(wanted))
	var absent []string
	for i, name := range wanted {
		place, err := find(file, name, present)
		if err != nil {
			return nil, err
		}
		if places[i] = place; place < 0 {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		return nil, missing(file, absent, present, len(absent) < len(wanted))
	}
	return places, nil
}

// find gives a column's place in present, or -1.
func find(file, name string, present []string) (int, error) {
	name = strings.TrimSpace(name)
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		hit := func(other string) bool { return same(name, strings.TrimSpace(other)) }
		place := slices.IndexFunc(present, hit)
		if place < 0 {
			continue
		}
		if slices.ContainsFunc(present[place+1:], hit) {
			return 0, audience.Fail(audience.Invalid, "give each column its own name",
				fmt.Errorf("%s has more than one column %q", file, name))
		}
		return place, nil
	}
	return -1, nil
}

// found counts the wanted columns that are among present.
func found(wanted, present []string) int {
	n := 0
	for _, name := range wanted {
		if place, err := find("", name, present); place >= 0 || err != nil {
			n++
		}
	}
	return n
}
