package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A tier is the access that an app has to the Marketing API, and the limits that come with it.
type tier struct {
	name  string        // as the headers spell it
	score float64       // most points of an ad account
	block time.Duration // that going beyond it brings
	calls float64       // of an ad account in an hour to custom audiences
}

var tiers = map[string]tier{
	"limited": {"development_access", 60, 300 * time.Second, 5_000},
	"full":    {"standard_access", 9_000, 60 * time.Second, 190_000},
}

const (
	scoreDecay       = 300 * time.Second // a full score is at zero again after it
	readPoints       = 1
	writePoints      = 3
	callsPerAudience = 40 // and hour, that each audience adds to the limit of its ad account
	mostCalls        = 700_000
	businessBlock    = 6 * time.Minute // a tenth of the hour's calls has decayed by then
)

// A bucket is what a limit has been used, and decays steadily.
type bucket struct {
	level   float64
	at      time.Time
	blocked time.Time // until then
	blocks  int64
}

// drain lets decay what a full bucket loses in a period.
func (b *bucket) drain(now time.Time, size float64, period time.Duration) {
	if passed := now.Sub(b.at); passed > 0 {
		b.level = max(0, b.level-size*passed.Seconds()/period.Seconds())
		b.at = now
	}
}

// spill reports whether no more goes in, and blocks the bucket when it is this call that does not fit.
func (b *bucket) spill(now time.Time, cost, size float64, block time.Duration) bool {
	if now.Before(b.blocked) {
		return true
	}
	if b.level+cost <= size+1e-6 { // levels are sums of fractions
		return false
	}
	b.blocked = now.Add(block)
	b.blocks++
	return true
}

// A meter counts the calls of an ad account.
type meter struct {
	score, business bucket
	calls, points   int64
	refused         int64
	since, last     time.Time
}

// limits are the meters of all ad accounts.
type limits struct {
	tier  *tier   // nil: calls are counted, and none is refused
	calls float64 // in an hour, instead of the tier's
	mu    sync.Mutex
	of    map[string]*meter
}

// tierOf finds a tier by its name; nil when there is no name.
func tierOf(name string) (*tier, error) {
	if name == "" {
		return nil, nil
	}
	t, known := tiers[name]
	if !known {
		return nil, fmt.Errorf("the tier must be limited, full, or none; it is %q", name)
	}
	return &t, nil
}

// charge counts a call. It gives the headers that tell of the limits, and why the call is not let in.
func (l *limits) charge(c *call, now time.Time, audiences int) (usage map[string]string, refused *apiError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.of[c.account]
	if m == nil {
		m = &meter{since: now}
		l.of[c.account] = m
	}
	t := tiers["full"]
	if l.tier != nil {
		t = *l.tier
	}
	hour := cmp.Or(l.calls, min(t.calls+callsPerAudience*float64(audiences), mostCalls))
	cost := float64(writePoints)
	if c.method == http.MethodGet {
		cost = readPoints
	}
	m.score.drain(now, t.score, scoreDecay)
	m.business.drain(now, hour, time.Hour)
	if l.tier != nil {
		refused = m.refuse(now, cost, hour, t)
	}
	if refused == nil {
		m.take(now, cost)
	} else {
		m.refused++
	}
	percent := int(m.business.level * 100 / hour)
	if l.tier == nil {
		return plainUsage(c, percent), nil
	}
	return m.usage(c.account, now, percent, t), refused
}

// refuse says why a call is not let in.
func (m *meter) refuse(now time.Time, cost, hour float64, t tier) *apiError {
	switch {
	case m.score.spill(now, cost, t.score, t.block):
		return refusal(17, 2446079)
	case m.business.spill(now, 1, hour, businessBlock):
		return refusal(80003, 0)
	}
	return nil
}

func (m *meter) take(now time.Time, cost float64) {
	m.score.level += cost
	m.business.level++
	m.calls++
	m.points += int64(cost)
	m.last = now
}
