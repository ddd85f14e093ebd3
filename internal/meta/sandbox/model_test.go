package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// A member of the model is a row with its age; the model is a list of them, and does plainly what the sandbox does fast.
type member struct {
	extern, email string
	at            time.Time
}

type model []member

func (m model) add(one member, now time.Time) model {
	i := slices.IndexFunc(m, func(o member) bool { return o.extern == one.extern && o.email == one.email })
	if i >= 0 {
		if one.extern == "" || now.Sub(m[i].at) < time.Hour {
			return m
		}
		m = slices.Delete(m, i, i+1)
	}
	one.at = now
	return append(m, one)
}

func (m model) remove(one member, now time.Time) model {
	return slices.DeleteFunc(m, func(o member) bool {
		if one.extern != "" && now.Sub(o.at) <= 90*day {
			return o.extern == one.extern
		}
		return one.email != "" && o.email == one.email
	})
}

func (m model) String() string {
	var list []string
	for _, o := range m {
		list = append(list, strings.TrimSuffix("EXTERN_ID="+o.extern+" EMAIL="+o.email, " EMAIL="))
	}
	return strings.ReplaceAll(strings.Join(want(list...), "; "), "EXTERN_ID= ", "")
}

// TestAgainstModel adds, removes and replaces at random, over months, with a sandbox that is killed now and then.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			cfg := sandbox.Config{State: t.TempDir(), Clock: sandbox.NewClock(noon)}
			m := open(t, cfg)
			id := m.audience("")
			m.do(id, step{"+", "EMAIL", "first"})
			expected := model{}.add(member{email: "first"}, noon)
			for n := range 150 {
				var what string
				expected, what = randomStep(m, id, int64(n+1), random, expected)
				if random.IntN(20) == 0 {
					require.NoError(t, m.Close())
					m = open(t, cfg)
				}
				require.Equal(t, expected.String(), strings.Join(m.members(id), "; "), "step %d, %s", n, what)
				require.Contains(t, m.call("GET", "/sandbox/audiences", nil).text, fmt.Sprintf(`"members":%d,`, len(expected)))
			}
		})
	}
}

// randomStep does one thing to both.
func randomStep(m meta, id string, number int64, random *rand.Rand, expected model) (model, string) {
	waits := []time.Duration{0, time.Minute, 59 * time.Minute, time.Hour, 10 * day, 40 * day}
	m.Clock().Advance(waits[random.IntN(len(waits))])
	now := m.Clock().Now()
	schema := []string{"EXTERN_ID,EMAIL", "EMAIL,EXTERN_ID", "EXTERN_ID", "EMAIL"}[random.IntN(4)]
	var people []member
	var rows, sent []string
	for range 1 + random.IntN(4) {
		one := member{extern: fmt.Sprint(random.IntN(8)), email: fmt.Sprint("e", random.IntN(8))}
		values := map[string]string{"EXTERN_ID": one.extern, "EMAIL": one.email}
		var row, hashes []string
		for key := range strings.SplitSeq(schema, ",") {
			row = append(row, values[key])
			if key == "EMAIL" {
				hashes = append(hashes, hash(values[key]))
			} else {
				hashes = append(hashes, values[key])
			}
		}
		if !strings.Contains(schema, "EXTERN_ID") {
			one.extern = ""
		}
		if !strings.Contains(schema, "EMAIL") {
			one.email = ""
		}
		people, rows, sent = append(people, one), append(rows, strings.Join(row, ",")), append(sent, strings.Join(hashes, ","))
	}
	what := fmt.Sprintf("%s of %v", schema, rows)
	switch random.IntN(6) {
	case 0:
		m.replace(id, schema, last(number, 1), sent...).ack(m.t)
		expected = model{}
	case 1, 2:
		m.users("DELETE", id, schema, nil, sent...).ack(m.t)
		for _, one := range people {
			expected = expected.remove(one, now)
		}
		return expected, "remove " + what
	default:
		m.add(id, schema, nil, sent...).ack(m.t)
	}
	for _, one := range people {
		expected = expected.add(one, now)
	}
	return expected, "add " + what
}
