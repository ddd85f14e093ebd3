package compare

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/snapshot"
)

const day = 24 * time.Hour

func TestMemory(t *testing.T) {
	extern, email := []audience.Key{audience.ExternID, audience.Email}, []audience.Key{audience.Email}
	for _, c := range []struct {
		keys      []audience.Key
		retention int
		want      time.Duration
	}{
		{email, 0, 0}, {extern, 0, 90 * day}, {email, 180, 180 * day}, {extern, 180, 90 * day}, {extern, 30, 30 * day},
	} {
		assert.Equal(t, c.want, memory(c.keys, c.retention), "%v %d", c.keys, c.retention)
	}
}

// TestSentAgainInTime has runs come in every rhythm that keeps up with Meta's memory at all: nobody is forgotten, and after the
// first run no two runs that are a day apart send many again.
func TestSentAgainInTime(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, keeps := range []time.Duration{90 * day, 30 * day, 7 * day} {
		for gap := day / 4; gap <= keeps*4/10; gap += day / 4 {
			base := &snapshot.Snapshot{TakenAt: start, SentAt: sentAt(nil, start, nil)}
			most, sent, runs := 0, 0, 0
			for now := start.Add(gap); now.Before(start.Add(5 * keeps)); now = now.Add(gap) {
				for i, at := range base.SentAt {
					assert.LessOrEqual(t, now.Sub(at), keeps, "slot %d, runs every %s", i, gap)
				}
				again, n := due(base, now, keeps), 0
				for _, is := range again {
					if is {
						n++
					}
				}
				most, sent, runs = max(most, n), sent+n, runs+1
				base = &snapshot.Snapshot{TakenAt: now, SentAt: sentAt(base, now, again[:])}
			}
			if keeps == 90*day && gap == day {
				assert.LessOrEqual(t, most, 8, "of %d slots at once", snapshot.Slots)
				assert.InDelta(t, float64(runs)*snapshot.Slots/65, sent, float64(sent)/10, "every 65 days or so")
			}
		}
	}
}

func TestNothingIsForgotten(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	base := &snapshot.Snapshot{TakenAt: now, SentAt: sentAt(nil, now, nil)}
	assert.Zero(t, due(base, now.Add(1000*day), 0), "Meta keeps them for ever")
}

func TestFilter(t *testing.T) {
	f := newFilter(10_000_000)
	assert.False(t, f.has(7))
	r := rand.New(rand.NewPCG(1, 2))
	var marks []uint64
	for range 100_000 {
		marks = append(marks, r.Uint64())
		f.add(marks[len(marks)-1])
	}
	for _, m := range marks {
		assert.True(t, f.has(m))
	}
	wrong := 0
	for range 2_000_000 {
		if f.has(r.Uint64()) {
			wrong++
		}
	}
	assert.Zero(t, wrong)
}

func TestMarksAsText(t *testing.T) {
	m := newMarker(nil)
	want := mark{1, 1 << 63, 42}
	got, err := parse(m.write(want))
	assert.NoError(t, err)
	assert.Equal(t, want, got)
	for _, wrong := range []string{"", "00", string(m.write(want)) + "00", "g" + string(m.write(want))[1:]} {
		_, err := parse([]byte(wrong))
		assert.Error(t, err)
	}
}
