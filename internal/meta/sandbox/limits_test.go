package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// limited is a sandbox of a tier with an audience, whose creation has decayed.
func limited(t *testing.T, tier string) (meta, string) {
	t.Helper()
	m := open(t, sandbox.Config{Tier: tier, Clock: sandbox.NewClock(noon)})
	id := m.audience("")
	m.Clock().Advance(time.Hour)
	return m, id
}

func TestScoreOfTheTier(t *testing.T) {
	tests := []struct {
		tier   string
		writes int // until the score is full
		block  time.Duration
		name   string
	}{
		{"limited", 20, 300 * time.Second, "development_access"},
		{"full", 3000, 60 * time.Second, "standard_access"},
	}
	for _, test := range tests {
		t.Run(test.tier, func(t *testing.T) {
			m, id := limited(t, test.tier)
			var a answer
			for range test.writes {
				a = m.add(id, "EMAIL", nil, hash("a"))
				a.ack(t)
			}
			assert.JSONEq(t, `{"acc_id_util_pct":100,"reset_time_duration":300,"ads_api_access_tier":"`+test.name+`"}`, a.header.Get("X-Ad-Account-Usage"))
			refused := m.add(id, "EMAIL", nil, hash("b"))
			refused.fails(t, 17, 2446079)
			assert.Equal(t, 400, refused.status)
			assert.JSONEq(t, fmt.Sprintf(`{"acc_id_util_pct":100,"reset_time_duration":%d,"ads_api_access_tier":"%s"}`, int(test.block.Seconds()), test.name),
				refused.header.Get("X-Ad-Account-Usage"))
			assert.Equal(t, want("EMAIL=a"), m.members(id))

			m.Clock().Advance(test.block - time.Second)
			a = m.call("GET", "/v26.0/"+id, nil) // reading is blocked too, and makes the block no longer
			a.fails(t, 17, 2446079)
			assert.Contains(t, a.header.Get("X-Ad-Account-Usage"), `"reset_time_duration":1,`)
			m.Clock().Advance(time.Second)
			m.add(id, "EMAIL", nil, hash("b")).ack(t)

			u := m.Usage("42")
			assert.Equal(t, []int64{int64(test.writes) + 2, 3 * (int64(test.writes) + 2), 2, 1}, []int64{u.Calls, u.Points, u.Refused, u.Blocks})
			assert.Equal(t, []time.Time{noon, m.Clock().Now()}, []time.Time{u.Since, u.Last})
		})
	}
}

// TestSustainableRate writes at exactly the rate that the tier allows, after a first burst: no block.
func TestSustainableRate(t *testing.T) {
	m, id := limited(t, "limited")
	for range 20 {
		m.add(id, "EMAIL", nil, hash("a")).ack(t)
	}
	for range 1000 {
		m.Clock().Advance(15 * time.Second)
		m.add(id, "EMAIL", nil, hash("a")).ack(t)
	}
	u := m.Usage("42")
	assert.Zero(t, u.Blocks)
	assert.InDelta(t, 60, u.Score, 0.01)
	assert.Equal(t, []float64{0.2, 60}, []float64{u.Rate, u.Burst})
	assert.InDelta(t, 3*1021/(60+0.2*(3600+15_000)), u.Share(), 1e-9)
	m.Clock().Advance(14 * time.Second)
	m.add(id, "EMAIL", nil, hash("a")).fails(t, 17, 2446079) // a second too early
}

func TestReadsCostLess(t *testing.T) {
	m, id := limited(t, "limited")
	for range 60 {
		assert.Equal(t, 200, m.call("GET", "/v26.0/"+id, nil).status)
	}
	m.call("GET", "/v26.0/"+id, nil).fails(t, 17, 2446079)
	m.call("GET", "/v26.0/act_43", nil).ackRead(t) // another ad account has a score of its own
	list := m.call("GET", "/sandbox/usage", nil).text
	assert.Contains(t, list, `{"account":"42","calls":61,"points":63,"refused":1,"blocks":1,"score":60,"rate":0.2,"burst":60,`)
	assert.Contains(t, list, `{"account":"43","calls":1,"points":1,`)
}

func (a answer) ackRead(t *testing.T) {
	t.Helper()
	require.Equal(t, 200, a.status, a.text)
}

func TestCallsInAnHour(t *testing.T) {
	m := open(t, sandbox.Config{Tier: "full", CallsPerHour: 10, Clock: sandbox.NewClock(noon)})
	read := func() answer { return m.call("GET", "/v26.0/act_42", nil) }
	business := func(percent, minutes int) string {
		return fmt.Sprintf(`{"42":[{"type":"custom_audience","call_count":%d,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":%d,"ads_api_access_tier":"standard_access"}]}`,
			percent, minutes)
	}
	for i := range 10 {
		assert.JSONEq(t, business(10*(i+1), 0), read().header.Get("X-Business-Use-Case-Usage"))
	}
	refused := read()
	refused.fails(t, 80003, 0)
	assert.JSONEq(t, business(100, 6), refused.header.Get("X-Business-Use-Case-Usage"))
	m.Clock().Advance(5*time.Minute + 59*time.Second)
	refused = read()
	refused.fails(t, 80003, 0)
	assert.JSONEq(t, business(100, 1), refused.header.Get("X-Business-Use-Case-Usage"), "minutes, rounded up")
	m.Clock().Advance(time.Second)
	read().ackRead(t)
	read().fails(t, 80003, 0)
	m.Clock().Advance(time.Hour)
	assert.JSONEq(t, business(10, 0), read().header.Get("X-Business-Use-Case-Usage"), "all has decayed")
	assert.Equal(t, int64(2), m.Usage("42").Blocks)
}

func TestNoTierRefusesNothing(t *testing.T) {
	m := open(t, sandbox.Config{Clock: sandbox.NewClock(noon)})
	for range 4_000 {
		m.call("GET", "/v26.0/act_42", nil).ackRead(t)
	}
	u := m.Usage("42")
	assert.Equal(t, []int64{4000, 4000, 0, 0}, []int64{u.Calls, u.Points, u.Refused, u.Blocks})
	assert.Zero(t, m.Usage("1").Calls)
	_, err := sandbox.New(sandbox.Config{Tier: "gold"})
	assert.EqualError(t, err, `open sandbox: the tier must be limited, full, or none; it is "gold"`)
}
