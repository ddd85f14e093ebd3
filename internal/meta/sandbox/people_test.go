package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// step is one batch: + adds, - removes; the schema, and rows of words that are hashed unless the key is EXTERN_ID.
type step struct{ direction, schema, rows string }

func (m meta) do(id string, s step) {
	m.t.Helper()
	keys := strings.Split(s.schema, ",")
	var rows []string
	for _, row := range strings.Fields(s.rows) {
		values := strings.Split(row, ",")
		for i, v := range values {
			if keys[i] != "EXTERN_ID" && v != "" {
				values[i] = hash(v)
			}
		}
		rows = append(rows, strings.Join(values, ","))
	}
	m.users(map[string]string{"+": "POST", "-": "DELETE"}[s.direction], id, s.schema, nil, rows...).ack(m.t)
}

// want spells members as members() does: KEY=word, the words hashed.
func want(members ...string) []string {
	list := []string{}
	for _, member := range members {
		var words []string
		for _, pair := range strings.Fields(member) {
			key, word, _ := strings.Cut(pair, "=")
			if key != "EXTERN_ID" {
				word = short(word)
			}
			words = append(words, key+"="+word)
		}
		list = append(list, strings.Join(words, " "))
	}
	return list
}

func TestMembership(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
		want  []string
	}{
		{"a row again changes nothing", []step{{"+", "EMAIL", "a b a"}, {"+", "EMAIL", "b a"}}, want("EMAIL=a", "EMAIL=b")},
		{"the order of keys does not count", []step{{"+", "EMAIL,FN", "a,f"}, {"+", "FN,EMAIL", "f,a"}}, want("EMAIL=a FN=f")},
		{"a missing value does not count", []step{{"+", "EMAIL", "a"}, {"+", "EMAIL,FN", "a,"}}, want("EMAIL=a")},
		{"other attributes are another row", []step{{"+", "EMAIL", "a"}, {"+", "EMAIL,FN", "a,f"}}, want("EMAIL=a", "EMAIL=a FN=f")},
		{"the same value under another key is another row", []step{{"+", "FN", "a"}, {"+", "LN", "a"}}, want("FN=a", "LN=a")},
		{"removing by the identifier takes all rows with it", []step{{"+", "EMAIL,FN", "a,f a,g b,f"}, {"-", "EMAIL", "a"}}, want("EMAIL=b FN=f")},
		{"removing by EXTERN_ID, whatever the rest", []step{{"+", "EXTERN_ID,EMAIL", "1,a 2,b"}, {"-", "EXTERN_ID,EMAIL", "1,b"}}, want("EXTERN_ID=2 EMAIL=b")},
		{"removing by a weaker identifier that is there", []step{{"+", "EXTERN_ID,EMAIL", "1,a 2,b"}, {"-", "EMAIL", "b"}}, want("EXTERN_ID=1 EMAIL=a")},
		{"removing who was never there", []step{{"+", "EMAIL", "a"}, {"-", "EMAIL", "b"}, {"-", "PHONE", "a"}}, want("EMAIL=a")},
		{"without identifier only the same row", []step{{"+", "FN,LN", "f,l f,m"}, {"-", "FN", "f"}, {"-", "LN,FN", "l,f"}}, want("FN=f LN=m")},
		{"coming back", []step{{"+", "EMAIL", "a b"}, {"-", "EMAIL", "a"}, {"+", "EMAIL", "a"}}, want("EMAIL=b", "EMAIL=a")},
		{"coming back without identifier", []step{{"+", "FN", "a b"}, {"-", "FN", "a"}, {"+", "FN", "a"}}, want("FN=b", "FN=a")},
		{"leaving twice", []step{{"+", "EMAIL", "a"}, {"-", "EMAIL", "a"}, {"+", "EMAIL", "a"}, {"-", "EMAIL", "a"}}, want()},
	}
	for _, test := range tests {
		for _, kept := range []bool{false, true} {
			t.Run(test.name+map[bool]string{true: " (kept)"}[kept], func(t *testing.T) {
				cfg := sandbox.Config{}
				if kept {
					cfg.State = t.TempDir()
				}
				m := open(t, cfg)
				id := m.audience("")
				for _, s := range test.steps {
					m.do(id, s)
				}
				check := func(m meta) {
					assert.Equal(t, test.want, m.members(id))
					assert.Contains(t, m.call("GET", "/sandbox/audiences", nil).text, `"members":`+string(rune('0'+len(test.want)))+`,`)
				}
				check(m)
				if kept {
					check(open(t, cfg)) // the first one was not closed: it was killed
				}
			})
		}
	}
}
