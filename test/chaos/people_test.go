package chaos

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A row is one row of a match: an EXTERN_ID, an e-mail address, a phone number, any of them empty. Rows without an EXTERN_ID
// travel under another schema than the others.
type row struct{ extern, email, phone string }

var columns = []string{"extern_id", "email", "phone"}

func (r row) values() []string { return []string{r.extern, r.email, r.phone} }

func (r row) usable() bool { return r != row{} }

// member is what Meta is to have of the row: this test's own idea of it, without the code under test.
func (r row) member() sandbox.Person {
	m := sandbox.Person{}
	put := func(key, value string) {
		if value != "" {
			m[key] = value
		}
	}
	put("EXTERN_ID", r.extern)
	put("EMAIL", hashed(r.email))
	put("PHONE", hashed(strings.TrimPrefix(r.phone, "+")))
	return m
}

func hashed(value string) string {
	if value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// person makes a row of the nth person. Three in ten have no EXTERN_ID, one in five no phone number.
func person(n int) row {
	r := row{fmt.Sprintf("customer-%d", n), fmt.Sprintf("person%d@mail.example.com", n), fmt.Sprintf("+1650253%04d", n)}
	if n%10 < 3 {
		r.extern = ""
	}
	if n%5 == 4 {
		r.phone = ""
	}
	return r
}

// moved is another row of a person: the e-mail address is another one, or the phone number where nothing else tells who it is.
func (r row) moved(n int) row {
	if r.extern != "" {
		r.email = fmt.Sprintf("moved%d.%s", n, r.email)
	} else {
		r.phone = fmt.Sprintf("+1650254%04d", n)
	}
	return r
}

// matchOf makes rows of some people: a few twice, a few with another row, a few that name nobody.
func matchOf(r *rand.Rand, people []int, rows int) []row {
	match := make([]row, 0, rows)
	for _, n := range people {
		match = append(match, person(n))
	}
	for len(match) < rows {
		one := match[r.IntN(len(match))]
		switch r.IntN(4) {
		case 0:
			one = one.moved(len(match))
		case 1:
			one = row{}
		}
		match = append(match, one)
	}
	match = match[:rows]
	r.Shuffle(rows, func(i, j int) { match[i], match[j] = match[j], match[i] })
	return match
}

// filesOf are the match's files, some of them with several row groups.
func filesOf(r *rand.Rand, match []row, chunk int) ([][]byte, error) {
	var files [][]byte
	for rest := match; len(rest) > 0; {
		n := min(len(rest), chunk*(5+r.IntN(10)))
		file, err := parquetOf(rest[:n], int64(chunk*(1+r.IntN(3))))
		if err != nil {
			return nil, err
		}
		files, rest = append(files, file), rest[n:]
	}
	return files, nil
}

func parquetOf(rows []row, group int64) ([]byte, error) {
	var out bytes.Buffer
	fields := make([]table.Field, len(columns))
	for i, name := range columns {
		fields[i] = table.Field{Name: name, Type: table.String}
	}
	w, err := table.NewWriter(&out, fields, table.WriteOptions{RowGroupRows: group})
	if err != nil {
		return nil, err
	}
	values := make([]table.Column, len(columns))
	for _, r := range rows {
		for i, value := range r.values() {
			if value == "" {
				values[i].AppendNull()
			} else {
				values[i].AppendString(value)
			}
		}
	}
	if err := w.WriteBatch(values, nil); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// A crowd is the distinct members of an audience, by what they print as.
type crowd map[string]sandbox.Person

func (c crowd) add(people ...sandbox.Person) {
	for _, p := range people {
		c[fmt.Sprint(p)] = p // a map prints in the order of its keys
	}
}

func crowdOf(rows []row) crowd {
	c := crowd{}
	for _, r := range rows {
		if r.usable() {
			c.add(r.member())
		}
	}
	return c
}

// identifiers are those by which Meta finds a person, the strongest first.
var identifiers = []string{"EXTERN_ID", "EMAIL", "PHONE"}

// remove takes out everybody who shares a row's strongest identifier, as Meta does.
func (c crowd) remove(rows []row) { c.without(crowdOf(rows).strongest(nil)) }

// lead is a person's strongest identifier.
func lead(p sandbox.Person) string {
	for _, key := range identifiers {
		if p[key] != "" {
			return key + p[key]
		}
	}
	return ""
}

// strongest are the strongest identifiers of those who have one of these values, or of all.
func (c crowd) strongest(having map[string]bool) map[string]bool {
	leads := map[string]bool{}
	for _, p := range c {
		if having == nil || has(p, having) {
			leads[lead(p)] = true
		}
	}
	return leads
}

func has(p sandbox.Person, values map[string]bool) bool {
	return slices.ContainsFunc(identifiers, func(key string) bool { return p[key] != "" && values[key+p[key]] })
}

// without takes out everybody who has one of these values, and counts them.
func (c crowd) without(values map[string]bool) int {
	before := len(c)
	maps.DeleteFunc(c, func(_ string, p sandbox.Person) bool { return has(p, values) })
	return before - len(c)
}

// difference says in a line who is missing and who should not be there; nothing when the two are the same.
func (c crowd) difference(want crowd) string {
	only := func(in, out crowd) (names []string) {
		for name := range in {
			if _, is := out[name]; !is {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	missing, more := only(want, c), only(c, want)
	if len(missing)+len(more) == 0 {
		return ""
	}
	return fmt.Sprintf("of %d members %d are missing, such as %q, and %d should not be there, such as %q",
		len(want), len(missing), first(missing), len(more), first(more))
}

func first(names []string) []string { return names[:min(len(names), 2)] }

func (c crowd) list() []sandbox.Person { return slices.Collect(maps.Values(c)) }
