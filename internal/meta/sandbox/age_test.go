package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

const day = 24 * time.Hour

// TestRetention has people leave by themselves, unless they are sent again.
func TestRetention(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir(), Clock: sandbox.NewClock(noon)}
	m := open(t, cfg)
	id := m.call("POST", "/v26.0/act_42/customaudiences", `{"name":"n","subtype":"CUSTOM","customer_file_source":"USER_PROVIDED_ONLY","retention_days":30}`).body["id"].(string)
	m.add(id, "EMAIL", nil, hash("a"), hash("b")).ack(t)
	m.Clock().Advance(20 * day)
	m.add(id, "EMAIL", nil, hash("b"), hash("c")).ack(t)
	m.Clock().Advance(10*day - time.Second)
	assert.Len(t, m.members(id), 3)
	m.Clock().Advance(time.Second)
	for _, m := range []meta{m, open(t, cfg)} {
		assert.Equal(t, want("EMAIL=b", "EMAIL=c"), m.members(id))
		assert.Contains(t, m.call("GET", "/sandbox/audiences", nil).text, `"members":2,`)
	}
	m.add(id, "EMAIL", nil, hash("a")).ack(t)
	assert.Equal(t, want("EMAIL=b", "EMAIL=c", "EMAIL=a"), m.members(id), "who has left may come back")
	m.Clock().Advance(30 * day)
	assert.Empty(t, m.members(id))
}

// TestExternIDIsForgotten removes people by an EXTERN_ID that Meta knew for 90 days.
func TestExternIDIsForgotten(t *testing.T) {
	tests := []struct {
		name         string
		again        time.Duration // when the row is sent again; 0: never
		after        time.Duration
		schema, rows string // removed
		want         []string
	}{
		{"in time", 0, 90 * day, "EXTERN_ID", "1", want("EXTERN_ID=2 EMAIL=b")},
		{"too late", 0, 91 * day, "EXTERN_ID", "1", want("EXTERN_ID=1 EMAIL=a", "EXTERN_ID=2 EMAIL=b")},
		{"renewed", 60 * day, 91 * day, "EXTERN_ID", "1", want("EXTERN_ID=2 EMAIL=b")},
		{"renewed too late", 60 * day, 151 * day, "EXTERN_ID", "1", want("EXTERN_ID=2 EMAIL=b", "EXTERN_ID=1 EMAIL=a")},
		{"too late, but by the email", 0, 91 * day, "EMAIL", "a", want("EXTERN_ID=2 EMAIL=b")},
		{"the email steps in", 0, 91 * day, "EXTERN_ID,EMAIL", "1,a", want("EXTERN_ID=2 EMAIL=b")},
		{"it does not as long as the id counts", 0, 90 * day, "EXTERN_ID,EMAIL", "2,a", want("EXTERN_ID=1 EMAIL=a")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := sandbox.Config{State: t.TempDir(), Clock: sandbox.NewClock(noon)}
			m := open(t, cfg)
			id := m.audience("")
			m.do(id, step{"+", "EXTERN_ID,EMAIL", "1,a 2,b"})
			m.Clock().Advance(test.again)
			if test.again > 0 {
				m.do(id, step{"+", "EXTERN_ID,EMAIL", "1,a"})
			}
			m.Clock().Advance(test.after - test.again)
			m.do(id, step{"-", test.schema, test.rows})
			for _, m := range []meta{m, open(t, cfg)} {
				assert.Equal(t, test.want, m.members(id))
				assert.Contains(t, m.call("GET", "/sandbox/audiences", nil).text, fmt.Sprintf(`"members":%d,`, len(test.want)))
			}
		})
	}
}

// TestRemovedTwiceAndBack removes the same EXTERN_ID in two times of which the second does not reach back to the first.
func TestRemovedTwiceAndBack(t *testing.T) {
	m := open(t, sandbox.Config{Clock: sandbox.NewClock(noon)})
	id := m.audience("")
	m.do(id, step{"+", "EXTERN_ID,EMAIL", "0,z"})
	m.Clock().Advance(80 * day)
	m.do(id, step{"+", "EXTERN_ID,EMAIL", "1,a"})
	m.do(id, step{"-", "EXTERN_ID", "1"})
	m.Clock().Advance(100 * day)
	m.do(id, step{"+", "EXTERN_ID,EMAIL", "1,b"})
	m.do(id, step{"-", "EXTERN_ID", "1"})
	assert.Equal(t, want("EXTERN_ID=0 EMAIL=z"), m.members(id), "the first one's row stays out")
}

// TestProcessing has Meta take a day until what was sent is in its numbers.
func TestProcessing(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir(), Clock: sandbox.NewClock(noon), MatchRate: 1, Processing: day}
	m := open(t, cfg)
	id := m.audience("")
	lower := func(m meta) float64 {
		return m.call("GET", "/v26.0/"+id+"?fields=approximate_count_lower_bound,delivery_status", nil).body["approximate_count_lower_bound"].(float64)
	}
	m.add(id, "EMAIL", last(1, 1), append(rowsOf(5000, 0), "bad")...).ack(t)
	assert.Equal(t, map[string]any{"session_id": "1", "stage": "processing", "progress": "99", "num_received": "5001", "num_invalid_entries": "1",
		"num_matched": "0", "end_time": "1790856000"}, m.session(id, 1))
	assert.InDelta(t, -1, lower(m), 0)
	m.Clock().Advance(day)
	assert.Equal(t, map[string]any{"session_id": "1", "stage": "finished", "progress": "100", "num_received": "5001", "num_invalid_entries": "1",
		"num_matched": "5000", "end_time": "1790856000"}, m.session(id, 1))
	assert.InDelta(t, 5000, lower(m), 0)

	// What comes now is not seen before it is processed, nor what leaves, and a restart changes nothing.
	m.add(id, "EMAIL", batch(2, 1), rowsOf(5000, 5000)...).ack(t)
	m.users("DELETE", id, "EMAIL", nil, rowsOf(7000, 0)...).ack(t)
	m.Clock().Advance(day / 2)
	m.replace(id, "EMAIL", last(3, 1), rowsOf(2000, 0)...).ack(t)
	for _, m := range []meta{m, open(t, cfg)} {
		assert.InDelta(t, 5000, lower(m), 0)
		assert.Len(t, m.members(id), 2000, "who is in it is another matter")
	}
	m.Clock().Advance(day)
	assert.InDelta(t, 2000, lower(m), 0)
	assert.Equal(t, "timed_out", m.session(id, 2)["stage"], "nobody ended it")
	assert.Equal(t, "5000", m.session(id, 2)["num_matched"], "what had come was processed")
}

// TestInvalidAsRange has Meta round the number of refused rows.
func TestInvalidAsRange(t *testing.T) {
	m := open(t, sandbox.Config{RoundsInvalid: true})
	id := m.audience("")
	rows := make([]string, 27)
	for i := range rows {
		rows[i] = fmt.Sprint("bad ", i)
	}
	a := m.add(id, "EMAIL", batch(1, 1), rows...)
	require.Equal(t, 200, a.status)
	assert.Equal(t, "20-30", a.body["num_invalid_entries"])
	assert.Len(t, a.body["invalid_entry_samples"], 27)
	assert.Equal(t, "20-30", m.session(id, 1)["num_invalid_entries"])
	few := m.add(id, "EMAIL", batch(2, 1), rows[:10]...)
	assert.InDelta(t, 10, few.body["num_invalid_entries"], 0)
}
