package meta

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBudget(t *testing.T) {
	now := time.Unix(0, 0)
	b := NewBudget(time.Minute, func() time.Time { return now })
	assert.True(t, b.take(40*time.Second))
	assert.True(t, b.take(30*time.Second), "it lies within the first wait")
	assert.Equal(t, 40*time.Second, b.Throttled())
	now = now.Add(10 * time.Second)
	assert.True(t, b.take(35*time.Second), "only what reaches past the first wait costs")
	assert.Equal(t, 45*time.Second, b.Throttled())
	now = now.Add(time.Hour)
	assert.False(t, b.take(16*time.Second))
	assert.Equal(t, 45*time.Second, b.Throttled(), "a wait that was refused costs nothing")
	assert.True(t, b.take(15*time.Second))
	assert.False(t, b.take(16*time.Second))
	assert.True(t, b.take(0))
	assert.True(t, b.take(-time.Second))
	assert.Equal(t, time.Minute, b.Throttled())

	now = now.Add(time.Hour)
	b.renew()
	assert.True(t, b.take(time.Minute), "a call got through")
	now = now.Add(time.Minute)
	assert.False(t, b.take(time.Second), "and began it anew, with no more than there was")
	assert.Equal(t, 2*time.Minute, b.Throttled())
}

func TestBudgetDefault(t *testing.T) {
	assert.True(t, NewBudget(0, nil).take(10*time.Minute))
	assert.False(t, NewBudget(-1, nil).take(10*time.Minute+1))
}

func TestBudgetIsShared(t *testing.T) {
	now := time.Unix(0, 0)
	b := NewBudget(0, func() time.Time { return now })
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() { b.take(time.Minute) })
	}
	group.Wait()
	assert.Equal(t, time.Minute, b.Throttled(), "goroutines that wait together use up the time once")
}
