package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func TestSessionTotals(t *testing.T) {
	clock := newClock()
	m := open(t, sandbox.Config{Now: clock.Now})
	id := m.audience("")
	first := m.add(id, "EMAIL", session{"session_id": 7, "batch_seq": 1, "estimated_num_total": 8}, rowsOf(3, 0)...)
	assert.Equal(t, "7", first.body["session_id"], "a string, as recorded")
	received, invalid := first.ack(t)
	assert.Equal(t, []int{3, 0}, []int{received, invalid})

	received, invalid = m.add(id, "EMAIL", batch(7, 2), append(rowsOf(2, 3), "bad")...).ack(t)
	assert.Equal(t, []int{6, 1}, []int{received, invalid}, "the session's total so far")
	received, invalid = m.add(id, "EMAIL", batch(7, 2), append(rowsOf(2, 3), "bad")...).ack(t)
	assert.Equal(t, []int{6, 1}, []int{received, invalid}, "a repeated batch counts once")
	received, _ = m.add(id, "EMAIL", batch(8, 1), rowsOf(1, 0)...).ack(t)
	assert.Equal(t, 1, received, "another session counts for itself")

	status := func() map[string]any {
		a := m.call("GET", "/v26.0/"+id+"/sessions?session_id=7&fields=session_id,stage,progress,num_received,num_invalid_entries,num_matched,start_time,end_time", nil)
		data := a.body["data"].([]any)
		assert.Len(t, data, 1)
		return data[0].(map[string]any)
	}
	assert.Equal(t, map[string]any{"session_id": "7", "stage": "uploading", "progress": "75", "num_received": "6", "num_invalid_entries": "1",
		"num_matched": status()["num_matched"], "start_time": "1790856000"}, status())
	clock.move(time.Minute)
	m.add(id, "EMAIL", session{"session_id": 7, "batch_seq": 3, "last_batch_flag": true}, rowsOf(2, 6)...).ack(t)
	assert.Equal(t, "finished", status()["stage"])
	assert.Equal(t, "100", status()["progress"])
	assert.Equal(t, "1790856060", status()["end_time"])
	assert.Len(t, m.members(id), 7)
	assert.Equal(t, []any{}, m.call("GET", "/v26.0/"+id+"/sessions?session_id=9", nil).body["data"])
}

// TestRefuseRate has people refused with whom nothing is wrong: the same ones each time, never members, and
// not just those who would be recognised.
func TestRefuseRate(t *testing.T) {
	refused := func(rate float64) map[string]any {
		m := open(t, sandbox.Config{RefuseRate: rate, MatchRate: 0.05})
		id := m.audience("")
		added := m.add(id, "EMAIL", batch(7, 1), rowsOf(1000, 0)...)
		_, invalid := added.ack(t)
		assert.Len(t, m.members(id), 1000-invalid)
		status := m.call("GET", "/v26.0/"+id+"/sessions?session_id=7&fields=num_matched", nil).body["data"].([]any)[0].(map[string]any)
		assert.NotEqual(t, "0", status["num_matched"], "those who are recognised are others")
		again, _ := m.add(id, "EMAIL", batch(8, 1), rowsOf(1000, 0)...).body["invalid_entry_samples"].(map[string]any)
		samples, _ := added.body["invalid_entry_samples"].(map[string]any)
		assert.Equal(t, samples, again)
		assert.Len(t, samples, min(invalid, 100))
		assert.InDelta(t, rate*1000, invalid, 30)
		return samples
	}
	assert.Empty(t, refused(0))
	for _, reason := range refused(0.05) {
		assert.Equal(t, "invalid EMAIL", reason)
	}
}

func TestSessionRules(t *testing.T) {
	const life = 90 * time.Minute
	row := hash("x")
	tests := []struct {
		name          string
		after         time.Duration
		begin         session
		method        string
		schema        string
		next          session
		code, subcode int
	}{
		{"goes on", 0, batch(1, 1), "POST", "EMAIL", batch(1, 2), 0, 0},
		{"begins with any batch", 0, batch(1, 5), "POST", "EMAIL", batch(1, 2), 0, 0},
		{"goes on for 90 minutes", life, batch(1, 1), "POST", "EMAIL", batch(1, 2), 0, 0},
		{"is closed after that", life + time.Second, batch(1, 1), "POST", "EMAIL", batch(1, 2), 2650, 1870158},
		{"is closed for repeats too", life + time.Second, batch(1, 1), "POST", "EMAIL", batch(1, 1), 2650, 1870158},
		{"another one is open", life + time.Second, batch(1, 1), "POST", "EMAIL", batch(2, 2), 0, 0},
		{"keeps its first schema", 0, batch(1, 1), "POST", "PHONE", batch(1, 2), 100, 0},
		{"keeps its direction", 0, batch(1, 1), "DELETE", "EMAIL", batch(1, 2), 100, 0},
		{"ends with the last batch", 0, last(1, 1), "POST", "EMAIL", batch(1, 2), 2650, 1870159},
		{"takes the last batch again", 0, last(1, 1), "POST", "EMAIL", last(1, 1), 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := sandbox.Config{State: t.TempDir()}
			clock := newClock()
			cfg.Now = clock.Now
			m := open(t, cfg)
			id := m.audience("")
			m.add(id, "EMAIL", test.begin, hash("first")).ack(t)
			clock.move(test.after)
			// The rules hold for a sandbox that was killed and started again, too.
			for i, m := range []meta{m, open(t, cfg)} {
				a := m.users(test.method, id, test.schema, test.next, row)
				code, subcode := a.code()
				assert.Equal(t, []int{test.code, test.subcode}, []int{code, subcode}, "%d: %s", i, a.text)
				if test.code != 0 {
					assert.Equal(t, want("EMAIL=first"), m.members(id))
				}
				m.Close() // the next one opens the same files
			}
		})
	}
}

func TestSessionBelongsToOneAudience(t *testing.T) {
	m := open(t, sandbox.Config{})
	one, two := m.audience(""), m.audience("")
	m.add(one, "EMAIL", batch(1, 1), hash("a")).ack(t)
	code, _ := m.add(two, "EMAIL", batch(1, 2), hash("a")).code()
	assert.Equal(t, 100, code)
	assert.Empty(t, m.members(two))
}

func TestMatchRate(t *testing.T) {
	matched := map[string]string{}
	for _, rate := range []float64{0.25, 0.6, 1} {
		m := open(t, sandbox.Config{MatchRate: rate})
		id := m.audience("")
		for i := range 2 {
			m.add(id, "EMAIL", batch(1, i+1), rowsOf(5000, i*5000)...).ack(t)
		}
		a := m.call("GET", "/v26.0/"+id+"/sessions?fields=num_matched", nil)
		matched[fmt.Sprint(rate)] = a.body["data"].([]any)[0].(map[string]any)["num_matched"].(string)
	}
	// The same people each time, so the numbers are exact; they are near the rate.
	assert.Equal(t, "10000", matched["1"])
	for rate, near := range map[string]float64{"0.25": 2500, "0.6": 6000} {
		var n float64
		_, err := fmt.Sscan(matched[rate], &n)
		require.NoError(t, err)
		assert.InDelta(t, near, n, 150)
	}
}
