package sandbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func TestClockStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := sandbox.NewClock(noon)
		ended := make(chan error, 2)
		go func() { ended <- clock.Sleep(t.Context(), time.Hour) }()
		<-time.After(24 * time.Hour) // of the bubble: no real time passes
		assert.Equal(t, noon, clock.Now())
		assert.Equal(t, 1, clock.Sleeping())
		clock.Advance(59 * time.Minute)
		synctest.Wait()
		assert.Empty(t, ended)
		clock.Advance(time.Minute)
		require.NoError(t, <-ended)
		assert.Equal(t, noon.Add(time.Hour), clock.Now())

		ctx, cancel := context.WithCancel(t.Context())
		go func() { ended <- clock.Sleep(ctx, time.Hour) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		assert.Zero(t, clock.Sleeping())
	})
}

// TestClockGoesByItself has the clock of a sandbox that was given none: it goes with the time, and can be put forward.
func TestClockGoesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := open(t, sandbox.Config{}).Clock()
		start := clock.Now()
		require.NoError(t, clock.Sleep(t.Context(), time.Hour))
		assert.Equal(t, time.Hour, clock.Now().Sub(start))

		ended := make(chan time.Time, 1)
		go func() {
			assert.NoError(t, clock.Sleep(t.Context(), time.Hour))
			ended <- time.Now()
		}()
		synctest.Wait()
		began := time.Now()
		clock.Advance(30 * time.Minute)
		assert.Equal(t, 30*time.Minute, (<-ended).Sub(began), "half of it had to pass by itself")
	})
}

func TestAdminClock(t *testing.T) {
	m := open(t, sandbox.Config{Clock: sandbox.NewClock(noon)})
	assert.JSONEq(t, `{"now":"2026-10-01T12:00:00Z","sleeping":0,"held":0}`, m.call("GET", "/sandbox/clock", nil).text)
	assert.JSONEq(t, `{"now":"2026-10-01T13:30:00Z","sleeping":0,"held":0}`, m.call("POST", "/sandbox/clock", `{"advance":"90m"}`).text)
	for _, text := range []string{`{"advance":"-1m"}`, `{"advance":"soon"}`, `{}`, `{"forward":"1m"}`} {
		assert.Equal(t, 400, m.call("POST", "/sandbox/clock", text).status, text)
	}
	assert.Equal(t, 405, m.call("DELETE", "/sandbox/clock", nil).status)
	assert.Equal(t, noon.Add(90*time.Minute), m.Clock().Now())
}

// TestClockNeverGoesBack has a sandbox whose clock was put forward, and one that takes its state over.
func TestClockNeverGoesBack(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir(), Now: func() time.Time { return noon }}
	m := open(t, cfg)
	id := m.filled()
	m.Clock().Advance(5 * time.Hour)
	m.add(id, "EMAIL", batch(1, 1), hash("a")).ack(t)
	again := open(t, cfg)
	assert.Equal(t, noon.Add(5*time.Hour), again.Clock().Now())
}
