package report

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

func TestMetaDownDoesNotFailTheReport(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		class string
		want  string
	}{
		{"network", fmt.Errorf("read the audience: %w", errGone), "transient", "(a passing fault). This changes nothing about the upload; look at the audience in Ads Manager."},
		{"token", audience.Fail(audience.Action, "make a new token", errGone), "action", "(a person must act). This changes nothing about the upload; make a new token."},
		{"throttled", audience.Fail(audience.Throttled, "start it again later", errGone), "throttled", "(Meta asked to wait). This changes nothing about the upload; look"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(2, 1000)
			w.meta.err = c.err
			r := w.run(t)
			assert.Equal(t, audience.OutcomeSucceeded, r.Outcome)
			assert.Nil(t, r.Status)
			assert.Nil(t, r.MatchRate)
			assert.Equal(t, c.class, r.MetaProblem)
			assert.Contains(t, next(r), c.want)
			assert.Empty(t, w.meta.asked, "what failed once is not asked on")
		})
	}
}

func TestMatchRate(t *testing.T) {
	w := newWorld(3, 1000)
	r := w.run(t)
	assert.InDelta(t, 0.625, *r.MatchRate, 2e-3)
	assert.ElementsMatch(t, []int64{1001, 1002, 1003}, w.meta.asked, "sessions without rows are not asked for")
	assert.Equal(t, &audience.AudienceStatus{
		OperationCode: 200, Operation: "the audience is normal", DeliveryCode: 200, Delivery: "ads can use the audience", LowerBound: 10_000, UpperBound: 12_000,
	}, r.Status)

	w.meta.rate = 0 // Meta is ready and recognised nobody
	assert.InDelta(t, 0, *w.run(t).MatchRate, 0)
	w.meta.working = true
	assert.Nil(t, w.run(t).MatchRate, "0 of an unfinished session is no rate")
}

func TestNameIsTheOneAtMeta(t *testing.T) {
	w := newWorld(1, 1000)
	assert.Equal(t, "Lapsed VIPs", w.run(t).AudienceName, "Meta told none")
	w.meta.audience.Name = "Renamed in Ads Manager"
	assert.Equal(t, "Renamed in Ads Manager", w.run(t).AudienceName)
}

func TestMatchRateOfTheSessionsThatMetaTold(t *testing.T) {
	w := newWorld(20, 1000)
	w.meta.fails = 1020
	r := w.run(t)
	assert.InDelta(t, 0.625, *r.MatchRate, 2e-3)
	assert.Equal(t, "throttled", r.MetaProblem)
	assert.NotNil(t, r.Status)
}

func TestSample(t *testing.T) {
	all := make([]int64, 1999)
	for i := range all {
		all[i] = int64(i)
	}
	assert.Equal(t, all[:200], sample(all[:200], sessionsAsked))
	assert.Equal(t, all, sample(all, sessionsOfFull))
	some := sample(all, sessionsAsked)
	require.Len(t, some, sessionsAsked)
	assert.Equal(t, int64(0), some[0])
	assert.Equal(t, int64(1989), some[199])
	seen := map[int64]bool{}
	for _, id := range some {
		assert.False(t, seen[id])
		seen[id] = true
	}
}

func TestAudienceStatusInTheAdvice(t *testing.T) {
	for _, c := range []struct {
		name                string
		operation, delivery int
		mode                string
		want, not           string
	}{
		{"normal", 200, 200, audience.ModeAdd, "All is well", "status"},
		{"being filled", 441, 200, audience.ModeAdd, "All is well", "status"},
		{"few matched", 411, 200, audience.ModeAdd, "Meta's status of the audience: few of the people were matched", "All is well"},
		{"blocked", 471, 200, audience.ModeAdd, "Meta flagged the audience for integrity", "All is well"},
		{"too small", 200, 300, audience.ModeAdd, "The audience is too small for ads to use it.", "All is well"},
		{"too small after removing", 200, 300, audience.ModeRemove, "All is well", "too small"},
		{"cannot be used", 200, 400, audience.ModeAdd, "Ads cannot use the audience (delivery status 400)", "All is well"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := allWell()
			w.mode = c.mode
			w.meta.audience.OperationStatus = meta.Status{Code: c.operation}
			w.meta.audience.DeliveryStatus = meta.Status{Code: c.delivery}
			r := w.run(t)
			assert.Contains(t, next(r), c.want)
			assert.NotContains(t, next(r), c.not)
		})
	}
}
